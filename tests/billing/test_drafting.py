"""Runs and their drafts: no day billed twice, every line says why."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from billing import batches, credits, operations, sharing_again, vat_changes
from billing.exceptions import PeriodAlreadyBilled
from billing.models import BillingRun, Invoice, InvoiceLine, LedgerEntry, RunState
from billing.periods import Period
from catalog.vat.deciding import Choice, Proof, decide
from subscriptions.models import GroupPopulation, State, Subscription
from tenants.models import AuditEvent, Population
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    BillingRunFactory,
    ClosingFactory,
    CollegeFactory,
    ListingFactory,
    OperatorFactory,
    OrganisationFactory,
    PayerShareFactory,
    SubscriptionFactory,
    TerritoryFactory,
    UserFactory,
    drafted_run,
    succeeding_grid,
)
from tests.factories.base import NOW
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

YEAR = Period(date(2026, 1, 1), date(2027, 1, 1))
FIRST_HALF = Period(date(2026, 1, 1), date(2026, 7, 1))
SECOND_HALF = Period(date(2026, 7, 1), date(2027, 1, 1))
LAST_QUARTER = Period(date(2026, 10, 1), date(2027, 1, 1))


def start(operator, period):
    with tenant_scope([operator.organisation_id]):
        return operations.start_run(operator=operator, period=period, started_by=UserFactory(), now=NOW)


def test_a_run_starts_with_its_job_and_its_trace():
    operator = OperatorFactory()
    run = start(operator, YEAR)
    assert (run.state, run.tenant_id) == (RunState.DRAFTING, operator.organisation_id)
    assert jobs.waiting() == [("billing.tasks.draft_run", {"run_id": run.pk})]
    with as_worker():
        assert "année 2026" in AuditEvent.objects.get(what="billing.run_started").sentence


@pytest.mark.parametrize("period", [YEAR, FIRST_HALF, LAST_QUARTER])
def test_no_day_is_billed_twice(period):
    operator = OperatorFactory()
    first = start(operator, YEAR)
    with pytest.raises(PeriodAlreadyBilled) as refusal:
        start(operator, period)
    assert refusal.value.run == first
    # The database holds it too, whoever writes.
    expected = pytest.raises(IntegrityError, match="billing_run_periods_apart")
    with expected, transaction.atomic():
        BillingRunFactory(operator=operator, period_start=period.start, period_end=period.end)


def test_periods_that_touch_are_apart():
    operator = OperatorFactory()
    start(operator, FIRST_HALF)
    start(operator, SECOND_HALF)
    start(OperatorFactory(), YEAR)
    with as_worker():
        assert BillingRun.objects.count() == 3


def test_a_draft_says_its_calculation():
    run = drafted_run(tenant__territory__population=860)
    with as_worker():
        [entry] = run.entries.all()
        [draft] = run.invoices.all()
        [line] = draft.lines.all()
    assert entry.steps == [
        "860 habitants (population municipale 2022, en vigueur au 1er janvier 2025)"
        " × 0,30\u00a0€ = 258,00\u00a0€"
    ]
    assert line.steps == entry.steps
    assert (entry.amount_cents, line.net_cents) == (25800, 25800)
    assert (draft.net_cents, draft.vat_cents, draft.gross_cents) == (25800, 5160, 30960)
    assert draft.number == ""
    assert entry.facts["population"] == {
        "kind": "municipale", "value": 860, "source": "INSEE", "reference_year": 2022,
        "in_force_from": "2025-01-01",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("active_from", "months", "cents"),
    [(date(2026, 4, 15), 9, 19350), (date(2026, 12, 31), 1, 2150), (date(2026, 2, 1), 11, 23650)],
)
def test_a_year_begun_is_shared_by_months_begun(active_from, months, cents):
    run = drafted_run(active_from=active_from)
    with as_worker():
        entry = run.entries.get()
    assert entry.amount_cents == cents
    euros = f"{cents / 100:.2f}".replace(".", ",")
    assert entry.steps[-1] == f"258,00\u00a0€ × {months} mois / 12 = {euros}\u00a0€"


@pytest.mark.parametrize(
    ("active_from", "amounts"),
    [(date(2026, 4, 15), [6000, 19350]), (date(2025, 11, 1), [25800])],
)
def test_an_adhesion_is_owed_whole_in_the_period_the_service_opened_in_and_only_there(active_from, amounts):
    """The one opened in November is still in its first year, but its adhesion fell in the year before."""
    grid = {
        "pattern": "adhesion_and_recurring",
        "adhesion": {"pattern": "flat_by_stratum", "strata": [{"amount": "60"}]},
        "recurring": {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "0.30"},
    }
    run = drafted_run(active_from=active_from, grid=grid)
    with as_worker():
        assert [entry.amount_cents for entry in run.entries.order_by("code")] == amounts


def test_an_epci_is_billed_by_its_communes_and_the_count_is_kept():
    grid = {
        "pattern": "epci_by_communes",
        "population_kind": "municipale",
        "per_commune": "80",
        "rate": "0.10",
    }
    epci = OrganisationFactory(territory__kind="epci")
    TerritoryFactory.create_batch(3, epci=epci.territory)
    run = drafted_run(tenant=epci, grid=grid)
    with as_worker():
        entries = list(run.entries.order_by("code"))
    assert [(entry.code, entry.amount_cents) for entry in entries] == [
        ("member_communes", 24000),
        ("per_inhabitant", 8600),
    ]
    assert [entry.facts["member_communes"] for entry in entries] == [3, 3]


def test_a_pooled_price_is_billed_at_the_tier_of_the_group_as_counted_that_day():
    tiers = [{"up_to": 2_000, "rate": "1.00"}, {"rate": "0.50"}]
    grid = {"pattern": "pooled_volume", "population_kind": "municipale", "tiers": tiers}
    listing = ListingFactory()
    with as_worker():
        for on, inhabitants in (
            (date(2025, 6, 1), 1_500),
            (date(2025, 12, 1), 2_500),
            (date(2026, 9, 1), 900),
        ):
            GroupPopulation.objects.create(listing=listing, on=on, members=3, inhabitants=inhabitants)
    run = drafted_run(listing=listing, operator=listing.operator, grid=grid)
    with as_worker():
        [entry] = run.entries.all()
    assert run.problems == []
    assert entry.amount_cents == 43_000
    assert entry.facts["pooled_population"] == 2_500


def test_a_member_is_billed_by_the_college_its_adhesion_names():
    rural = CollegeFactory(name="Communes rurales")
    member = AdhesionFactory(operator=rural.operator, college=rural).organisation
    grid = {
        "pattern": "by_college",
        "colleges": {
            "Communes rurales": {
                "pattern": "per_inhabitant",
                "population_kind": "municipale",
                "rate": "0.10",
            }
        },
    }
    run = drafted_run(operator=rural.operator, tenant=member, grid=grid)
    with as_worker():
        [entry] = run.entries.all()
    assert entry.amount_cents == 8600


def test_one_ended_in_the_year_owes_until_its_end():
    run = drafted_run()
    ended = SubscriptionFactory(state=State.ENDED, listing__operator=OperatorFactory())
    assert ended.ended_on == date(2026, 7, 1)
    other = drafted_run(operator=ended.operator, members=0)
    with as_worker():
        assert [entry.amount_cents for entry in other.entries.all()] == [12900]
        assert run.entries.count() == 1


@pytest.mark.parametrize(
    "values",
    [
        {"state": State.REQUESTED},
        {"state": State.PROVISIONING},
        {"state": State.REFUSED},
        {"state": State.ACTIVE, "active_from": date(2027, 1, 1)},
        {"state": State.ENDED, "active_from": date(2025, 7, 4)},  # ended on the first day of the period
    ],
)
def test_what_was_not_open_in_the_period_owes_nothing(values):
    subscription = SubscriptionFactory(**values)
    run = drafted_run(operator=subscription.operator, members=0)
    with as_worker():
        assert not run.entries.exists()
        assert not run.invoices.exists()


def test_out_of_scope_lines_never_join_taxable_ones():
    operator, commune = OperatorFactory(), OrganisationFactory()
    for vat in ({}, {"listing__grid__exempt": True}, {"listing__grid__out_of_scope": True}):
        SubscriptionFactory(state=State.ACTIVE, tenant=commune, listing__operator=operator, **vat)
    run = drafted_run(operator=operator, members=0)
    with as_worker():
        drafts = {
            draft.out_of_scope: (
                {line.vat_category for line in draft.lines.all()}, draft.net_cents, draft.vat_cents
            )
            for draft in run.invoices.all()
        }  # fmt: skip
        assert run.invoices.count() == 2
    assert drafts == {True: ({"O"}, 25800, 0), False: ({"S", "E"}, 51600, 5160)}


def test_drafting_again_adds_nothing():
    run = drafted_run(members=2)
    with as_worker():
        operations.draft_run(run_id=run.pk, now=NOW)
        assert (LedgerEntry.objects.count(), Invoice.objects.count()) == (2, 2)


def test_one_that_cannot_be_priced_is_told_and_the_others_are_drafted():
    operator = OperatorFactory()
    unknown = SubscriptionFactory(state=State.ACTIVE, listing__operator=operator)
    with as_worker():
        Population.objects.filter(territory=unknown.tenant.territory).update(value=None)
    run = drafted_run(operator=operator, members=1)
    [problem] = run.problems
    assert problem["subscription"] == str(unknown.public_id)
    assert "population" in problem["reason"].lower()
    with as_worker():
        assert run.invoices.count() == 1


def test_a_frozen_price_is_billed_whatever_the_grid_became():
    subscription = SubscriptionFactory(state=State.ACTIVE)
    dearer = {"pattern": "per_inhabitant", "rate": "9", "population_kind": "municipale"}
    succeeding_grid(subscription.listing, effective_from=date(2026, 1, 1), definition=dearer)
    run = drafted_run(operator=subscription.operator, members=0)
    with as_worker():
        assert run.entries.get().amount_cents == 25800


@pytest.fixture
def in_small_batches(monkeypatch):
    """One member a batch."""
    monkeypatch.setattr(batches, "BATCH", 1)


def draft_until_killed(run, monkeypatch, *, batch: int) -> None:
    """Lets the worker's operation make so many batches, and fail in the next one, its entries written."""
    write, made = batches.write_lines, []

    def dying(drafts):
        made.append(drafts)
        if len(made) > batch:
            raise RuntimeError("killed")
        write(drafts)

    with monkeypatch.context() as patch, as_worker():
        patch.setattr("billing.batches.write_lines", dying)
        with pytest.raises(RuntimeError, match="killed"):
            operations.draft_run(run_id=run.pk, now=NOW)
        run.refresh_from_db()


