"""What the person reading a service's page may do about it, in the name of which organisation."""

from urllib.parse import urlencode

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate

from catalog.models import Listing
from subscriptions.models import Subscription
from tenants.models import Adhesion, Role, Territory
from tenants.tenancy import tenant_scope


def member_action(request, *, listing: Listing, commune: Territory | None) -> dict:
    """{kind, …}: "sign_in", "subscribe" (url), "subscribed" (url), "elsewhere" (the commune shown is not
    hers), "not_member" or "none" (signed in, without the role).

    Looks only at the memberships of the person who asks.
    """
    if not request.user.is_authenticated:
        url = f"{reverse('oidc_authentication_init')}?{urlencode({'next': request.get_full_path()})}"
        return {"kind": "sign_in", "url": url}
    today = localdate(timezone.now())
    adhesions = Adhesion.objects.filter(
        organisation=OuterRef("organisation"), operator=listing.operator, since__lte=today
    ).exclude(until__lte=today)
    memberships = (
        request.user.memberships.filter(
            role=Role.SECRETARY, ended_at__isnull=True, organisation__territory__isnull=False
        )
        .select_related("organisation__territory")
        .annotate(adheres=Exists(adhesions))
    )
    mine = [membership for membership in memberships if membership.organisation.territory == commune]
    if not mine:
        organisations = [membership.organisation for membership in memberships]
        return {"kind": "elsewhere", "organisations": organisations} if organisations else {"kind": "none"}
    organisation = mine[0].organisation
    if not mine[0].adheres:
        return {"kind": "not_member", "organisation": organisation}
    with tenant_scope([organisation.pk]):
        existing = Subscription.objects.open().filter(tenant=organisation, listing=listing).first()
    if existing:
        url = reverse("member_subscription", args=[organisation.siren, existing.public_id])
        return {"kind": "subscribed", "url": url, "state": existing.get_state_display()}
    url = reverse("member_subscribe", args=[organisation.siren, listing.pk])
    return {"kind": "subscribe", "url": url, "organisation": organisation}
