"""Who pays a subscription: the subscriber's pages."""

from datetime import date

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_POST, require_safe

from billing.payers import yearly_parts
from catalog.pricing import SUBSCRIBER
from marketplace.web.access import member_view
from marketplace.web.formats import format_cents
from marketplace.web.payers.forms import ShareForm
from marketplace.web.payers.pages import convention_page, done, form_page, may_read_and_send, stop_page
from marketplace.web.payers.words import said
from subscriptions import paying
from subscriptions.cost_keys import covered_communes
from subscriptions.exceptions import ShareRefused
from subscriptions.models import KeyMethod, PayerShare, ShareKind, ShareSide, ShareState, Subscription
from subscriptions.payer_queries import find_payers, in_force, shares_of
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
        "parts": _parts(organisation, subscription, in_force(shares, on=today)),
        "yearly": format_cents(subscription.yearly_cents),
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
    form = ShareForm(request.POST, request.FILES) if request.method == "POST" else ShareForm.empty()

    def propose() -> str:
        values, now = form.cleaned_data, timezone.now()
        found = find_payers(subscription=subscription, typed=values["payer"], on=localdate(now))
        if len(found) != 1:
            raise ShareRefused(_not_found(found, subscription), "payer")
        paying.propose(
            subscription=subscription,
            payer=found[0],
            kind=ShareKind(values["kind"]),
            terms=form.terms(),
            convention=form.convention(),
            side=ShareSide.SUBSCRIBER,
            by=request.user,
            public_id=values["public_id"],
            now=now,
        )
        return f"{found[0].name} est invitée à répondre. Rien ne change d’ici là."

    back = page_of(organisation, subscription, "member_payers")
    return done(request, form, propose, back=back) or form_page(
        request,
        form,
        crumbs=crumbs(organisation, subscription),
        service=subscription.service_name,
        title="Proposer à une autre collectivité de payer une part",
        consequences=[
            "Elle reçoit votre proposition et la convention. Rien n’est dû tant que son signataire n’a pas "
            "accepté.",
            "Elle recevra ensuite sa propre facture ; vous payez ce que les autres ne paient pas.",
        ],
        label="Envoyer la proposition",
        back=back,
    )


@member_view(Role.SIGNATORY)
@require_POST
def withdraw(request, organisation, public_id, share):
    """Takes a proposal back."""
    subscription = subscription_of(organisation, public_id)
    found = get_object_or_404(_own_shares(subscription), public_id=share)
    try:
        paying.withdraw(share=found, side=ShareSide.SUBSCRIBER, by=request.user, now=timezone.now())
    except ShareRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "La proposition est retirée.")
    return redirect(page_of(organisation, subscription, "member_payers"))


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


def _not_found(found: list, subscription: Subscription) -> str:
    if found:
        return "Plusieurs adhérents portent ce nom. Indiquez plutôt le SIREN."
    return (
        f"Aucun adhérent de {subscription.operator.short_name} n’a ce nom ni ce SIREN. Vérifiez "
        "l’orthographe : seul un adhérent peut recevoir une facture de sa part."
    )


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


def _parts(organisation, subscription: Subscription, shares: list[PayerShare]) -> list[dict]:
    """Today's parts of a year, the subscriber's own first, each with the length of its bar in percent."""
    cents = yearly_parts(subscription, shares)
    names = {SUBSCRIBER: organisation.name, **{share.payer_id: share.payer.name for share in shares}}
    total = subscription.yearly_cents or 1
    return [
        {
            "name": names[payer],
            "amount": format_cents(cents[payer]),
            "width": round(cents[payer] * 100 / total, 1),
        }
        for payer in sorted(cents, key=lambda payer: (payer != SUBSCRIBER, names[payer]))
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
        {"label": subscription.service_name, "url": ""},
    ]
