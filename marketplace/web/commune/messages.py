"""The member's side of the messages on a request."""

from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.web.access import member_view
from marketplace.web.commune.detail import detail_page
from marketplace.web.requests.messages import file_response, send
from subscriptions.models import Party
from subscriptions.queries import subscription_for_member
from tenants.people.roles import SPEAKING_ROLES


@member_view(*SPEAKING_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def write(request, organisation, public_id):
    """Writes to the operator and to the vendor. Asked for without a form, leads to the page."""
    found = get_object_or_404(subscription_for_member(organisation=organisation), public_id=public_id)
    if request.method == "POST":
        form = send(request, found, party=Party.MEMBER)
        if form is not None:
            return detail_page(request, organisation, found, message_form=form)
    back = reverse("member_subscription", args=[organisation.siren, public_id])
    return redirect(f"{back}#messages")


@member_view()
@require_safe
def file(request, organisation, public_id, message):
    """The file joined to a message."""
    found = get_object_or_404(subscription_for_member(organisation=organisation), public_id=public_id)
    return file_response(found, message)
