"""All the applications of an agent on one page, whatever organisations she works for."""

from django.shortcuts import render
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from marketplace.web.access import MEMBER_ROLES, mandates
from subscriptions.agents.reading import open_to
from subscriptions.in_use import InUse, services_in_use
from subscriptions.models import State


@require_safe
def my_applications(request):
    """One click to each. Who has no mandate at a member is told how to get one."""
    held = {
        one.organisation.pk: one.organisation for one in mandates(request.user) if one.role in MEMBER_ROLES
    }
    used = services_in_use(organisations=held.values(), on=localdate(timezone.now())) if held else []
    used = open_to(person=request.user, used=used)
    context = {
        "organisations": [
            {"name": held[pk].name, "applications": [_card(one) for one in used if one.organisation_id == pk]}
            for pk in held
        ]
    }
    return render(request, "person/applications.html", context)


def _card(one: InUse) -> dict:
    """`note` says what the state changes for whoever uses it."""
    note = ""
    if one.state == State.SUSPENDED:
        note = "Suspendu : votre opérateur en connaît la raison."
    elif not one.url:
        note = "Ouvert, sans adresse connue de Halle : demandez-la à votre opérateur."
    elif one.state == State.TERMINATING:
        note = "Se ferme bientôt : récupérez vos données."
    return {
        "name": one.name,
        "url": one.url,
        "icon": one.sheet.family,
        "family": one.sheet.get_family_display(),
        "given_by": one.given_by.name if one.given_by else "",
        "note": note,
    }
