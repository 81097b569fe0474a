"""One invoice, several workers that make its file at the same moment: one file is kept."""

import contextlib
import hashlib
import threading

import pytest
from django.core.files.storage import default_storage

from billing import files
from billing.models import InvoiceFile
from tests.factories import issued_invoice
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_file_is_kept_of_what_three_workers_make_at_once(monkeypatch):
    invoice, drawn, draw = issued_invoice(), threading.Barrier(3), files.render_factur_x

    def drawn_by_all(*args, **kwargs):
        content = draw(*args, **kwargs)
        with contextlib.suppress(threading.BrokenBarrierError):
            drawn.wait(10)
        return content

    monkeypatch.setattr(files, "render_factur_x", drawn_by_all)

    def make():
        with as_worker():
            return files.make_file(invoice_id=invoice.pk, now=NOW).path

    [path] = set(at_once(make, make, make))
    folder, name = path.rsplit("/", 1)
    assert default_storage.listdir(folder)[1] == [name]
    with as_worker():
        row = InvoiceFile.objects.get()
    with default_storage.open(path) as kept:
        assert hashlib.sha256(kept.read()).hexdigest() == row.sha256
