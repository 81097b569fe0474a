"""What a new day changes on a shelf that nobody wrote to: claims that expire, grids that take effect."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest

from catalog.finding.asked import Asked, Band, Sort, visitor_of
from catalog.finding.find import Found, find, price_order
from catalog.finding.indexing import refresh_sheet
from catalog.finding.shelves import SHELVES
from tests.catalog.finding.worlds import TODAY
from tests.factories import ClaimFactory, ListingFactory, OperatorFactory, TerritoryFactory, succeeding_grid
from tests.tools.database import as_worker

# Transactions that end, so that each day is asked of the same copy in memory.
pytestmark = pytest.mark.django_db(transaction=True)

NEW_YEAR = date(2027, 1, 1)
EVE = NEW_YEAR - timedelta(days=1)


def lump(amount: str) -> dict:
    return {"pattern": "flat_by_stratum", "strata": [{"amount": amount}]}


@pytest.fixture
def hall():
    return OperatorFactory()


@contextmanager
def nothing_written(hall) -> Iterator[None]:
    """Inside, all that is asked is answered by the copy that is in memory."""
    before = SHELVES.of(hall.pk)
    yield
    assert SHELVES.of(hall.pk) is before


@pytest.mark.parametrize("level", ["declared", "documented", "verified"])
def test_a_claim_of_yesterday_matches_no_filter_and_gives_no_badge_today(hall, level):
    listing = ListingFactory(operator=hall)
    ClaimFactory(sheet=listing.sheet, topic="rgaa", verified=True, valid_until=TODAY)
    with as_worker():
        refresh_sheet(sheet_id=listing.sheet.pk)

    def on(day: date, **asked) -> Found:
        return find(operator_id=hall.pk, asked=Asked(level=level, **asked), visitor=None, on=day)

    tomorrow, proven = TODAY + timedelta(days=1), {"claims": frozenset({"rgaa"})}
    with nothing_written(hall):
        for day, counts in ((TODAY, 1), (tomorrow, 0), (TODAY, 1)):
            assert on(day, **proven).total == counts
            assert on(day).facets.claims["rgaa"] == counts
            assert on(day).page[0].claims == ({"rgaa": "verified"} if counts else {})
        assert on(tomorrow, **proven).drop == {("claim", "rgaa"): 1}


def test_a_grid_takes_effect_on_its_first_day(hall):
    dearer = ListingFactory(operator=hall, sheet__name="Monte", grid__definition=lump("100"))
    cheaper = ListingFactory(operator=hall, sheet__name="Baisse", grid__definition=lump("150"))
    coming = ListingFactory(
        operator=hall, grid__definition=lump("50"), grid__effective_from=NEW_YEAR, sheet__name="Arrive"
    )
    succeeding_grid(dearer, effective_from=NEW_YEAR, definition=lump("200"))
    succeeding_grid(cheaper, effective_from=NEW_YEAR, definition=lump("120"))
    commune = TerritoryFactory()
    visitors = {day: visitor_of(commune, on=day) for day in (EVE, NEW_YEAR)}

    def on(day: date, **asked) -> Found:
        return find(operator_id=hall.pk, asked=Asked(sort=Sort.PRICE, **asked), visitor=visitors[day], on=day)

    def prices(day: date) -> list[tuple[int, int | None]]:
        return [(one.listing, one.price and one.price.net_cents) for one in on(day).page]

    under_150 = {"prices": frozenset({Band(0, 15_000)})}  # with VAT
    with nothing_written(hall):
        for _ in range(2):  # each day keeps its own
            assert prices(EVE) == [(dearer.pk, 10_000), (cheaper.pk, 15_000), (coming.pk, None)]
            assert prices(NEW_YEAR) == [(coming.pk, 5_000), (cheaper.pk, 12_000), (dearer.pk, 20_000)]
        assert [one.listing for one in on(EVE, **under_150).page] == [dearer.pk]
        assert [one.listing for one in on(NEW_YEAR, **under_150).page] == [coming.pk, cheaper.pk]
        assert [on(day).facets.unpriced for day in (EVE, NEW_YEAR)] == [1, 0]
        assert price_order(operator_id=hall.pk, visitor=visitors[EVE], on=EVE) == {
            dearer.pk: 12_000,
            cheaper.pk: 18_000,
        }
