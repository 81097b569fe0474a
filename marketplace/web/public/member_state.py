"""What the person reading a service's page may do about it, in the name of which organisation."""

from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate

from catalog.models import Listing
from marketplace.web.access import assisted_in, mandates
from marketplace.web.formats import day
from marketplace.web.price_views import trial_offer
from subscriptions.models import RUNNING, Subscription
from subscriptions.sharing import covering
from subscriptions.tried import trial_of
from tenants.members.adhesions import adheres
from tenants.models import Role, Territory
from tenants.tenancy import tenant_scope


def member_action(request, *, listing: Listing, commune: Territory | None) -> dict:
    """{kind, …}: "sign_in", "subscribe" (url, and trial_url where it may be tried), "subscribed" (url),
    "tried" (url of the trial, asks: that of a request, until), "covered" (by whom), "elsewhere" (the commune
    shown is not hers), "not_member" or "none" (signed in, without the role).

    Looks only at the memberships of the person who asks, and at who asked for her help.
    """
    if not request.user.is_authenticated:
        url = f"{reverse('oidc_authentication_init')}?{urlencode({'next': request.get_full_path()})}"
        return {"kind": "sign_in", "url": url}
    today = localdate(timezone.now())
    organisations = [
        mandate.organisation
        for mandate in mandates(request.user)
        if mandate.role == Role.SECRETARY and mandate.organisation.territory is not None
    ]
    organisation = next((found for found in organisations if found.territory == commune), None)
    if organisation is None and commune is not None:
        organisation = assisted_in(request.user, commune)
    if organisation is None:
        return {"kind": "elsewhere", "organisations": organisations} if organisations else {"kind": "none"}
    if not adheres(organisation=organisation, operator=listing.operator, on=today):
        return {"kind": "not_member", "organisation": organisation}
    with tenant_scope([organisation.pk]):
        held = Subscription.objects.open().filter(tenant=organisation, listing=listing)
        existing = held.order_by("-trial_days").first()  # the subscription before the trial
        tried = trial_of(organisation=organisation, listing=listing) if not existing else None
        cover = None if existing else covering(organisation=organisation, listing=listing, on=today)
    asks = reverse("member_subscribe", args=[organisation.siren, listing.pk])
    if existing:
        url = reverse("member_subscription", args=[organisation.siren, existing.public_id])
        if existing.is_trial and existing.state in RUNNING:
            return {"kind": "tried", "url": url, "asks": asks, "until": day(existing.last_trial_day)}
        return {"kind": "subscribed", "url": url, "state": existing.get_state_display()}
    if cover:
        return {"kind": "covered", "by": cover.covering.name}
    offered = "" if tried else trial_offer(listing.grid_on(today))
    return {
        "kind": "subscribe",
        "url": asks,
        "organisation": organisation,
        "trial": offered,
        "trial_url": reverse("member_trial", args=[organisation.siren, listing.pk]) if offered else "",
    }
