"""What the header says while an operator may act for the organisation of the page, to either side."""

from django.urls import reverse

from tenants.assistance.letters import last_day_of
from tenants.assistance.operations import ASKING_ROLES
from tenants.models import Assistance


def acting_notes(request) -> list[dict]:
    """For components/acting_for.html; empty outside an organisation's pages."""
    assistances = getattr(request, "assistances", [])
    operator = getattr(request, "acting_for", None)
    if operator:
        return [_to_agent(request, one) for one in assistances if one.operator == operator]
    return [_to_organisation(request, one) for one in assistances]


def _to_agent(request, assistance: Assistance) -> dict:
    name = request.current_organisation.name
    return {
        "acting": True,
        "text": f"Vous agissez pour {name}, à sa demande, jusqu’au {last_day_of(assistance)}.",
        "url": reverse("operator_assistances", args=[assistance.operator.slug]),
        "label": "Arrêter",
        "more": f"d’agir pour {name}, et revenir à {assistance.operator.short_name}",
    }


def _to_organisation(request, assistance: Assistance) -> dict:
    name, may_end = assistance.operator.short_name, request.roles & ASKING_ROLES
    return {
        "acting": False,
        "text": f"{name} peut agir pour vous, à votre demande, jusqu’au {last_day_of(assistance)}.",
        "url": reverse("member_help", args=[request.current_organisation.siren]) if may_end else "",
        "label": "Voir ou arrêter",
        "more": f"l’aide de {name}",
    }
