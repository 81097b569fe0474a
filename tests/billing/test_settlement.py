"""Settling through the payment provider, against the stateful fake judged by Stripe's own specification."""

import json
import time

import pytest
import stripe
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction
from django.urls import reverse
from djstripe.models import WebhookEndpoint

from billing import recovery
from billing.models import Channel, Settlement, SettlementState
from billing.settlement import operations
from tenants.models import AuditEvent
from tests.billing.payment_provider import at_the_provider
from tests.factories import OperatorFactory, SettlementFactory, UserFactory, issued_invoice
from tests.factories.base import NOW
from tests.fakes.stripe.webhooks import signature
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

SECRET = "whsec_for_these_tests"


@pytest.fixture
def provider(monkeypatch):
    with at_the_provider(monkeypatch) as provider:
        yield provider


@pytest.fixture
def invoice():
    invoice = issued_invoice(operator=OperatorFactory(private=True))
    jobs.forget()
    return invoice


def push(invoice) -> Settlement:
    with as_worker():
        operations.push(settlement_id=invoice.settlement.pk, now=NOW)
    return settlement_of(invoice)


def settlement_of(invoice) -> Settlement:
    with as_worker():
        return Settlement.objects.get(invoice=invoice)


def test_issuing_enqueues_the_push_and_the_worker_does_it(provider):
    invoice = issued_invoice(operator=OperatorFactory(private=True))
    assert settlement_of(invoice).state == SettlementState.PENDING
    assert "billing.tasks.push_settlement" in jobs.run_jobs()
    assert settlement_of(invoice).state == SettlementState.PUSHED


def test_the_provider_s_invoice_is_ours_to_the_cent(provider, invoice):
    settlement = push(invoice)
    [mirror] = provider.invoices()
    assert (settlement.state, settlement.external_id) == (SettlementState.PUSHED, mirror["id"])
    assert settlement.payment_url == mirror["hosted_invoice_url"]
    assert (mirror["total"], mirror["currency"], mirror["status"]) == (30960, "eur", "open")
    assert mirror["number"] == invoice.number
    assert mirror["metadata"]["halle_key"] == f"invoice:{invoice.public_id}"
    assert mirror["collection_method"] == "send_invoice"


def test_pushing_again_asks_nothing(provider, invoice):
    push(invoice)
    before = len(provider.asked())
    assert push(invoice).state == SettlementState.PUSHED
    assert len(provider.asked()) == before


@pytest.mark.parametrize("after", [True, False], ids=["answer lost", "not done"])
@pytest.mark.parametrize(
    "path", ["/v1/customers", "/v1/invoices", "/v1/invoiceitems", "/v1/invoices/[^/]+/finalize"]
)
def test_whatever_answer_is_lost_there_is_one_invoice_in_the_end(provider, invoice, path, after):
    provider.fail(path, after=after)
    settlement = push(invoice)
    assert (settlement.state, settlement.external_id) == (SettlementState.STARTED, "")
    settlement = push(invoice)
    [mirror] = provider.invoices()
    assert (settlement.state, settlement.external_id) == (SettlementState.PUSHED, mirror["id"])
    assert (mirror["total"], mirror["status"]) == (30960, "open")


def test_a_worker_killed_after_the_push_finds_the_invoice(provider, invoice, monkeypatch):
    def killed(*args, **kwargs):
        raise RuntimeError("killed")

    from billing.settlement import stripe_gateway

    with monkeypatch.context() as patch:
        patch.setattr(stripe_gateway, "_mirrored", killed)
        with pytest.raises(RuntimeError, match="killed"):
            push(invoice)
    assert settlement_of(invoice).state == SettlementState.STARTED
    created = [r for r in provider.asked() if (r["method"], r["path"]) == ("POST", "/v1/invoices")]
    assert push(invoice).state == SettlementState.PUSHED
    again = [r for r in provider.asked() if (r["method"], r["path"]) == ("POST", "/v1/invoices")]
    assert (len(created), len(again), len(provider.invoices())) == (1, 1, 1)


def test_the_sweep_takes_up_what_was_left_started(provider, invoice):
    provider.fail("/v1/invoices", after=True)
    push(invoice)
    jobs.forget()
    with as_worker():
        recovery.sweep(now=NOW)
    assert "billing.tasks.push_settlement" not in {name for name, _ in jobs.waiting()}
    with as_worker():
        recovery.sweep(now=NOW.replace(hour=10))
    assert "billing.tasks.push_settlement" in jobs.run_jobs()
    assert settlement_of(invoice).state == SettlementState.PUSHED
    assert len(provider.invoices()) == 1


def test_a_provider_that_refuses_needs_a_person(provider, invoice, monkeypatch):
    from billing.settlement import stripe_gateway

    monkeypatch.setattr(stripe_gateway, "_items", lambda invoice: [("ligne", "not an amount")])
    settlement = push(invoice)
    assert settlement.state == SettlementState.NEEDS_PERSON
    assert settlement.problem == "Le prestataire de paiement a refusé la facture."
    assert push(invoice).state == SettlementState.NEEDS_PERSON


