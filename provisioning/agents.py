"""Agents' accounts at a vendor's: told again whenever a role is given or ends in an organisation, or an
access to a service of it, or a commune comes under the subscription of its intercommunality, or leaves it."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.timezone import localdate

from provisioning.connectors.scim.directory import Agent, Directory, Group
from provisioning.models import Event, Lane, Run, Step, StepState
from subscriptions.agents.reading import Lists
from subscriptions.models import RUNNING, Cover, Subscription
from tenants.models import Membership, Organisation, Role
from tenants.tenancy import tenant_scope

NAMESPACE = uuid.UUID("0b1f2f5e-6c6f-4c58-9d3c-6f2f6f0f7a11")
LABEL = "Comptes des agents chez l’éditeur"


@transaction.atomic
def plan_agents(
    *, organisation: Organisation, now: datetime, sheets: Iterable[int] | None = None
) -> list[Run]:
    """Writes a plan for each open service that the organisation has, itself or by its intercommunality, and
    whose vendor keeps its agents, in the caller's transaction; of these sheets only, if some are given. Who
    they are is read when the vendor is asked: a plan that nobody has begun serves for this change too."""
    with tenant_scope([organisation.pk]):
        covers = Cover.objects.in_force(on=localdate(now)).filter(tenant=organisation)
        covering = dict(covers.values_list("subscription", "covering"))
    with tenant_scope({organisation.pk, *covering.values()}):
        mine = _told_of().filter(Q(tenant=organisation) | Q(pk__in=covering))
        if sheets is not None:
            mine = mine.filter(listing__offer__product__sheet__in=sheets)
        return plan_for(subscriptions=mine.order_by("pk"), now=now)


@transaction.atomic
def plan_covers(*, subscription: Subscription, now: datetime) -> list[Run]:
    """The same for a subscription that covers a commune more, or one less."""
    with tenant_scope([subscription.tenant_id]):
        return plan_for(subscriptions=_told_of().filter(pk=subscription.pk), now=now)


def _told_of() -> QuerySet[Subscription]:
    """Those whose vendor is to know their agents."""
    open_ones = Subscription.objects.filter(
        state__in=RUNNING, listing__offer__agent_directory__passed_at__isnull=False
    )
    return open_ones.select_related("listing__offer__product__sheet__vendor")


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


def directory_of(subscription: Subscription, *, on: date) -> Directory:
    """Everybody who has or had a role in the organisation, or in a commune that it covers or covered, as the
    vendor is to know them that day: whoever left last comes first, so that it is told first of whom it must
    let in no more. Seven queries."""
    tenant = subscription.tenant
    covers = Cover.objects.filter(subscription=subscription)
    here = {tenant.pk, *covers.in_force(on=on).values_list("tenant", flat=True)}
    everywhere = {tenant.pk, *covers.values_list("tenant", flat=True)}
    lists = Lists.of(organisations=here, sheet=subscription.listing.sheet)
    held, people = defaultdict(set), {}
    ended: dict[int, float] = defaultdict(float)
    mandates = list(
        Membership.objects.filter(organisation__in=everywhere)
        .select_related("user", "organisation")
        .order_by("user", "pk")
    )
    for mandate in mandates:
        user = people[mandate.user_id] = mandate.user
        if mandate.ended_at:
            ended[user.pk] = max(ended[user.pk], mandate.ended_at.timestamp())
        lasts = mandate.ended_at is None and mandate.suspended_at is None and mandate.organisation_id in here
        if lasts and user.is_active and user.email and lists.name(mandate.organisation_id, mandate.user_id):
            held[mandate.user_id].add(_group_id(mandate))
            if lists.as_manager(mandate.organisation_id, mandate.user_id):
                held[mandate.user_id].add(_managers_id(mandate.organisation))
    elsewhere = _known_elsewhere(people)
    agents = [
        Agent(
            external_id=_external_id(tenant.siren, str(pk)),
            email=user.email,
            given_name=user.first_name,
            family_name=user.last_name,
            active=bool(held[pk]),
            groups=frozenset(held[pk]),
            elsewhere=frozenset(_external_id(siren, str(pk)) for siren in elsewhere[pk] - {tenant.siren}),
        )
        for pk, user in sorted(people.items(), key=lambda one: (bool(held[one[0]]), -ended[one[0]]))
    ]
    groups = {
        _group_id(one): Group(
            external_id=_group_id(one), name=f"{one.organisation.name} – {Role(one.role).label}"
        )
        for one in sorted(
            mandates, key=lambda one: (one.organisation_id != tenant.pk, one.organisation.siren, one.role)
        )
    }
    for organisation in {one.organisation_id: one.organisation for one in mandates}.values():
        if organisation.pk in lists.named:
            name = f"{organisation.name} – gestionnaires du service"
            groups[_managers_id(organisation)] = Group(external_id=_managers_id(organisation), name=name)
    return Directory(agents=tuple(agents), groups=tuple(groups.values()))


def _known_elsewhere(people: Iterable[int]) -> dict[int, set[str]]:
    """By person, the SIREN of whoever may have told a vendor of her: her organisations and their
    intercommunalities."""
    hers = Membership.objects.filter(user__in=list(people)).values_list("user", "organisation__siren")
    covering = Cover.objects.filter(
        tenant__in=Membership.objects.filter(user__in=list(people)).values("organisation")
    )
    by_commune = defaultdict(set)
    for siren, over in covering.values_list("tenant__siren", "covering__siren"):
        by_commune[siren].add(over)
    found = defaultdict(set)
    for pk, siren in hers:
        found[pk] |= {siren, *by_commune[siren]}
    return found


def _group_id(mandate: Membership) -> str:
    return _external_id(mandate.organisation.siren, mandate.role)


def _managers_id(organisation: Organisation) -> str:
    """Of the group of those whom a list has as managers of the service."""
    return _external_id(organisation.siren, "managers of the service")


def _external_id(siren: str, what: str) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{siren} {what}"))
