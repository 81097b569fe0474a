"""A simulation says what the invoices will: the same rules, before anything is asked for."""

from datetime import date
from decimal import Decimal
from itertools import product

import pytest

from billing.drafting import price_of_period
from billing.facts import facts_for_period
from billing.periods import Period
from catalog.models import Listing
from catalog.prices import territory_facts
from catalog.pricing.rhythm import ANCHORS, DUE, PERIODS, PRORATIONS
from demo.seed.price_grids import PATTERNS, adhesion_and_recurring, definition
from subscriptions.models import GroupPopulation, State
from subscriptions.simulation import NO_GRID, Simulation, simulate
from tenants.tenancy import tenant_scope
from tests.factories import ListingFactory, PriceGridFactory, SubscriptionFactory, TerritoryFactory
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
TODAY = date(2026, 10, 1)


def simulated(listing, territory, *, starts_on=TODAY, options=(), groups=None, others=0) -> Simulation:
    return simulate(
        listings=[Listing.objects.for_cards().get(pk=listing.pk)],
        options={listing.pk: set(options)},
        facts=territory_facts(territories=[territory], on=TODAY)[territory.pk],
        starts_on=starts_on,
        on=TODAY,
        groups=groups or {},
        others=others,
    )


STARTS = [date(2026, 1, 1), date(2026, 3, 17), date(2026, 12, 31)]
ADHESION = definition(rate=Decimal("0.37"), turn=PATTERNS.index(adhesion_and_recurring))


@pytest.mark.parametrize("turn", range(len(PATTERNS)))
@pytest.mark.parametrize("starts_on", STARTS)
def test_as_the_invoices_of_three_years(turn, starts_on):
    as_the_invoices(definition(rate=Decimal("0.37"), turn=turn), starts_on)


@pytest.mark.parametrize("proration", PRORATIONS)
@pytest.mark.parametrize("anchor", ANCHORS)
@pytest.mark.parametrize("due", DUE)
def test_as_the_invoices_of_a_rhythm(proration, anchor, due):
    for period, starts_on in product(PERIODS, STARTS):
        rhythm = {"period": period, "due": due, "anchor": anchor, "proration": proration}
        as_the_invoices(ADHESION | {"rhythm": rhythm}, starts_on)


def as_the_invoices(grid: dict, starts_on: date) -> None:
    listing = ListingFactory(grid__definition=grid)
    commune = TerritoryFactory(population=1_234)
    (line,) = simulated(listing, commune, starts_on=starts_on).lines
    assert not line.problem
    subscription = SubscriptionFactory(listing=listing, tenant__territory=commune, state=State.ACTIVE)
    subscription.active_from = starts_on
    told = [line.this_year, line.next_year, line.later]
    facts = territory_facts(territories=[commune], on=TODAY)[commune.pk]
    with tenant_scope([subscription.tenant_id]):
        for year, amount in zip((2026, 2027, 2028), told, strict=True):
            period = Period(date(year, 1, 1), date(year + 1, 1, 1))
            if "rhythm" in grid:
                facts = facts_for_period([subscription], period).get(subscription.pk)
            quote = price_of_period(subscription, facts, period).quote
            assert amount.net_cents == quote.total_cents, (grid.get("rhythm"), starts_on, year)


def test_options_and_what_has_no_price():
    listing = ListingFactory(sheet__options=[{"code": "sms", "name": "SMS", "summary": ""}])
    commune = TerritoryFactory(population=860)
    found = simulated(listing, commune, options=["sms"])
    assert [(line.option, line.problem) for line in found.lines] == [("", ""), ("sms", NO_GRID)]
    assert not found.is_whole
    assert found.later == found.lines[0].later
    with as_worker():
        PriceGridFactory(listing=listing, option="sms", flat=True)
    found = simulated(listing, commune, options=["sms"])
    assert found.is_whole
    assert found.later.net_cents == sum(line.later.net_cents for line in found.lines)


def test_savings_against_the_list_price():
    listing = ListingFactory(
        grid__list_definition={"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "0.50"}
    )
    found = simulated(listing, TerritoryFactory(population=1_000))
    assert (found.listed_cents, found.later.gross_cents, found.saved_cents) == (60_000, 36_000, 24_000)


STRATA = {
    "pattern": "flat_by_stratum",
    "population_kind": "municipale",
    "strata": [{"upper": 3499, "amount": "600"}, {"lower": 3500, "amount": "642"}],
}


@pytest.mark.parametrize(
    ("population", "told"), [(3_400, [4_200]), (3_500, [4_200]), (2_600, []), (9_000, [])]
)
def test_a_threshold_is_told_when_it_is_near(population, told):
    listing = ListingFactory(grid__definition=STRATA)
    (line,) = simulated(listing, TerritoryFactory(population=population)).lines
    assert [jump.difference_cents for jump in line.thresholds] == told


def test_more_members_lower_the_price_of_a_group():
    listing = ListingFactory(
        grid__definition={
            "pattern": "pooled_volume",
            "population_kind": "municipale",
            "tiers": [{"up_to": 5_000, "rate": "1.00"}, {"rate": "0.80"}],
        }
    )
    commune = TerritoryFactory(population=1_000)
    group = GroupPopulation(listing=listing, on=TODAY, members=4, inhabitants=3_000)
    alone = simulated(listing, commune, groups={listing.pk: group})
    joined = simulated(listing, commune, groups={listing.pk: group}, others=3_000)
    assert (alone.later.net_cents, joined.later.net_cents) == (100_000, 80_000)


def test_a_commune_without_siren():
    (line,) = simulated(ListingFactory(), TerritoryFactory(siren="")).lines
    assert "SIREN" in line.problem
