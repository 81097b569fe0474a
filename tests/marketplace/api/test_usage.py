"""A service tells what was used of it; what is told late or corrected is put right on the next invoice."""

import json
from datetime import date

import pytest
from django.test import Client

from billing import approving, operations, repricing
from billing.models import Adjustment, Invoice, InvoiceType, LedgerEntry, Repricing
from marketplace.web.adjustment_words import kind_of
from marketplace.web.contest_words import line_facts
from subscriptions.models import State, UsageEvent
from tests.factories import (
    BillingRunFactory,
    ListingFactory,
    ServiceKeyFactory,
    SubscriptionFactory,
    read,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
SECRET = "halle_a-secret-of-the-tests"
SMS = {"unit": "sms", "name": "SMS", "plural": "SMS", "unit_price": "0.05", "included": 100}
GRID = {"pattern": "flat_by_stratum", "strata": [{"amount": "120"}], "usage": [SMS]}
SPACES = str.maketrans("\u00a0\u202f", "  ")


@pytest.fixture
def subscription():
    listing = ListingFactory()
    ServiceKeyFactory(sheet=listing.sheet)
    return SubscriptionFactory(state=State.ACTIVE, listing=listing, grid=GRID, active_from=date(2025, 10, 1))


def siret_of(subscription) -> str:
    with as_worker():
        return subscription.tenant.siret


def event(name="a", quantity=120, day="2026-01-15", **more):
    return {"id": name, "unit": "sms", "quantity": quantity, "used_at": f"{day}T10:00:00+01:00", **more}


def tell(subscription, *events, secret=SECRET, **message):
    body = {"siret": siret_of(subscription), "events": list(events)} | message
    return Client().post(
        "/api/v1/usage/",
        json.dumps(body),
        content_type="application/json",
        headers={"X-Service-Auth": f"Bearer {secret}"},
    )


def billed(subscription, month, *, issue=True):
    """The run of a month of 2026, drafted and issued."""
    run = BillingRunFactory(
        operator=subscription.operator, period_start=date(2026, month, 1), period_end=date(2026, month + 1, 1)
    )
    with as_worker():
        operations.draft_run(run_id=run.pk, now=NOW)
        run.refresh_from_db()
    read(run, now=NOW)
    if issue:
        with as_worker():
            approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
            operations.issue_run(run_id=run.pk, now=NOW)
    return run


def settle():
    with as_worker():
        for pk in Repricing.objects.filter(settled_at__isnull=True).values_list("pk", flat=True):
            repricing.settle_repricing(repricing_id=pk, now=NOW)


def test_what_is_used_is_billed_once_and_put_right_when_it_is_told_late(subscription):
    assert tell(subscription, event("a", 120), event("b", 30, "2026-01-31")).json() == {"new": 2, "known": 0}
    assert tell(subscription, event("a", 120)).json() == {"new": 0, "known": 1}
    settle()
    january = billed(subscription, 1)
    with as_worker():
        flat, sms = LedgerEntry.objects.filter(run=january).order_by("pk")
    assert (flat.amount_cents, sms.amount_cents, sms.quantity, sms.unit) == (1000, 250, 50, "SMS")
    assert [step.translate(SPACES) for step in sms.steps] == [
        "150 SMS en janvier 2026, dont 100 compris : 50 à payer",
        "50 SMS × 0,05 € = 2,50 €",
    ]
    assert sms.facts["usage"] == {
        "month": "2026-01-01", "unit": "sms", "quantity": 150, "included": 100, "events": 2,
        "last_event": sms.facts["usage"]["last_event"],
    }  # fmt: skip
    assert {"label": "Usage de janvier 2026", "value": "150, dont 100 compris au plus"}.items() <= next(
        one.items() for one in line_facts(sms) if one["label"].startswith("Usage")
    )
    assert "Population" not in [one["label"] for one in line_facts(sms)]
    sms.facts["usage"]["month"] = "2026-04-01"
    assert "Usage d’avril 2026" in [one["label"] for one in line_facts(sms)]
    # Late: on the next invoice. Corrected to less: given back on a credit note.
    assert tell(subscription, event("c", 20, "2026-01-20")).json() == {"new": 1, "known": 0}
    settle()
    february = billed(subscription, 2)
    with as_worker():
        late = LedgerEntry.objects.get(run=february, adjustment__isnull=False)
    assert late.amount_cents == 100
    assert tell(subscription, event("d", 0, corrects="a")).status_code == 200
    settle()
    with as_worker():
        [more, less] = Adjustment.objects.order_by("pk")
        assert (more.amount_cents, less.amount_cents) == (100, -350)
        assert kind_of(more) == "Changement d’usage ou de prix"
        notes = Invoice.objects.filter(type_code=InvoiceType.CREDIT_NOTE)
        assert sum(note.net_cents for note in notes) == 350
        # The history is kept: what was told, and what stands instead.
        told = UsageEvent.objects.order_by("pk").values_list(
            "source_event_id", "quantity", "corrects__source_event_id"
        )
        assert list(told) == [("a", 120, None), ("b", 30, None), ("c", 20, None), ("d", 0, "a")]
    settle()
    with as_worker():
        assert Adjustment.objects.count() == 2


def test_the_day_is_that_of_paris_even_when_clocks_change(subscription):
    """Half past midnight in Paris on 1 April is 31 March in Greenwich; the night of 29 March has 23 hours."""
    events = [
        event("a") | {"used_at": "2026-03-31T22:30:00Z"},
        event("b") | {"used_at": "2026-03-29T00:59:59+00:00"},
        event("c") | {"used_at": "2026-03-29T03:00:00+02:00"},
    ]
    assert tell(subscription, *events).json() == {"new": 3, "known": 0}
    with as_worker():
        days = dict(UsageEvent.objects.values_list("source_event_id", "used_on"))
    assert days == {"a": date(2026, 4, 1), "b": date(2026, 3, 29), "c": date(2026, 3, 29)}


def test_what_cannot_be_taken_is_told_and_nothing_is_kept(subscription):
    tell(subscription, event("a"))
    other = SubscriptionFactory(state=State.ACTIVE, listing=subscription.listing, grid=GRID)
    refused = [
        (event("a", 5), "a déjà servi à un autre relevé"),
        (event("b", unit="fax"), "choisissez parmi « sms »"),
        (event("c", corrects="zz"), "Aucun relevé « zz »"),
        (event("d", day="2120-01-01"), "« used_at » : une date et une heure"),
        (event("d", day="2099-01-01"), "dans l’avenir"),
        (event("d", day="2020-01-01"), "en dehors de l’abonnement"),
        (event("d", -1), "« quantity » : un nombre entier"),
        (event("d", True), "« quantity » : un nombre entier"),
        (event("d", 10**40), "« quantity » : un nombre entier"),
        (event("d\u0000"), "« id » : l’identifiant du relevé"),
        (event("d", price=3), "« price » n’est pas attendu"),
        (event("d") | {"used_at": "2026-01-15T10:00:00"}, "avec leur fuseau"),
        ("rien", "« events » : une liste de relevés"),
    ]
    for wrong, said in refused:
        answer = tell(subscription, event("new"), wrong)
        assert answer.status_code in (400, 422), wrong
        [error] = answer.json()["errors"]
        assert said in error["detail"].translate(SPACES), (wrong, error)
        assert error["event"] == 1
    # The same name for another organisation: its row is not seen, and is not taken for a new one.
    [error] = tell(other, event("a")).json()["errors"]
    assert "a déjà servi" in error["detail"]
    for body in (b"", b"[" * 5000, b"\xff", b"[]", b'{"siret": "1"}'):
        answer = Client().post(
            "/api/v1/usage/", body, content_type="application/json",
            headers={"X-Service-Auth": f"Bearer {SECRET}"},
        )  # fmt: skip
        assert answer.status_code == 400, body
        assert answer.json()["errors"][0]["detail"]
    assert tell(subscription, event("e"), secret="halle_no").status_code == 401
    assert tell(subscription, event("e"), siret="12345678901234").status_code == 404
    assert tell(subscription, *[event(str(n)) for n in range(501)]).status_code == 400
    assert Client().get("/api/v1/usage/").status_code == 405
    with as_worker():
        assert list(UsageEvent.objects.values_list("source_event_id", flat=True)) == ["a"]
        # Corrected once: its correction is corrected, not itself.
    assert tell(subscription, event("f", 1, corrects="a")).status_code == 200
    [error] = tell(subscription, event("g", 2, corrects="a")).json()["errors"]
    assert "corrigez sa dernière correction" in error["detail"]
    assert tell(subscription, event("g", 2, corrects="f")).status_code == 200


def test_what_was_used_until_the_end_is_taken_once_it_is_over(subscription):
    """Services tell at the end of a month: by then the contract may be over, and another begun."""
    january = billed(subscription, 1)
    ended = date(2026, 1, 16)
    with as_worker():
        type(subscription).objects.filter(pk=subscription.pk).update(state=State.ENDED, ended_on=ended)
    new = SubscriptionFactory(
        state=State.ACTIVE, tenant=subscription.tenant, listing=subscription.listing, grid=GRID,
        active_from=date(2026, 3, 1),
    )  # fmt: skip
    assert tell(subscription, event("a", 300)).json() == {"new": 1, "known": 0}
    assert tell(subscription, event("b", 30, "2026-03-02")).json() == {"new": 1, "known": 0}
    [error] = tell(subscription, event("c", 1), event("d", 1, "2026-03-02")).json()["errors"]
    assert error["event"] == 1
    assert "envoyez à part" in error["detail"]
    with as_worker():
        told = dict(UsageEvent.objects.values_list("source_event_id", "subscription"))
    assert told == {"a": subscription.pk, "b": new.pk}
    settle()
    with as_worker():
        [late] = Adjustment.objects.filter(run=january)
    assert (late.subscription_id, late.amount_cents) == (subscription.pk, 1_000)


def test_more_than_an_invoice_can_hold_stops_one_subscription_alone(subscription):
    other = SubscriptionFactory(state=State.ACTIVE, listing=subscription.listing, grid=GRID)
    assert tell(subscription, *[event(str(n), 10**9) for n in range(11)]).status_code == 200
    run = billed(subscription, 1, issue=False)
    [problem] = run.problems
    assert problem["subscription"] == str(subscription.public_id)
    assert "corriger ses relevés" in problem["reason"]
    with as_worker():
        assert [one.tenant_id for one in Invoice.objects.filter(run=run)] == [other.tenant_id]
