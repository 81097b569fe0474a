"""Every night: the clients of services that Keycloak has, against what Halle believes. What is not as it
should be is listed and put back: Keycloak is ours, unlike what a vendor has."""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import localdate

from provisioning.client_people import people_of
from provisioning.clients import CHANGES, THERE, plan_client, plan_gone, wanted_of
from provisioning.connectors.keycloak.client import look_at_clients, look_at_people
from provisioning.drift import tell
from provisioning.models import Binding, BindingKind, Drift, DriftKind, Event, Run, SignIn
from sso.keycloak.broker import is_configured
from sso.keycloak.server import KeycloakProblem
from sso.keycloak.service_shapes import ServiceClient
from sso.keycloak.services import ROLE_AGENT, ROLE_MANAGER, ClientSeen, unlike
from subscriptions.models import State, Subscription

logger = logging.getLogger(__name__)

MISSING = (
    "Son client n’existe plus chez Keycloak. Halle le refait, avec un nouveau secret à remettre à l’éditeur."
)
MISSING_BY_SAML = "Son client n’existe plus chez Keycloak, ou parle un autre protocole. Halle le refait."
LEFT = "Son client est encore chez Keycloak, après la fin. Halle le retire."
CHANGED = "Chez Keycloak, son client a été changé à la main : {}. Halle le remet en place."
IN_WORDS = {
    "clientId": "identifiant",
    "enabled": "ouvert ou fermé",
    "redirectUris": "adresses de retour",
    "attributes.backchannel.logout.url": "adresse à prévenir d’une déconnexion",
    "attributes.post.logout.redirect.uris": "adresse de retour après déconnexion",
    "attributes.pkce.code.challenge.method": "protection PKCE",
    "attributes.saml_assertion_consumer_url_post": "adresses de retour",
    "attributes.saml_single_logout_service_url_post": "adresse à prévenir d’une déconnexion",
    "attributes.saml.client.signature": "signature des demandes",
    "attributes.saml.signing.certificate": "certificat de l’éditeur",
    "attributes.saml.server.signature": "signature des réponses",
    "attributes.saml.assertion.signature": "signature des réponses",
    "attributes.saml_name_id_format": "identifiant de l’agent (NameID)",
    "attributes.saml_force_name_id_format": "identifiant de l’agent (NameID)",
    "sub": "identifiant de l’agent",
    "given_name": "nom de l’agent",
    "usual_name": "nom de l’agent",
    "email": "courriel de l’agent",
    "organization_siret": "SIRET annoncé",
    "organization_insee_code": "code INSEE annoncé",
    "service_roles": "rôles annoncés",
    ROLE_AGENT: "agents du service",
    ROLE_MANAGER: "gestionnaires du service",
}


def look_at_keycloak(*, now: datetime) -> list[Drift]:
    """Compares all of them, and has put back what differs; the differences that are new. Where no Keycloak is
    configured or it does not answer, there is nothing to compare until the next night. Must run outside a
    transaction."""
    if not is_configured():
        return []
    try:
        seen = {one.subscription: one for one in look_at_clients()}
        wanted = {client.subscription: (one, client) for one, client in _wanted()}
        said = {
            name: _judged(seen.get(name), client, people_of(one, on=localdate(now)))
            for name, (one, client) in wanted.items()
        }
    except KeycloakProblem as problem:
        logger.warning("the clients of services were not compared: %s", problem)
        return []
    found = [_record(one, said[name], now=now) for name, (one, _) in wanted.items()]
    left = list(_left(seen.keys() - wanted.keys()))
    found += [_record(one, LEFT, now=now) for one in left]
    # Those of a client that is gone, as it should be.
    over = Drift.objects.filter(~Exists(_under_way("subscription")), kind=DriftKind.CLIENT, closed_at=None)
    over.exclude(subscription__in=[*(one for one, _ in wanted.values()), *left]).update(closed_at=now)
    new = [drift for drift in found if drift is not None]
    tell(new, now=now)
    return new


def _wanted() -> Iterator[tuple[Subscription, ServiceClient]]:
    """Each subscription that has a client, with what this is to be."""
    rows = Binding.objects.filter(
        ~Exists(_under_way("subscription")),
        kind=BindingKind.CLIENT,
        bound_at__isnull=False,
        ended_at__isnull=True,
        ended_by__isnull=True,
    )
    sign_ins = {one.offer_id: one for one in SignIn.objects.all()}
    for binding in rows.select_related("subscription").order_by("pk").iterator(chunk_size=500):
        subscription = _now(binding.subscription)
        sign_in = sign_ins.get(subscription.listing.offer_id)
        if subscription.state in THERE and sign_in is not None and sign_in.is_declared:
            yield subscription, wanted_of(subscription, sign_in)


def _now(subscription: Subscription) -> Subscription:
    """The one whose service it is by now."""
    while found := Subscription.objects.filter(Q(follows=subscription) | Q(after_trial=subscription)).first():
        subscription = found
    return subscription


def _left(names: set[str]) -> Iterator[Subscription]:
    """Those of these that are over, with nobody who goes on with them."""
    over = Subscription.objects.filter(
        ~Exists(_under_way("pk")),
        public_id__in=names,
        state__in=(State.ENDED, State.CANCELLED),
        followed_by__isnull=True,
        became__isnull=True,
    )
    yield from over.order_by("pk")


def _under_way(subscription: str):
    return Run.objects.filter(
        subscription=OuterRef(subscription), event=Event.CLIENT, finished_at__isnull=True
    )


def _judged(seen: ClientSeen | None, wanted: ServiceClient, people: Mapping[str, frozenset[str]]) -> str:
    """What is not as it should be, in words; "" when all is. Asks Keycloak who has which role."""
    by_saml = wanted.saml is not None
    if seen is None or seen.by_saml != by_saml:
        return MISSING_BY_SAML if by_saml else MISSING
    names = unlike(seen, wanted) + look_at_people(seen, people)
    said = dict.fromkeys(IN_WORDS.get(name, name) for name in names)
    return CHANGED.format(", ".join(said))[:500] if names else ""


@transaction.atomic
def _record(subscription: Subscription, words: str, *, now: datetime) -> Drift | None:
    """The difference, if it is new; it is put back by a plan. Nothing where something has been decided
    meanwhile."""
    locked = Subscription.objects.select_for_update(of=("self",), no_key=True).select_related("listing")
    current = locked.get(pk=subscription.pk)
    moved = Run.objects.filter(subscription=current, event=Event.CLIENT, created_at__gte=now)
    if current.state != subscription.state or moved.exists():
        return None
    known = Drift.objects.filter(subscription=current, kind=DriftKind.CLIENT, closed_at__isnull=True)
    if not words:
        known.update(closed_at=now)
        return None
    if words == LEFT:
        run = plan_gone(subscription=current, now=now)
    else:
        run = plan_client(subscription=current, label=CHANGES, now=now, anew=words == MISSING)
    drift, new = known.get_or_create(
        kind=DriftKind.CLIENT,
        defaults={
            "tenant_id": current.tenant_id, "subscription": current, "words": words, "opened_at": now,
            "seen_at": now, "repair": run,
        },
    )  # fmt: skip
    if new:
        return drift
    drift.words, drift.seen_at, drift.repair, drift.repairs = words, now, run, drift.repairs + 1
    drift.save(update_fields=["words", "seen_at", "repair", "repairs"])
    return None
