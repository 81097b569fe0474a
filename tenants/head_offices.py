"""The head office moves: a new SIRET under the same SIREN, from a day on, with a reason and its evidence.

A move to come only marks the establishment (`Establishment.seat_from`): whoever writes a paper or an invoice
asks `Organisation.seat_on` for its day, and needs nobody to have applied anything. Each night what is due
takes effect. Another SIREN is another organisation: nothing here.
"""

from datetime import date, datetime, timedelta

from django.core.files.base import File
from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import localdate

from tenants import audit
from tenants.identifiers import clean_siret, grouped
from tenants.models import ChorusService, Establishment, Organisation, SeatMove, SeatMoveState, User
from tenants.models.seat_move import SEAT_MOVE_TRANSITIONS
from tenants.refusals import Refused
from tenants.uploads import problem_with_pdf

# A register learns of a move late, a municipality announces it early. Further away, a slip of the keyboard.
MAX_DAYS = 366
MAX_REASON = 500


class SeatMoveRefused(Refused):
    """The head office cannot move so; `field` is one of `declare`'s arguments."""


class WrongSeatMoveState(SeatMoveRefused):
    """It took effect, or was cancelled, meanwhile."""


def moves_of(*, organisation: Organisation) -> QuerySet[SeatMove]:
    """Its moves, the last first, those cancelled included. Needs its scope."""
    moves = SeatMove.objects.filter(tenant=organisation).select_related("declared_by")
    return moves.order_by("-effective_on", "-pk")


@transaction.atomic
def declare(
    *,
    organisation: Organisation,
    siret: str,
    effective_on: date,
    reason: str,
    evidence: File,
    by: User,
    now: datetime,
) -> SeatMove:
    """From the day `effective_on`, papers and invoices bear `siret`; at once when that day is not to come.

    Issued invoices keep the SIRET they were issued with. `evidence` is an uploaded PDF of at most 10 MB. What
    Chorus Pro asked at the old head office is asked at a new establishment until somebody says otherwise.
    The caller's scope holds the organisation. Raises SeatMoveRefused, or BadIdentifier
    (tenants.identifiers) for what is no SIRET.
    """
    number, reason = clean_siret(siret), " ".join(reason.split())
    _check_siren(organisation, number)
    _check_day(effective_on, localdate(now))
    if not reason:
        raise SeatMoveRefused("Indiquez le motif, par exemple « Déménagement de la mairie ».", "reason")
    if len(reason) > MAX_REASON:
        raise SeatMoveRefused(f"Ce motif est trop long : {MAX_REASON} caractères au plus.", "reason")
    if problem := problem_with_pdf(evidence, what="le justificatif"):
        raise SeatMoveRefused(problem, "evidence")
    # Whoever changes its establishments, or issues an invoice that names it, waits for this lock.
    organisation = Organisation.objects.select_for_update(of=("self",), no_key=True).get(pk=organisation.pk)
    places = list(Establishment.objects.filter(organisation=organisation).prefetch_related("services"))
    seat = _seat_to_leave(organisation, places, number, effective_on)
    move = SeatMove(
        tenant=organisation,
        from_siret=seat.siret,
        to_siret=number,
        effective_on=effective_on,
        reason=reason,
        declared_by=by,
        declared_at=now,
    )
    move.evidence.save("justificatif.pdf", evidence, save=False)
    move.save(force_insert=True)
    place = next((one for one in places if one.siret == number), None) or _opened(seat, number)
    Establishment.objects.filter(pk=place.pk).update(seat_from=effective_on)
    _record(
        move,
        by=by,
        now=now,
        what="organisation.seat_move_declared",
        sentence=f"{{actor}} a enregistré le nouveau SIRET du siège de {organisation.name}, "
        f"{grouped(number)}, à partir du {effective_on:%d/%m/%Y}.",
        changes={"seat": [seat.siret, number]},
    )
    if effective_on <= localdate(now):
        _take_effect(move, now=now)
    return move


@transaction.atomic
def cancel(*, move: SeatMove, by: User, now: datetime) -> None:
    """A move that is still to come will not happen. Raises WrongSeatMoveState."""
    Organisation.objects.select_for_update(of=("self",), no_key=True).get(pk=move.tenant_id)
    # Its day may have come before its night.
    if move.effective_on <= localdate(now):
        raise WrongSeatMoveState(
            f"Ce changement a pris effet le {move.effective_on:%d/%m/%Y} : il ne s’annule plus. "
            "Enregistrez un nouveau changement."
        )
    _settle(move, to=SeatMoveState.CANCELLED, now=now)
    Establishment.objects.filter(organisation=move.tenant_id, siret=move.to_siret).update(seat_from=None)
    _record(
        move,
        by=by,
        now=now,
        what="organisation.seat_move_cancelled",
        sentence=f"{{actor}} a annulé le changement de siège prévu le {move.effective_on:%d/%m/%Y}.",
        changes={"seat": [move.to_siret, move.from_siret]},
    )


