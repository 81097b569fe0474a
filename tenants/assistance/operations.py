"""An operator's agents act for a commune that asks: for a time, on the record, and the commune is told.

What was asked last counts: asking again moves the last day, later or sooner. Nothing runs when the time is
over; whoever reads compares the dates, and an expired help makes room for the next one.
"""

from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils.timezone import localdate, make_aware

from tenants import audit
from tenants.assistance.letters import last_day_of, people_told, tell_of_request
from tenants.members.adhesions import adheres
from tenants.models import Assistance, Operator, Organisation, Role, User
from tenants.people.mandates import locked

# Who asks for the organisation and ends it there; who acts at the operator's.
ASKING_ROLES = frozenset({Role.SECRETARY, Role.SIGNATORY, Role.ORG_ADMIN})
ASSISTANT_ROLES = frozenset({Role.CURATOR, Role.OPERATOR_ADMIN})
DEFAULT_DAYS, MAX_DAYS = 30, 90
ASKED_HERE = "La collectivité elle-même, sur Halle"


class AssistanceRefused(Exception):
    """Base of all refusals. `str()` is a French sentence for the person; `field` what it is about, or ""."""

    field = ""


class NotAllowed(AssistanceRefused):
    """Whoever asks has no role for it, at the organisation or at the operator."""

    def __init__(self):
        super().__init__("Votre rôle ne le permet pas. Demandez-le à l’administrateur.")


class NotAMember(AssistanceRefused):
    def __init__(self, operator: Operator):
        super().__init__(
            f"Cette collectivité n’adhère pas à {operator.short_name} aujourd’hui : "
            "un opérateur n’agit que pour ses adhérents."
        )


class DaysRefused(AssistanceRefused):
    field = "days"

    def __init__(self):
        super().__init__(f"Choisissez une durée de 1 à {MAX_DAYS} jours.")


class WhoAskedMissing(AssistanceRefused):
    field = "asked_by"

    def __init__(self):
        super().__init__("Indiquez qui l’a demandé, et comment : « Mme le maire, par téléphone ».")


class NobodyToTell(AssistanceRefused):
    """The organisation has nobody with an address: it could not be told, nor end the help."""

    def __init__(self):
        super().__init__(
            "Personne de cette collectivité ne peut encore être prévenu sur Halle. "
            "Faites d’abord inviter son secrétariat ou son maire."
        )


class AlreadyEnded(AssistanceRefused):
    def __init__(self):
        super().__init__("Cette aide avait déjà pris fin.")


@transaction.atomic
def ask_for_help(
    *, organisation: Organisation, operator: Operator, by: User, days: int = DEFAULT_DAYS, now: datetime
) -> Assistance:
    """The organisation asks its operator to act for it, today and the `days` days after. One that lasts gets
    this new last day.

    Raises NotAllowed (`by` is not of ASKING_ROLES there), DaysRefused and NotAMember.
    """
    organisation = locked(organisation)
    if not _holds(by, organisation, ASKING_ROLES):
        raise NotAllowed
    sentence = "{{actor}} a demandé à {operator} d’agir pour la collectivité, jusqu’au {last_day}."
    return _open(organisation, operator, ASKED_HERE, by, days, now, sentence=sentence)


@transaction.atomic
def record_request(
    *,
    organisation: Organisation,
    operator: Operator,
    asked_by: str,
    by: User,
    days: int = DEFAULT_DAYS,
    now: datetime,
) -> Assistance:
    """An operator's agent notes that the organisation asked; `asked_by` says who and how, up to 200
    characters. Whoever answers for the organisation is told at once.

    Raises NotAllowed (`by` is not of ASSISTANT_ROLES at the operator), WhoAskedMissing, DaysRefused,
    NotAMember and NobodyToTell.
    """
    organisation = locked(organisation)
    if not _holds(by, operator.organisation, ASSISTANT_ROLES):
        raise NotAllowed
    if not asked_by.strip():
        raise WhoAskedMissing
    if not people_told(organisation):
        raise NobodyToTell
    sentence = (
        "{{actor}}, de {operator}, a noté que la collectivité lui demande d’agir pour elle, "
        "jusqu’au {last_day}."
    )
    return _open(organisation, operator, asked_by.strip(), by, days, now, sentence=sentence)


@transaction.atomic
def end(*, assistance: Assistance, by: User, now: datetime) -> None:
    """Ends the help at once; either side may. Raises NotAllowed and AlreadyEnded."""
    organisation, operator = assistance.tenant, assistance.operator
    ours = _holds(by, organisation, ASKING_ROLES)
    if not ours and not _holds(by, operator.organisation, ASSISTANT_ROLES):
        raise NotAllowed
    lasting = Assistance.objects.filter(pk=assistance.pk, closed_at__isnull=True, expires_at__gt=now)
    if not lasting.update(closed_at=now, closed_by=by):
        raise AlreadyEnded
    who = "{actor}" if ours else f"{{actor}}, de {operator.short_name},"
    _record(assistance, by, now, "ended", f"{who} a mis fin à l’aide de {operator.short_name}.")


def _open(organisation, operator, asked_by, by, days, now, *, sentence: str) -> Assistance:
    """The organisation's row is locked: nobody else opens or prolongs meanwhile."""
    if not 1 <= days <= MAX_DAYS:
        raise DaysRefused
    if not adheres(organisation=organisation, operator=operator, on=localdate(now)):
        raise NotAMember(operator)
    expires_at = make_aware(datetime.combine(localdate(now) + timedelta(days=days + 1), time.min))
    pending = Assistance.objects.filter(tenant=organisation, operator=operator, closed_at__isnull=True)
    pending.filter(expires_at__lte=now).update(closed_at=now)
    assistance, before = pending.first(), None
    if assistance is None:
        assistance = Assistance.objects.create(
            tenant=organisation,
            operator=operator,
            asked_by=asked_by,
            opened_by=by,
            opened_at=now,
            expires_at=expires_at,
        )
    elif assistance.expires_at == expires_at:
        return assistance  # the same button pressed twice
    else:
        before, assistance.expires_at, assistance.asked_by = last_day_of(assistance), expires_at, asked_by
        assistance.save(update_fields=["expires_at", "asked_by"])
    after = last_day_of(assistance)
    event = _record(
        assistance,
        by,
        now,
        "prolonged" if before else "opened",
        sentence.format(operator=operator.short_name, last_day=after),
        changes={"expires_at": [before, after]},
    )
    tell_of_request(assistance=assistance, occasion=event.pk, now=now)
    return assistance


def _holds(person: User, organisation: Organisation, roles: frozenset[str]) -> bool:
    return person.memberships.in_force().filter(organisation=organisation, role__in=roles).exists()


def _record(assistance: Assistance, by: User, now: datetime, what: str, sentence: str, **event):
    return audit.record(
        tenant=assistance.tenant,
        actor=by,
        what=f"assistance.{what}",
        sentence=sentence,
        subject_id=assistance.pk,
        now=now,
        **event,
    )
