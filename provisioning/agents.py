"""Agents' accounts at a vendor's: told again whenever a role is given or ends in an organisation."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

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
            tenant=organisation,
            state__in=RUNNING,
            listing__offer__agent_directory__passed_at__isnull=False,
        ).select_related("listing__offer__product__sheet__vendor")
        return plan_for(subscriptions=open_ones.order_by("pk"), now=now)


def plan_for(*, subscriptions: Sequence[Subscription] | QuerySet[Subscription], now: datetime) -> list[Run]:
    """A plan for each of these that has none which nobody has begun. Needs a transaction and their tenants'
    scope; five queries, and one a vendor."""
    chosen = list(subscriptions)
    unasked = Step.objects.filter(
        run__subscription__in=chosen,
        run__event=Event.AGENTS,
        run__finished_at__isnull=True,
        state=StepState.PENDING,
        first_tried_at__isnull=True,
    )
    # Held until this change is committed: no worker reads who they are before.
    held = unasked.select_for_update(of=("self",), no_key=True, skip_locked=True).select_related("run")
    planned = {step.run.subscription_id for step in held.order_by("pk")}
    chosen = [one for one in chosen if one.pk not in planned]
    lanes = {
        vendor: Lane.objects.get_or_create(vendor=vendor)[0]
        for vendor in {one.listing.vendor for one in chosen}
    }
    runs = Run.objects.bulk_create(
        [
            Run(tenant_id=one.tenant_id, subscription=one, event=Event.AGENTS, created_at=now, starts_at=now)
            for one in chosen
        ]
    )
    Step.objects.bulk_create(
        [
            Step(
                tenant_id=run.tenant_id,
                run=run,
                lane=lanes[run.subscription.listing.vendor],
                position=1,
                name="agents",
                label=LABEL,
                run_after=now,
            )
            for run in runs
        ]
    )
    return runs


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
