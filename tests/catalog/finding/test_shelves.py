"""A shelf in memory: changed rows, what is kept beside it, how much of it there is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.finding.asked import Local
from catalog.finding.columns import LINES, Codes, Columns, row_of
from catalog.finding.shelves import Kept, Shelf, Shelves
from tests.catalog.finding.worlds import visitor
from tests.factories import ListingFactory, OperatorFactory, TerritoryFactory

NAMES = ("Cantine", "cantine", "Élections", "Agenda", "Œuvre", "zèbre", "10 idées")
SPDX = ("", "MIT", "EUPL-1.2")


def codes() -> dict[str, Codes]:
    return {"licences": Codes(), "departements": Codes()}


entries = st.fixed_dictionaries(
    {
        "listing_id": st.integers(1, 8),
        "version": st.integers(1, 99),
        "listed": st.booleans(),
        "name": st.sampled_from(NAMES),
        "licence_spdx": st.sampled_from(SPDX),
        "position": st.integers(1, 3),
        "rating_sum": st.integers(0, 5),
    }
)
REST = {
    "family": "gis", "vendor_departement": "35", "connector": "osb", "body_types": [], "population_min": None,
    "population_max": None, "claims": [], "usage": {}, "rating_count": 1, "listed_at": None,
}  # fmt: skip


@settings(max_examples=200)
@given(
    first=st.lists(entries, max_size=6, unique_by=lambda entry: entry["listing_id"]),
    batches=st.lists(st.lists(entries, max_size=4), max_size=3),
    sorted_before=st.booleans(),
)
def test_rows_that_changed_leave_the_shelf_as_if_it_were_made_anew(first, batches, sorted_before):
    shared = codes()

    def rows(made):
        return [row_of({**REST, **entry}, grids=(), **shared) for entry in made]

    columns, truth = Columns.of(rows(first), **shared), {row.listing: row for row in rows(first)}
    for batch in batches:
        if sorted_before:
            assert len(columns.by_name) == len(columns)
        before, numbers = columns, columns.numbers.copy()
        columns = columns.with_rows(rows(batch))
        truth |= {row.listing: row for row in rows(batch)}
        assert np.array_equal(before.numbers, numbers)  # whoever reads the older copy is not disturbed
    anew = Columns.of(truth.values(), **shared)
    assert columns.rows == anew.rows
    assert np.array_equal(columns.numbers, anew.numbers)
    assert columns.by_name.tolist() == anew.by_name.tolist()
    assert columns.recommended.tolist() == anew.recommended.tolist()
    asked = np.arange(10)
    assert columns.places_of(asked).tolist() == anew.places_of(asked).tolist()
    assert [columns.version_of(one) for one in range(10)] == [anew.version_of(one) for one in range(10)]


def test_a_service_renamed_takes_its_place_in_the_alphabet():
    shared = codes()
    made = [
        {**REST, "listing_id": place, "version": 1, "listed": True, "name": name, "licence_spdx": "",
         "position": 1, "rating_sum": 0}
        for place, name in enumerate(("Agenda", "Élections", "zèbre"), start=1)
    ]  # fmt: skip
    columns = Columns.of([row_of(entry, grids=(), **shared) for entry in made], **shared)
    assert columns.by_name.tolist() == [0, 1, 2]
    renamed = columns.with_rows([row_of({**made[0], "name": "Voirie"}, grids=(), **shared)])
    assert renamed.by_name.tolist() == [1, 0, 2]
    assert renamed.recommended.tolist() == [1, 0, 2]


def test_an_empty_shelf_answers_too():
    columns = Columns.of([], **codes())
    assert columns.numbers.shape == (LINES, 0)
    assert columns.places_of(np.array([3, 4])).tolist() == [-1, -1]
    assert columns.recommended.tolist() == []


def test_the_vendors_of_a_region_are_those_of_its_departements_and_of_ones_own():
    shelf = Shelf(0, Columns.of([], **codes()), {"53": frozenset({"22", "29", "35"})})
    assert shelf.near(visitor(departement="35", region="53")) == {
        Local.DEPARTEMENT: {"35"},
        Local.REGION: {"22", "29", "35"},
    }
    # A département that no row tells the region of is near to itself all the same.
    assert shelf.near(visitor(departement="988", region=""))[Local.REGION] == {"988"}
    assert shelf.near(None) == {Local.DEPARTEMENT: frozenset(), Local.REGION: frozenset()}


def test_what_was_asked_for_last_is_kept_longest():
    kept, computed = Kept(), []

    def value(key):
        return kept.get(key, lambda: computed.append(key) or key)

    for key in range(kept.MOST):
        value(key)
    value(0)  # asked for again: not the oldest any more
    value("one more")
    assert [value(0), value("one more")] == [0, "one more"]
    assert len(computed) == kept.MOST + 1
    value(1)
    assert computed[-1] == 1


@pytest.mark.django_db(transaction=True)
class TestMemory:
    """Transactions that end: only what everybody may see is kept."""

    def hall(self, listings: int) -> int:
        operator = OperatorFactory()
        for _ in range(listings):
            ListingFactory(operator=operator)
        return operator.pk

    def test_a_shelf_is_read_once_and_then_looked_at_with_one_query(self, django_assert_num_queries):
        operator, shelves = self.hall(2), Shelves()
        with django_assert_num_queries(4):
            first = shelves.of(operator)
        with django_assert_num_queries(1):
            assert shelves.of(operator) is first

    def test_what_is_looked_at_least_recently_goes_first(self):
        one, two, three = (self.hall(1) for _ in range(3))
        shelves = Shelves(most_listings=2)
        kept, gone = shelves.of(one), shelves.of(two)
        shelves.of(one)
        shelves.of(three)
        assert shelves.of(one) is kept
        assert shelves.of(two) is not gone

    def test_a_shelf_larger_than_the_memory_is_kept_alone(self):
        large, small = self.hall(3), self.hall(1)
        shelves = Shelves(most_listings=2)
        shelves.of(small)
        first = shelves.of(large)
        assert shelves.of(large) is first
        shelves.of(small)
        assert shelves.of(large) is not first

    def test_a_forgotten_shelf_is_read_again(self):
        operator, shelves = self.hall(1), Shelves()
        first = shelves.of(operator)
        shelves.forget()
        again = shelves.of(operator)
        assert again is not first
        assert np.array_equal(again.columns.numbers, first.columns.numbers)

    def test_the_regions_are_those_of_the_register(self):
        for code, region in (("22", "53"), ("35", "53"), ("14", "28"), ("988", "")):
            TerritoryFactory(kind="departement", code=code, region=region, population=False)
        shelf = Shelves().of(self.hall(1))
        assert shelf.regions == {"53": {"22", "35"}, "28": {"14"}}

    def test_an_unknown_operator_has_an_empty_shelf(self):
        assert len(Shelves().of(0).columns) == 0
