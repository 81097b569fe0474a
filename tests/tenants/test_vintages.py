"""A new vintage over the database: reported first, applied once, the old ones kept out."""

import io
import re
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from tenants.models import (
    AuditEvent,
    ChangeKind,
    FormerCode,
    Organisation,
    Population,
    Territory,
    TerritoryChange,
    VintageImport,
)
from tenants.register.changes import OlderVintage
from tenants.register.loading import NewerVintage, load_register
from tenants.register.reader import read_register
from tenants.territories.search import current_commune
from tenants.territories.vintages import ADDED_UP
from tests.factories import OrganisationFactory
from tests.factories.tenants import siren
from tests.tenants.register.made import SOURCE, WHOLES, commune, epci, header, part, write
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

A, B, NEW = siren(1), siren(2), siren(9)
GROUP = siren(11)
YEAR_2026 = [
    commune("42001", "Aboën", siren=A, population=100, postcodes=["42380"]),
    commune("42002", "Ailleux", siren=B, population=60),
    commune("42003", "Apinac", siren=siren(3), population=30),
    epci(GROUP, "CC du Test", ["42001", "42002", "42003"]),
]
MERGED = [
    commune("42001", "Aboën-Ailleux", siren=NEW, population=165, former_codes=["42002"], postcodes=["42380"]),
    commune("42003", "Apinac", siren=siren(3), population=30),
    part("42001", "Aboën", "42001"),
    part("42002", "Ailleux", "42001"),
    epci(GROUP, "CC du Test", ["42001", "42003"]),
]


@pytest.fixture
def vintage(tmp_path):
    """A function: the path of a file made of these rows."""
    files = iter(range(100))

    def made(*rows, year=2027, **changes):
        return write(tmp_path / f"{next(files)}.jsonl.xz", [header(year, **changes), *WHOLES, *rows])

    return made


@pytest.fixture
def held(vintage):
    """The vintage 2026, loaded."""
    with as_worker():
        load_register(register=read_register(vintage(*YEAR_2026, year=2026)))


def run(path, *options) -> str:
    out = io.StringIO()
    with as_worker():
        call_command("import_vintage", str(path), *options, stdout=out)
    return out.getvalue()


def code_of(report: str) -> str:
    return re.search(r"--confirm ([0-9a-f]{12})", report)[1]


def bring(path) -> str:
    """Reads the report and confirms it."""
    return run(path, "--confirm", code_of(run(path)))


def everything() -> list:
    """All the register's rows, in an order of their own."""
    with as_worker():
        tables = (Territory, FormerCode, Population, Organisation, VintageImport, TerritoryChange, AuditEvent)
        return [list(table.objects.order_by("pk").values()) for table in tables]


def territory(code, kind="commune") -> Territory:
    return Territory.objects.get(kind=kind, code=code)


@pytest.mark.usefixtures("held")
def test_a_dry_run_reports_and_changes_nothing(vintage):
    OrganisationFactory(territory=territory("42002"), siren=B, name="Commune d’Ailleux")
    before = everything()
    report = run(vintage(*MERGED))
    assert everything() == before
    for words in (
        "Fusions : 2",
        f"Aboën (42001) → Aboën-Ailleux (42001), qui garde son code ; SIREN {NEW}",
        f"Ailleux (42002) → Aboën-Ailleux (42001) ; SIREN {NEW}",
        "Organisations concernées : 1",
        f"Commune d’Ailleux ({B}) : disparaît, reprise par {NEW} (à enregistrer)",
        "Rien n’a été changé.",
    ):
        assert words in report


@pytest.mark.usefixtures("held")
def test_applied_as_reported_then_nothing_is_left_to_do(vintage):
    path = vintage(*MERGED)
    told = bring(path)
    assert "Registre 2027 appliqué." in told
    assert "100 %" in told
    once = everything()
    assert "Aucun changement : la base dit déjà" in run(path)
    assert "Aucun changement" in run(path, "--confirm", "0" * 12)
    assert everything() == once


