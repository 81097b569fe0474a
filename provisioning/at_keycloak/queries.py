"""Reads about what Keycloak was told, for the operator's page and the platform's command."""

from datetime import date, datetime

from django.db.models import F, Q, QuerySet
from django.utils.timezone import localtime

from provisioning.models import AccountDrift, OrganisationTold, RoundKind, SyncRound
from tenants.members.adhesions import members_of
from tenants.models import Operator


def last_rounds() -> list[SyncRound]:
    """The last of each kind, if there was one: to tell, then to look. Two queries."""
    found = (SyncRound.objects.filter(kind=kind).order_by("-pk").first() for kind in RoundKind.values)
    return [one for one in found if one is not None]


def drifts_of(*, operator: Operator, on: date) -> QuerySet[AccountDrift]:
    """What differs at Keycloak of an operator and of its members: what is not over first, the last first."""
    here = members_of(operator=operator, on=on).values("pk")
    rows = AccountDrift.objects.filter(Q(tenant__in=here) | Q(tenant=operator.organisation_id))
    return rows.select_related("tenant", "user").order_by(
        F("closed_at").desc(nulls_first=True), "-opened_at", "-pk"
    )


def refusals_of(*, operator: Operator, on: date) -> QuerySet[OrganisationTold]:
    """Those of its organisations of which Keycloak did not take the last telling, and why."""
    here = members_of(operator=operator, on=on).values("pk")
    rows = OrganisationTold.objects.filter(Q(tenant__in=here) | Q(tenant=operator.organisation_id))
    return rows.exclude(problem="").select_related("tenant").order_by("to_tell_since", "pk")


def in_words(one: SyncRound) -> str:
    """How far it is, in French. A rate is of the time at work, pauses not counted."""
    of = f" sur {one.in_all}" if one.in_all and not one.finished_at else ""
    done = f"{_count(one.organisations, 'organisation')}{of}, {_count(one.agents, 'agent')}"
    if one.kind == RoundKind.LOOK:
        done += f", {_count(one.differences, 'écart')}"
    else:
        done += f", {_count(one.changes, 'changement')} chez Keycloak"
    if one.seconds >= 1 and one.agents:
        done += f", {one.agents / one.seconds:.0f} agents par seconde"
    if one.finished_at:
        said = f"terminée le {_moment(one.finished_at)} : {done}."
    elif one.started_at is None:
        said = f"demandée le {_moment(one.asked_at)}, pas encore commencée."
    else:
        said = f"en cours depuis le {_moment(one.started_at)} : {done}."
    return f"{said} {one.problem}".strip()


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number > 1 else ''}"


def _moment(value: datetime) -> str:
    return f"{localtime(value):%d/%m/%Y à %H h %M}"
