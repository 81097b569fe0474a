"""Drafts of a merged commune: each of the two is billed the months that were its own, to the cent."""

from datetime import date

import pytest

from billing import approving, credits, operations, repricing
from billing.handover import DraftsInUse, ShareNotPriced, draft_lines_waiting
from billing.models import Adjustment, BillingRun, Closing, Invoice, LedgerEntry, Repricing, RunState
from subscriptions.handover import hand_over
from subscriptions.models import State, Subscription
from tenants.models import Population, TerritoryChange
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    BillingRunFactory,
    ListingFactory,
    OperatorFactory,
    OrganisationFactory,
    SubscriptionFactory,
    UserFactory,
    drafted_run,
)
from tests.factories.base import NOW
from tests.factories.billing import read
from tests.factories.vintages import MergerFactory
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return OperatorFactory()


@pytest.fixture
def merger(operator):
    """860 inhabitants (258,00 € a year) become part of 1,500 (450,00 €) on 1 March."""
    change = MergerFactory()
    AdhesionFactory(operator=operator, organisation=change.territory.organisation)
    return change


def subscribe(organisation, operator, **values) -> Subscription:
    return SubscriptionFactory(tenant=organisation, listing__operator=operator, state=State.ACTIVE, **values)


def done(change, operator):
    """As the operator's page does, under row-level security."""
    with tenant_scope([operator.organisation_id, change.territory.organisation.pk]):
        return hand_over(change=change, operator=operator, by=UserFactory(), now=NOW)


def drafts(run) -> dict[str, tuple[int, list[int]]]:
    """By member: its draft's net total and lines."""
    with as_worker():
        return {
            invoice.tenant.name: (
                invoice.net_cents,
                [line.net_cents for line in invoice.lines.order_by("position")],
            )
            for invoice in Invoice.objects.filter(run=run).select_related("tenant")
        }


def owed(run, organisation) -> int:
    with as_worker():
        return sum(entry.amount_cents for entry in LedgerEntry.objects.filter(run=run, tenant=organisation))


def names(change):
    return change.territory.organisation.name, change.successor.organisation.name


@pytest.mark.parametrize(
    ("day", "old_cents", "new_cents"),
    [
        (date(2026, 3, 1), 4300, 37500),  # 2/12 of 258 €, 10/12 of 450 €
        (date(2026, 3, 15), 6450, 33750),  # March was begun by the merged commune
        (date(2026, 1, 1), 0, 45000),
        (date(2026, 12, 31), 25800, 0),
    ],
)
def test_a_draft_is_shared_month_by_month(day, old_cents, new_cents, merger, operator):
    TerritoryChange.objects.update(effective_on=day)
    merger.refresh_from_db()
    old_name, new_name = names(merger)
    subscribe(merger.territory.organisation, operator)
    run = drafted_run(operator=operator, members=0)
    assert drafts(run) == {old_name: (25800, [25800])}
    late = NOW.replace(year=2027)
    with tenant_scope([operator.organisation_id, merger.territory.organisation.pk]):
        hand_over(change=merger, operator=operator, by=UserFactory(), now=late)
    shares = {old_name: old_cents, new_name: new_cents}
    assert drafts(run) == {name: (cents, [cents]) for name, cents in shares.items() if cents}
    assert owed(run, merger.territory.organisation) == old_cents
    assert owed(run, merger.successor.organisation) == new_cents


def test_a_draft_made_afterwards_is_the_same(merger, operator):
    subscribe(merger.territory.organisation, operator)
    done(merger, operator)
    run = drafted_run(operator=operator, members=0)
    old_name, new_name = names(merger)
    assert drafts(run) == {old_name: (4300, [4300]), new_name: (37500, [37500])}
    assert run.problems == []


