"""The VAT of drafts: the regime of each part's first day, frozen; nobody issues what nobody has decided."""

from datetime import date
from decimal import Decimal

import pytest

from billing import approving, operations, repricing, vat_changes
from billing.exceptions import DraftsUnsound
from billing.models import Invoice, LedgerEntry, Repricing
from billing.vat import undecided
from catalog.vat.deciding import Choice, Proof, decide, set_rate
from tests.factories import OperatorFactory, UserFactory, drafted_run
from tests.factories.base import NOW
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

JULY, JANUARY = date(2026, 7, 1), date(2026, 1, 1)


def decided(operator, choice, *, since=JANUARY):
    with as_worker():
        proof = Proof(since=since, source="Rescrit du 12/03/2025")
        decide(operator=operator, nature="service", choice=choice, proof=proof, by=UserFactory(), now=NOW)


def rate_of(operator, zone, rate, *, since):
    with as_worker():
        proof = Proof(since=since, source="Loi de finances")
        values = {"operator": operator, "zone": zone, "rate": Decimal(rate), "reason": ""}
        set_rate(**values, proof=proof, by=UserFactory(), now=NOW)


def entries_of(run) -> list[LedgerEntry]:
    with as_worker():
        return list(LedgerEntry.objects.filter(run=run).order_by("pk"))


def invoice_of(run) -> Invoice:
    with as_worker():
        return Invoice.objects.prefetch_related("lines").get(run=run)


def test_a_member_of_la_reunion_pays_the_rate_of_its_territory():
    run = drafted_run(tenant__territory__departement="974")

    [entry], invoice = entries_of(run), invoice_of(run)
    assert (entry.vat_category, entry.vat_rate) == ("S", Decimal("8.50"))
    assert entry.facts["vat"]["source"].startswith("CGI, article 296")
    assert [(row["rate"], row["vat_cents"]) for row in invoice.vat] == [("8.50", 2_193)]


def test_a_line_of_guyane_is_alone_on_its_invoice_with_its_reason():
    run = drafted_run(tenant__territory__departement="973")

    invoice = invoice_of(run)
    assert (invoice.out_of_scope, invoice.vat_cents) == (True, 0)
    assert invoice.vat[0]["reason"] == "TVA non applicable, article 294 du CGI"
    assert invoice.vat[0]["code"] == "VATEX-EU-O"


def test_a_rate_that_changes_within_the_period_splits_it_and_the_parts_sum_to_the_whole():
    operator = OperatorFactory()
    rate_of(operator, "metropole", "21", since=date(2026, 6, 15))  # a month begun is owed whole
    run = drafted_run(operator=operator, listing__grid__definition={
        "pattern": "per_inhabitant", "population_kind": "municipale", "rate": "0.1234567",
    })  # fmt: skip

    parts = [(e.period_start, e.period_end, e.vat_rate, e.amount_cents) for e in entries_of(run)]
    invoice = invoice_of(run)
    assert [part[:3] for part in parts] == [
        (JANUARY, JULY, Decimal("20.00")),
        (JULY, date(2027, 1, 1), Decimal("21.00")),
    ]
    assert sum(part[3] for part in parts) == invoice.net_cents == 10_617  # 860 × 0,1234567 €
    assert [row["rate"] for row in invoice.vat] == ["21.00", "20.00"]
    for line in invoice.lines.all():
        assert round(line.quantity * line.unit_price * 100) == line.net_cents


def test_an_undecided_regime_is_carried_by_the_draft_and_forbids_its_issue():
    operator = OperatorFactory()
    decided(operator, Choice.UNDECIDED)
    run = drafted_run(operator=operator)

    with as_worker():
        why = undecided(Invoice.objects.filter(run=run))
        with pytest.raises(DraftsUnsound, match="Le régime reste à décider"):
            approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
    assert list(why.values()) == [["Le régime reste à décider : Rescrit du 12/03/2025."]]


def test_a_decision_draws_the_drafts_again_and_is_frozen_on_what_is_issued():
    operator = OperatorFactory()
    decided(operator, Choice.UNDECIDED)
    run = drafted_run(operator=operator)
    decided(operator, Choice.FRANCHISE, since=JULY)
    with as_worker():
        asked = [job for job in jobs.waiting() if job[0] == "billing.tasks.draw_vat_again"]
        assert asked == [
            ("billing.tasks.draw_vat_again", {"operator_id": operator.pk, "since": "2026-07-01"})
        ]
        decided(operator, Choice.TAXED)
        assert vat_changes.draw_again(operator_id=operator.pk, since=JANUARY, now=NOW) == 1
        repricing.settle_repricing(repricing_id=Repricing.objects.get().pk, now=NOW)
        assert vat_changes.draw_again(operator_id=operator.pk, since=JANUARY, now=NOW) == 0
        drawn = invoice_of(run)
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
    decided(operator, Choice.UNDECIDED, since=JANUARY)
    issued = invoice_of(run)

    assert [(row["category"], row["base_cents"]) for row in drawn.vat] == [("S", 12_900), ("E", 12_900)]
    assert drawn.vat[1]["code"] == "VATEX-FR-FRANCHISE"
    assert issued.vat == drawn.vat
    with as_worker():
        assert not undecided([issued])


def test_a_decision_reaches_the_drafts_of_all_members_batch_by_batch(monkeypatch):
    monkeypatch.setattr(vat_changes, "BATCH", 1)
    operator = OperatorFactory()
    drafted_run(operator=operator, members=2)
    decided(operator, Choice.FRANCHISE)
    with as_worker():
        assert vat_changes.draw_again(operator_id=operator.pk, since=JANUARY, now=NOW) == 2
