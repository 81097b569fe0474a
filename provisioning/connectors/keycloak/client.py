"""The client of one subscription at Keycloak (sso.keycloak.services): made, changed, stopped, taken away."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.conf import settings

from provisioning.connectors.outcomes import Credentials, Done, NeedsPerson, Retry
from provisioning.models.run import Cause
from sso.keycloak import services
from sso.keycloak.broker import is_configured, issuer
from sso.keycloak.server import KeycloakProblem, KeycloakUnreachable, server
from sso.keycloak.service_shapes import ServiceClient

BY_HAND = (
    "Aucun Keycloak n’est relié à cette plateforme. Chez votre fournisseur d’identité, {what}, puis dites-le "
    "ici. {how}"
)


@dataclass(frozen=True)
class ClientTold:
    """What is to be there. `people`: by role in the service, the `sub` of those who have it. `gone`: nothing.
    `anew`: with another secret than the one that was given."""

    wanted: ServiceClient
    people: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    gone: bool = False
    anew: bool = False


def keep_client(told: ClientTold) -> Done | NeedsPerson:
    """Makes sure that the client is as told; what its service signs in with comes back while there is one,
    nothing by SAML, which has no secret. Asked again, it changes nothing but a secret to be renewed, which
    nobody has seen yet. Raises Retry when it may work later."""
    if not is_configured():
        return NeedsPerson(_by_hand(told))
    realm, wanted = settings.KEYCLOAK["realm"], told.wanted
    try:
        keycloak = server()
        if told.gone:
            services.remove_client(keycloak, realm, wanted.subscription)
            return Done()
        given = services.ensure_client(keycloak, realm, wanted)
        services.keep_roles(keycloak, realm, wanted.subscription, people=told.people)
        if told.anew and given is not None:
            given = services.renew_secret(keycloak, realm, wanted.subscription)
    except KeycloakUnreachable as problem:
        raise Retry(str(problem), cause=Cause.UNREACHABLE) from None
    except KeycloakProblem as problem:
        return NeedsPerson(str(problem))
    if given is None:
        return Done()
    said = {"fournisseur": issuer(), "identifiant": given.client_id, "secret": given.secret}
    return Done(credentials=Credentials(said))


def look_at_clients() -> Iterator[services.ClientSeen]:
    """Every client of a service that Keycloak has. Raises KeycloakProblem."""
    return services.clients_of_services(server(), settings.KEYCLOAK["realm"])


def look_at_people(seen: services.ClientSeen, people: Mapping[str, frozenset[str]]) -> list[str]:
    """The roles in a service that others have than these. Raises KeycloakProblem."""
    return services.roles_unlike(server(), settings.KEYCLOAK["realm"], seen, people)


def _by_hand(told: ClientTold) -> str:
    wanted = told.wanted
    if told.gone:
        return BY_HAND.format(what=f"retirez le client de « {wanted.name} »", how="")
    if told.anew:
        return BY_HAND.format(what="donnez un autre secret à ce service, et remettez-le à l’éditeur", how="")
    if not wanted.enabled:
        return BY_HAND.format(what="empêchez les agents d’entrer dans ce service", how="")
    addresses = ", ".join(wanted.redirect_uris)
    how = f"Adresses de retour : {addresses}. Il donne organization_siret : {wanted.siret}."
    made = f"créez un client SAML pour l’entité « {wanted.client_id} »"
    if wanted.saml is None:
        made = "créez un client OpenID Connect et remettez-le à l’éditeur"
    return BY_HAND.format(what=made, how=how)[:500]
