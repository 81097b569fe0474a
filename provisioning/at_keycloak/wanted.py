"""What Keycloak is to have: which organisations, and who is a member of each."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from provisioning.models import MemberProvider, OrganisationTold, ProviderState
from provisioning.own_providers.applying import at_keycloak
from provisioning.own_providers.states import LIVE
from sso.keycloak.broker import issuer
from sso.keycloak.members import Told
from tenants.models import Identity, Membership, Organisation


@dataclass(frozen=True)
class Wanted:
    """Of one organisation. `people`: whose each account (`sub`) is, by the person's id; whoever signs in by
    two providers has two. `waits`: its own provider is being told of just now, which comes first."""

    organisation: Organisation
    told: Told
    people: dict[str, int]
    waits: bool = False


def wanted_of(organisations: Iterable[Organisation], *, on: date) -> list[Wanted]:
    """What each is to be that day: there, as its own provider's row says (`own_providers.applying`), while it
    exists and has agents or a provider in service; its members, all of its agents whose mandate is in force
    and nobody else. Four queries, and one for each provider in service. Needs the scope of all of them."""
    rows = list(organisations)
    agents = _agents_of([one.pk for one in rows if not one.is_closed(on=on)])
    providers = MemberProvider.objects.filter(tenant__in=rows).exclude(state=ProviderState.RETIRED)
    by_tenant = {one.tenant_id: one for one in providers}
    return [_wanted(one, by_tenant.get(one.pk), agents.get(one.pk, {}), on) for one in rows]


def _wanted(organisation: Organisation, provider: MemberProvider | None, people: dict[str, int], on: date):
    live = provider is not None and provider.state in LIVE
    there = live or bool(people)
    return Wanted(
        organisation=organisation,
        told=Told(
            known_as=organisation.siren,
            organisation=at_keycloak(organisation, provider) if there else None,
            members=frozenset(people),
            # Without agents for a while, it stays as it is: services may know it by its id.
            gone=not there and organisation.is_closed(on=on),
        ),
        people=people,
        waits=provider is not None and provider.to_apply_since is not None,
    )


def _agents_of(organisations: Collection[int]) -> dict[int, dict[str, int]]:
    """By organisation, the `sub` of each of its agents and whose it is."""
    here = Membership.objects.in_force().filter(organisation__in=organisations, user__is_active=True)
    found: dict[int, dict[str, int]] = defaultdict(dict)
    own = here.filter(user__issuer=issuer()).values_list("organisation", "user__sub", "user")
    attached = here.filter(user__identities__issuer=issuer())
    more = attached.values_list("organisation", "user__identities__sub", "user")
    for organisation, sub, user in [*own, *more]:
        found[organisation][sub] = user
    return found


def all_organisations() -> QuerySet[Organisation]:
    """Those of which Keycloak is to know something, or was told once, by their ids. Needs every tenant's
    scope."""
    known = Q(user__issuer=issuer()) | Q(
        Exists(Identity.objects.filter(user=OuterRef("user"), issuer=issuer()))
    )
    agents = Membership.objects.in_force().filter(known, organisation=OuterRef("pk"))
    providers = MemberProvider.objects.filter(tenant=OuterRef("pk"), state__in=LIVE)
    told = OrganisationTold.objects.filter(tenant=OuterRef("pk"))
    return Organisation.objects.filter(Exists(agents) | Exists(providers) | Exists(told)).order_by("pk")
