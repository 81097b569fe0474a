"""One subscription, several payers: each has its own invoice, and what is given back goes to the same."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import approving, batches, credits, operations, sharing_again
from billing.models import Invoice, InvoiceLine, InvoiceState, LedgerEntry
from billing.payers import give_back
from subscriptions import paying
from subscriptions.exceptions import ShareRefused
from subscriptions.models import KeyMethod, ShareKind, ShareSide, ShareState, State, Subscription
from tenants.tenancy import tenant_scope
from tests.factories import (
    BillingRunFactory,
    CostKeyFactory,
    OperatorFactory,
    OrganisationFactory,
    PayerShareFactory,
    SubscriptionFactory,
    UserFactory,
    drafted_run,
)
from tests.factories.base import NOW
from tests.factories.billing import read
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def held():
    """A commune's open subscription, 258 euros a year."""
    return SubscriptionFactory(state=State.ACTIVE, tenant__name="Évran")


@pytest.fixture
def region():
    return OrganisationFactory(name="Région Bretagne")


def billed(held):
    return drafted_run(operator=held.operator, members=0)


def issued(run):
    with as_worker():
        read(run)
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)


def invoices(run, **of) -> dict[str, Invoice]:
    with as_worker():
        found = (
            Invoice.objects.filter(run=run, **of).select_related("tenant").prefetch_related("lines__entry")
        )
        return {invoice.tenant.name: invoice for invoice in found}


def nets(run, **of) -> dict[str, int]:
    return {name: invoice.net_cents for name, invoice in invoices(run, **of).items()}


def close(held, on: date):
    with as_worker():
        Subscription.objects.filter(pk=held.pk).update(ended_on=on, state=State.ENDED)
        held.refresh_from_db()
        credits.note_closing(subscription=held, on=on, now=NOW)
        credits.settle_closing(closing_id=held.closing.pk, now=NOW)


def test_each_payer_has_its_own_invoice_with_the_detail(held, region):
    PayerShareFactory(subscription=held, payer=region, commitment_number="E-77", service_code="SVC-9")
    run = billed(held)
    assert nets(run) == {"Évran": 15_480, "Région Bretagne": 10_320}
    found = invoices(run)
    [line] = found["Région Bretagne"].lines.all()
    assert line.name.startswith("Part de Région Bretagne (40\xa0%) de l’abonnement d’Évran : ")
    assert line.description == "Cofinancement, convention CONV-2026-12 du 3 novembre 2025"
    assert line.steps[-1] == "40\xa0% de 258,00\xa0€ : 103,20\xa0€"
    assert line.entry.facts["population"]["value"] == 860
    [rest] = found["Évran"].lines.all()
    assert rest.name.endswith(", reste à votre charge")
    assert rest.steps[-2:] == [
        "Part de Région Bretagne (40\xa0%) : 103,20\xa0€",
        "Reste à votre charge : 258,00\xa0€ − 103,20\xa0€ = 154,80\xa0€",
    ]
    issued(run)
    its = invoices(run)["Région Bretagne"]
    assert (its.buyer["siret"], its.buyer["order_reference"]) == (region.siret, "E-77")
    assert its.buyer["service_code"] == "SVC-9"
    assert its.vat == [
        {"category": "S", "rate": "20.00", "base_cents": 10_320, "vat_cents": 2_064, "reason": ""}
    ]
    own = invoices(run)["Évran"]
    assert own.buyer["order_reference"] == held.commitment_number
    assert own.net_cents + its.net_cents == 25_800


def test_a_payer_that_subscribes_too_has_one_invoice(held, region):
    own = SubscriptionFactory(state=State.ACTIVE, tenant=region, listing__operator=held.operator)
    others = [SubscriptionFactory(state=State.ACTIVE, listing=held.listing) for _ in range(2)]
    for one in (held, *others):
        PayerShareFactory(subscription=one, payer=region)
    run = billed(held)
    with as_worker():
        [invoice] = Invoice.objects.filter(run=run, tenant=region)
        lines = list(InvoiceLine.objects.filter(invoice=invoice).select_related("entry"))
        assert [line.position for line in sorted(lines, key=lambda line: line.position)] == [1, 2, 3, 4]
        assert {line.entry.subscription_id for line in lines} == {held.pk, own.pk, *(o.pk for o in others)}


