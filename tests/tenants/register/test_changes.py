"""From one vintage to the next: what is reported, without any database."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.models.territory import TerritoryKind
from tenants.register import places
from tenants.register.changes import LISTS, OlderVintage, compare
from tenants.register.places import Figures, Held, coming_places, kind_of
from tenants.register.reader import read_register
from tenants.register.report import REASONS, reason_in_french, report
from tenants.register.rows import CommuneKind
from tests.factories.tenants import siren as number
from tests.tenants.register.made import WHOLES, commune, epci, header, part, write

A, B, C = "210100012", "210100020", "210100038"
NEW, GROUP, OTHER = "200099992", "200000172", "200000438"


@pytest.fixture
def register(tmp_path):
    """A function: the register made of these rows."""

    def made(*rows, year=2026, **changes):
        return read_register(write(tmp_path / "r.jsonl.xz", [header(year, **changes), *WHOLES, *rows]))

    return made


def held_of(register) -> Held:
    """What a database would hold once this register is loaded."""
    held = Held(cog_year=register.header.cog_year, places=coming_places(register, Held()))
    for row in register.communes:
        for code in row.former_codes:
            held.former.setdefault(code, set()).add(row.code)
    for row in register.populations:
        figures = held.populations.setdefault(
            (row.kind.value, row.source), Figures(row.in_force_from, row.reference_year)
        )
        figures.values[kind_of(row.territory_kind), row.code] = row.value
    return held


def changed(before, after):
    return compare(held=held_of(before), register=after)


def only(changes, *names):
    """The lists named, the others being empty (the parts that appear with a merger left out)."""
    unexpected = [name for name in LISTS if name not in names and getattr(changes, name)]
    assert unexpected == []
    found = [getattr(changes, name) for name in names]
    return found[0] if len(found) == 1 else found


def test_the_kinds_are_those_of_the_database():
    assert set(places.KINDS.values()) | {places.EPCI, "departement", "region"} == set(TerritoryKind.values)


def test_nothing_changes_from_a_register_to_itself(register):
    same = register(commune("42001", "Aboën", siren=A), epci(GROUP, "CC du Test", ["42001"]))
    changes = changed(same, same)
    assert changes.nothing
    assert only(changes, "mergers") == []


def test_two_communes_merge_and_the_new_one_keeps_the_code_of_its_seat(register):
    before = register(commune("42001", "Aboën", siren=A), commune("42002", "Ailleux", siren=B))
    after = register(
        commune("42001", "Aboën-Ailleux", siren=NEW, population=200, former_codes=["42002"]),
        part("42001", "Aboën", "42001"),
        part("42002", "Ailleux", "42001"),
        year=2027,
    )
    changes = changed(before, after)
    seat, absorbed = only(changes, "mergers", "created")[0]
    assert (seat.code, seat.into, seat.keeps_code, seat.siren, seat.into_siren) == (
        "42001", "42001", True, A, NEW,
    )  # fmt: skip
    assert (absorbed.code, absorbed.name, absorbed.into, absorbed.keeps_code) == (
        "42002", "Ailleux", "42001", False,
    )  # fmt: skip
    assert changes.effective_on == date(2027, 1, 1)
    assert changes.populations[0].reshaped == 1
    assert changes.populations[0].changed == 0  # not a village that doubled


def test_a_merger_into_a_new_code(register):
    before = register(commune("42001", "Aboën", siren=A), commune("42002", "Ailleux", siren=B))
    after = register(commune("42099", "Val-d’Essai", siren=NEW, former_codes=["42001", "42002"]), year=2027)
    mergers, created = only(changed(before, after), "mergers", "created")
    assert [(m.code, m.into, m.keeps_code) for m in mergers] == [
        ("42001", "42099", False), ("42002", "42099", False),
    ]  # fmt: skip
    assert [row.code for row in created] == ["42099"]


def test_a_merger_known_by_the_delegated_commune_only(register):
    before = register(commune("42001", "Aboën", siren=A), commune("42002", "Ailleux", siren=B))
    after = register(commune("42001", "Aboën", siren=A), part("42002", "Ailleux", "42001"), year=2027)
    (merger,) = only(changed(before, after), "mergers", "created")[0]
    # The same SIREN: the commune of that code goes on, and takes the other in.
    assert (merger.code, merger.into, merger.keeps_code) == ("42002", "42001", False)


def test_a_commune_nouvelle_whose_siren_nobody_knows_is_another_person(register):
    before = register(commune("42001", "Aboën", siren=A), commune("42002", "Ailleux", siren=B))
    after = register(commune("42001", "Aboën", former_codes=["42002"]), year=2027)
    mergers = only(changed(before, after), "mergers")
    assert [(m.code, m.keeps_code, m.into_siren) for m in mergers] == [
        ("42001", True, ""), ("42002", False, ""),
    ]  # fmt: skip


def test_the_effective_day_is_the_headers(register):
    before = register(commune("42001", "Aboën", siren=A), commune("42002", "Ailleux", siren=B))
    borders = {"communes": "2027-03-15", "epci": "2026-01-01"}
    after = register(commune("42001", "Aboën", siren=A, former_codes=["42002"]), year=2027, borders=borders)
    changes = changed(before, after)
    assert (changes.effective_on, changes.epci_on) == (date(2027, 3, 15), date(2026, 1, 1))
    text = "\n".join(report(register=after, changes=changes, concerned=[], every=False))
    assert "intercommunalités de ce fichier sont celles du 01/01/2026, pas du 15/03/2027" in text


def test_a_commune_is_re_established(register):
    before = register(
        commune("42001", "Aboën-Ailleux", siren=NEW, former_codes=["42002"]),
        part("42002", "Ailleux", "42001"),
    )
    after = register(commune("42001", "Aboën", siren=NEW), commune("42002", "Ailleux", siren=B), year=2027)
    splits, renames, ended = only(changed(before, after), "splits", "renames", "ended")
    assert [(row.code, row.out_of) for row in splits] == [("42002", "42001")]
    assert [(row.before, row.after) for row in renames] == [("Aboën-Ailleux", "Aboën")]
    assert [(row.kind, row.code) for row in ended] == [("commune_deleguee", "42002")]


def test_a_former_code_is_enough_to_know_a_split(register):
    before = register(commune("42001", "Aboën", siren=A, former_codes=["42002"]))
    after = register(commune("42001", "Aboën", siren=A), commune("42002", "Ailleux", siren=B), year=2027)
    assert [row.out_of for row in only(changed(before, after), "splits")] == ["42001"]


def test_a_new_name_and_a_new_code_are_the_same_commune(register):
    before = register(commune("42001", "Aboën", siren=A), commune("42002", "Ailleux", siren=B))
    after = register(
        commune("42001", "Aboën-le-Vieux", siren=A),
        commune("42099", "Ailleux", siren=B, former_codes=["42002"]),
        year=2027,
    )
    renames, codes = only(changed(before, after), "renames", "new_codes")
    assert [(row.code, row.after) for row in renames] == [("42001", "Aboën-le-Vieux")]
    assert [(row.before, row.after) for row in codes] == [("42002", "42099")]


def test_what_ends_without_one_successor_is_told_not_guessed(register):
    before = register(*(commune(f"4200{n}", f"Essai {n}", siren=s) for n, s in enumerate((A, B, C))))
    after = register(
        commune("42001", "Essai 1", siren=B, former_codes=["42000"]),
        commune("42002", "Essai 2", siren=C, former_codes=["42000"]),
        year=2027,
    )
    assert [row.code for row in only(changed(before, after), "ended")] == ["42000"]


def test_intercommunalities_move(register):
    communes = [commune("42001", "Aboën", siren=A), commune("42002", "Ailleux", siren=B)]
    before = register(*communes, epci(GROUP, "CC du Test", ["42001", "42002"]))
    after = register(
        *communes,
        epci(GROUP, "CA du Test", ["42001"], kind="CA"),
        epci(OTHER, "CC d’à côté", ["42002"]),
        year=2027,
    )
    moves, natures, renames, created = only(
        changed(before, after), "epci_moves", "natures", "renames", "created"
    )
    assert [(row.code, row.before_name, row.after_name) for row in moves] == [
        ("42002", "CA du Test", "CC d’à côté")
    ]
    assert [(row.before, row.after) for row in natures] == [("CC", "CA")]
    assert [row.after for row in renames] == ["CA du Test"]
    assert [row.code for row in created] == [OTHER]
    back = changed(register(*communes, epci(GROUP, "CC du Test", ["42001"])), register(*communes, year=2027))
    ended, left = only(back, "ended", "epci_moves")
    assert [row.code for row in ended] == [GROUP]
    assert [(row.code, row.after) for row in left] == [("42001", "")]


def test_a_line_set_apart_changes_nothing(register):
    """The EPCI's members still have the absorbed commune: its line is bad, and says nothing of the others."""
    before = register(
        commune("42001", "Aboën", siren=A), commune("42002", "Ailleux", siren=B), commune("42003", "Apinac"),
        epci(GROUP, "CC du Test", ["42001", "42002", "42003"]),
    )  # fmt: skip
    after = register(
        commune("42001", "Aboën", siren=NEW, former_codes=["42002"]), commune("42003", "Apinac"),
        epci(GROUP, "CC du Test", ["42001", "42002", "42003"]),
        year=2027,
    )  # fmt: skip
    changes = changed(before, after)
    only(changes, "mergers")
    assert [row.code for row in changes.kept] == [GROUP]
    assert coming_places(after, held_of(before))["commune", "42003"].epci == GROUP