def test_a_drafting_that_is_killed_goes_on_with_the_next_batch(in_small_batches, monkeypatch):
    run = BillingRunFactory()
    members = [SubscriptionFactory(state=State.ACTIVE, listing__operator=run.operator).tenant for _ in "abcd"]
    draft_until_killed(run, monkeypatch, batch=2)
    assert (run.state, run.progress_done, run.progress_total) == (RunState.DRAFTING, 2, 4)
    with as_worker():
        assert LedgerEntry.objects.count() == Invoice.objects.count() == InvoiceLine.objects.count() == 2
        operations.draft_run(run_id=run.pk, now=NOW)
        assert [one.tenant for one in Invoice.objects.order_by("pk")] == members
        assert LedgerEntry.objects.count() == 4
        run.refresh_from_db()
    assert (run.state, run.progress_done, run.progress_total) == (RunState.REVIEW, 4, 4)


def test_what_ends_or_changes_hands_while_drafts_are_made_waits_for_the_last(in_small_batches, monkeypatch):
    run = BillingRunFactory()
    first, _ = (SubscriptionFactory(state=State.ACTIVE, listing__operator=run.operator) for _ in "ab")
    draft_until_killed(run, monkeypatch, batch=1)
    payer = OrganisationFactory()
    with as_worker():
        closing = ClosingFactory(subscription=first, ended_on=date(2026, 7, 1))
        Subscription.objects.filter(pk=first.pk).update(ended_on=closing.ended_on)
        credits.settle_closing(closing_id=closing.pk, now=NOW)
        PayerShareFactory(subscription=first, payer=payer, part=5000)
        jobs.forget()
        sharing_again.share_again(subscription_id=first.pk, now=NOW)
        assert jobs.waiting() == [("billing.tasks.share_again", {"subscription_id": first.pk})]
        assert run.entries.get().amount_cents == 25_800

        operations.draft_run(run_id=run.pk, now=NOW)
        assert ("billing.tasks.settle_closing", {"closing_id": closing.pk}) in jobs.waiting()
        credits.settle_closing(closing_id=closing.pk, now=NOW)
        sharing_again.share_again(subscription_id=first.pk, now=NOW)
        drafts = run.invoices.filter(lines__entry__subscription=first)
        assert sorted(drafts.values_list("tenant", "net_cents")) == sorted(
            [(first.tenant_id, 6_450), (payer.pk, 6_450)]
        )


