"""Simulation of a draft over all real members: the same prices as one by one, whoever works, whenever."""

import pytest
from django.utils import timezone

from catalog.grids import results, simulations
from catalog.grids.queries import is_current
from catalog.grids.refusals import NotADraft
from catalog.models import GridSimulation, GridState, SimulationRow, SimulationState
from catalog.prices import grid_price, listing_price, territory_facts
from catalog.pricing import GridInvalid
from subscriptions.models import State
from tests.factories import (
    AdhesionFactory,
    CollegeFactory,
    EpciFactory,
    ListingFactory,
    OrganisationFactory,
    PriceGridFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.base import IN_FORCE_FROM
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

# Small communes pay more than 0,30 € an inhabitant, large ones less.
AFTER = {
    "pattern": "fixed_plus_variable",
    "population_kind": "municipale",
    "fixed": "150",
    "included": 0,
    "rate": "0.15",
}


@pytest.fixture
def listing():
    return ListingFactory()


def draft_of(listing, **fields):
    day = IN_FORCE_FROM.replace(year=IN_FORCE_FROM.year + 1)
    return PriceGridFactory(
        **{"listing": listing, "state": GridState.DRAFT, "effective_from": day, "definition": AFTER, **fields}
    )


def member(listing, population, **fields):
    organisation = OrganisationFactory(territory__population=population)
    AdhesionFactory(operator=listing.operator, organisation=organisation, **fields)
    return organisation


def start(grid) -> GridSimulation:
    with as_worker():
        return simulations.start_simulation(grid=grid, by=UserFactory(), now=timezone.now())


def simulated(grid) -> GridSimulation:
    simulation = start(grid)
    assert jobs.run_jobs() == ["catalog.tasks.run_simulation"]
    with as_worker():
        simulation.refresh_from_db()
    return simulation


def rows(simulation) -> dict[int, SimulationRow]:
    with as_worker():
        return {row.organisation_id: row for row in SimulationRow.objects.filter(simulation=simulation)}


def test_each_member_as_if_priced_alone(listing):
    members = [member(listing, population) for population in (200, 860, 1000, 25_000)]
    stranger = OrganisationFactory(territory__population=300)
    draft = draft_of(listing)
    found = rows(simulated(draft))
    assert stranger.pk not in found
    assert set(found) == {one.pk for one in members}
    for one in members:
        facts = territory_facts(territories=[one.territory], on=draft.effective_from)[one.territory_id]
        before = listing_price(listing=listing, facts=facts).following_cents
        after = grid_price(grid=draft, facts=facts).following_cents
        row = found[one.pk]
        assert (row.before_cents, row.after_cents, row.problem) == (before, after, "")


def test_communes_covered_by_their_epci_are_members(listing):
    epci = EpciFactory()
    covered = OrganisationFactory(territory__population=500, territory__epci=epci)
    AdhesionFactory(
        operator=listing.operator, organisation=OrganisationFactory(territory=epci), covers_communes=True
    )
    found = rows(simulated(draft_of(listing)))
    assert covered.pk in found
    assert len(found) == 2


def test_no_price_says_why(listing):
    nobody, unknown = member(listing, 0), member(listing, False)
    found = rows(simulated(draft_of(listing)))
    assert "0 habitant" in found[nobody.pk].problem
    assert "population" in found[unknown.pk].problem
    assert found[nobody.pk].after_cents is None


def test_a_college_has_its_own_grid(listing):
    rural = CollegeFactory(operator=listing.operator, name="Rurales")
    in_college, elsewhere = member(listing, 860, college=rural), member(listing, 860)
    found = rows(
        simulated(draft_of(listing, definition={"pattern": "by_college", "colleges": {"Rurales": AFTER}}))
    )
    assert found[in_college.pk].after_cents == 27900
    facts = territory_facts(
        territories=[in_college.territory], on=IN_FORCE_FROM, college_at=listing.operator
    )[in_college.territory_id]
    assert facts.college == "Rurales"
    assert found[elsewhere.pk].after_cents is None
    assert found[elsewhere.pk].problem


def test_subscribers_are_marked(listing):
    subscriber, other = member(listing, 860), member(listing, 900)
    SubscriptionFactory(tenant=subscriber, listing=listing, state=State.ACTIVE)
    found = rows(simulated(draft_of(listing)))
    assert found[subscriber.pk].subscribed
    assert not found[other.pk].subscribed


def test_totals_and_bars(listing):
    for population in (500, 860, 1000, 5000, 100_000):
        member(listing, population)
    member(listing, 0)
    simulation = simulated(draft_of(listing))
    with as_worker():
        totals = results.totals_of(simulation=simulation)
        ordered = list(results.rows_of(simulation=simulation, group=results.EVERYBODY))
        more = results.rows_of(simulation=simulation, group=results.MORE).count()
    # 0,30 € against 150 € + 0,15 €: even at 1 000 inhabitants.
    assert totals.counts == {"tous": 6, "plus": 2, "moins": 2, "pareil": 1, "sans-prix": 1}
    assert totals.bars == [2, 0, 0, 0, 1, 0, 2, 0, 0]
    assert totals.before_cents == 30 * (500 + 860 + 1000 + 5000 + 100_000)
    assert totals.after_cents == 5 * 15000 + 15 * (500 + 860 + 1000 + 5000 + 100_000)
    assert [row.population for row in ordered][:3] == [500, 860, 1000]
    assert ordered[-1].after_cents is None
    assert more == 2


def test_one_simulation_at_a_time_of_the_same_figures(listing):
    draft = draft_of(listing)
    first = start(draft)
    assert start(draft) == first
    jobs.run_jobs()
    again = simulated(draft)
    assert again != first
    with as_worker():
        assert list(GridSimulation.objects.all()) == [again]  # the one before is forgotten


def test_an_edited_draft_outdates_its_simulation(listing):
    draft = draft_of(listing)
    simulation = simulated(draft)
    assert is_current(simulation, draft)
    draft.definition = {**AFTER, "rate": "0.20"}
    assert not is_current(simulation, draft)


def test_batches_go_on_where_the_last_one_stopped(listing, monkeypatch):
    members = [member(listing, 500 + number) for number in range(5)]
    monkeypatch.setattr(simulations, "BATCH", 2)
    simulation = start(draft_of(listing))
    with as_worker():
        assert simulations._run_batch(simulation.pk, timezone.now())
        simulation.refresh_from_db()
        assert (simulation.state, simulation.done, simulation.total) == (SimulationState.RUNNING, 2, 5)
    jobs.forget()
    with as_worker():
        simulations.sweep(now=timezone.now() + simulations.PATIENCE * 2)
        simulations.sweep(now=timezone.now() + simulations.PATIENCE * 2)
    assert jobs.run_jobs() == ["catalog.tasks.run_simulation"]
    assert set(rows(simulation)) == {one.pk for one in members}
    with as_worker():
        simulation.refresh_from_db()
    assert (simulation.state, simulation.done) == (SimulationState.DONE, 5)


def test_what_is_compared_stays_the_version_before(listing):
    """Publishing the draft while its simulation is under way does not compare it with itself."""
    one = member(listing, 860)
    draft = draft_of(listing)
    simulation = start(draft)
    with as_worker():
        listing.grids.filter(state=GridState.PUBLISHED).update(effective_until=draft.effective_from)
        listing.grids.filter(pk=draft.pk).update(state=GridState.PUBLISHED)
    jobs.run_jobs()
    assert rows(simulation)[one.pk].before_cents == 25800


def test_only_a_complete_draft_is_simulated(listing):
    with pytest.raises(GridInvalid):
        start(draft_of(listing, definition={"pattern": "per_inhabitant"}))
    with pytest.raises(NotADraft):
        start(listing.grids.get(state=GridState.PUBLISHED))
