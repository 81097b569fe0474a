"""One invoice of each kind of the mixed run that `make check-invoices` judges in full."""

from billing.documents import content_problems, render_cii, written_problems
from tests.check_invoices.mixed import KINDS, mixed
from tests.tools.einvoice_rules import judge


def test_each_kind_passes_every_judge():
    for kind, document in zip(KINDS, mixed(len(KINDS)), strict=True):
        xml = render_cii(document)
        verdict = judge(xml)

        assert verdict.judged, kind
        assert (kind, verdict.failures, content_problems(document)) == (kind, (), [])
        assert written_problems(xml) == [], kind