def test_a_vat_decision_while_drafts_are_made_reaches_those_made_before_it(in_small_batches, monkeypatch):
    run = BillingRunFactory()
    for _ in "ab":
        SubscriptionFactory(state=State.ACTIVE, listing__operator=run.operator)
    draft_until_killed(run, monkeypatch, batch=1)
    with as_worker():
        jobs.forget()
        proof = Proof(since=YEAR.start, source="Rescrit du 12/03/2025")
        decide(
            operator=run.operator, nature="service", choice=Choice.FRANCHISE, proof=proof, by=UserFactory(),
            now=NOW,
        )  # fmt: skip
        asked = ("billing.tasks.draw_vat_again", {"operator_id": run.operator_id, "since": "2026-01-01"})
        assert vat_changes.draw_again(operator_id=run.operator_id, since=YEAR.start, now=NOW) == 0
        assert jobs.waiting() == [asked, asked], "it comes again"
        operations.draft_run(run_id=run.pk, now=NOW)
        assert sorted(run.invoices.values_list("vat_cents", flat=True)) == [0, 5_160]
    jobs.run_jobs(scheduled=True)
    with as_worker():
        assert list(run.invoices.values_list("vat_cents", flat=True)) == [0, 0]


def test_whoever_pays_since_her_own_draft_was_made_has_one_invoice(in_small_batches, monkeypatch):
    run = BillingRunFactory()
    own, other = (SubscriptionFactory(state=State.ACTIVE, listing__operator=run.operator) for _ in "ab")
    draft_until_killed(run, monkeypatch, batch=1)
    with as_worker():
        PayerShareFactory(subscription=other, payer=own.tenant, part=5000)
        operations.draft_run(run_id=run.pk, now=NOW)
        [draft] = run.invoices.filter(tenant=own.tenant)
        assert sorted(draft.lines.values_list("net_cents", flat=True)) == [12_900, 25_800]
        assert draft.net_cents == 38_700