@pytest.mark.usefixtures("held")
def test_a_merged_commune_keeps_its_history(vintage):
    old = [
        OrganisationFactory(territory=territory(code), siren=number, name=f"Commune {code}")
        for code, number in (("42001", A), ("42002", B))
    ]
    bring(vintage(*MERGED))
    new = territory("42001")
    assert (new.name, new.siren, new.cog_year, new.ended_on, new.epci.code) == (
        "Aboën-Ailleux", NEW, 2027, None, GROUP,
    )  # fmt: skip
    seat, absorbed = territory("42001-27"), territory("42002")
    for row, name, number, count in ((seat, "Aboën", A, 100), (absorbed, "Ailleux", B, 60)):
        assert (row.name, row.siren, row.ended_on, row.current) == (name, number, date(2027, 1, 1), new)
        assert [p.value for p in row.populations.all()] == [count]
    assert [(p.value, p.in_force_from) for p in new.populations.all()] == [(165, date(2027, 1, 1))]
    assert set(FormerCode.objects.values_list("code", "commune__name")) == {("42002", "Aboën-Ailleux")}
    assert current_commune(code="42002").commune == new
    made = Organisation.objects.get(siren=NEW)
    assert (made.territory, made.kind, made.name, made.closed_on) == (
        new, "commune", "Commune d’Aboën-Ailleux", None,
    )  # fmt: skip
    for organisation, row in zip(old, (seat, absorbed), strict=True):
        organisation.refresh_from_db()
        assert (organisation.closed_on, organisation.successor, organisation.territory) == (
            date(2027, 1, 1), made, row,
        )  # fmt: skip
        with as_worker():
            event = AuditEvent.objects.get(tenant=organisation, what="organisation.closed")
        assert event.changes["successor"] == [None, NEW]
    mergers = TerritoryChange.objects.filter(kind=ChangeKind.MERGER).order_by("territory__name")
    assert [(m.territory, m.successor, m.effective_on, m.handed_over_at) for m in mergers] == [
        (seat, new, date(2027, 1, 1), None), (absorbed, new, date(2027, 1, 1), None),
    ]  # fmt: skip


@pytest.mark.usefixtures("held")
def test_communes_that_nobody_knows_here_give_no_organisation(vintage):
    bring(vintage(*MERGED))
    assert not Organisation.objects.exists()


@pytest.mark.usefixtures("held")
def test_a_commune_nouvelle_without_siren_waits_for_it(vintage):
    old = OrganisationFactory(territory=territory("42002"), siren=B)
    unknown = [{key: value for key, value in MERGED[0].items() if key != "siren"}, *MERGED[1:]]
    report = run(vintage(*unknown))
    assert "SIREN inconnu : à donner par une personne" in report
    assert "disparaît ; successeur sans SIREN, à désigner par une personne" in report
    bring(vintage(*unknown))
    old.refresh_from_db()
    assert (old.closed_on, old.successor) == (date(2027, 1, 1), None)
    # The same vintage, corrected: the SIREN is there.
    assert "Changements de SIREN : 1" in run(vintage(*MERGED))
    bring(vintage(*MERGED))
    old.refresh_from_db()
    assert old.successor.siren == NEW
    with as_worker():
        told = AuditEvent.objects.get(tenant=old, what="organisation.succeeded")
    assert told.changes == {"successor": [None, NEW]}


@pytest.mark.usefixtures("held")
def test_a_commune_nouvelle_that_is_registered_already_is_not_made_again(vintage):
    OrganisationFactory(territory=territory("42002"), siren=B)
    known = OrganisationFactory(siren=NEW, territory=None, name="Mairie d’Aboën-Ailleux")
    assert "(déjà enregistrée)" in run(vintage(*MERGED))
    bring(vintage(*MERGED))
    known.refresh_from_db()
    assert (known.territory.code, known.name) == ("42001", "Mairie d’Aboën-Ailleux")


@pytest.mark.usefixtures("held")
def test_a_chain_of_mergers_leads_to_the_last_commune(vintage):
    bring(vintage(*MERGED))
    later = [
        commune("42003", "Grand-Test", siren=siren(10), former_codes=["42001", "42002"], population=200),
        part("42001", "Aboën", "42003"),
        part("42002", "Ailleux", "42003"),
        epci(GROUP, "CC du Test", ["42003"]),
    ]
    bring(vintage(*later, year=2028))
    last = territory("42003")
    assert {row.current for row in Territory.objects.filter(kind="commune", ended_on__isnull=False)} == {last}
    assert set(FormerCode.objects.values_list("code", "commune__code")) == {
        ("42001", "42003"), ("42002", "42003"),
    }  # fmt: skip
    assert Territory.objects.filter(kind="commune", ended_on__isnull=True).count() == 1
    assert "Aucun changement" in run(vintage(*later, year=2028))


