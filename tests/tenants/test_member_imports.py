"""An import of members: sent, read, confirmed, applied; each verdict, and what is written."""

from datetime import date, timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError

from tenants import head_offices
from tenants.member_imports import operations
from tenants.member_imports.queries import rejected_rows, verdict_counts
from tenants.member_imports.states import (
    TRANSITIONS,
    FileTooLarge,
    ImportOpen,
    NothingToImport,
    WrongImportState,
)
from tenants.models import (
    Adhesion,
    AuditEvent,
    ChorusService,
    Establishment,
    ImportState,
    MemberImport,
    MemberImportRow,
    Organisation,
)
from tests.factories import (
    AdhesionFactory,
    CollegeFactory,
    EpciFactory,
    MemberImportFactory,
    MemberImportRowFactory,
    OperatorFactory,
    OrganisationFactory,
    TerritoryFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.factories.tenants import second_siret, siret
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

SINCE = date(2026, 1, 1)
UNKNOWN = "732829320"


@pytest.fixture
def operator():
    return OperatorFactory(short_name="Mutu")


@pytest.fixture
def college(operator):
    return CollegeFactory(operator=operator, name="Communes")


def csv_of(*rows: dict[str, str]) -> bytes:
    header = list(dict.fromkeys(name for row in rows for name in row))
    lines = [header, *([row.get(name, "") for name in header] for row in rows)]
    return "\r\n".join(";".join(line) for line in lines).encode()


def row(siren: str, **cells) -> dict[str, str]:
    return {"SIREN": siren, "Date d’adhésion": "01/01/2026", **cells}


def uploaded(content: bytes, name: str = "membres.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/csv")


def send(operator, *rows: dict[str, str], content: bytes = b"") -> MemberImport:
    return operations.send_file(
        operator=operator, file=uploaded(content or csv_of(*rows)), sent_by=UserFactory(), now=NOW
    )


def sent_and_read(operator, *rows: dict[str, str], content: bytes = b"") -> MemberImport:
    found = send(operator, *rows, content=content)
    operations.read(import_id=found.pk, now=NOW)
    found.refresh_from_db()
    return found


def applied(operator, *rows: dict[str, str]) -> MemberImport:
    found = sent_and_read(operator, *rows)
    operations.confirm(member_import=found, by=UserFactory(), now=NOW)
    operations.apply(import_id=found.pk, now=NOW)
    found.refresh_from_db()
    return found


def verdicts(member_import) -> list[tuple[int, str]]:
    return list(member_import.rows.order_by("line").values_list("line", "verdict"))


def only_reason(member_import) -> str:
    [found] = member_import.rows.get().problems
    return found.replace("\u00a0", " ").replace("\u202f", " ")


def events(tenant) -> list[str]:
    return list(AuditEvent.objects.filter(tenant=tenant).order_by("pk").values_list("what", flat=True))


@pytest.fixture(autouse=True)
def _as_worker(db):
    with as_worker():
        yield


# --- Sending -------------------------------------------------------------------------------------------


def test_a_file_is_kept_under_a_name_of_ours_and_read_by_a_job(operator):
    found = send(operator, row(UNKNOWN, Nom="Association"))
    assert (found.state, found.file_name) == (ImportState.READING, "membres.csv")
    assert found.file.name == f"imports/{found.public_id}.csv"
    assert jobs.waiting() == [("tenants.tasks.read_import", {"import_id": found.pk})]
    assert jobs.run_jobs() == ["tenants.tasks.read_import"]
    found.refresh_from_db()
    assert (found.state, found.done_rows, found.total_rows) == (ImportState.READY, 1, 1)
    assert events(operator.organisation) == ["member_import.sent", "member_import.read"]


def test_a_file_that_is_too_large(operator):
    with pytest.raises(FileTooLarge):
        send(operator, content=b"x" * (5 * 1024 * 1024 + 1))
    assert not MemberImport.objects.exists()


@pytest.mark.parametrize("state", ["reading", "ready", "applying"])
def test_one_import_at_a_time(operator, state):
    first = MemberImportFactory(operator=operator, state=state)
    MemberImportFactory(state=state)
    with pytest.raises(ImportOpen) as refusal:
        send(operator, row(UNKNOWN))
    assert refusal.value.open_import == first


@pytest.mark.parametrize("state", ["done", "refused", "abandoned"])
def test_a_finished_import_leaves_room_for_another(operator, state):
    MemberImportFactory(operator=operator, state=state)
    assert send(operator, row(UNKNOWN)).pk


def test_the_name_of_a_file_is_shown_only_as_text(operator):
    found = operations.send_file(
        operator=operator,
        file=uploaded(b"SIREN\n", "a\x07" + "b" * 230 + ".csv"),
        sent_by=UserFactory(),
        now=NOW,
    )
    assert found.file_name == "b" * 196 + ".csv"


# --- Reading -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "vide"),
        (b"%PDF-1.7", "un document PDF"),
        (b"PK\x03\x04 xl/workbook", "un classeur Excel"),
        ("SIRET;Date d’adhésion\r\n".encode(), "que sa ligne d’en-têtes"),
        (b"Commune;Population\r\nParis;2\r\n", "La première ligne doit porter les noms des colonnes"),
        (b"SIRET;Nom\r\n1;Paris\r\n", "Il manque la colonne"),
        ("Nom;Date d’adhésion\r\nParis;01/01/2026\r\n".encode(), "SIRET"),
        ("SIRET;Date d’adhésion;Nom\r\n1;2;Ã©".encode("cp1252") + "é".encode(), "deux codages"),
        (b"\x00\x01\x02", "pas un fichier texte"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_words(operator, content, words):
    found = MemberImportFactory(operator=operator, sent_at=NOW)
    found.file.save("x.csv", uploaded(content))
    operations.read(import_id=found.pk, now=NOW)
    found.refresh_from_db()
    assert (found.state, found.finished_at) == (ImportState.REFUSED, NOW)
    assert words in found.problem
    assert not found.rows.exists()
    assert events(operator.organisation) == ["member_import.refused"]


def test_a_file_that_was_lost_is_refused(operator):
    found = send(operator, row(UNKNOWN))
    default_storage.delete(found.file.name)
    operations.read(import_id=found.pk, now=NOW)
    found.refresh_from_db()
    assert found.problem == "Le fichier n’a pas été gardé. Envoyez-le de nouveau."


def test_a_long_reason_is_cut_to_what_is_kept(operator):
    found = sent_and_read(
        operator, content=";".join(f"colonne{n:033}" for n in range(80)).encode() + b"\n1\n"
    )
    assert len(found.problem) == 500
    for number in range(9):
        CollegeFactory(operator=operator, name=f"{number}{'x' * 100}")
    MemberImport.objects.all().update(state="abandoned")
    found = sent_and_read(operator, row(UNKNOWN, Nom="A", Collège="?"))
    assert len(found.rows.get().problems[0]) == 300


def test_every_row_gets_its_verdict(operator, college):
    known = AdhesionFactory(operator=operator, since=SINCE, college=college)
    amended = AdhesionFactory(operator=operator, since=SINCE)
    stranger = OrganisationFactory()
    found = sent_and_read(
        operator,
        row(known.organisation.siren, Collège="Communes"),
        row(amended.organisation.siren, Collège="communes"),
        row(stranger.siren, Collège=""),
        row("123", Collège=""),
    )
    assert verdicts(found) == [(2, "same"), (3, "change"), (4, "new"), (5, "rejected")]
    assert verdict_counts(found) == {"new": 1, "change": 1, "same": 1, "rejected": 1}
    assert found.rows.get(line=3).data["changes"] == {"college": ["", "Communes"]}
    assert found.notes == {
        "encoding": "UTF-8",
        "separator": "point-virgule",
        "ignored": [],
        "header": ["SIREN", "Date d’adhésion", "Collège"],
        "spreadsheet": False,
    }


def test_an_unknown_siren_of_the_register_becomes_that_organisation(operator):
    commune = TerritoryFactory(name="Le Chambon", postcodes=["42500"])
    found = sent_and_read(operator, row(commune.siren), row(EpciFactory().siren))
    assert verdicts(found) == [(2, "new"), (3, "new")]
    data = found.rows.get(line=2).data
    assert (data["name"], data["new_organisation"]) == ("Commune du Chambon", True)
    assert not Organisation.objects.filter(territory=commune).exists()


def test_an_unknown_siren_outside_the_register_needs_a_name(operator):
    found = sent_and_read(operator, row(UNKNOWN))
    assert only_reason(found).startswith("Halle ne connaît pas le SIREN 732 829 320 : indiquez le nom")
    MemberImport.objects.all().update(state="abandoned")
    found = sent_and_read(operator, row(UNKNOWN, Nom="Les Amis", Nature="association"))
    assert verdicts(found) == [(2, "new")]


def test_a_territory_that_ended_says_its_successor(operator):
    heir = TerritoryFactory(name="Grandville")
    gone = TerritoryFactory(name="Petitville", current=heir, ended_on=date(2025, 1, 1))
    found = sent_and_read(operator, row(gone.siren))
    assert only_reason(found) == (
        "Petitville n’existe plus depuis le 01/01/2025. Son successeur : Grandville."
    )


def test_a_territory_whose_organisation_has_another_siren(operator):
    territory = OrganisationFactory().territory
    assert territory.siren != territory.organisation.siren
    found = sent_and_read(operator, row(territory.siren))
    assert "est déjà connue de Halle sous le SIREN" in only_reason(found)


def test_a_closed_organisation(operator):
    heir = OrganisationFactory(name="Grandville")
    gone = OrganisationFactory(name="Petitville", closed_on=date(2026, 3, 1), successor=heir)
    found = sent_and_read(operator, row(gone.siren))
    assert only_reason(found) == "Petitville n’existe plus depuis le 01/03/2026. Grandville lui succède."


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        (date(2025, 1, 1), None, "adhère déjà depuis le 01/01/2025, et le fichier dit le 01/01/2026"),
        (date(2026, 6, 1), None, "adhère déjà depuis le 01/06/2026, et"),
        (date(2025, 1, 1), date(2026, 2, 1), "depuis le 01/01/2025 jusqu’au 01/02/2026, et"),
        (date(2027, 1, 1), date(2027, 2, 1), "depuis le 01/01/2027 jusqu’au 01/02/2027, et"),
        (SINCE, date(2026, 5, 1), "L’adhésion du 01/01/2026 a pris fin le 01/05/2026"),
    ],
)
def test_adhesions_that_overlap_are_rejected(operator, since, until, words):
    adhesion = AdhesionFactory(operator=operator, since=since, until=until)
    assert words in only_reason(sent_and_read(operator, row(adhesion.organisation.siren)))


