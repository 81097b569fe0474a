"""The provider's ledger held against ours: each difference a row, closed by a person or once it is mended."""

from datetime import timedelta

import pytest
import stripe
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from billing.models import (
    DifferenceKind,
    LedgerComparison,
    LedgerDifference,
    ProviderRefund,
    Settlement,
    SettlementState,
)
from billing.settlement import operations, reconciling, stripe_gateway
from billing.settlement.reconciling import CONFIRMED, MENDED
from tenants.models import AuditEvent
from tenants.refusals import Refused
from tests.billing.payment_provider import at_the_provider
from tests.factories import (
    LedgerDifferenceFactory,
    OperatorFactory,
    UserFactory,
    issued_credit_note,
    issued_invoice,
)
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

GROSS = 30960


@pytest.fixture
def provider(monkeypatch):
    with at_the_provider(monkeypatch) as provider:
        yield provider


@pytest.fixture
def invoice(provider):
    """An invoice of a private issuer, that the provider has."""
    invoice = issued_invoice(operator=OperatorFactory(private=True))
    jobs.forget()
    with as_worker():
        operations.push(settlement_id=invoice.settlement.pk, now=timezone.now())
    return invoice


def settlement_of(invoice) -> Settlement:
    with as_worker():
        return Settlement.objects.get(invoice=invoice)


def reconcile(*, nights: int = 1) -> list[tuple[DifferenceKind, int | None, int | None]]:
    """So many nights from now, when nothing is moving any more: what is open then, in cents."""
    with as_worker():
        reconciling.reconcile(now=timezone.now() + timedelta(days=nights))
        rows = LedgerDifference.objects.filter(closed_at__isnull=True).order_by("kind")
        return [(one.kind, one.ours_cents, one.theirs_cents) for one in rows]


def closed() -> list[tuple[str, str]]:
    with as_worker():
        rows = LedgerDifference.objects.filter(closed_at__isnull=False).order_by("pk")
        return [(one.kind, one.reason) for one in rows]


def test_two_ledgers_that_agree_leave_nothing_but_a_word_of_it(invoice):
    assert reconcile() == []
    with as_worker():
        [night] = LedgerComparison.objects.all()
    assert (night.operator, night.compared, night.finished_at is not None) == (invoice.operator, 1, True)


def test_what_moves_is_left_for_the_next_night(provider, invoice):
    """Changed an hour ago at most, here or there: on its way."""
    provider.lose(settlement_of(invoice).external_id)
    assert reconcile(nights=0) == []
    assert reconcile() == [(DifferenceKind.MISSING_THERE, GROSS, None)]


def test_each_difference_is_said_once_and_closed_once_mended(provider, invoice):
    there = settlement_of(invoice).external_id
    for changed, kind, theirs in (
        ({"total": 30000}, DifferenceKind.AMOUNT, 30000),
        ({"status": "void"}, DifferenceKind.VOID_THERE, 0),
    ):
        provider.change(there, **changed)
        assert reconcile() == reconcile(nights=2) == [(kind, GROSS, theirs)]
        provider.change(there, total=GROSS, status="open")
        assert reconcile(nights=3) == []
    assert closed() == [(DifferenceKind.AMOUNT, MENDED), (DifferenceKind.VOID_THERE, MENDED)]


def test_a_payment_whose_message_was_lost_is_confirmed(provider, invoice):
    provider.pay(settlement_of(invoice).external_id)
    assert reconcile() == []
    assert settlement_of(invoice).state == SettlementState.PAID
    assert closed() == [(DifferenceKind.PAID_THERE, CONFIRMED)]


def test_paid_while_a_person_looks_at_it_is_hers_to_see(provider, invoice):
    there = settlement_of(invoice).external_id
    provider.pay(there)
    with as_worker():
        Settlement.objects.filter(invoice=invoice).update(state=SettlementState.NEEDS_PERSON)
    assert reconcile() == [(DifferenceKind.PAID_THERE, GROSS, GROSS)]


def test_paid_here_and_not_there(provider, invoice):
    provider.pay(there := settlement_of(invoice).external_id)
    reconcile()
    provider.change(there, status="open", amount_paid=0)
    # It was confirmed just now, and is judged once that is an hour old.
    with as_worker():
        Settlement.objects.filter(invoice=invoice).update(changed_at=timezone.now())
    assert reconcile(nights=2) == [(DifferenceKind.PAID_HERE, GROSS, 0)]