def refused(invoice) -> Settlement:
    """As the provider's refusal left it, for finance to look at."""
    with as_worker():
        Settlement.objects.filter(invoice=invoice).update(
            state=SettlementState.NEEDS_PERSON, problem="Le prestataire de paiement a refusé la facture."
        )
    return settlement_of(invoice)


def test_a_person_has_it_tried_again_and_the_worker_does_it(provider, invoice):
    settlement, person = refused(invoice), UserFactory()
    with as_worker():
        operations.try_again(settlement=settlement, by=person, now=NOW)
    waiting = settlement_of(invoice)
    assert (waiting.state, waiting.problem) == (SettlementState.STARTED, "")
    assert jobs.run_jobs() == ["billing.tasks.push_settlement"]
    assert settlement_of(invoice).state == SettlementState.PUSHED
    with as_worker():
        event = AuditEvent.objects.get(what="invoice.push_retried")
    assert (event.actor, event.tenant) == (person, invoice.operator.organisation)
    assert event.details == {"problem": "Le prestataire de paiement a refusé la facture."}


def test_trying_again_finds_what_the_provider_had_before(provider, invoice):
    """It was there all along: only our record of it was wrong."""
    push(invoice)
    with as_worker():
        Settlement.objects.filter(invoice=invoice).update(external_id="", payment_url="")
        operations.try_again(settlement=refused(invoice), by=UserFactory(), now=NOW)
    jobs.run_jobs()
    [mirror] = provider.invoices()
    assert settlement_of(invoice).external_id == mirror["id"]


def test_a_try_whose_job_is_lost_is_taken_up_by_the_sweep(provider, invoice):
    settlement = refused(invoice)
    with as_worker():
        operations.try_again(settlement=settlement, by=UserFactory(), now=NOW)
        jobs.forget()
        recovery.sweep(now=NOW.replace(hour=10))
    jobs.run_jobs()
    assert settlement_of(invoice).state == SettlementState.PUSHED


def test_two_people_have_it_tried_again_once(invoice):
    first, second = refused(invoice), settlement_of(invoice)
    with as_worker():
        operations.try_again(settlement=first, by=UserFactory(), now=NOW)
        with pytest.raises(operations.WrongSettlementState):
            operations.try_again(settlement=second, by=UserFactory(), now=NOW)
        assert AuditEvent.objects.filter(what="invoice.push_retried").count() == 1
    assert len(jobs.waiting()) == 1


@pytest.mark.parametrize("state", [s for s in SettlementState if s != SettlementState.NEEDS_PERSON])
def test_only_what_waits_for_a_person_is_tried_again(state):
    paid_at = NOW if state == SettlementState.PAID else None
    settlement = SettlementFactory(channel=Channel.STRIPE, state=state, paid_at=paid_at)
    with as_worker():
        with pytest.raises(operations.WrongSettlementState):
            operations.try_again(settlement=settlement, by=UserFactory(), now=NOW)
        settlement.refresh_from_db()
    assert (settlement.state, jobs.waiting()) == (state, [])


def test_a_provider_that_is_away_is_asked_again_later(invoice, monkeypatch):
    monkeypatch.setattr(stripe, "api_base", "http://127.0.0.1:1")
    monkeypatch.setattr(stripe, "max_network_retries", 0)
    assert push(invoice).state == SettlementState.STARTED


# --- What the provider tells us ---------------------------------------------------------------------


@pytest.fixture
def endpoint():
    with as_worker():
        return WebhookEndpoint.objects.create(
            id="we_test",
            livemode=False,
            url="http://testserver/stripe/webhook/",
            secret=SECRET,
            status="enabled",
            enabled_events=["invoice.paid"],
            api_version=settings.STRIPE_API_VERSION,
            djstripe_validation_method="verify_signature",
        )


def deliver(client, endpoint, event, *, secret=SECRET, at=None, body=None):
    body = body or json.dumps(event)
    return client.post(
        reverse("djstripe:djstripe_webhook_by_uuid", kwargs={"uuid": endpoint.djstripe_uuid}),
        data=body.encode(),
        content_type="application/json",
        headers={"Stripe-Signature": signature(secret, json.dumps(event), now=at or int(time.time()))},
    )


@pytest.fixture
def paid(provider, invoice):
    """The event of an invoice that was pushed, and paid by transfer."""
    provider.pay(push(invoice).external_id)
    [event] = provider.events()
    return event