def test_a_former_member_and_a_member_of_another_operator_may_join(operator):
    former = AdhesionFactory(operator=operator, since=date(2020, 1, 1), until=SINCE)
    elsewhere = AdhesionFactory(since=SINCE)
    found = sent_and_read(operator, row(former.organisation.siren), row(elsewhere.organisation.siren))
    assert verdicts(found) == [(2, "new"), (3, "new")]


def test_an_empty_cell_takes_nothing_away(operator, college):
    known = AdhesionFactory(
        operator=operator, since=SINCE, college=college, deliberation_number="7", deliberation_date=SINCE
    )
    blank = dict.fromkeys(["Collège", "Date de la délibération", "Numéro de la délibération", "Courriel"], "")
    assert verdicts(sent_and_read(operator, row(known.organisation.siren, **blank))) == [(2, "same")]


def test_a_siret_that_is_somebody_else_s(operator):
    stranger = OrganisationFactory()
    Establishment.objects.filter(organisation=stranger).update(siret=siret(UNKNOWN))
    found = sent_and_read(operator, row("", SIRET=siret(UNKNOWN), Nom="Les Amis"))
    assert "est déjà celui d’une autre organisation" in only_reason(found)


def test_chorus_needs_an_establishment(operator):
    organisation = OrganisationFactory(seat=False)
    cells = {"Code service Chorus": "COMPTA"}
    assert "ne connaît pas le SIRET du siège" in only_reason(
        sent_and_read(operator, row(organisation.siren, **cells))
    )
    MemberImport.objects.all().update(state="abandoned")
    found = sent_and_read(operator, row("", SIRET=siret(organisation.siren), **cells))
    assert found.rows.get().data["changes"] == {
        "seat": ["", siret(organisation.siren)],
        "service_code": ["", "COMPTA"],
    }


