"""Asking to join the organisation that one's account names."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from sso.views import SIRET
from tenants.people.joining import ask_to_join, suggested
from tenants.people.roles import PeopleRefused


def suggestion(request):
    """The organisation that the account of this session names, where the person has nothing yet; or None."""
    found = suggested(request.session.get(SIRET, ""), now=timezone.now())
    if found is None or request.user.memberships.open().filter(organisation=found).exists():
        return None
    return found


@require_POST
def ask(request):
    """Writes to its administrators. Which organisation it is comes from the sign-in, never from the form."""
    organisation = suggestion(request)
    if organisation is not None:
        try:
            ask_to_join(organisation=organisation, person=request.user, now=timezone.now())
        except PeopleRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request,
                "Votre demande est envoyée. Vous recevrez une invitation par courriel si elle est acceptée.",
            )
    return redirect("places")
