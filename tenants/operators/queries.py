"""Reads for the platform's staff."""

from datetime import date, datetime

from django.db.models import Exists, F, Func, IntegerField, OuterRef, QuerySet, Subquery

from tenants.members.adhesions import members_of
from tenants.models import Invitation, Membership, Operator, Role, VatPosition


def operators_for_platform(*, on: date) -> QuerySet[Operator]:
    """Every operator by name, with what it lacks: `members` (how many on that day), `has_vat_position`
    (on that day), `has_administrator`."""
    members = members_of(operator=OuterRef(OuterRef("pk")), on=on).order_by()
    count = members.annotate(count=Func(F("pk"), function="COUNT", output_field=IntegerField()))
    administrators = Membership.objects.in_force().filter(
        organisation=OuterRef("organisation"), role=Role.OPERATOR_ADMIN
    )
    return (
        Operator.objects.select_related("organisation")
        .prefetch_related("organisation__establishments")
        .annotate(
            members=Subquery(count.values("count")),
            has_vat_position=Exists(VatPosition.objects.filter(operator=OuterRef("pk"), since__lte=on)),
            has_administrator=Exists(administrators),
        )
        .order_by("short_name", "pk")
    )


def administrator_invitations(*, operator: Operator) -> QuerySet[Invitation]:
    """Invitations to administer this operator, the last one first. Inside its tenant scope."""
    return Invitation.objects.filter(
        tenant=operator.organisation_id, roles__contains=[Role.OPERATOR_ADMIN]
    ).order_by("-created_at", "-pk")


def invitation_state(invitation: Invitation, *, now: datetime) -> str:
    """In words: where an invitation stands."""
    if invitation.accepted_at is not None:
        return "acceptée"
    if invitation.cancelled_at is not None:
        return "annulée"
    return "en attente" if invitation.is_open(now=now) else "expirée"
