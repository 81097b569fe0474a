"""`python -m tests.check_invoices [--count 2000]`: writes every file and judges it; exit code 1 if one fails.

XSD, EN 16931 and CTC-FR schematron, our own checks; PDF/A-3a by veraPDF where Java and Maven could get it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from billing.documents import (
    InvoiceDocument,
    content_problems,
    render_cii,
    render_factur_x,
    render_ubl,
    written_problems,
)
from devstack.paths import ROOT, data_dir
from tests.check_invoices.mixed import mixed
from tests.tools.einvoice_rules import judge

VERSION = (ROOT / "devstack/verapdf-version").read_text(encoding="ascii").strip()
PDF_BATCH = 250  # one start of Java each


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.check_invoices", description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="invoices of the mixed run")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    failed = 0
    for name, documents in (("demo", demo()), ("mixed run", mixed(asked.count))):
        failed += check(name, documents, processes=asked.processes)
    return 1 if failed else 0


def demo() -> Iterator[InvoiceDocument]:
    """Every issued invoice of the development database: `make seed` fills it."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings.development")
    django.setup()
    from billing.files import document_of
    from billing.models import Invoice
    from tenants.tenancy import every_tenant

    with every_tenant():
        issued = Invoice.objects.issued().select_related("corrects").prefetch_related("lines")
        for invoice in issued.order_by("pk").iterator(chunk_size=500):
            yield document_of(invoice)


def check(name: str, documents: Iterable[InvoiceDocument], *, processes: int) -> int:
    """How many files of these fail; each is told, with what breaks."""
    start, count, failed = time.monotonic(), 0, 0
    # Not forked: the judge is a native image, with threads of its own.
    with get_context("spawn").Pool(processes) as pool:
        remaining = iter(documents)
        while batch := list(islice(remaining, PDF_BATCH)):
            count += len(batch)
            with tempfile.TemporaryDirectory() as folder:
                work = [(one, str(Path(folder) / f"{rank:04d}.pdf")) for rank, one in enumerate(batch)]
                for number, problems in pool.imap(judged, work, chunksize=10):
                    failed += bool(problems)
                    for problem in problems:
                        print(f"{number}: {problem}")
                refused = refused_pdfs(Path(folder))
            failed += len(refused)
            for line in refused:
                print(line)
    print(f"{name}: {count} files, {failed} failed, {time.monotonic() - start:.0f} s")
    return failed


def judged(work: tuple[InvoiceDocument, str]) -> tuple[str, list[str]]:
    """Writes one file; what every judge of its XML says against it, in both syntaxes."""
    document, path = work
    xml = render_cii(document)
    Path(path).write_bytes(render_factur_x(document, xml=xml))
    problems = []
    for written in (xml, render_ubl(document)):
        verdict = judge(written)
        problems += [f"{failure.id} {failure.text}" for failure in verdict.failures]
        if not verdict.judged:
            problems.append("no official rule looked at it")
    return document.number, [*problems, *content_problems(document), *written_problems(xml)]


def verapdf() -> list[str] | None:
    """The command, or None where it is not there (`devstack/install-verapdf` says why)."""
    folder = data_dir() / f"verapdf-{VERSION}"
    if not folder.is_dir():
        return None
    return ["java", "-cp", f"{folder}/*", "org.verapdf.apps.GreenfieldCliWrapper", "--format", "text"]


def refused_pdfs(folder: Path) -> list[str]:
    """One line a file that is not PDF/A-3a."""
    command = verapdf()
    if command is None:
        return []
    files = sorted(str(path) for path in folder.glob("*.pdf"))
    answer = subprocess.run(
        [*command, "--flavour", "3a", *files], capture_output=True, text=True, timeout=600, check=False
    )
    lines = [line for line in answer.stdout.splitlines() if line.startswith(("PASS", "FAIL", "ERROR"))]
    silent = [] if len(lines) == len(files) else [f"veraPDF judged {len(lines)} of {len(files)} files"]
    return [line for line in lines if not line.startswith("PASS")] + silent


if __name__ == "__main__":
    if verapdf() is None:
        print("PDF/A-3 is not checked: veraPDF is not here", file=sys.stderr)
    sys.exit(main())
