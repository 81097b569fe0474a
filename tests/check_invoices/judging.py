"""What each judge says against a written invoice.

Apart from `__main__`: a process that is not forked finds nothing of it.
"""

import subprocess
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
from tests.tools.einvoice_rules import judge

VERSION = (ROOT / "devstack/verapdf-version").read_text(encoding="ascii").strip()


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