def test_a_spreadsheet_s_damage_is_noted(operator):
    found = sent_and_read(operator, row("", SIRET="2,17E+13"))
    assert found.notes["spreadsheet"] is True
    assert verdicts(found) == [(2, "rejected")]


def test_rejected_rows_keep_their_cells(operator):
    found = sent_and_read(operator, row("123", Nom="Paris"), row(UNKNOWN, Nom=""))
    assert [(one.line, one.cells) for one in rejected_rows(member_import=found)] == [
        (2, ("123", "01/01/2026", "Paris")),
        (3, (UNKNOWN, "01/01/2026", "")),
    ]


# --- Confirming and abandoning -------------------------------------------------------------------------


def test_nothing_moves_but_along_the_table(operator):
    verbs = {
        ImportState.APPLYING: operations.confirm,
        ImportState.ABANDONED: operations.abandon,
    }
    person = UserFactory()
    for state in ImportState:
        for to, verb in verbs.items():
            found = MemberImportFactory(state=state)
            MemberImportRow.objects.create(
                tenant=found.tenant, member_import=found, line=2, raw=[], verdict="new"
            )
            if (state, to) in TRANSITIONS:
                verb(member_import=found, by=person, now=NOW)
                assert MemberImport.objects.get(pk=found.pk).state == to
            else:
                with pytest.raises(WrongImportState):
                    verb(member_import=found, by=person, now=NOW)
                assert MemberImport.objects.get(pk=found.pk).state == state