def test_payers_of_members_in_different_batches_share_one_invoice(held, region, monkeypatch):
    others = SubscriptionFactory.create_batch(3, state=State.ACTIVE, listing=held.listing)
    for one in (held, *others):
        PayerShareFactory(subscription=one, payer=region)
    monkeypatch.setattr(batches, "BATCH", 1)
    assert nets(billed(held))["Région Bretagne"] == 4 * 10_320


def test_whoever_pays_nothing_has_no_invoice(held, region):
    PayerShareFactory(subscription=held, payer=region, part=1, whole=1)
    run = billed(held)
    assert nets(run) == {"Région Bretagne": 25_800}


def test_only_what_is_agreed_to_is_billed(held, region):
    PayerShareFactory(subscription=held, payer=region, state=ShareState.PROPOSED)
    PayerShareFactory(subscription=held, part=1000, starts=date(2027, 1, 1))
    assert nets(billed(held)) == {"Évran": 25_800}


def test_a_share_of_some_months(held, region):
    PayerShareFactory(subscription=held, payer=region, starts=date(2026, 7, 1), part=5000)
    run = billed(held)
    assert nets(run) == {"Évran": 19_350, "Région Bretagne": 6_450}
    [line] = invoices(run)["Région Bretagne"].lines.all()
    assert "(50\xa0% pendant 6 mois sur 12)" not in line.name
    assert line.steps[-1] == "50\xa0% pendant 6 mois sur 12 de 258,00\xa0€ : 64,50\xa0€"


def test_a_key_shares_to_the_cent(held):
    key = CostKeyFactory(subscription=held, method=KeyMethod.EQUAL)
    for name in ("Plouër", "Quévert", "Taden", "Vildé", "Bobital", "Brusvily", "Calorguen"):
        PayerShareFactory(
            subscription=held, payer__name=name, kind=ShareKind.COST_KEY, key=key, part=1, whole=7,
            basis="1 part sur 7",
        )  # fmt: skip
    run = billed(held)
    amounts = nets(run)
    assert sum(amounts.values()) == 25_800
    assert set(amounts.values()) == {3_685, 3_686}
    [line] = invoices(run)["Taden"].lines.all()
    assert line.name.startswith("Part de Taden (1 part sur 7) de l’abonnement d’Évran")


def test_an_amount_a_year(held, region):
    PayerShareFactory(subscription=held, payer=region, part=None, whole=None, yearly_cents=10_000)
    run = billed(held)
    assert nets(run) == {"Évran": 15_800, "Région Bretagne": 10_000}


@pytest.mark.parametrize("on", [date(2026, 7, 1), date(2026, 3, 2), date(2025, 12, 1)])
def test_an_end_is_given_back_to_the_same_payers(held, region, on):
    PayerShareFactory(subscription=held, payer=region, commitment_number="E-77", part=3333)
    run = billed(held)
    before = nets(run)
    issued(run)
    close(held, on)
    months = max(0, on.month - (1 if on.day == 1 else 0)) if on.year == 2026 else 0
    back = nets(run, type_code="381")
    owed = 25_800 * months // 12
    assert sum(back.values()) == 25_800 - owed
    assert abs(back["Région Bretagne"] - (before["Région Bretagne"] - owed * 3333 / 10_000)) <= 1
    note = invoices(run, type_code="381")["Région Bretagne"]
    with as_worker():
        credits.issue_credit_note(credit_note=note, shown_cents=note.gross_cents, by=UserFactory(), now=NOW)
        note.refresh_from_db()
    assert note.buyer["order_reference"] == "E-77"


def test_whoever_paid_the_first_months_only_is_given_nothing_back(held, region):
    PayerShareFactory(subscription=held, payer=region, ends=date(2026, 7, 1), part=5000)
    run = billed(held)
    issued(run)
    close(held, date(2026, 7, 1))
    assert nets(run, type_code="381") == {"Évran": 12_900}


