"""Who enters a service through Halle, and as what: told to Keycloak again whenever that changes."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localdate

from provisioning.clients import CHANGES, plan_client
from sso.keycloak.broker import issuer
from sso.keycloak.services import ROLE_AGENT, ROLE_MANAGER
from subscriptions.agents.reading import Lists
from subscriptions.models import RUNNING, Cover, Subscription
from tenants.models import Identity, Membership, Organisation, User
from tenants.tenancy import tenant_scope


def people_of(subscription: Subscription, *, on: date) -> dict[str, frozenset[str]]:
    """By role in the service, who has it that day, by the `sub` of each at Keycloak: whoever has a role in
    the organisation, or in a commune that it covers, unless a list there does not name her, and has signed in
    through Keycloak before. Six queries."""
    covered = Cover.objects.in_force(on=on).filter(subscription=subscription).values_list("tenant", flat=True)
    here = {subscription.tenant_id, *covered}
    lists = Lists.of(organisations=here, sheet=subscription.listing.sheet)
    roles: dict[int, set[str]] = defaultdict(set)
    mandates = Membership.objects.in_force().filter(organisation__in=here, user__is_active=True)
    for organisation, user in mandates.values_list("organisation", "user"):
        if lists.name(organisation, user):
            roles[user].add(ROLE_AGENT)
        if lists.as_manager(organisation, user):
            roles[user].add(ROLE_MANAGER)
    known = [
        *User.objects.filter(pk__in=roles, issuer=issuer()).values_list("pk", "sub"),
        *Identity.objects.filter(user__in=roles, issuer=issuer()).values_list("user", "sub"),
    ]
    return {
        role: frozenset(sub for user, sub in known if role in roles[user])
        for role in (ROLE_AGENT, ROLE_MANAGER)
    }


@transaction.atomic
def plan_people(*, organisation: Organisation, now: datetime, sheets: Iterable[int] | None = None) -> None:
    """Who may enter has changed in an organisation: plans for each open service that it has, itself or by its
    intercommunality, and that is entered through Halle; of these sheets only, if some are given. In the
    caller's transaction; three queries where there is none."""
    with tenant_scope([organisation.pk]):
        covers = Cover.objects.in_force(on=localdate(now)).filter(tenant=organisation)
        covering = dict(covers.values_list("subscription", "covering"))
    with tenant_scope({organisation.pk, *covering.values()}):
        rows = Subscription.objects.filter(
            Q(tenant=organisation) | Q(pk__in=covering),
            state__in=RUNNING,
            listing__offer__sign_in__isnull=False,
        )
        if sheets is not None:
            rows = rows.filter(listing__offer__product__sheet__in=sheets)
        for one in rows.select_related("listing").order_by("pk"):
            plan_client(subscription=one, label=CHANGES, now=now)