def test_of_two_people_the_second_one_is_told(operator):
    found = sent_and_read(operator, row(UNKNOWN, Nom="A"))
    stale = MemberImport.objects.get(pk=found.pk)
    operations.abandon(member_import=found, by=UserFactory(), now=NOW)
    with pytest.raises(WrongImportState, match="quelqu’un d’autre"):
        operations.confirm(member_import=stale, by=UserFactory(), now=NOW)


def test_nothing_to_import(operator):
    found = sent_and_read(operator, row("123"))
    with pytest.raises(NothingToImport):
        operations.confirm(member_import=found, by=UserFactory(), now=NOW)


def test_an_import_abandoned_while_it_is_read_stays_abandoned(operator):
    found = send(operator, row(UNKNOWN, Nom="A"))
    operations.abandon(member_import=found, by=UserFactory(), now=NOW)
    assert jobs.run_jobs() == ["tenants.tasks.read_import"]
    found.refresh_from_db()
    assert found.state == ImportState.ABANDONED
    assert not found.rows.exists()


# --- Applying ------------------------------------------------------------------------------------------


def test_a_new_commune_its_seat_and_its_adhesion(operator, college):
    commune = TerritoryFactory(name="Le Chambon", postcodes=["42500"])
    found = applied(
        operator,
        row(
            "",
            SIRET=siret(commune.siren),
            Collège="Communes",
            **{"Date de la délibération": "15/12/2025", "Numéro de la délibération": "2025-7"},
            **{"Code service Chorus": "COMPTA", "Engagement obligatoire": "oui", "Courriel": "m@x.fr"},
        ),
    )
    assert (found.state, found.done_rows, found.total_rows) == (ImportState.DONE, 1, 1)
    organisation = Organisation.objects.get(territory=commune)
    assert (organisation.name, organisation.siren, organisation.kind, organisation.email) == (
        "Commune du Chambon", commune.siren, "commune", "m@x.fr",
    )  # fmt: skip
    assert (organisation.siret, organisation.seat.commitment_required) == (siret(commune.siren), True)
    assert organisation.seat.default_service.code == "COMPTA"
    adhesion = Adhesion.objects.get(organisation=organisation)
    assert (adhesion.operator, adhesion.college, adhesion.since, adhesion.until) == (
        operator,
        college,
        SINCE,
        None,
    )
    assert (adhesion.deliberation_date, adhesion.deliberation_number) == (date(2025, 12, 15), "2025-7")
    registered, joined = AuditEvent.objects.filter(tenant=organisation).order_by("pk")
    assert (registered.what, joined.what) == ("organisation.registered", "adhesion.joined")
    assert registered.changes["seat"] == ["", siret(commune.siren)]
    assert joined.changes == {
        "college": [None, "Communes"],
        "since": [None, "2026-01-01"],
        "deliberation_number": [None, "2025-7"],
        "deliberation_date": [None, "2025-12-15"],
    }
    assert joined.subject_id == str(adhesion.pk)
    assert "m@x.fr" not in f"{registered.changes} {registered.sentence}"
    assert events(operator.organisation) == [
        "member_import.sent", "member_import.read", "member_import.confirmed", "member_import.done",
    ]  # fmt: skip
    done = AuditEvent.objects.get(what="member_import.done")
    assert done.details["rows"] == {"new": 1, "change": 0, "same": 0, "rejected": 0}