def apply_due(*, now: datetime) -> int:
    """Moves whose day has come take effect, each in its own transaction; how many. For a worker, who sees
    every tenant. Run twice, it does nothing more."""
    due = SeatMove.objects.filter(state=SeatMoveState.PLANNED, effective_on__lte=localdate(now))
    done = 0
    for pk, tenant in list(due.order_by("effective_on", "pk").values_list("pk", "tenant_id")):
        with transaction.atomic():
            Organisation.objects.select_for_update(of=("self",), no_key=True).get(pk=tenant)
            move = SeatMove.objects.select_related("tenant").get(pk=pk)
            if move.state == SeatMoveState.PLANNED:
                _take_effect(move, now=now)
                done += 1
    return done


def _take_effect(move: SeatMove, *, now: datetime) -> None:
    """The organisation is locked."""
    _settle(move, to=SeatMoveState.IN_FORCE, now=now)
    places = Establishment.objects.filter(organisation=move.tenant_id)
    places.filter(is_seat=True).update(is_seat=False, seat_until=move.effective_on)
    places.filter(siret=move.to_siret).update(is_seat=True, seat_from=None, seat_until=None)
    _record(
        move,
        by=None,
        now=now,
        what="organisation.seat_moved",
        sentence=f"Depuis le {move.effective_on:%d/%m/%Y}, le siège de {move.tenant.name} a le SIRET "
        f"{grouped(move.to_siret)}.",
        changes={"seat": [move.from_siret, move.to_siret]},
    )


def _settle(move: SeatMove, *, to: SeatMoveState, now: datetime) -> None:
    """Conditional update along the table of transitions. Raises WrongSeatMoveState."""
    if (move.state, to) not in SEAT_MOVE_TRANSITIONS or (
        SeatMove.objects.filter(pk=move.pk, state=move.state).update(state=to, settled_at=now) != 1
    ):
        raise WrongSeatMoveState("Ce changement a déjà pris effet, ou il est annulé. Rechargez la page.")
    move.state, move.settled_at = to, now


def _check_siren(organisation: Organisation, number: str) -> None:
    if not number.startswith(organisation.siren):
        raise SeatMoveRefused(
            f"Le SIRET {grouped(number)} est celui d’un autre organisme : il devrait commencer par "
            f"{grouped(organisation.siren)}, le SIREN de {organisation.name}. Quand un autre organisme prend "
            "la suite, ce n’est pas un changement de SIRET mais une reprise : une fusion de communes, ou un "
            "transfert de contrat pour un éditeur. Demandez-la à l’opérateur.",
            "siret",
        )


def _check_day(effective_on: date, today: date) -> None:
    if abs((effective_on - today).days) > MAX_DAYS:
        raise SeatMoveRefused(
            "Cette date est à plus d’un an d’aujourd’hui. Vérifiez l’année : c’est le jour où l’INSEE "
            "déclare le nouvel établissement siège.",
            "effective_on",
        )


def _seat_to_leave(
    organisation: Organisation, places: list[Establishment], number: str, effective_on: date
) -> Establishment:
    seat = next((place for place in places if place.is_seat), None)
    if seat is None:
        raise SeatMoveRefused(
            f"Halle ne connaît pas encore le SIRET du siège de {organisation.name} : ajoutez d’abord "
            "l’établissement, sans date.",
            "siret",
        )
    if organisation.is_closed(on=effective_on):
        raise SeatMoveRefused(f"{organisation.name} n’existe plus à cette date : son siège ne change plus.")
    if seat.siret == number:
        raise SeatMoveRefused(
            f"Le SIRET {grouped(number)} est déjà celui du siège. Indiquez le nouveau.", "siret"
        )
    if Establishment.objects.filter(siret=number).exclude(organisation=organisation).exists():
        raise SeatMoveRefused(
            f"Le SIRET {grouped(number)} est déjà celui d’une autre organisation. Vérifiez-le.", "siret"
        )
    moves = dict(
        SeatMove.objects.filter(tenant=organisation)
        .exclude(state=SeatMoveState.CANCELLED)
        .order_by("effective_on")
        .values_list("state", "effective_on")
    )
    if planned := moves.get(SeatMoveState.PLANNED):
        raise SeatMoveRefused(
            f"Un changement de siège est déjà prévu le {planned:%d/%m/%Y}. Annulez-le d’abord, ou attendez "
            "qu’il ait pris effet."
        )
    last = moves.get(SeatMoveState.IN_FORCE)
    if last and effective_on <= last:
        first = last + timedelta(days=1)
        raise SeatMoveRefused(
            f"Le siège a déjà changé le {last:%d/%m/%Y} : indiquez une date à partir du {first:%d/%m/%Y}.",
            "effective_on",
        )
    return seat


def _opened(seat: Establishment, number: str) -> Establishment:
    """An establishment never met before, where Chorus Pro asks what it asked at the old head office."""
    place = Establishment.objects.create(
        organisation_id=seat.organisation_id,
        siret=number,
        name=seat.name,
        service_code_required=seat.service_code_required,
        commitment_required=seat.commitment_required,
    )
    ChorusService.objects.bulk_create(
        ChorusService(establishment=place, code=one.code, name=one.name, is_default=one.is_default)
        for one in seat.services.all()
    )
    return place


def _record(
    move: SeatMove, *, by: User | None, now: datetime, what: str, sentence: str, changes: dict
) -> None:
    audit.record(
        tenant=move.tenant,
        actor=by,
        what=what,
        sentence=sentence,
        subject_id=move.public_id,
        now=now,
        changes=changes,
    )