def test_each_share_says_its_calculation_and_its_days(merger, operator):
    subscribe(merger.territory.organisation, operator)
    run = drafted_run(operator=operator, members=0)
    done(merger, operator)
    with as_worker():
        old = LedgerEntry.objects.get(run=run, tenant=merger.territory.organisation, line__isnull=False)
        new = LedgerEntry.objects.get(run=run, tenant=merger.successor.organisation)
    assert (old.period_start, old.period_end) == (date(2026, 1, 1), date(2026, 3, 1))
    assert (new.period_start, new.period_end) == (date(2026, 3, 1), date(2027, 1, 1))
    assert old.steps[-1] == "258,00\u00a0€ × 2 mois / 12 = 43,00\u00a0€"
    assert new.steps[-1] == "450,00\u00a0€ × 10 mois / 12 = 375,00\u00a0€"
    assert "1\u202f500 habitants" in new.steps[0]


def test_the_merged_commune_is_priced_by_the_facts_of_its_draft(merger, operator):
    subscribe(merger.territory.organisation, operator)
    run = drafted_run(operator=operator, members=0)
    with as_worker():
        Population.objects.filter(territory=merger.territory).delete()
    done(merger, operator)
    assert drafts(run)[names(merger)[0]] == (4300, [4300])


def test_what_else_they_have_stays_on_their_drafts(merger, operator):
    """Both have a draft already, and keep its other lines."""
    old, new = merger.territory.organisation, merger.successor.organisation
    subscribe(old, operator)
    subscribe(new, operator, listing__grid__flat=True)
    done_before = SubscriptionFactory(
        tenant=old, listing__operator=operator, state=State.ENDED, active_from=date(2025, 9, 1)
    )
    assert done_before.ended_on == date(2026, 3, 1)
    run = drafted_run(operator=operator, members=0)
    before = drafts(run)
    done(merger, operator)
    after = drafts(run)
    old_name, new_name = names(merger)
    assert sorted(after[old_name][1]) == sorted([4300, 4300])
    assert after[new_name] == (before[new_name][0] + 37500, [*before[new_name][1], 37500])


def test_the_commune_nouvelle_that_has_the_service_pays_once(merger, operator):
    listing = ListingFactory(operator=operator)
    for organisation in (merger.territory.organisation, merger.successor.organisation):
        SubscriptionFactory(tenant=organisation, listing=listing, operator=operator, state=State.ACTIVE)
    run = drafted_run(operator=operator, members=0)
    done(merger, operator)
    old_name, new_name = names(merger)
    assert drafts(run) == {old_name: (4300, [4300]), new_name: (45000, [45000])}


def test_two_merged_communes_share_with_the_same_one(operator):
    new = OrganisationFactory(territory__population=1500)
    changes = [MergerFactory(new=new) for _ in range(2)]
    for change in changes:
        subscribe(change.territory.organisation, operator)
    run = drafted_run(operator=operator, members=0)
    for change in changes:
        done(change, operator)
    assert drafts(run)[new.name] == (75000, [37500, 37500])


def test_an_issued_invoice_is_never_touched(merger, operator):
    subscribe(merger.territory.organisation, operator)
    run = drafted_run(operator=operator, members=0)
    with as_worker():
        read(run)
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
        before = list(Invoice.objects.filter(run=run).values())
    done(merger, operator)
    with as_worker():
        assert list(Invoice.objects.filter(run=run).values()) == before
        assert LedgerEntry.objects.filter(run=run).count() == 1


def put_right() -> None:
    """What the worker does after a hand-over, twice."""
    with as_worker():
        for _ in range(2):
            for closing in Closing.objects.values_list("pk", flat=True):
                credits.settle_closing(closing_id=closing, now=NOW)
            for noted in Repricing.objects.values_list("pk", flat=True):
                repricing.settle_repricing(repricing_id=noted, now=NOW)


