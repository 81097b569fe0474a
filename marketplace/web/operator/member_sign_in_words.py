"""A member's own provider and its domains, in words."""

from django.conf import settings

from marketplace.web.formats import moment
from provisioning.connectors.identity.proof import record_name, record_text
from provisioning.models import MemberDomain, MemberProvider, ProviderKind, ProviderState
from provisioning.own_providers.trials import redirect_address
from sso.keycloak.broker import is_broker
from sso.keycloak.values import realm_address

S = ProviderState
MOVES_SHOWN = 10
_STATES = {
    S.DRAFT: ("warning", "Enregistré. Essayez-le avant de le mettre en service."),
    S.TRYING: ("info", "Halle lit ce fournisseur. Rechargez cette page dans un instant."),
    S.FAILED: ("warning", "Corrigez ce qui est dit, ici ou chez le fournisseur, puis essayez de nouveau."),
    S.TRIED: ("info", "L’essai est réussi. Personne ne se connecte encore par ce fournisseur."),
    S.STARTING: ("info", "Halle le dit à Keycloak. Rechargez cette page dans un instant."),
    S.ON: ("success", "Les agents dont l’adresse est à un domaine prouvé se connectent par lui."),
    S.STOPPING: ("info", "Halle le dit à Keycloak. Rechargez cette page dans un instant."),
}
_BUTTONS = {
    S.DRAFT: ["essayer", "retirer"],
    S.FAILED: ["essayer", "retirer"],
    S.TRIED: ["demarrer", "essayer", "retirer"],
    S.STARTING: ["arreter"],
    S.ON: ["arreter"],
}
_LABELS = {
    "essayer": ("Essayer", "secondary"),
    "demarrer": ("Mettre en service", "primary"),
    "arreter": ("Arrêter", "danger"),
    "retirer": ("Retirer ce fournisseur", "quiet"),
}


def state_of(provider: MemberProvider, domains: list[MemberDomain]) -> dict:
    """Its state, what to do next, its facts, and the buttons that make sense."""
    badge, text = _STATES[provider.state]
    proven = any(one.proven_at for one in domains)
    buttons = _BUTTONS.get(provider.state, [])
    if provider.state == S.TRIED and not is_broker():
        text += (
            " Il ne peut pas l’être ici : Halle ne se connecte pas par Keycloak (voir « Connexion » dans "
            "vos réglages)."
        )
    elif provider.state == S.TRIED and not proven:
        text += " Prouvez d’abord un domaine."
    if not (proven and is_broker()):
        buttons = [one for one in buttons if one != "demarrer"]
    return {
        "badge": badge,
        "label": provider.get_state_display().capitalize(),
        "text": text,
        "problem": provider.problem,
        "facts": _facts(provider),
        "buttons": [{"value": one, "label": _LABELS[one][0], "style": _LABELS[one][1]} for one in buttons],
        "may_edit": provider.state in (S.DRAFT, S.FAILED, S.TRIED),
    }


def _facts(provider: MemberProvider) -> list[dict]:
    """What its administrator has to know of Halle, and what Halle knows of it."""
    facts = [
        {"label": "Nom", "value": provider.name},
        {"label": "Protocole", "value": provider.get_kind_display()},
    ]
    if provider.kind == ProviderKind.OIDC:
        facts += [
            {"label": "Émetteur", "value": provider.typed["issuer"]},
            {"label": "Identifiant de client", "value": provider.typed["client_id"]},
        ]
    else:
        where = provider.typed["metadata_url"] or "fichier joint"
        facts += [{"label": "Métadonnées", "value": where}]
        if identity := provider.described.get("identity"):
            facts.append({"label": "Nom de l’entité", "value": identity})
    back = {
        "label": "Adresse de retour",
        "value": redirect_address(provider),
        "note": "à déclarer chez le fournisseur, telle quelle",
    }
    facts.append(back)
    if provider.kind == ProviderKind.SAML:
        ours = realm_address(settings.KEYCLOAK["realm"])
        facts.append({"label": "Nom de Halle comme service", "value": ours, "note": "son « entityID »"})
    if provider.tried_at:
        facts.append({"label": "Dernier essai", "value": moment(provider.tried_at)})
    return facts


def domain_rows(domains: list[MemberDomain]) -> list[dict]:
    """Each with its record, its state and what was seen last."""
    return [
        {
            "domain": one.domain,
            "public_id": str(one.public_id),
            "record": record_name(one.domain),
            "text": record_text(one.token),
            "state": _domain_state(one),
            "problem": one.problem,
            "seen": moment(one.checked_at) if one.checked_at else "",
        }
        for one in domains
    ]


def _domain_state(domain: MemberDomain) -> dict:
    if domain.asked_at:
        return {"badge": "info", "label": "Vérification en cours"}
    if domain.missing_since:
        return {"badge": "warning", "label": "Preuve à remettre"}
    if domain.proven_at:
        return {"badge": "success", "label": "Prouvé"}
    if domain.lost_at:
        return {"badge": "danger", "label": "Preuve perdue"}
    return {"badge": "neutral", "label": "À prouver"}


def moves(provider: MemberProvider) -> list[dict]:
    """The last changes of state, newest first. One query."""
    found = provider.moves.filter(tenant=provider.tenant_id).select_related("by").order_by("-pk")
    return [
        {
            "when": moment(one.at),
            "what": one.get_after_display().capitalize(),
            "who": str(one.by) if one.by else "Halle",
            "why": one.reason,
        }
        for one in found[:MOVES_SHOWN]
    ]