def test_a_commune_whose_line_is_bad_takes_nobody_with_it(register):
    before = register(commune("42001", "Aboën", siren=A), commune("42002", "Ailleux", siren=B))
    bad = commune("42001", "Aboën-Ailleux", siren="123456789", former_codes=["42002"])
    changes = changed(before, register(bad, part("42002", "Ailleux", "42001"), year=2027))
    only(changes, "mergers")
    assert [row.code for row in changes.kept] == ["42001", "42002"]


def test_a_line_that_nobody_can_read_lets_nothing_end(register):
    before = register(commune("42001", "Aboën", siren=A), commune("42002", "Ailleux", siren=B))
    after = register(commune("42001", "Aboën", siren=A), {"record": "?"}, year=2027)
    changes = changed(before, after)
    only(changes, "ended")
    assert changes.ended == []
    assert [row.code for row in changes.kept] == ["42002"]


def test_populations_move(register):
    before = register(
        *(commune(f"4200{n}", f"Essai {n}", population=p) for n, p in enumerate((100, 10, 0, None, 50)))
    )
    after = register(
        *(commune(f"4200{n}", f"Essai {n}", population=p) for n, p in enumerate((150, 20, 3, 7, None))),
        commune("42009", "Essai 9", population=1),
        year=2027,
    )
    (moves,) = changed(before, after).populations
    assert (moves.rows, moves.changed, moves.became_known, moves.became_unknown, moves.new) == (6, 3, 1, 1, 1)
    assert (moves.year_before, moves.year, moves.is_new_vintage) == (2023, 2024, True)
    assert [move.code for move in moves.biggest_percent] == ["42002", "42001", "42000"]
    assert [move.difference for move in moves.biggest_count] == [50, 10, 3]
    text = "\n".join(report(register=after, changes=changed(before, after), concerned=[], every=False))
    assert "nouveau millésime : 2023 → 2024, en vigueur au 01/01/2027" in text
    assert "Essai 0 (42000) : 100 → 150 (+50, +50,0 %)" in text


