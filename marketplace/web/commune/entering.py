"""How the agents of an organisation enter a service through Halle, in plain words."""

from django.urls import reverse

from marketplace.web.formats import moment
from provisioning.clients import BY_SAML, Entering
from provisioning.models import StepState
from sso.keycloak.broker import issuer, saml_metadata
from subscriptions.models import RUNNING, State, Subscription
from tenants.models import Organisation, Role

LABEL = "Connexion des agents par Halle"
OPEN = "Vos agents entrent dans ce service par Halle, avec leur identité habituelle."
SUSPENDED = "Le service est suspendu : en attendant, personne n’y entre par Halle."
PREPARED = "Vos agents pourront entrer dans ce service par Halle dès qu’il sera ouvert."
UNDER_WAY = "Halle prépare la connexion de vos agents : vous n’avez rien à faire."
LATER = "Le serveur de connexion ne répond pas. Un nouvel essai se fera tout seul : vous n’avez rien à faire."
BY_PERSON = (
    "Halle ne peut pas régler la connexion de vos agents toute seule. {} en est averti et s’en occupe."
)


def entering_block(
    request, organisation: Organisation, subscription: Subscription, entering: Entering | None
) -> dict | None:
    """What `commune/_entering.html` shows; None for a service that agents do not enter through Halle."""
    if entering is None:
        return None
    may = Role.ORG_ADMIN in request.roles and subscription.state in RUNNING
    at = [organisation.siren, subscription.public_id]
    return {
        "said": _said(subscription, entering),
        "reveal_url": reverse("member_credentials", args=at) if may and entering.has_secret else "",
        "renew_url": reverse("member_credentials_renew", args=at)
        if may and entering.is_ready and not entering.by_saml
        else "",
        "facts": _saml_facts(entering),
    }


def _saml_facts(entering: Entering) -> list[dict]:
    """What the vendor is to be told, none of it secret; nothing by OpenID Connect, or without a Keycloak."""
    metadata = saml_metadata()
    if not entering.by_saml or not metadata:
        return []
    facts = [
        {"label": "Métadonnées de Halle, avec son certificat", "value": metadata, "url": metadata},
        {"label": "Fournisseur (entityID)", "value": issuer()},
    ]
    if entering.entity_id:
        facts.append({"label": "Nom de ce service (entityID)", "value": entering.entity_id})
    return facts


def entering_step(subscription: Subscription, entering: Entering | None) -> list[dict]:
    """Its step among those of the opening; none where agents do not enter through Halle."""
    if entering is None:
        return []
    step = entering.step
    if entering.is_ready:
        return [{"label": LABEL, "state": "done", "when": f"le {moment(entering.binding.bound_at)}"}]
    failed = step is not None and step.state == StepState.NEEDS_PERSON
    return [
        {
            "label": LABEL,
            "state": "failed" if failed else "current",
            "when": f"depuis le {moment(entering.since)}",
            "detail": _under_way(subscription, entering),
        }
    ]


def _said(subscription: Subscription, entering: Entering) -> list[str]:
    under_way = entering.step is not None and entering.step.state != StepState.DONE
    said = []
    if entering.is_ready:
        said = [
            {State.SUSPENDED: SUSPENDED, State.PROVISIONING: PREPARED}.get(State(subscription.state), OPEN)
        ]
    if under_way or not entering.is_ready:
        said.append(_under_way(subscription, entering))
    binding = entering.binding
    if binding is None:
        return said
    if entering.by_saml:
        said.append(BY_SAML)
    elif entering.has_secret:
        said.append("Personne n’a encore vu le secret de connexion.")
    elif binding.shown_at:
        said.append(
            f"Secret affiché le {moment(binding.shown_at)} à {binding.shown_by}. Halle ne le garde plus."
        )
    else:
        said.append("Le secret n’a pas été remis par Halle.")
    return said


def _under_way(subscription: Subscription, entering: Entering) -> str:
    step = entering.step
    if step is not None and step.state == StepState.NEEDS_PERSON:
        return BY_PERSON.format(subscription.operator.short_name)
    return LATER if step is not None and step.problem else UNDER_WAY