def test_a_member_s_adhesion_is_amended_and_its_file_completed(operator, college):
    adhesion = AdhesionFactory(operator=operator, since=SINCE, organisation__email="known@x.fr")
    organisation = adhesion.organisation
    old = ChorusService.objects.create(establishment=organisation.seat, code="OLD", is_default=True)
    other = ChorusService.objects.create(establishment=organisation.seat, code="NEW")
    cells = {"Code service Chorus": "NEW", "Engagement obligatoire": "oui", "Courriel": "other@x.fr"}
    applied(operator, row(organisation.siren, Collège="Communes", **cells))
    adhesion.refresh_from_db()
    organisation = Organisation.objects.get(pk=organisation.pk)
    old.refresh_from_db()
    other.refresh_from_db()
    assert (adhesion.college, organisation.email) == (college, "known@x.fr")
    assert (old.is_default, other.is_default, organisation.seat.commitment_required) == (False, True, True)
    completed, amended = AuditEvent.objects.filter(tenant=organisation).order_by("pk")
    assert (completed.what, completed.changes) == (
        "organisation.completed",
        {"commitment_required": [False, True], "service_code": ["OLD", "NEW"]},
    )
    assert (amended.what, amended.changes) == ("adhesion.amended", {"college": ["", "Communes"]})


def test_a_second_establishment_does_not_take_the_seat(operator):
    organisation = OrganisationFactory()
    seat = organisation.siret
    branch = next(
        number
        for number in (f"{organisation.siren}{tail:05d}" for tail in range(20, 99))
        if number != seat and _is_siret(number)
    )
    applied(operator, row("", SIRET=branch))
    organisation = Organisation.objects.get(pk=organisation.pk)
    assert organisation.siret == seat
    assert organisation.establishments.count() == 2


def _is_siret(number: str) -> bool:
    from stdnum.fr import siret as siret_number

    return siret_number.is_valid(number)


def test_rows_same_or_rejected_change_nothing(operator):
    known = AdhesionFactory(operator=operator, since=SINCE)
    joining = OrganisationFactory()
    found = applied(operator, row(known.organisation.siren), row("123"), row(joining.siren))
    assert (found.total_rows, found.done_rows) == (1, 1)
    assert list(found.rows.order_by("line").values_list("applied", flat=True)) == [False, False, True]
    assert events(known.organisation) == []


def test_the_world_may_change_between_the_report_and_the_answer(operator, college):
    """Joined by hand, gone, closed, college removed: each row is judged again."""
    by_hand, earlier, closed, left = OrganisationFactory.create_batch(4)
    found = sent_and_read(
        operator, row(by_hand.siren), row(earlier.siren), row(closed.siren),
        row(left.siren, Collège="Communes"), row(TerritoryFactory(name="Neuve").siren),
    )  # fmt: skip
    AdhesionFactory(operator=operator, organisation=by_hand, since=SINCE)
    AdhesionFactory(operator=operator, organisation=earlier, since=SINCE - timedelta(days=1))
    Organisation.objects.filter(pk=closed.pk).update(closed_on=SINCE)
    college.delete()
    operations.confirm(member_import=found, by=UserFactory(), now=NOW)
    operations.apply(import_id=found.pk, now=NOW)
    found.refresh_from_db()
    assert (found.state, found.done_rows, found.total_rows) == (ImportState.DONE, 5, 5)
    assert verdicts(found) == [
        (2, "same"), (3, "rejected"), (4, "rejected"), (5, "rejected"), (6, "new"),
    ]  # fmt: skip
    assert found.rows.get(line=5).problems == [
        "Collège\u202f: «\u00a0Communes\u00a0» n’existe pas ou plus chez vous."
    ]
    assert Adhesion.objects.filter(operator=operator).count() == 3


