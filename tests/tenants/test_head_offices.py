"""The head office moves: a new SIRET from a day on, its history, and what is refused."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction

from tenants import head_offices
from tenants.head_offices import SeatMoveRefused, WrongSeatMoveState
from tenants.identifiers import BadIdentifier
from tenants.models import AuditEvent, Organisation, SeatMove, SeatMoveState
from tenants.organisations import close
from tenants.tenancy import tenant_scope
from tenants.uploads import MAX_BYTES
from tests.factories import ChorusServiceFactory, OrganisationFactory, SeatMoveFactory, UserFactory
from tests.factories.base import NOW
from tests.factories.tenants import _checked, second_siret, siren
from tests.tools.database import acting_as, as_worker

pytestmark = pytest.mark.django_db

TODAY = date(2026, 10, 1)
SOON = date(2026, 11, 1)


@pytest.fixture
def commune():
    return OrganisationFactory(name="Commune d’Évran")


def declared(organisation, siret="", *, now=NOW, **changes) -> SeatMove:
    said = {
        "siret": siret or second_siret(organisation.siren),
        "effective_on": SOON,
        "reason": "Déménagement de la mairie",
        "evidence": ContentFile(b"%PDF-1.7\n%%EOF\n", name="avis.pdf"),
    } | changes
    with tenant_scope([organisation.pk]):
        return head_offices.declare(organisation=organisation, by=UserFactory(), now=now, **said)


def again(organisation) -> Organisation:
    return Organisation.objects.get(pk=organisation.pk)


def night(day: date) -> int:
    with as_worker():
        return head_offices.apply_due(now=datetime(day.year, day.month, day.day, 3, tzinfo=UTC))


def moves(organisation) -> list[tuple[str, str]]:
    with tenant_scope([organisation.pk]):
        found = head_offices.moves_of(organisation=organisation)
        return [(move.to_siret, move.state) for move in found]


def test_a_move_to_come_changes_nothing_before_its_day(commune):
    old, new = commune.siret, second_siret(commune.siren)
    move = declared(commune)
    found = again(commune)
    assert (found.siret, found.seat_on(SOON - timedelta(days=1)).siret) == (old, old)
    # Asked for its own day, it answers before any night's work.
    assert found.seat_on(SOON).siret == new
    assert moves(commune) == [(new, SeatMoveState.PLANNED)]
    assert default_storage.exists(move.evidence.name)


def test_the_night_of_its_day_it_takes_effect_once(commune):
    old, new = commune.siret, second_siret(commune.siren)
    declared(commune)
    assert night(SOON - timedelta(days=1)) == 0
    assert (night(SOON), night(SOON)) == (1, 0)
    found = again(commune)
    assert found.siret == new
    left = found.establishments.get(siret=old)
    assert (left.is_seat, left.seat_until) == (False, SOON)
    assert moves(commune) == [(new, SeatMoveState.IN_FORCE)]
    with as_worker():
        said = list(AuditEvent.objects.filter(tenant=commune).order_by("pk").values_list("what", flat=True))
    assert said == ["organisation.seat_move_declared", "organisation.seat_moved"]


def test_a_move_of_the_past_takes_effect_at_once_and_one_may_come_back(commune):
    old, new = commune.siret, second_siret(commune.siren)
    declared(commune, effective_on=date(2026, 6, 1))
    assert again(commune).siret == new
    declared(again(commune), old, effective_on=TODAY, reason="Fin des travaux")
    found = again(commune)
    assert found.siret == old
    assert [found.establishments.get(siret=one).seat_until for one in (old, new)] == [None, TODAY]
    assert moves(commune) == [(old, SeatMoveState.IN_FORCE), (new, SeatMoveState.IN_FORCE)]


def test_chorus_pro_asks_the_same_at_the_new_head_office(commune):
    seat = commune.seat
    with as_worker():
        commune.establishments.update(service_code_required=True, commitment_required=True)
    ChorusServiceFactory(establishment=seat, code="FIN", is_default=True)
    declared(commune, effective_on=TODAY)
    place = again(commune).seat
    assert (place.service_code_required, place.commitment_required) == (True, True)
    assert place.default_service.code == "FIN"


def test_a_move_to_come_is_cancelled_and_another_declared(commune):
    move = declared(commune)
    with tenant_scope([commune.pk]):
        head_offices.cancel(move=move, by=UserFactory(), now=NOW)
    assert night(SOON) == 0
    assert again(commune).seat_on(SOON).siret == commune.siret
    declared(commune)
    assert [state for _, state in moves(commune)] == [SeatMoveState.PLANNED, SeatMoveState.CANCELLED]


@pytest.mark.parametrize("applied", [True, False])
def test_a_move_is_not_cancelled_once_its_day_has_come(commune, applied):
    move = declared(commune)
    if applied:
        night(SOON)
    with tenant_scope([commune.pk]), pytest.raises(WrongSeatMoveState):
        head_offices.cancel(move=move, by=UserFactory(), now=datetime(2026, 11, 1, 0, 5, tzinfo=UTC))
    night(SOON)
    assert again(commune).siret == second_siret(commune.siren)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"siret": second_siret(siren(900_123))}, "siret", "transfert de contrat"),
        ({"effective_on": TODAY + timedelta(days=367)}, "effective_on", "plus d’un an"),
        ({"effective_on": TODAY - timedelta(days=367)}, "effective_on", "plus d’un an"),
        ({"reason": "  "}, "reason", "motif"),
        ({"reason": "m" * 501}, "reason", "trop long"),
        ({"evidence": None}, "evidence", "Joignez"),
        ({"evidence": ContentFile(b"<html>", name="avis.pdf")}, "evidence", "pas un PDF"),
        ({"evidence": ContentFile(b"%PDF-" + b"0" * MAX_BYTES, name="a.pdf")}, "evidence", "10 Mo"),
    ],
)
def test_what_is_refused(commune, changes, field, words):
    with pytest.raises(SeatMoveRefused, match=words) as refusal:
        declared(commune, **changes)
    assert refusal.value.field == field
    assert (moves(commune), again(commune).establishments.count()) == ([], 1)


def test_a_wrong_key_is_told_as_everywhere(commune):
    number = second_siret(commune.siren)
    with pytest.raises(BadIdentifier, match="clé de contrôle"):
        declared(commune, f"{number[:-1]}{(int(number[-1]) + 1) % 10}")


def test_the_present_siret_is_no_move(commune):
    with pytest.raises(SeatMoveRefused, match="déjà celui du siège"):
        declared(commune, commune.siret)


def test_a_siret_that_another_organisation_holds_is_refused(commune):
    number = second_siret(commune.siren)
    OrganisationFactory(seat__siret=number)
    with pytest.raises(SeatMoveRefused, match="autre organisation"):
        declared(commune, number)


def test_one_move_at_a_time_and_in_the_order_of_days(commune):
    declared(commune)
    third = _checked(f"{commune.siren}0003")
    with pytest.raises(SeatMoveRefused, match="déjà prévu le 01/11/2026"):
        declared(commune, third, effective_on=SOON + timedelta(days=9))
    night(SOON)
    late = datetime(2026, 12, 1, 9, tzinfo=UTC)
    with pytest.raises(SeatMoveRefused, match="à partir du 02/11/2026"):
        declared(again(commune), third, effective_on=SOON, now=late)
    declared(again(commune), third, effective_on=SOON + timedelta(days=1), now=late)
    assert again(commune).siret == third


def test_neither_an_unknown_head_office_nor_a_closed_body_moves(commune):
    with pytest.raises(SeatMoveRefused, match="ne connaît pas"):
        declared(OrganisationFactory(seat=False))
    with tenant_scope([commune.pk]):
        close(organisation=commune, on=date(2026, 10, 15), successor=None, by=None, now=NOW)
    with pytest.raises(SeatMoveRefused, match="n’existe plus"):
        declared(commune)


@pytest.mark.parametrize("role", ["web", "worker", "owner"])
def test_a_settled_move_is_written_for_good(commune, role):
    move = declared(commune, effective_on=TODAY)
    for statement in (
        "UPDATE tenants_seatmove SET reason = 'autre' WHERE id = %s",
        "UPDATE tenants_seatmove SET state = 'cancelled' WHERE id = %s",
        "DELETE FROM tenants_seatmove WHERE id = %s",
    ):
        with (
            pytest.raises(IntegrityError, match="can no longer be changed"),
            transaction.atomic(),
            acting_as(role),
            tenant_scope([commune.pk]),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, [move.pk])


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"to_siret": second_siret(siren(900_123))}, "seat_move_same_siren_other_siret"),
        ({"reason": ""}, "seat_move_is_justified"),
        ({"state": "in_force"}, "seat_move_settled_once_decided"),
        ({"to_siret": "12345"}, "seat_move_"),
    ],
)
def test_the_database_holds_a_move_together(commune, changes, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        SeatMoveFactory(tenant=commune, **changes)


def test_another_s_moves_are_not_seen(commune):
    declared(commune)
    other = OrganisationFactory()
    with tenant_scope([other.pk]):
        assert not SeatMove.objects.filter(tenant=commune).exists()
