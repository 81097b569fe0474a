"""From the register to the engine: the facts a grid asks for."""

from datetime import date

import pytest

from catalog.prices import territory_facts
from catalog.pricing import parse_grid, price
from tenants.models.territory import TerritoryKind
from tests.catalog.pricing.more_grids import EPCI
from tests.factories import TerritoryFactory

pytestmark = pytest.mark.django_db

DAY = date(2026, 1, 1)


def test_an_epci_is_priced_by_the_communes_the_register_gives_it(django_assert_num_queries):
    epci, alone = TerritoryFactory(kind=TerritoryKind.EPCI), TerritoryFactory(kind=TerritoryKind.EPCI)
    current, *_ = TerritoryFactory.create_batch(3, epci=epci)
    TerritoryFactory(epci=epci, current=current, ended_on=date(2025, 1, 1))
    with django_assert_num_queries(2):
        facts = territory_facts(territories=[epci, alone, current], on=DAY)
    assert [facts[place.pk].member_communes for place in (epci, alone, current)] == [3, None, None]
    grid = parse_grid({**EPCI, "population_kind": "municipale"})
    quote = price(grid=grid, facts=facts[epci.pk].for_grid(grid))
    assert [line.quantity for line in quote.lines][1] == 3


def test_communes_alone_take_one_query(django_assert_num_queries):
    places = TerritoryFactory.create_batch(2)
    with django_assert_num_queries(1):
        territory_facts(territories=places, on=DAY)


def test_the_population_is_of_the_kind_the_buyers_own_grid_counts():
    place = TerritoryFactory()
    facts = territory_facts(territories=[place], on=DAY)[place.pk]
    per_inhabitant = {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "1"}
    lump = {"pattern": "flat_by_stratum", "strata": [{"amount": "10"}]}
    grid = parse_grid(
        {
            "pattern": "by_member_type",
            "grids": {
                "commune": {
                    "pattern": "by_college",
                    "colleges": {"A": {"pattern": "covered_by_epci", "grid": per_inhabitant}, "B": lump},
                }
            },
        }
    )
    assert facts.for_grid(grid, college="A").population.kind == "municipale"
    assert facts.for_grid(grid, college="B").population is None
    covered = facts.for_grid(grid, college="A", covered_by="CC du Pays")
    assert price(grid=grid, facts=covered).total_cents == 0