def test_the_same_file_again_changes_nothing(operator, college):
    rows = [
        row(place.siren, Collège="Communes", Courriel="a@x.fr") for place in TerritoryFactory.create_batch(3)
    ]
    applied(operator, *rows)
    again = sent_and_read(operator, *rows)
    assert verdict_counts(again) == {"new": 0, "change": 0, "same": 3, "rejected": 0}


# --- Jobs lost, done twice, killed ---------------------------------------------------------------------


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(operations, "BATCH", 2)


def test_a_job_that_failed_halfway_goes_on_where_it_was(operator, small_batches):
    """What stops it here is a row in the way; tests/concurrency kills real workers."""
    places = TerritoryFactory.create_batch(5)
    found = send(operator, *(row(place.siren) for place in places), row("123"))
    in_the_way = MemberImportRowFactory(member_import=found, line=6)
    with pytest.raises(IntegrityError):
        operations.read(import_id=found.pk, now=NOW)
    in_the_way.delete()
    found.refresh_from_db()
    assert (found.state, found.done_rows, found.total_rows) == (ImportState.READING, 4, 6)
    operations.read(import_id=found.pk, now=NOW)
    found.refresh_from_db()
    assert found.state == ImportState.READY
    assert [line for line, _ in verdicts(found)] == [2, 3, 4, 5, 6, 7]

    operations.confirm(member_import=found, by=UserFactory(), now=NOW)
    data = found.rows.get(line=5).data
    found.rows.filter(line=5).update(data={})
    with pytest.raises(KeyError):
        operations.apply(import_id=found.pk, now=NOW)
    found.rows.filter(line=5).update(data=data)
    found.refresh_from_db()
    assert (found.state, found.done_rows, found.total_rows) == (ImportState.APPLYING, 2, 5)
    assert found.rows.filter(applied=True).count() == Adhesion.objects.count() == 2
    operations.apply(import_id=found.pk, now=NOW)
    operations.apply(import_id=found.pk, now=NOW)
    found.refresh_from_db()
    assert (found.state, found.done_rows) == (ImportState.DONE, 5)
    assert Adhesion.objects.count() == 5
    assert AuditEvent.objects.filter(what="adhesion.joined").count() == 5


def test_the_sweep_finds_what_was_left(operator):
    later = NOW + timedelta(minutes=1)
    found = send(operator, row(UNKNOWN, Nom="A"))
    operations.sweep(now=later)
    assert len(jobs.waiting()) == 1  # it waits already
    jobs.forget()
    operations.sweep(now=NOW)
    assert jobs.waiting() == []  # too young
    operations.sweep(now=later)
    assert jobs.run_jobs() == ["tenants.tasks.read_import"]
    found.refresh_from_db()
    operations.confirm(member_import=found, by=UserFactory(), now=NOW)
    jobs.forget()
    operations.sweep(now=later)
    assert jobs.run_jobs() == ["tenants.tasks.apply_import"]
    jobs.forget()
    operations.sweep(now=later)
    assert jobs.waiting() == []


def test_a_file_made_before_a_move_does_not_undo_it(operator):
    member = AdhesionFactory(operator=operator, since=SINCE).organisation
    old, new = member.siret, second_siret(member.siren)
    head_offices.declare(
        organisation=member,
        siret=new,
        effective_on=NOW.date(),
        reason="Déménagement",
        evidence=ContentFile(b"%PDF-1.7\n", name="avis.pdf"),
        by=UserFactory(),
        now=NOW,
    )
    found = sent_and_read(operator, {**row(member.siren), "SIRET": old, "Code service": "FIN"})
    assert only_reason(found).startswith("Le SIRET")
    assert f"n’est plus celui du siège depuis le {NOW:%d/%m/%Y}" in only_reason(found)
    operations.abandon(member_import=found, by=UserFactory(), now=NOW)
    applied(operator, {**row(member.siren), "SIRET": new, "Code service": "FIN"})
    seat = Organisation.objects.get(pk=member.pk).seat
    assert (seat.siret, seat.default_service.code) == (new, "FIN")
