"""Filters and their counts, against the plain reading of what they mean."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.finding.asked import FREE, PROPRIETARY, Asked, Band, Local
from catalog.finding.columns import TOPICS, Codes, Columns, row_of
from catalog.finding.curves import PriceCurves, grid_prices
from catalog.finding.facets import Choice
from catalog.finding.strata import stratum_of
from tests.catalog.finding.worlds import TODAY, visitor
from tests.factories.catalog import FIXED, FLAT, MARGINAL, PER_INHABITANT

LEVELS = ["declared", "documented", "verified"]
FAMILIES = ["canteen", "gis", "email"]
ASKING = visitor(860)
GRIDS = [FLAT, PER_INHABITANT, MARGINAL, FIXED, None]
BANDS = [Band(0, 20_000), Band(20_000, 50_000), Band(50_000, None)]

claims = st.lists(
    st.fixed_dictionaries(
        {
            "topic": st.sampled_from(TOPICS[:3]),
            "level": st.sampled_from(LEVELS),
            "until": st.sampled_from([None, "2026-09-30", "2026-10-01", "2027-01-01"]),
        }
    ),
    max_size=3,
    unique_by=lambda claim: claim["topic"],
)
entries = st.lists(
    st.fixed_dictionaries(
        {
            "listed": st.booleans(),
            "family": st.sampled_from(FAMILIES),
            "vendor_departement": st.sampled_from(["35", "29", "75", ""]),
            "connector": st.sampled_from(["osb", "manual"]),
            "licence_spdx": st.sampled_from(["", "MIT", "EUPL-1.2"]),
            "body_types": st.sampled_from([[], ["commune", "epci"], ["epci"]]),
            "population_min": st.sampled_from([None, 500, 2_000]),
            "population_max": st.sampled_from([None, 800, 5_000]),
            "claims": claims,
            "usage": st.sampled_from([{}, {"500-999": 2}, {"0-499": 4}]),
            "grid": st.sampled_from(GRIDS),
        }
    ),
    max_size=12,
)
questions = st.builds(
    Asked,
    families=st.frozensets(st.sampled_from(FAMILIES), max_size=2),
    claims=st.frozensets(st.sampled_from(TOPICS[:3]), max_size=2),
    level=st.sampled_from(LEVELS),
    connectors=st.frozensets(st.sampled_from(["osb", "manual"]), max_size=1),
    licences=st.frozensets(st.sampled_from([FREE, PROPRIETARY, "MIT", "CECILL-2.1"]), max_size=2),
    prices=st.frozensets(st.sampled_from(BANDS), max_size=2),
    local=st.sampled_from(list(Local)),
    used_alike=st.booleans(),
    for_me=st.booleans(),
)


NEAR = {Local.DEPARTEMENT: frozenset({"35"}), Local.REGION: frozenset({"35", "29"})}


def columns_of(made: list[dict]) -> Columns:
    codes = {"licences": Codes(), "departements": Codes()}
    rows = []
    for place, entry in enumerate(made):
        grid = entry["grid"]
        kept = ()
        if grid:
            common = {
                "effective_from": date(2026, 1, 1), "effective_until": None, "vat_category": "S",
                "vat_rate": 20, "vat_reason": "",
                "list_definition": None,
            }  # fmt: skip
            kept = (grid_prices(**common, definition=grid),)
        values = {
            "listing_id": place + 1, "version": 1, "name": f"Service {place}", "rating_sum": 0,
            "rating_count": 0, "position": 100, "listed_at": None, **entry,
        }  # fmt: skip
        rows.append(row_of(values, grids=kept, **codes))
    return Columns.of(rows, **codes)


class Plain:
    """The same questions, entry by entry."""

    def __init__(self, made: list[dict], prices, asked: Asked):
        self.made, self.prices, self.asked = made, prices, asked

    def price(self, place: int) -> int | None:
        return int(self.prices.gross_cents[place]) if self.prices.priced[place] else None

    def proves(self, entry: dict, topic: str) -> bool:
        return any(
            claim["topic"] == topic
            and LEVELS.index(claim["level"]) >= LEVELS.index(self.asked.level)
            and (claim["until"] is None or date.fromisoformat(claim["until"]) >= TODAY)
            for claim in entry["claims"]
        )

    def tests(self) -> dict:
        asked = self.asked
        found = {}
        if asked.families:
            found["family"] = lambda place, entry: entry["family"] in asked.families
        for topic in asked.claims:
            found["claim", topic] = lambda place, entry, topic=topic: self.proves(entry, topic)
        if asked.connectors:
            found["connector"] = lambda place, entry: entry["connector"] in asked.connectors
        if asked.licences:
            found["licence"] = lambda place, entry: (
                entry["licence_spdx"] in asked.licences
                or (FREE in asked.licences and entry["licence_spdx"] != "")
                or (PROPRIETARY in asked.licences and entry["licence_spdx"] == "")
            )
        if asked.prices:
            found["price"] = lambda place, entry: any(self.within(place, band) for band in asked.prices)
        if asked.local:
            found["local"] = lambda place, entry: self.near(entry, asked.local)
        if asked.used_alike:
            found["used"] = lambda place, entry: self.used(entry)
        if asked.for_me:
            found["for_me"] = lambda place, entry: self.suits(entry)
        return found

    def within(self, place: int, band: Band) -> bool:
        price = self.price(place)
        return price is not None and band.low <= price and (band.high is None or price < band.high)

    def near(self, entry: dict, local: Local) -> bool:
        near = NEAR[local]
        return entry["vendor_departement"] in near

    def used(self, entry: dict) -> bool:
        return entry["usage"].get(stratum_of(860), 0) > 0

    def suits(self, entry: dict) -> bool:
        return (
            (not entry["body_types"] or "commune" in entry["body_types"])
            and (entry["population_min"] or 0) <= 860
            and (entry["population_max"] is None or entry["population_max"] >= 860)
        )

    def answers(self, *, but: object = None, also=lambda place, entry: True) -> list[int]:
        tests = [test for name, test in self.tests().items() if name != but]
        return [
            place
            for place, entry in enumerate(self.made)
            if entry["listed"] and also(place, entry) and all(test(place, entry) for test in tests)
        ]

    def count(self, name, also) -> int:
        return len(self.answers(but=name, also=also))


@settings(max_examples=250)
@given(made=entries, asked=questions)
def test_answers_and_counts(made, asked):
    columns = columns_of(made)
    prices = PriceCurves([row.grids for row in columns.rows], on=TODAY).prices(ASKING.facts)
    choice = Choice(columns, asked=asked, visitor=ASKING, near=NEAR, prices=prices, among=None, on=TODAY)
    plain, facets = Plain(made, prices, asked), choice.facets()

    assert choice.answers().tolist() == plain.answers()
    for family in FAMILIES:
        assert facets.families[family] == plain.count("family", lambda _, e, f=family: e["family"] == f)
    for topic in TOPICS[:3]:
        found = plain.count(("claim", topic), lambda _, e, t=topic: plain.proves(e, t))
        assert facets.claims[topic] == found
    for connector in ("osb", "manual"):
        found = plain.count("connector", lambda _, e, c=connector: e["connector"] == c)
        assert facets.connectors[connector] == found
    assert facets.licences[FREE] == plain.count("licence", lambda _, e: e["licence_spdx"] != "")
    for spdx in ("MIT", "EUPL-1.2"):
        found = plain.count("licence", lambda _, e, s=spdx: e["licence_spdx"] == s)
        assert facets.licences.get(spdx, 0) == found
    for band, count in facets.prices.items():
        assert count == plain.count("price", lambda place, _, b=band: plain.within(place, b))
    for local, count in facets.local.items():
        assert count == plain.count("local", lambda _, e, near=local: plain.near(e, near))
    assert facets.used_alike == plain.count("used", lambda _, e: plain.used(e))
    assert facets.for_me == plain.count("for_me", lambda _, e: plain.suits(e))
    for name in choice.refused:
        assert choice.without(name) == len(plain.answers(but=name))


@settings(max_examples=50)
@given(made=entries, asked=questions)
def test_bands_part_the_priced_listings(made, asked):
    columns = columns_of(made)
    prices = PriceCurves([row.grids for row in columns.rows], on=TODAY).prices(ASKING.facts)
    asked = replace(asked, prices=frozenset())
    choice = Choice(columns, asked=asked, visitor=ASKING, near=NEAR, prices=prices, among=None, on=TODAY)
    facets = choice.facets()
    assert sum(facets.prices.values()) + facets.unpriced == len(choice.answers())


@pytest.mark.parametrize(("until", "counts"), [(0, True), (-1, False), (None, True)])
def test_a_claim_counts_until_its_last_day(until, counts):
    last = None if until is None else (TODAY + timedelta(days=until)).isoformat()
    entry = {
        "listed": True, "family": "gis", "vendor_departement": "", "connector": "osb", "licence_spdx": "",
        "body_types": [], "population_min": None, "population_max": None, "usage": {}, "grid": None,
        "claims": [{"topic": "rgaa", "level": "verified", "until": last}],
    }  # fmt: skip
    asked = Asked(claims=frozenset({"rgaa"}), level="verified")
    choice = Choice(
        columns_of([entry]), asked=asked, visitor=None, near={}, prices=None, among=None, on=TODAY
    )
    assert bool(len(choice.answers())) is counts