def test_an_older_vintage_is_refused(register):
    before = register(commune("42001", "Aboën"), year=2027)
    with pytest.raises(OlderVintage, match="millésime 2026, plus ancien que celui en vigueur"):
        changed(before, register(commune("42001", "Aboën")))


def test_older_populations_are_refused(register):
    held = held_of(register(commune("42001", "Aboën")))
    figures = held.populations["municipale", "insee"]
    held.populations["municipale", "insee"] = replace(figures, in_force_from=date(2027, 1, 1))
    with pytest.raises(OlderVintage, match="de plus récentes, en vigueur depuis le 01/01/2027"):
        compare(held=held, register=register(commune("42001", "Aboën")))


def test_older_borders_are_refused(register):
    held = held_of(register(commune("42001", "Aboën")))
    held.borders = {"epci": date(2026, 7, 1)}
    with pytest.raises(OlderVintage, match=r"Les limites \(epci\) de ce fichier"):
        compare(held=held, register=register(commune("42001", "Aboën")))


def test_a_population_from_before_a_merger_is_of_another_commune(register):
    same = register(commune("42001", "Aboën", population=100))
    held = held_of(same)
    held.reshaped = {"42001": date(2026, 3, 1)}
    held.populations.clear()
    assert compare(held=held, register=same).populations == []


