"""Inviting an agent, with the services that she will use."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from marketplace.web.commune.agents.forms import AgentInviteForm
from marketplace.web.commune.agents.frame import PAGE, administered_view, frame
from subscriptions.agents.giving import invite_agent
from subscriptions.agents.listing import services_of
from subscriptions.agents.queries import groups_of, listed_since
from tenants.people import invitations
from tenants.people.roles import NotAllowed, PeopleRefused
from tenants.refusals import Refused


@administered_view
@require_http_methods(PAGE)
def invite(request, organisation):
    """An address, and a role in each service that is on a list."""
    services = services_of(organisation, on=localdate(timezone.now()))
    lists = listed_since(organisation=organisation)
    listed = {sheet: name for sheet, name in services.items() if sheet in lists}
    form = AgentInviteForm(
        request.POST if request.method == "POST" else None,
        services=listed,
        in_groups=groups_of(organisation=organisation),
    )
    if request.method == "POST" and form.is_valid():
        try:
            invite_agent(
                organisation=organisation,
                email=form.cleaned_data["email"],
                roles={sheet: role for sheet, role in form.roles().items() if role},
                groups=form.chosen_groups(),
                by=request.user,
                now=timezone.now(),
            )
        except NotAllowed:
            raise
        except (invitations.AlreadyInvited, invitations.AlreadyHere) as refusal:
            form.add_error("email", str(refusal))
        except (PeopleRefused, Refused) as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "L’invitation part par courriel.")
            return redirect("member_agents", organisation.siren)
    context = {
        **frame(request, organisation, ("Inviter un agent", "")),
        "form": form,
        "days": invitations.VALID_FOR.days,
        "others": [name for sheet, name in services.items() if sheet not in lists],
    }
    return render(request, "commune/agents/invite.html", context)