def test_a_signed_event_makes_the_invoice_paid(client, endpoint, invoice, paid):
    assert deliver(client, endpoint, paid).status_code == 200
    # The page only enqueued: the worker asks the provider itself.
    assert settlement_of(invoice).state == SettlementState.PUSHED
    assert jobs.run_jobs() == ["billing.tasks.confirm_payment"]
    settlement = settlement_of(invoice)
    assert (settlement.state, settlement.paid_at is not None) == (SettlementState.PAID, True)
    with as_worker():
        assert AuditEvent.objects.filter(what="invoice.paid").count() == 1


def test_an_event_told_twice_is_one_payment(client, endpoint, invoice, paid):
    for _ in range(3):
        assert deliver(client, endpoint, paid).status_code == 200
    jobs.run_jobs()
    with as_worker():
        operations.confirm_payment(external_id=settlement_of(invoice).external_id, now=NOW)
        assert AuditEvent.objects.filter(what="invoice.paid").count() == 1


@pytest.mark.parametrize(
    "forged",
    [
        {"secret": "whsec_somebody_else"},
        {"at": 1_700_000_000},  # a true signature, long ago
        {"body": '{"id": "evt_other", "object": "event", "type": "invoice.paid"}'},
    ],
)
def test_a_forged_event_is_refused(client, endpoint, invoice, paid, forged):
    assert deliver(client, endpoint, paid, **forged).status_code == 400
    assert jobs.waiting() == []
    assert settlement_of(invoice).state == SettlementState.PUSHED


def test_what_is_not_a_payment_of_ours_changes_nothing(client, endpoint, invoice, paid):
    """An event of a kind that nobody listens to, of an invoice that is not ours, of an older API: each is
    taken, for the provider not to send it for ever, and only the provider's own word counts."""
    other = {**paid, "id": "evt_voided", "type": "invoice.voided"}
    unknown = {
        **paid,
        "id": "evt_unknown",
        "data": {"object": {**paid["data"]["object"], "id": "in_unknown"}},
    }
    for event in (other, unknown):
        assert deliver(client, endpoint, event).status_code == 200
    jobs.run_jobs()
    assert settlement_of(invoice).state == SettlementState.PUSHED
    assert deliver(client, endpoint, {**paid, "api_version": "2020-08-27"}).status_code == 200
    jobs.run_jobs()
    assert settlement_of(invoice).state == SettlementState.PAID


def test_what_is_no_event_at_all_is_refused(client, endpoint):
    for body in ("", "{", "[]", '"texte"', '{"object": "event"}'):
        assert deliver(client, endpoint, {}, body=body).status_code == 400
    url = reverse("djstripe:djstripe_webhook_by_uuid", kwargs={"uuid": endpoint.djstripe_uuid})
    assert client.post(url, data=b"{}", content_type="application/json").status_code == 400
    assert jobs.waiting() == []


def test_an_event_that_the_provider_does_not_confirm_pays_nothing(provider, invoice):
    """The secret leaked: a signed lie still meets the provider's own word."""
    settlement = push(invoice)
    with as_worker():
        operations.confirm_payment(external_id=settlement.external_id, now=NOW)
    assert settlement_of(invoice).state == SettlementState.PUSHED


def test_paid_before_our_record_was_written(provider, invoice):
    """The transfer and its event came while the settlement was "started": reconciling sees it."""
    provider.fail("/v1/invoices/[^/]+/finalize", after=True)
    push(invoice)
    [mirror] = provider.invoices()
    provider.pay(mirror["id"])
    with as_worker():
        operations.confirm_payment(external_id=mirror["id"], now=NOW)
    assert settlement_of(invoice).state == SettlementState.STARTED
    assert push(invoice).state == SettlementState.PAID


def test_somebody_else_s_invoice_changes_nothing(provider, invoice):
    with as_worker():
        operations.confirm_payment(external_id="in_unknown", now=NOW)
    assert settlement_of(invoice).state == SettlementState.PENDING


# --- Public money -----------------------------------------------------------------------------------


def test_a_public_issuer_never_reaches_the_provider(provider):
    """CGCT L1611-7: collected by the public accountant only."""
    invoice = issued_invoice()
    done = jobs.run_jobs()
    assert "billing.tasks.make_file" in done
    assert "billing.tasks.push_settlement" not in done
    settlement = settlement_of(invoice)
    assert (settlement.channel, settlement.state) == (Channel.TITRE, SettlementState.PROPOSED)
    with as_worker():
        recovery.sweep(now=NOW.replace(year=2027))
        with pytest.raises(ObjectDoesNotExist):
            operations.push(settlement_id=settlement.pk, now=NOW)
    jobs.run_jobs()
    assert provider.asked() == []
    assert settlement_of(invoice).state == SettlementState.PROPOSED


@pytest.mark.parametrize(
    "values", [{"state": SettlementState.PUSHED}, {"external_id": "in_1"}, {"state": SettlementState.PENDING}]
)
def test_the_database_keeps_a_titre_away_from_the_provider(values):
    expected = pytest.raises(IntegrityError, match="settlement_titre_has_no_provider")
    with expected, transaction.atomic():
        SettlementFactory(**values)