@pytest.mark.usefixtures("held")
def test_an_older_file_brings_nobody_back(vintage):
    old, new = vintage(*YEAR_2026, year=2026), vintage(*MERGED)
    bring(new)
    once = everything()
    with pytest.raises(CommandError, match="millésime 2026, plus ancien que celui en vigueur"):
        run(old)
    with pytest.raises(CommandError, match="plus ancien"):
        run(old, "--confirm", "0" * 12)
    with as_worker(), pytest.raises(OlderVintage):
        load_register(register=read_register(old))
    with as_worker(), pytest.raises(OlderVintage):
        load_register(register=read_register(new))  # imported, and perhaps corrected since
    assert everything() == once


@pytest.mark.usefixtures("held")
def test_a_newer_file_is_imported_not_loaded(vintage):
    with as_worker(), pytest.raises(NewerVintage, match="import_vintage"):
        load_register(register=read_register(vintage(*MERGED)))


@pytest.mark.usefixtures("held")
def test_older_populations_are_refused(vintage):
    path = vintage(*MERGED, sources={"insee": {**SOURCE, "in_force_from": "2025-01-01"}})
    with pytest.raises(CommandError, match="de plus récentes"):
        run(path)


@pytest.mark.usefixtures("held")
def test_a_file_changed_since_the_report_is_refused(vintage):
    path = vintage(*MERGED)
    code = code_of(run(path))
    write(path, [header(2027), *WHOLES, *MERGED, commune("42004", "Arcon")])
    before = everything()
    with pytest.raises(CommandError, match="l’un des deux a changé depuis le rapport"):
        run(path, "--confirm", code)
    assert everything() == before


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("what", ["a name", "a population", "an organisation"])
def test_a_database_changed_since_the_report_is_refused(what, vintage):
    path = vintage(*MERGED)
    code = code_of(run(path))
    with as_worker():
        match what:
            case "a name":
                Territory.objects.filter(code="42003").update(name="Apinac-le-Haut")
            case "a population":
                Population.objects.filter(territory__code="42003").update(value=31)
            case "an organisation":
                OrganisationFactory(territory=territory("42002"), siren=B)
    before = everything()
    with pytest.raises(CommandError, match="l’un des deux a changé depuis le rapport"):
        run(path, "--confirm", code)
    assert everything() == before


@pytest.mark.usefixtures("held")
def test_bad_lines_are_told_and_change_nothing(vintage):
    rows = [
        *YEAR_2026[:2],
        commune("42003", "", siren=siren(3)),
        commune("42004", "Arcon", siren="111111111"),
    ]
    path = vintage(*rows, epci(GROUP, "CC du Test", ["42001", "42002"]))
    report = run(path)
    assert "Lignes écartées : 2" in report
    assert re.search(r"ligne \d+ : nom vide", report)
    assert re.search(r"ligne \d+ : SIREN faux : '111111111'", report)
    assert "Apinac (commune 42003)" in report
    bring(path)
    assert (territory("42003").ended_on, territory("42003").cog_year) == (None, 2026)
    assert [row["reason"] for row in VintageImport.objects.get().report["rejected"]] == [
        "empty name", "not a SIREN: '111111111'",
    ]  # fmt: skip


@pytest.mark.usefixtures("held")
def test_a_new_code_is_the_same_row(vintage):
    row = territory("42002")
    customer = OrganisationFactory(territory=row, siren=B)
    rows = [YEAR_2026[0], YEAR_2026[2], commune("42099", "Ailleux", siren=B, former_codes=["42002"])]
    bring(vintage(*rows, epci(GROUP, "CC du Test", ["42001", "42003", "42099"])))
    row.refresh_from_db()
    customer.refresh_from_db()
    assert (row.code, row.ended_on, customer.closed_on, customer.territory) == ("42099", None, None, row)
    assert row.populations.count() == 2
    assert current_commune(code="42002").commune == row
    assert [c.before for c in row.changes.all()] == ["Ailleux (42002)"]