def test_the_report_has_everything_when_asked(register):
    before = register(*(commune(f"420{n:02d}", f"Essai {n}") for n in range(30)))
    after = register(*(commune(f"420{n:02d}", f"Exemple {n}") for n in range(30)), year=2027)
    changes = changed(before, after)
    first = list(report(register=after, changes=changes, concerned=[], every=False))
    everything = list(report(register=after, changes=changes, concerned=[], every=True))
    assert "  … et 20 de plus (--all pour tout lire)" in first
    assert sum("Exemple" in line for line in everything) == 30
    assert not any("--all" in line for line in everything)


def test_reasons_are_told_in_french(register):
    bad = register(
        commune("42001", "Aboën", siren="123456789"), commune("99999", "Nulle part"), commune("42002", ""),
        part("42003", "Ailleux", "42009"), commune("42004", "Apinac", population=-1),
        epci(GROUP, "CC du Test", []), commune("42005", "Arcon"), commune("42005", "Arcon"),
    )  # fmt: skip
    told = [reason_in_french(row.reason) for row in bad.rejected]
    assert told == [
        "SIREN faux : '123456789'", "code de commune faux : '99999'", "nom vide",
        "commune de rattachement absente du fichier : '42009'", "ce n’est pas un nombre d’habitants : -1",
        "aucune commune membre", "déjà donné plus haut dans le fichier : commune-actuelle 42005",
    ]  # fmt: skip
    assert len({pattern for pattern, _ in REASONS}) == len(REASONS)


SIRENS = [number(n) for n in range(8)]
codes = st.sets(st.sampled_from([f"420{n:02d}" for n in range(8)]), max_size=8)


@st.composite
def registers(draw, year):
    """A few communes, some with former codes, some with parts, in a few EPCI; numbers within reason."""
    current = sorted(draw(codes))
    rows = [
        commune(
            code,
            draw(st.sampled_from(["Aboën", "Ailleux"])),
            population=draw(st.one_of(st.none(), st.integers(0, 3))),
            former_codes=sorted(draw(codes) - set(current)),
            siren=draw(st.sampled_from(["", siren])),
        )
        for code, siren in zip(current, SIRENS, strict=False)
    ]
    if current:
        rows += [part(code, "Partie", draw(st.sampled_from(current))) for code in sorted(draw(codes))]
        rows.append(epci(GROUP, "CC du Test", sorted(draw(st.sets(st.sampled_from(current), min_size=1)))))
    return [header(year), *WHOLES, *rows]


@given(before=registers(2026), after=registers(2027))
def test_every_commune_is_accounted_for_once(before, after, tmp_path_factory):
    folder = tmp_path_factory.mktemp("registers")
    old, new = (read_register(write(folder / "r.xz", rows)) for rows in (before, after))
    changes = changed(old, new)
    held, coming = (
        {row.code for row in register.communes if row.kind is CommuneKind.CURRENT} for register in (old, new)
    )
    gone = [
        *(row.code for row in changes.mergers if not row.keeps_code),
        *(row.before for row in changes.new_codes),
        *(row.code for row in changes.ended if row.kind == "commune"),
    ]
    appeared = [
        *(row.after for row in changes.new_codes),
        *(row.code for row in changes.splits),
        *(row.code for row in changes.created if row.kind == "commune"),
    ]
    assert sorted(gone) == sorted(held - coming)
    assert sorted(appeared) == sorted(coming - held)
    assert all(row.into in coming for row in changes.mergers)
    assert compare(held=held_of(new), register=new).nothing
