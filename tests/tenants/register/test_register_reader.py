"""The register shipped with Halle, held against facts known from elsewhere."""

import resource
import time
from collections import Counter
from datetime import date

import pytest

from tenants.register.names import normalise
from tenants.register.reader import read_register
from tenants.register.rows import CommuneKind, PopulationKind


@pytest.fixture(scope="module")
def register():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    result = read_register()
    seconds = time.perf_counter() - start
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"register read in {seconds:.2f} s, {grown / 1024:.0f} MB more")
    return result


@pytest.fixture(scope="module")
def current(register):
    return {row.code: row for row in register.communes if row.kind is CommuneKind.CURRENT}


@pytest.fixture(scope="module")
def populations(register):
    found = {}
    for row in register.populations:
        found.setdefault((row.territory_kind, row.code), {})[row.source] = row
    return found


def test_every_row_is_accepted(register):
    assert register.rejected == []


def test_header_names_vintage_borders_and_licence(register):
    assert register.header.cog_year == 2026
    assert register.header.borders["communes"] == date(2026, 1, 1)
    # The 2026 package still carries the EPCI of 2025: see vintage.py.
    assert register.header.borders["epci"] == date(2025, 1, 1)
    assert register.header.licence.startswith("Licence Ouverte")
    assert len(register.header.inputs_sha256) == 5


def test_counts_of_communes(register):
    assert len(register.communes) == 37_590
    assert Counter(row.kind for row in register.communes) == {
        CommuneKind.CURRENT: 34_969,
        CommuneKind.DELEGATED: 2_105,
        CommuneKind.ASSOCIATED: 471,
        CommuneKind.BOROUGH: 45,
    }


def test_counts_of_other_territories(register):
    assert Counter(row.kind for row in register.epci) == {
        "CC": 989,
        "CA": 230,
        "METRO": 21,
        "CU": 14,
        "MET69": 1,
    }
    assert Counter(row.funding for row in register.epci) == {"FPU": 1_095, "FA": 160}
    assert len(register.ept) == 11
    assert len(register.departements) == 109
    assert len(register.regions) == 26


def test_584_codes_are_used_twice(register):
    uses = Counter(row.code for row in register.communes)
    assert Counter(uses.values())[2] == 584
    assert max(uses.values()) == 2


def test_a_code_used_twice_names_two_places(register):
    found = {row.kind: row for row in register.communes if row.code == "14654"}
    assert found[CommuneKind.CURRENT].name == "Saint-Pierre-en-Auge"
    assert found[CommuneKind.CURRENT].parent is None
    assert len(found[CommuneKind.CURRENT].former_codes) == 21
    assert found[CommuneKind.DELEGATED].name == "Saint-Pierre-sur-Dives"
    assert found[CommuneKind.DELEGATED].parent == "14654"
    assert found[CommuneKind.DELEGATED].siren is None


def test_communes_without_siren_are_all_overseas_collectivities(current):
    without = [row for row in current.values() if row.siren is None]
    assert len(without) == 94
    assert {row.zone for row in without} == {"com"}


def test_corsica_keeps_its_letters_and_its_old_code(current):
    assert current["2A004"].name == "Ajaccio"
    assert current["2A004"].departement == "2A"
    assert current["2A004"].former_codes == ("20004",)


def test_papeete(current, populations):
    papeete = current["98735"]
    assert (papeete.name, papeete.departement, papeete.siren) == ("Papeete", "987", None)
    count = populations[papeete.kind, "98735"]["insee-polynesie-municipale"]
    assert (count.value, count.reference_year) == (26_654, 2022)


def test_paris_has_all_its_postcodes(current):
    assert len(current["75056"].postcodes) == 21


def test_zero_and_unknown_populations_are_different(current, populations):
    def municipale(code):
        rows = populations[CommuneKind.CURRENT, code].values()
        return next(
            row for row in rows if row.kind is PopulationKind.MUNICIPALE and row.source.startswith("insee")
        )

    zero = {code for code in current if municipale(code).value == 0}
    unknown = {code for code in current if municipale(code).value is None}
    assert len(zero) == 6
    assert "55039" in zero
    assert unknown == {"98411", "98412", "98413", "98414", "98415", "98901"}


def test_three_populations_of_montpellier_are_told_apart(populations):
    rows = populations[CommuneKind.CURRENT, "34172"].values()
    assert {(row.kind.value, row.reference_year, row.in_force_from.year, row.value) for row in rows} == {
        ("municipale", 2023, 2026, 310_240),
        ("municipale", 2022, 2025, 307_101),
        ("totale", 2022, 2025, 310_611),
    }


def test_mayotte_keeps_the_year_of_its_own_census(populations):
    rows = populations[CommuneKind.CURRENT, "97608"].values()
    assert {(row.kind.value, row.reference_year, row.value) for row in rows} == {
        ("municipale", 2017, 17_831),
        ("totale", 2017, 18_237),
    }


def test_totals_in_force_are_known_for_the_communes_of_the_ept_only(register, populations):
    members = {code for body in register.ept for code in body.members}
    in_force = {
        row.code
        for row in register.populations
        if row.territory_kind == CommuneKind.CURRENT
        and row.kind is PopulationKind.TOTALE
        and row.in_force_from == date(2026, 1, 1)
    }
    assert in_force == members
    assert populations[CommuneKind.CURRENT, "93066"]["insee-totale"].value == 149_936


def test_communes_outside_any_epci(register, current, populations):
    members = {code for body in register.epci for code in body.members}
    outside = set(current) - members
    assert {code for code in outside if current[code].zone != "com"} == {"22016", "29083", "29155", "85113"}
    assert len(outside) == 98
    brehat = populations[CommuneKind.CURRENT, "22016"]
    assert brehat["insee-municipale"].value == 429
    assert brehat["dgcl-totale"].value is None


def test_a_commune_belongs_to_at_most_one_epci(register):
    members = Counter(code for body in register.epci for code in body.members)
    assert len(members) == 34_871
    assert max(members.values()) == 1


def test_population_of_an_epci_is_the_sum_of_its_members_of_the_same_source(register, populations):
    for body in register.epci:
        for source, row in populations[body.kind, body.siren].items():
            members = (populations[CommuneKind.CURRENT, code][source].value for code in body.members)
            assert row.value == sum(members), (body.name, source)


def test_no_total_is_below_the_municipal_population_of_its_source(populations):
    for found in populations.values():
        for prefix in ("insee", "dgcl", "dgcl-mayotte"):
            total, municipal = found.get(f"{prefix}-totale"), found.get(f"{prefix}-municipale")
            if total and municipal and total.value is not None:
                assert total.value >= municipal.value


def test_a_population_carries_what_the_header_says_of_its_source(register):
    for row in register.populations:
        source = register.header.sources[row.source]
        assert (row.kind, row.reference_year, row.in_force_from) == (
            source.kind,
            source.reference_year,
            source.in_force_from,
        )


def test_every_name_has_a_search_form(register):
    assert all(normalise(row.name) for row in register.communes)
