"""Answering those who ask to join an organisation."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from marketplace.web.organisation.people import administration_view, to_list
from marketplace.web.organisation.people_forms import name_of
from tenants.models import JoinRequest, Role
from tenants.people import join_answers
from tenants.people.roles import NotAllowed, PeopleRefused
from tenants.refusals import Refused

APPROVE, REFUSE = "approve", "refuse"


@administration_view
@require_POST
def answer(request, organisation, public_id):
    """Approved with the role that was chosen, or refused for the reason that was."""
    found = get_object_or_404(
        JoinRequest.objects.select_related("person"), tenant=organisation, public_id=public_id
    )
    asked, now = request.POST, timezone.now()
    try:
        if asked.get("answer") == REFUSE:
            join_answers.refuse(request=found, because=asked.get("because", ""), by=request.user, now=now)
            messages.success(
                request, f"La demande est refusée, et la personne en est avertie : {found.person}."
            )
        elif asked.get("answer") == APPROVE:
            role = asked.get("role", "")
            join_answers.approve(request=found, role=role, by=request.user, now=now)
            messages.success(request, f"C’est accepté : {found.person} est {name_of(role)}.")
        else:
            messages.error(request, "Choisissez d’accepter ou de refuser.")
    except NotAllowed:
        raise
    except (PeopleRefused, Refused) as refusal:
        messages.error(request, str(refusal))
    agents = Role.AGENT in request.given and asked.get("from") == "agents"
    return redirect("member_agents", organisation.siren) if agents else to_list(organisation)