def test_an_end_shortens_the_drafts_of_all(held, region):
    PayerShareFactory(subscription=held, payer=region)
    run = billed(held)
    close(held, date(2026, 7, 1))
    assert nets(run) == {"Évran": 7_740, "Région Bretagne": 5_160}
    with as_worker():
        owed = LedgerEntry.objects.filter(run=run)
        assert sum(entry.amount_cents for entry in owed) == 12_900


def agreed(held, region, **values):
    share = PayerShareFactory(subscription=held, payer=region, state=ShareState.PROPOSED, **values)
    with tenant_scope([held.tenant_id, region.pk]):
        paying.agree(share=share, by=UserFactory(), now=NOW)
    return share


def test_drafts_under_review_are_shared_out_again(held, region):
    run = billed(held)
    share = agreed(held, region, starts=date(2026, 11, 1))
    jobs.run_jobs()
    assert nets(run) == {"Évran": 25_800 - 1_720, "Région Bretagne": 1_720}
    with tenant_scope([held.tenant_id, region.pk]):
        paying.end(
            share=share, on=date(2026, 12, 1), reason="Fin.", side=ShareSide.PAYER, by=UserFactory(), now=NOW
        )
    jobs.run_jobs()
    assert nets(run) == {"Évran": 25_800 - 860, "Région Bretagne": 860}
    with as_worker():
        assert sum(entry.amount_cents for entry in LedgerEntry.objects.filter(run=run)) == 25_800
        sharing_again.share_again(subscription_id=held.pk, now=NOW)
        count = LedgerEntry.objects.count()
        sharing_again.share_again(subscription_id=held.pk, now=NOW)
        assert LedgerEntry.objects.count() == count, "called again, it does nothing"
    issued(run)


def test_what_is_invoiced_is_not_shared_out_again(held, region):
    share = PayerShareFactory(subscription=held, payer=region)
    waiting = PayerShareFactory(subscription=held, part=1000, state=ShareState.PROPOSED)
    run = billed(held)
    issued(run)
    with tenant_scope([held.tenant_id, region.pk, waiting.payer_id]):
        with pytest.raises(ShareRefused, match="déjà facturé jusqu’au 1er janvier 2027"):
            paying.agree(share=waiting, by=UserFactory(), now=NOW)
        with pytest.raises(ShareRefused, match="une facture émise ne change plus"):
            paying.end(
                share=share,
                on=date(2026, 11, 1),
                reason="Fin.",
                side=ShareSide.PAYER,
                by=UserFactory(),
                now=NOW,
            )
        paying.end(
            share=share, on=date(2027, 1, 1), reason="Fin.", side=ShareSide.PAYER, by=UserFactory(), now=NOW
        )
    assert nets(run) == {"Évran": 15_480, "Région Bretagne": 10_320}


def test_drafted_twice_is_drafted_once(held, region):
    PayerShareFactory(subscription=held, payer=region)
    run = BillingRunFactory(operator=held.operator)
    with as_worker():
        for _ in range(2):
            operations.draft_run(run_id=run.pk, now=NOW)
    assert nets(run, state=InvoiceState.DRAFT) == {"Évran": 15_480, "Région Bretagne": 10_320}


def test_another_operators_payers_are_not_asked(held, region):
    PayerShareFactory(subscription=SubscriptionFactory(state=State.ACTIVE), payer=region)
    assert nets(billed(held)) == {"Évran": 25_800}
    assert OperatorFactory._meta.model.objects.count() > 1


@given(st.dictionaries(st.integers(1, 9), st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1))
def test_what_is_given_back_is_the_difference(pairs):
    billed_cents = {payer: max(pair) for payer, pair in pairs.items()}
    owed = {payer: min(pair) + (1 if payer == 1 else 0) for payer, pair in pairs.items()}
    if sum(owed.values()) > sum(billed_cents.values()):
        return
    back = give_back(billed_cents, owed)
    assert sum(back.values()) == sum(billed_cents.values()) - sum(owed.values())
    assert all(0 < cents <= billed_cents[payer] for payer, cents in back.items())
