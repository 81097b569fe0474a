"""The needs board: a member says what it looks for, others join, vendors and the operator answer."""

from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from catalog.models import (
    NEED_MOVES,
    Family,
    Need,
    NeedAnswer,
    NeedState,
    NeedSupport,
    ServiceSheet,
)
from tenants import audit, letters
from tenants.members.adhesions import adheres
from tenants.models import Operator, Organisation, User
from tenants.refusals import Refused
from tenants.tenancy import tenant_scope

MAX_TITLE, MAX_DESCRIPTION, MAX_ANSWER = 160, 4000, 2000


class NeedRefused(Refused):
    """What was typed, or asked, cannot be done; `field` says which part."""


@transaction.atomic
def express(
    *,
    operator: Operator,
    organisation: Organisation,
    title: str,
    description: str,
    family: str,
    by: User,
    now: datetime,
) -> Need:
    """Puts a member's need on its operator's board. Raises NeedRefused."""
    _check_member(organisation, operator, now)
    title, description = " ".join(title.split()), description.strip()
    for field, text, longest in (
        ("title", title, MAX_TITLE),
        ("description", description, MAX_DESCRIPTION),
    ):
        if not text:
            raise NeedRefused("Écrivez quelques mots.", field)
        if len(text) > longest:
            raise NeedRefused(f"{longest} caractères au plus.", field)
    if family and family not in Family.values:
        raise NeedRefused("Choisissez une famille de la liste.", "family")
    need = Need.objects.create(
        operator=operator,
        organisation=organisation,
        title=title,
        description=description,
        family=family,
        written_by=by,
        written_at=now,
    )
    _record(need, organisation, by, now, "expressed", f"{{actor}} a exprimé un besoin : {title}.")
    return need


@transaction.atomic
def join(*, need: Need, organisation: Organisation, by: User, now: datetime) -> NeedSupport:
    """Another member has the same need; twice is once. Raises NeedRefused."""
    _check_member(organisation, need.operator, now)
    if organisation.pk == need.organisation_id:
        raise NeedRefused("C’est votre collectivité qui a exprimé ce besoin.")
    if need.state == NeedState.CLOSED:
        raise NeedRefused("Ce besoin est clos.")
    support, made = NeedSupport.objects.get_or_create(
        need=need, organisation=organisation, defaults={"added_by": by, "added_at": now}
    )
    if made:
        _record(need, organisation, by, now, "joined", f"{{actor}} a rejoint un besoin : {need.title}.")
    return support


@transaction.atomic
def leave(*, need: Need, organisation: Organisation, by: User, now: datetime) -> None:
    """The member no longer has it; nothing happens when it had not joined."""
    gone, _ = NeedSupport.objects.filter(need=need, organisation=organisation).delete()
    if gone:
        _record(need, organisation, by, now, "left", f"{{actor}} a quitté un besoin : {need.title}.")


@transaction.atomic
def answer(
    *,
    need: Need,
    organisation: Organisation,
    text: str,
    sheet: ServiceSheet | None,
    by: User,
    now: datetime,
) -> NeedAnswer:
    """A vendor's answer, with one of its services or none, or the operator's own. Raises NeedRefused."""
    text = text.strip()
    if not text:
        raise NeedRefused("Écrivez votre réponse.", "text")
    if len(text) > MAX_ANSWER:
        raise NeedRefused(f"{MAX_ANSWER} caractères au plus.", "text")
    if sheet is not None and sheet.vendor.organisation_id != organisation.pk:
        raise NeedRefused("Choisissez un de vos services.", "sheet")
    if need.state == NeedState.CLOSED:
        raise NeedRefused("Ce besoin est clos : il n’attend plus de réponse.")
    if need.state == NeedState.OPEN:
        _move(need, NeedState.ANSWERED)
    given = NeedAnswer.objects.create(
        need=need, organisation=organisation, text=text, sheet=sheet, written_by=by, written_at=now
    )
    _record(need, organisation, by, now, "answered", f"{{actor}} a répondu à un besoin : {need.title}.")
    if need.written_by.email:
        with tenant_scope([need.organisation_id]):
            letters.write(
                tenant=need.organisation,
                key=f"need-answer:{given.pk}",
                to=need.written_by.email,
                subject=f"Une réponse à votre besoin : {need.title}",
                body=(
                    f"Bonjour,\n\n{organisation.name} répond à votre besoin « {need.title} ».\n\n{text}\n\n"
                    "Retrouvez-la au tableau des besoins de votre opérateur.\n"
                ),
                now=now,
            )
    return given


@transaction.atomic
def close(*, need: Need, organisation: Organisation, reason: str, by: User, now: datetime) -> None:
    """Its author, or the operator, closes it: found, given up, or a duplicate. Raises NeedRefused."""
    if organisation.pk not in (need.organisation_id, need.operator.organisation_id):
        raise NeedRefused("Seuls la collectivité qui l’a exprimé et l’opérateur peuvent clore un besoin.")
    reason = reason.strip()[:500]
    if not reason:
        raise NeedRefused("Dites en un mot pourquoi : trouvé, abandonné, en double…", "reason")
    _move(need, NeedState.CLOSED, closed_reason=reason)
    _record(need, organisation, by, now, "closed", f"{{actor}} a clos un besoin : {need.title}.")


def _move(need: Need, to: NeedState, **fields) -> None:
    if (need.state, to) not in NEED_MOVES:
        raise NeedRefused(f"Impossible : ce besoin est « {need.get_state_display()} ».")
    if Need.objects.filter(pk=need.pk, state=need.state).update(state=to, **fields) != 1:
        raise NeedRefused("Ce besoin vient d’être modifié par quelqu’un d’autre. Rechargez la page.")
    need.state = to


def _check_member(organisation: Organisation, operator: Operator, now: datetime) -> None:
    if not adheres(organisation=organisation, operator=operator, on=localdate(now)):
        raise NeedRefused(f"Votre collectivité n’adhère pas à {operator.short_name}.")


def _record(need: Need, tenant: Organisation, by: User, now: datetime, what: str, sentence: str) -> None:
    audit.record(
        tenant=tenant,
        actor=by,
        what=f"need.{what}",
        sentence=sentence,
        subject_id=need.public_id,
        now=now,
    )
