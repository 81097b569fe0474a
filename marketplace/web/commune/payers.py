"""Who pays a subscription: the subscriber's pages."""

from datetime import date

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_POST, require_safe

from marketplace.web.access import member_view
from marketplace.web.commune.words import is_taxed
from marketplace.web.formats import net
from marketplace.web.payers.pages import (
    convention_page,
    may_read_and_send,
    propose_page,
    stop_page,
    take_back,
)
from marketplace.web.payers.words import parts, said
from subscriptions.cost_keys import covered_communes
from subscriptions.models import KeyMethod, PayerShare, ShareSide, ShareState, Subscription
from subscriptions.payer_queries import in_force, shares_of
from subscriptions.queries import subscription_for_member
from tenants.models import Role


@member_view()
@require_safe
def payers(request, organisation, public_id):
    """Each payer with its part, and what is left."""
    subscription = subscription_of(organisation, public_id)
    today = localdate(timezone.now())
    shares = list(shares_of(subscription))
    signs = Role.SIGNATORY in request.roles
    context = {
        "organisation": organisation,
        "subscription": subscription,
        "rows": [_row(organisation, subscription, share, signs=signs, today=today) for share in shares],
        "parts": parts(subscription, in_force(shares, on=today)),
        "yearly": net(subscription.yearly_cents, taxed=is_taxed(subscription)),
        "new_url": page_of(organisation, subscription, "member_payer_new")
        if signs and subscription.is_open
        else "",
        "keys": _keys(organisation, subscription, shares) if signs else [],
        "key_url": page_of(organisation, subscription, "member_cost_key_new")
        if signs and subscription.is_open and covered_communes(subscription=subscription, on=today)
        else "",
        "back": page_of(organisation, subscription, "member_subscription"),
    }
    return render(request, "commune/payers.html", context)


@member_view(Role.SIGNATORY)
@may_read_and_send
def new(request, organisation, public_id):
    """A signatory asks another collectivity to pay a part."""
    subscription = subscription_of(organisation, public_id)
    if not subscription.is_open:
        raise Http404
    return propose_page(
        request,
        subscription,
        side=ShareSide.SUBSCRIBER,
        crumbs=crumbs(organisation, subscription),
        back=page_of(organisation, subscription, "member_payers"),
        consequences=[
            "Elle reçoit votre proposition et la convention. Rien n’est dû tant que son signataire n’a pas "
            "accepté.",
            "Elle recevra ensuite sa propre facture ; vous payez ce que les autres ne paient pas.",
        ],
    )


@member_view(Role.SIGNATORY)
@require_POST
def withdraw(request, organisation, public_id, share):
    """Takes a proposal back."""
    subscription = subscription_of(organisation, public_id)
    found = get_object_or_404(_own_shares(subscription), public_id=share)
    back = page_of(organisation, subscription, "member_payers")
    return take_back(request, found, side=ShareSide.SUBSCRIBER, back=back)


@member_view(Role.SIGNATORY)
@may_read_and_send
def stop(request, organisation, public_id, share):
    """The subscriber ends an agreed part before its term."""
    subscription = subscription_of(organisation, public_id)
    return stop_page(
        request,
        get_object_or_404(_own_shares(subscription), public_id=share),
        side=ShareSide.SUBSCRIBER,
        crumbs=crumbs(organisation, subscription),
        back=page_of(organisation, subscription, "member_payers"),
    )


@member_view()
@require_safe
def convention(request, organisation, public_id, share):
    """The convention, for the subscriber."""
    subscription = subscription_of(organisation, public_id)
    found = get_object_or_404(shares_of(subscription), public_id=share)
    return convention_page(request, found, back=page_of(organisation, subscription, "member_payers"))


def _row(organisation, subscription: Subscription, share: PayerShare, *, signs: bool, today: date) -> dict:
    address = [organisation.siren, subscription.public_id, share.public_id]
    agreed = share.state == ShareState.AGREED and not share.is_over(on=today)
    return {
        **said(share),
        "payer": share.payer.name,
        "convention_url": reverse("member_payer_convention", args=address),
        "stop_url": reverse("member_payer_stop", args=address) if signs and agreed else "",
        "withdraw_url": reverse("member_payer_withdraw", args=address)
        if signs and share.state == ShareState.PROPOSED
        else "",
    }


def _keys(organisation, subscription: Subscription, shares: list[PayerShare]) -> list[dict]:
    """The keys by which communes pay, which may be counted again."""
    keys = {share.key for share in shares if share.key_id and share.state == ShareState.AGREED}
    return [
        {
            "label": key.get_method_display(),
            "url": reverse(
                "member_cost_key_again",
                args=[organisation.siren, subscription.public_id, key.public_id],
            ),
        }
        for key in sorted(keys, key=lambda key: key.pk)
        if key.method != KeyMethod.FIXED
    ]


def _own_shares(subscription: Subscription):
    return shares_of(subscription).select_related("payer", "subscription__tenant", "subscription__operator")


def subscription_of(organisation, public_id) -> Subscription:
    """The organisation's own, or 404."""
    return get_object_or_404(subscription_for_member(organisation=organisation), public_id=public_id)


def page_of(organisation, subscription: Subscription, name: str) -> str:
    """The address of one of its pages."""
    return reverse(name, args=[organisation.siren, subscription.public_id])


def crumbs(organisation, subscription: Subscription) -> list[dict]:
    """For components/breadcrumb.html: to a page where something is decided about who pays."""
    return [
        {"label": "Mes services", "url": reverse("member_home", args=[organisation.siren])},
        {"label": "Qui paie", "url": page_of(organisation, subscription, "member_payers")},
        {"label": subscription.service_name, "url": ""},
    ]
