"""The link of an invitation: from the letter, through sign-in, to the right door."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from marketplace.web.context import place_of
from marketplace.web.formats import day
from marketplace.web.organisation.people_forms import WORK, name_of
from tenants.models import Invitation, Organisation, Role
from tenants.people import invitations
from tenants.people.roles import PeopleRefused, RoleNotHere, RolesApart
from tenants.tenancy import tenant_scope

GONE = 410
ASK_AGAIN = "Demandez une nouvelle invitation à la personne qui vous invite."


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request, siren, token):
    """What one is invited to, and the button that accepts. Open to whoever has the link and is signed in: the
    mandate is what it gives. A link that Halle did not make does not exist."""
    public_id = invitations.read_token(token)
    organisation = (
        Organisation.objects.select_related("operator", "vendor", "territory").filter(siren=siren).first()
    )
    if public_id is None or organisation is None:
        raise Http404
    with tenant_scope([organisation.pk]):
        found = Invitation.objects.filter(tenant=organisation, public_id=public_id).first()
        if found is None:
            raise Http404
        found.tenant = organisation
        return _answer(request, found)


def _answer(request, found):
    now, accepting = timezone.now(), request.method == "POST"
    try:
        (invitations.accept if accepting else invitations.check_acceptable)(
            invitation=found, user=request.user, now=now
        )
    except PeopleRefused as refusal:
        return _refused(request, found, refusal)
    if accepting:
        messages.success(request, f"Bienvenue ! Vous agissez maintenant pour : {found.tenant.name}.")
        return redirect(place_of(found.tenant, found.roles[0])["url"])
    context = {
        "organisation": found.tenant,
        "roles": [{"name": name_of(role).capitalize(), "work": WORK[Role(role)]} for role in found.roles],
        "until": day(found.expires_at),
    }
    return render(request, "organisation/invitation.html", context)


def _refused(request, found, refusal):
    """What went wrong and what to do about it."""
    title, status = str(refusal).rstrip("."), GONE
    action_label, action_url = "Aller à l’accueil", reverse("home")
    match refusal:
        case invitations.InvitationAccepted(by_you=True):
            status, action_label, action_url = 200, "Voir où vous pouvez aller", reverse("places")
            todo = "Il n’y a rien d’autre à faire."
        case invitations.InvitationAccepted():
            todo = f"Un lien ne sert qu’une fois. {ASK_AGAIN}"
        case invitations.InvitationExpired():
            todo = f"Elle était valable jusqu’au {day(found.expires_at)}. Demandez qu’on vous la renvoie."
        case invitations.InvitedSomebodyElse():
            title, status = "Cette invitation est pour une autre adresse", 200
            email = request.user.email
            todo = (
                f"Elle est pour « {refusal.masked} ». "
                f"Votre compte {f'a l’adresse {email}' if email else 'n’a pas d’adresse de courriel'}. "
                "Déconnectez-vous, puis rouvrez le lien avec le compte de l’adresse invitée. "
                f"Ce n’est pas la vôtre ? {ASK_AGAIN}"
            )
        case RolesApart() | RoleNotHere():
            title, status = "Cette invitation est à refaire", 200
            todo = f"{refusal} Prévenez la personne qui vous invite."
        case invitations.OrganisationClosed():
            todo = "Il n’y a rien à accepter."
        case _:
            todo = ASK_AGAIN
    context = {
        "organisation": found.tenant,
        "title": title,
        "todo": todo,
        "action_label": action_label,
        "action_url": action_url,
        "may_switch": isinstance(refusal, invitations.InvitedSomebodyElse),
    }
    return render(request, "organisation/invitation_refused.html", context, status=status)
