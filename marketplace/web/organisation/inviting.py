"""Inviting people: an address and roles, written again or cancelled."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.web.formats import day
from marketplace.web.organisation.people import PAGE, administration_view, crumbs, list_url, to_list
from marketplace.web.organisation.people_forms import InviteForm
from tenants.models import Invitation
from tenants.people import invitations
from tenants.people.roles import NotAllowed, PeopleRefused


@administration_view
@require_http_methods(PAGE)
def invite(request, organisation):
    """An address, and the roles it is offered."""
    form = InviteForm(request.POST if request.method == "POST" else None, given=request.given)
    if request.method == "POST" and form.is_valid():
        try:
            invitations.invite(
                organisation=organisation,
                email=form.cleaned_data["email"],
                roles=form.cleaned_data["roles"],
                invited_by=request.user,
                now=timezone.now(),
            )
        except NotAllowed:
            raise
        except (invitations.AlreadyInvited, invitations.AlreadyHere) as refusal:
            form.add_error("email", str(refusal))
        except invitations.OrganisationClosed as refusal:
            form.add_error(None, str(refusal))
        except PeopleRefused as refusal:
            form.add_error("roles", str(refusal))
        else:
            messages.success(request, "L’invitation part par courriel.")
            return to_list(organisation)
    context = {
        "organisation": organisation,
        "crumbs": crumbs(request, organisation, "Inviter une personne"),
        "form": form,
        "days": invitations.VALID_FOR.days,
        "list_url": list_url(organisation),
    }
    return render(request, "organisation/invite.html", context)


@administration_view
@require_POST
def resend(request, organisation, public_id):
    """The invitation is written again."""
    invitation = get_object_or_404(Invitation, tenant=organisation, public_id=public_id)
    try:
        invitation = invitations.resend(invitation=invitation, by=request.user, now=timezone.now())
    except NotAllowed:
        raise
    except PeopleRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"L’invitation repart, valable jusqu’au {day(invitation.expires_at)}.")
    return to_list(organisation)


@administration_view
@require_POST
def cancel(request, organisation, public_id):
    """The invitation's link no longer opens anything."""
    invitation = get_object_or_404(Invitation, tenant=organisation, public_id=public_id)
    try:
        invitations.cancel_invitation(invitation=invitation, by=request.user, now=timezone.now())
    except NotAllowed:
        raise
    except PeopleRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "L’invitation est annulée : son lien ne sert plus à rien.")
    return to_list(organisation)