def test_a_refund_is_recorded_and_waits_for_a_credit_note_given_back(provider, invoice):
    there = settlement_of(invoice).external_id
    provider.pay(there)
    provider.refund(there, 1000, status="pending")
    provider.refund(there, 5000)
    assert reconcile() == [(DifferenceKind.REFUNDED_THERE, 0, 5000)]
    assert reconcile(nights=2) == [(DifferenceKind.REFUNDED_THERE, 0, 5000)]
    with as_worker():
        [refund] = ProviderRefund.objects.select_related("settlement__invoice")
        assert AuditEvent.objects.filter(what="invoice.refunded").count() == 1
    assert (refund.settlement.invoice, refund.amount_cents) == (invoice, 5000)
    note = issued_credit_note(invoice)  # of more than that
    assert reconcile(nights=3) == [(DifferenceKind.REFUNDED_THERE, 0, 5000)]
    with as_worker():
        operations.given_back(settlement=note.settlement, by=UserFactory(), now=timezone.now())
    assert (reconcile(nights=4), note.gross_cents > 5000) == ([], True)


def test_an_invoice_that_halle_never_made(provider, invoice):
    """By hand, at the provider's: seen by the issuer that has invoiced its customer. A draft is nobody's."""
    key = {"api_key": settings.STRIPE_TEST_SECRET_KEY}
    customer = provider.invoices()[0]["customer"]
    made = {"customer": customer, "collection_method": "send_invoice", "days_until_due": 30, **key}
    by_hand = stripe.Invoice.create(**made)
    stripe.Invoice.create(**made)
    stripe.InvoiceItem.create(customer=customer, invoice=by_hand.id, amount=700, currency="eur", **key)
    stripe.Invoice.finalize_invoice(by_hand.id, **key)
    OperatorFactory(private=True)
    assert reconcile() == [(DifferenceKind.MISSING_HERE, None, 700)]
    with as_worker():
        assert LedgerDifference.objects.get().operator == invoice.operator


def test_ours_twice_at_the_provider_is_told_by_the_name_on_it(provider, invoice):
    """A second invoice with our key and our issuer on it: ours is the one that was written down."""
    [mirror] = provider.invoices()
    provider.change("in_double", **{**mirror, "id": "in_double"})
    assert reconcile() == [(DifferenceKind.MISSING_HERE, None, GROSS)]


def test_a_key_that_somebody_wrote_otherwise_stops_no_night(provider, invoice):
    told = settlement_of(invoice).external_id
    provider.change(told, metadata={"halle_key": str(invoice.public_id).upper()})
    with as_worker():
        Settlement.objects.filter(invoice=invoice).update(external_id="")
    assert reconcile() == []


def test_what_a_person_closes_comes_back_only_with_other_amounts(provider, invoice):
    there = settlement_of(invoice).external_id
    provider.change(there, total=30000)
    reconcile()
    person = UserFactory()
    with as_worker():
        difference = LedgerDifference.objects.get()
        with pytest.raises(Refused, match="Dites pourquoi"):
            reconciling.close(difference=difference, reason=" ", by=person, now=timezone.now())
        reconciling.close(difference=difference, reason="Remise consentie.", by=person, now=timezone.now())
        with pytest.raises(reconciling.DifferenceClosed):
            reconciling.close(difference=difference, reason="Encore.", by=person, now=timezone.now())
        event = AuditEvent.objects.get(what="ledger.difference_closed")
    assert (event.actor, event.tenant) == (person, invoice.operator.organisation)
    assert reconcile(nights=2) == []
    provider.change(there, total=29000)
    assert reconcile(nights=3) == [(DifferenceKind.AMOUNT, GROSS, 29000)]


def test_a_provider_that_does_not_tell_all_concludes_nothing(provider, invoice):
    provider.change(settlement_of(invoice).external_id, total=30000)
    reconcile()
    provider.change(settlement_of(invoice).external_id, total=GROSS)
    provider.fail("/v1/refunds", after=False)
    with pytest.raises(stripe_gateway.GatewayUnreachable):
        reconcile(nights=2)
    assert closed() == []
    with as_worker():
        assert LedgerComparison.objects.filter(finished_at__isnull=True).count() == 1
    # The job that is tried again finishes the same night.
    assert reconcile(nights=2) == []
    with as_worker():
        assert not LedgerComparison.objects.filter(finished_at__isnull=True).exists()


def test_a_public_issuer_is_never_compared(provider):
    issued_invoice()
    assert reconcile() == []
    assert provider.asked() == []


def test_one_difference_is_open_once():
    first = LedgerDifferenceFactory()
    with pytest.raises(IntegrityError, match="ledger_difference_open_once"), transaction.atomic():
        LedgerDifferenceFactory(operator=first.operator, external_id=first.external_id)