def test_what_was_invoiced_beyond_the_merger_is_given_back_and_owed_by_the_commune_nouvelle(merger, operator):
    subscribe(merger.territory.organisation, operator)
    run = drafted_run(operator=operator, members=0)
    with as_worker():
        read(run)
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
    done(merger, operator)
    put_right()
    with as_worker():
        [note] = Invoice.objects.credit_notes()
        [more] = Adjustment.objects.to_bill()
    assert (note.tenant_id, note.net_cents) == (merger.territory.organisation.pk, 25_800 - 4_300)
    assert (more.tenant_id, more.amount_cents) == (merger.successor.organisation.pk, 37_500)
    following = BillingRunFactory(
        operator=operator, period_start=date(2027, 1, 1), period_end=date(2028, 1, 1)
    )
    with as_worker():
        operations.draft_run(run_id=following.pk, now=NOW)
    assert drafts(following) == {names(merger)[1]: (37_500 + 45_000, [45_000, 37_500])}


def test_drafts_shared_out_are_not_shared_out_again(merger, operator):
    subscribe(merger.territory.organisation, operator)
    run = drafted_run(operator=operator, members=0)
    done(merger, operator)
    before = drafts(run)
    put_right()
    assert drafts(run) == before
    with as_worker():
        assert not Adjustment.objects.exists()


def test_one_service_too_many_that_was_invoiced_is_given_back(merger, operator):
    listing = ListingFactory(operator=operator)
    for organisation in (merger.territory.organisation, merger.successor.organisation):
        SubscriptionFactory(tenant=organisation, listing=listing, operator=operator, state=State.ACTIVE)
    run = drafted_run(operator=operator, members=0)
    with as_worker():
        read(run)
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
    done(merger, operator)
    put_right()
    with as_worker():
        [note] = Invoice.objects.credit_notes()
        assert not Adjustment.objects.exists()
    assert (note.tenant_id, note.net_cents) == (merger.territory.organisation.pk, 25_800 - 4_300)


@pytest.mark.parametrize("state", [RunState.ISSUING])
def test_drafts_that_a_worker_is_issuing_are_left_alone(state, merger, operator):
    subscribe(merger.territory.organisation, operator)
    run = drafted_run(operator=operator, members=0)
    with as_worker():
        read(run)
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
    with pytest.raises(DraftsInUse, match="Réessayez dans quelques minutes"):
        done(merger, operator)
    with as_worker():
        assert Subscription.objects.get().state == State.ACTIVE


def test_a_run_whose_drafts_are_to_be_made_finds_both(merger, operator):
    subscribe(merger.territory.organisation, operator)
    run = BillingRunFactory(operator=operator)
    done(merger, operator)
    with as_worker():
        operations.draft_run(run_id=run.pk, now=NOW)
    old_name, new_name = names(merger)
    assert drafts(run) == {old_name: (4300, [4300]), new_name: (37500, [37500])}


def test_a_share_that_cannot_be_priced_hands_nothing_over(merger, operator):
    """The yearly price is known; the merged commune's own population, of the kind the grid reads, is not."""
    subscription = subscribe(merger.territory.organisation, operator)
    run = drafted_run(operator=operator, members=0)
    before = drafts(run)
    with as_worker():
        Subscription.objects.filter(pk=subscription.pk).update(
            grid={"pattern": "per_inhabitant", "population_kind": "totale", "rate": "0.30"}
        )
        Population.objects.filter(territory=merger.territory, kind="totale").delete()
    with pytest.raises(ShareNotPriced):
        done(merger, operator)
    assert drafts(run) == before
    with as_worker():
        assert Subscription.objects.get().state == State.ACTIVE


def test_the_lines_that_wait_are_counted(merger, operator):
    old = merger.territory.organisation
    subscribe(old, operator)
    subscribe(old, operator)
    drafted_run(operator=operator, members=0)

    def waiting(day):
        with tenant_scope([operator.organisation_id, old.pk]):
            return draft_lines_waiting(operator=operator, merged=[(old, day)])

    assert waiting(date(2026, 3, 1)) == {old.pk: 2}
    assert waiting(date(2027, 1, 1)) == {old.pk: 0}
    with as_worker():
        assert BillingRun.objects.count() == 1
