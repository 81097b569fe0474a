"""Reads about the help of an operator, for rights and for pages."""

from datetime import datetime

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.timezone import localdate

from tenants.members.adhesions import members_of, operators_of
from tenants.members.search import member_matches
from tenants.models import Assistance, AuditEvent, Operator, Organisation


def assistances_in_force(*, organisation: Organisation, now: datetime) -> list[Assistance]:
    """Who may act for the organisation now: asked for, neither ended nor expired, by an operator to which it
    still adheres. Each with its operator and `done`: how much was done."""
    asked = _lasting(Assistance.objects.filter(tenant=organisation), now)
    # Each page of a member asks, and few members have asked for help: the rest is not even written.
    if not asked.exists():
        return []
    rows = asked.filter(operator__in=operators_of(organisation=organisation, on=localdate(now)))
    return list(_with_done(rows).select_related("operator").order_by("operator__short_name", "pk"))


def assistances_of(*, operator: Operator, lasting: bool, search: str, now: datetime) -> QuerySet[Assistance]:
    """What was asked of this operator: the help it may give now, by name, or that of the past, last first.

    Each with its organisation and `done`.
    """
    rows = Assistance.objects.filter(member_matches(search), operator=operator)
    usable = _lasting(rows, now).filter(tenant__in=members_of(operator=operator, on=localdate(now)))
    if lasting:
        found = usable.order_by("tenant__plain_name", "pk")
    else:
        found = rows.exclude(pk__in=usable.values("pk")).order_by("-opened_at", "-pk")
    return _with_done(found).select_related("tenant", "opened_by")


def _lasting(rows: QuerySet[Assistance], now: datetime) -> QuerySet[Assistance]:
    return rows.filter(closed_at__isnull=True, expires_at__gt=now)


def _with_done(rows: QuerySet[Assistance]) -> QuerySet[Assistance]:
    events = AuditEvent.objects.filter(
        tenant=OuterRef("tenant"), via=OuterRef("operator"), at__gte=OuterRef("opened_at")
    ).filter(at__lt=Coalesce(OuterRef("closed_at"), OuterRef("expires_at")))
    counted = events.order_by().values("via").annotate(rows=Count("pk")).values("rows")
    return rows.annotate(done=Coalesce(Subquery(counted), 0))
