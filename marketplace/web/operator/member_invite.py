"""The first person of a member: invited by its operator while nobody there gives roles."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from marketplace.web.access import operator_view
from marketplace.web.operator.member import member_crumbs, member_of
from marketplace.web.operator.roles import TASK_ROLES
from marketplace.web.organisation.people_forms import InviteForm
from tenants.models import Role
from tenants.people import invitations
from tenants.people.roles import NotAllowed, PeopleRefused, is_administered
from tenants.tenancy import tenant_scope

# Whoever comes first also lets the others in.
PROFILES = {
    "secretaire": ("Secrétaire de mairie ou de l’organisme : demande les services", [Role.SECRETARY]),
    "signataire": ("Maire ou président : approuve les demandes", [Role.SIGNATORY]),
    "administrateur": ("Autre personne : donne seulement les accès", []),
}


class FirstPersonForm(forms.Form):
    """An address, and who that person is."""

    email = InviteForm.base_fields["email"]
    profile = forms.ChoiceField(
        label="Qui est-ce ?",
        choices=[(key, label) for key, (label, _) in PROFILES.items()],
        widget=forms.RadioSelect,
        error_messages={"required": "Dites qui est cette personne."},
    )


@operator_view(*TASK_ROLES, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def invite_first(request, operator, siren):
    """An address and a profile; whoever accepts also gives the roles of the others."""
    organisation = member_of(operator, siren)
    member_url = reverse("operator_member", args=[operator.slug, organisation.siren])
    if is_administered(organisation):
        messages.info(request, "Quelqu’un donne déjà les accès dans cette organisation : demandez-lui.")
        return redirect(member_url)
    form = FirstPersonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        _, roles = PROFILES[form.cleaned_data["profile"]]
        try:
            with tenant_scope([operator.organisation_id, organisation.pk]):
                invitations.invite(
                    organisation=organisation,
                    email=form.cleaned_data["email"],
                    roles=[*roles, Role.ORG_ADMIN],
                    invited_by=request.user,
                    now=timezone.now(),
                )
        except NotAllowed:
            form.add_error(
                None, "Cette organisation n’adhère plus à votre structure : elle s’invite elle-même."
            )
        except PeopleRefused as refusal:
            form.add_error("email", str(refusal))
        else:
            messages.success(request, "L’invitation part par courriel.")
            return redirect(member_url)
    context = {
        "operator": operator,
        "organisation": organisation,
        "crumbs": member_crumbs(operator, (organisation.name, member_url), ("Inviter", "")),
        "form": form,
        "days": invitations.VALID_FOR.days,
        "member_url": member_url,
    }
    return render(request, "operator/member_invite.html", context)
