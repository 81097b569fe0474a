"""Agents' accounts at a vendor's: told again whenever a role is given or ends in an organisation."""

import uuid
from collections import defaultdict
from datetime import datetime

from django.db import transaction

from provisioning.connectors.scim.directory import Agent, Directory, Group
from provisioning.models import Event, Lane, Run, Step, StepState
from subscriptions.models import RUNNING, Subscription
from tenants.models import Membership, Organisation, Role
from tenants.tenancy import tenant_scope

NAMESPACE = uuid.UUID("0b1f2f5e-6c6f-4c58-9d3c-6f2f6f0f7a11")
LABEL = "Comptes des agents chez l’éditeur"


@transaction.atomic
def plan_agents(*, organisation: Organisation, now: datetime) -> list[Run]:
    """Writes a plan for each open service of the organisation whose vendor keeps its agents, in the caller's
    transaction. Who they are is read when the vendor is asked: a plan that nobody has begun serves for this
    change too."""
    with tenant_scope([organisation.pk]):
        open_ones = Subscription.objects.filter(
            tenant=organisation, state__in=RUNNING, listing__offer__agent_directory__isnull=False
        ).select_related("listing__offer__product__sheet__vendor")
        return [run for one in open_ones.order_by("pk") if (run := _plan(one, now))]


def _plan(subscription: Subscription, now: datetime) -> Run | None:
    unasked = Step.objects.filter(
        run__subscription=subscription,
        run__event=Event.AGENTS,
        run__finished_at__isnull=True,
        state=StepState.PENDING,
        first_tried_at__isnull=True,
    )
    # Held until this change is committed: no worker reads who they are before.
    if unasked.select_for_update(of=("self",), no_key=True, skip_locked=True).first():
        return None
    run = Run.objects.create(
        tenant_id=subscription.tenant_id,
        subscription=subscription,
        event=Event.AGENTS,
        created_at=now,
        starts_at=now,
    )
    lane, _ = Lane.objects.get_or_create(vendor=subscription.listing.vendor)
    Step.objects.create(
        tenant_id=subscription.tenant_id,
        run=run,
        lane=lane,
        position=1,
        name="agents",
        label=LABEL,
        run_after=now,
    )
    return run


def directory_of(organisation: Organisation) -> Directory:
    """Everybody who has or had a role there, as her vendors are to know her now. One query."""
    held, people = defaultdict(set), {}
    mandates = Membership.objects.filter(organisation=organisation).select_related("user")
    for mandate in mandates.order_by("user", "pk"):
        user = people[mandate.user_id] = mandate.user
        if mandate.ended_at is None and mandate.suspended_at is None and user.is_active and user.email:
            held[mandate.user_id].add(mandate.role)
    agents = [
        Agent(
            external_id=_external_id(organisation, str(pk)),
            email=user.email,
            given_name=user.first_name,
            family_name=user.last_name,
            active=bool(held[pk]),
            roles=frozenset(held[pk]),
        )
        for pk, user in people.items()
    ]
    groups = [
        Group(
            external_id=_external_id(organisation, role),
            name=f"{organisation.name} – {Role(role).label}",
            role=role,
        )
        for role in sorted({mandate.role for mandate in mandates})
    ]
    return Directory(agents=tuple(agents), groups=tuple(groups))


def _external_id(organisation: Organisation, what: str) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{organisation.siren} {what}"))
