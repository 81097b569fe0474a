"""`python -m tests.check_invoices [--count 2000]`: writes every file and judges it; exit code 1 if one fails.

XSD, EN 16931 and CTC-FR schematron, our own checks; PDF/A-3a by veraPDF where Java and Maven could get it.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from billing.documents import InvoiceDocument
from tests.check_invoices.judging import judged, refused_pdfs, verapdf
from tests.check_invoices.mixed import mixed

PDF_BATCH = 250  # one start of Java each


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.check_invoices", description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="invoices of the mixed run")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    failed = 0
    for name, documents in (("demo", demo()), ("mixed run", mixed(asked.count))):
        count, refused = check(name, documents, processes=asked.processes)
        failed += refused or not count
    return 1 if failed else 0


def demo() -> Iterator[InvoiceDocument]:
    """Every issued invoice of the development database, read as a worker: `make seed` fills it."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings.development")
    os.environ["HALLE_DB_ROLE"] = "worker"
    django.setup()
    from billing.files import document_of
    from billing.models import Invoice
    from tenants.tenancy import every_tenant

    with every_tenant():
        issued = Invoice.objects.issued().select_related("corrects").prefetch_related("lines")
        for invoice in issued.order_by("pk").iterator(chunk_size=500):
            yield document_of(invoice)


def check(name: str, documents: Iterable[InvoiceDocument], *, processes: int) -> tuple[int, int]:
    """How many files there are of these and how many fail; each is told, with what breaks."""
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
    return count, failed


if __name__ == "__main__":
    if verapdf() is None:
        print("PDF/A-3 is not checked: veraPDF is not here", file=sys.stderr)
    sys.exit(main())