@pytest.mark.usefixtures("held")
def test_a_commune_re_established_exists_again(vintage):
    bring(vintage(*MERGED))
    back = [
        commune("42001", "Aboën", siren=NEW, population=100),
        commune("42002", "Ailleux", siren=B, population=60),
        YEAR_2026[2],
        YEAR_2026[3],
    ]
    bring(vintage(*back, year=2028))
    row = territory("42002")
    assert (row.ended_on, row.current, row.cog_year) == (None, None, 2028)
    assert not FormerCode.objects.filter(code="42002").exists()
    assert [p.value for p in row.populations.order_by("in_force_from")] == [60, 60]
    assert TerritoryChange.objects.get(kind=ChangeKind.SPLIT).territory == row


@pytest.mark.usefixtures("held")
def test_a_dissolved_intercommunality_is_closed(vintage):
    body = OrganisationFactory(epci=True, siren=GROUP, territory=territory(GROUP, "epci"))
    other = siren(12)
    path = vintage(*YEAR_2026[:3], epci(other, "CC d’à côté", ["42001", "42002", "42003"]))
    assert "disparaît sans successeur" in run(path)
    bring(path)
    body.refresh_from_db()
    assert (body.closed_on, body.successor) == (date(2027, 1, 1), None)
    assert territory("42001").epci.code == other
    assert territory(GROUP, "epci").ended_on == date(2027, 1, 1)
    moved = TerritoryChange.objects.filter(kind=ChangeKind.EPCI, territory__code="42001").get()
    assert (moved.before, moved.after) == ("CC du Test", "CC d’à côté")


def with_totals(rows, year_of_totals):
    sources = {"insee": header(2027)["sources"]["insee"], "dgcl": {
        **SOURCE, "kind": "totale", "reference_year": year_of_totals - 3,
        "in_force_from": f"{year_of_totals}-01-01",
    }}  # fmt: skip
    totals = {"42001": 110, "42002": 65, "42003": 33}
    rows = [
        {**row, "populations": {**row["populations"], "dgcl": totals[row["code"]]}}
        if row.get("kind") == "commune-actuelle" else row
        for row in rows
    ]  # fmt: skip
    return rows, sources


def test_populations_are_added_up_until_they_are_published(vintage):
    rows, sources = with_totals(YEAR_2026, 2026)
    sources["insee"] = header(2026)["sources"]["insee"]
    with as_worker():
        load_register(register=read_register(vintage(*rows, year=2026, sources=sources)))
    # The file of 2027 has the total of 2026 under the code of the seat: that of the seat alone.
    merged, sources = with_totals(MERGED, 2026)
    path = vintage(*merged, sources=sources)
    bring(path)
    new = territory("42001")
    total = new.populations.get(kind="totale")
    assert (total.value, total.reference_year, total.in_force_from) == (175, 2023, date(2027, 1, 1))
    assert total.source == f"dgcl{ADDED_UP}"
    assert new.populations.get(kind="municipale").source == "insee"
    assert "Aucun changement" in run(path)
    merged, sources = with_totals(MERGED, 2027)
    merged[0]["populations"]["dgcl"] = 180
    bring(vintage(*merged, sources=sources))
    assert [(p.value, p.source) for p in new.populations.filter(kind="totale")] == [(180, "dgcl")]


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("content", [b"", b"not xz", None])
def test_a_file_that_is_no_register(content, tmp_path):
    path = tmp_path / "no.xz"
    if content is not None:
        path.write_bytes(content)
    words = "Fichier illisible" if content is None else "pas un registre lisible"
    with pytest.raises(CommandError, match=words):
        run(path)


def test_an_empty_database_may_be_filled_by_it_too(vintage):
    path = vintage(*MERGED)
    assert "base vide" in run(path)
    bring(path)
    assert territory("42001").name == "Aboën-Ailleux"


@pytest.mark.usefixtures("held")
def test_a_merger_in_the_year_counts_everybody_from_its_day(vintage):
    """The population that counts them together comes into force later."""
    path = vintage(*MERGED, borders={"communes": "2026-07-01", "epci": "2026-01-01"})
    bring(path)
    new = territory("42001")
    rows = new.populations.order_by("in_force_from").values_list("value", "in_force_from", "source")
    assert list(rows) == [
        (160, date(2026, 7, 1), f"insee{ADDED_UP}"), (165, date(2027, 1, 1), "insee"),
    ]  # fmt: skip
    assert territory("42001-26").ended_on == date(2026, 7, 1)
    assert "Aucun changement" in run(path)
