"""Acts of councils and mayors, as small but valid PDF files."""

from datetime import date

from django.core.files.base import ContentFile

from catalog.pricing import format_date

NNBSP = "\u202f"


def act_pdf(*, organisation: str, number: str, day: date, subject: str) -> ContentFile:
    """A one-page PDF that says what it is: a document of the demonstration."""
    lines = (
        organisation,
        f"Acte n° {number} du {format_date(day)}",
        f"Objet{NNBSP}: {subject}",
        "Document inventé pour la démonstration, sans valeur.",
    )
    text = " 0 -24 Td ".join(f"({_escaped(line)}) Tj" for line in lines)
    stream = f"BT /F1 12 Tf 72 760 Td {text} ET".encode("cp1252", "replace")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    body, offsets = b"%PDF-1.4\n", []
    for rank, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (rank, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start, size = len(body), len(objects) + 1
    body += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    body += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
    return ContentFile(body, name="acte.pdf")


def _escaped(text: str) -> str:
    # The narrow no-break space is not in the font's own alphabet.
    return (
        text.replace(NNBSP, "\N{NO-BREAK SPACE}")
        .replace("\\", "\\\\")
        .replace("(", "\\(")
        .replace(")", "\\)")
    )
