"""Who pays a subscription: the subscriber's page, and that of whoever pays a part of another's."""

from datetime import date

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.payers import words_of, yearly_parts
from catalog.pricing import SUBSCRIBER
from marketplace.web.access import member_view
from marketplace.web.commune.forms import ask_files_again
from marketplace.web.commune.payer_forms import AgreeForm, ShareForm, StopForm, WhyForm, day_after
from marketplace.web.formats import day, format_cents
from marketplace.web.pdf import FileMissing, pdf_response
from subscriptions import paying
from subscriptions.cost_keys import covered_communes
from subscriptions.exceptions import ShareRefused
from subscriptions.models import KeyMethod, PayerShare, ShareKind, ShareSide, ShareState, Subscription
from subscriptions.payer_queries import asked_of, find_payers, in_force, shares_of
from subscriptions.queries import subscription_for_member
from tenants.models import Role

may_read_and_send = require_http_methods(["GET", "HEAD", "POST"])
BADGES = {
    ShareState.PROPOSED: "info",
    ShareState.AGREED: "success",
    ShareState.REFUSED: "danger",
    ShareState.WITHDRAWN: "neutral",
    ShareState.ENDED: "neutral",
}
FIELDS = {"ends": "last_day"}  # the room's names for what the form calls otherwise


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
        "new_url": reverse("member_payer_new", args=[organisation.siren, subscription.public_id])
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
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        found = find_payers(subscription=subscription, typed=form.cleaned_data["payer"], on=localdate(now))
        try:
            if len(found) != 1:
                raise ShareRefused(_not_found(found, subscription), "payer")
            paying.propose(
                subscription=subscription,
                payer=found[0],
                kind=ShareKind(form.cleaned_data["kind"]),
                terms=form.terms(),
                convention=form.convention(),
                side=ShareSide.SUBSCRIBER,
                by=request.user,
                public_id=form.cleaned_data["public_id"],
                now=now,
            )
        except ShareRefused as refusal:
            say(form, refusal)
        else:
            messages.success(request, f"{found[0].name} est invitée à répondre. Rien ne change d’ici là.")
            return redirect(page_of(organisation, subscription, "member_payers"))
    ask_files_again(form)
    return form_page(
        request,
        organisation,
        subscription.service_name,
        form,
        title="Proposer à une autre collectivité de payer une part",
        consequences=[
            "Elle reçoit votre proposition et la convention. Rien n’est dû tant que son signataire n’a pas "
            "accepté.",
            "Elle recevra ensuite sa propre facture ; vous payez ce que les autres ne paient pas.",
        ],
        label="Envoyer la proposition",
        back=page_of(organisation, subscription, "member_payers"),
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
    found = get_object_or_404(_own_shares(subscription), public_id=share)
    back = page_of(organisation, subscription, "member_payers")
    return _stop(request, organisation, found, side=ShareSide.SUBSCRIBER, back=back)


@member_view()
@require_safe
def convention(request, organisation, public_id, share):
    """The convention, for the subscriber."""
    subscription = subscription_of(organisation, public_id)
    found = get_object_or_404(shares_of(subscription), public_id=share)
    return _convention(request, found, back=page_of(organisation, subscription, "member_payers"))


@member_view()
@require_safe
def financed(request, organisation):
    """ "Ce que nous finançons": what waits for an answer, then all the rest."""
    signs = Role.SIGNATORY in request.roles
    with asked_of(organisation) as shares:
        rows = [_financed_row(organisation, share, signs=signs) for share in shares]
    context = {
        "organisation": organisation,
        "waiting": [row for row in rows if row["waits"]],
        "rows": [row for row in rows if not row["waits"]],
        "signs": signs,
    }
    return render(request, "commune/financed.html", context)


@member_view(Role.SIGNATORY)
@may_read_and_send
def agree(request, organisation, share):
    """The payer's signatory accepts."""
    with asked_of(organisation) as shares:
        found = get_object_or_404(shares, public_id=share)
        form = AgreeForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid() and _answered(request, paying.agree, found, form):
            messages.success(request, "Vous avez accepté. Votre part aura sa propre facture.")
            return redirect("member_financed", siren=organisation.siren)
        row = _financed_row(organisation, found, signs=True)
    return form_page(
        request,
        organisation,
        found.subscription.service_name,
        form,
        title=f"Payer une part pour {row['subscriber']} ?",
        consequences=[
            f"Votre part : {row['words']}, {row['when']}.",
            f"Elle repose sur la convention {found.convention_number} du {day(found.convention_date)}.",
            "Elle vous est facturée à part, avec son calcul. Chaque côté peut l’arrêter pour la suite, à la "
            "fin d’un mois qui n’est pas encore facturé.",
        ],
        label="Accepter",
        back=reverse("member_financed", args=[organisation.siren]),
    )


@member_view(Role.SIGNATORY)
@may_read_and_send
def refuse(request, organisation, share):
    """The payer's signatory says no, and why."""
    with asked_of(organisation) as shares:
        found = get_object_or_404(shares, public_id=share)
        form = WhyForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid() and _answered(request, paying.refuse, found, form):
            messages.success(request, "Vous avez refusé. La collectivité abonnée est prévenue.")
            return redirect("member_financed", siren=organisation.siren)
    return form_page(
        request,
        organisation,
        found.subscription.service_name,
        form,
        title=f"Refuser de payer une part pour {found.subscription.tenant.name} ?",
        consequences=["La collectivité abonnée paie cette part elle-même. Elle lit votre réponse."],
        label="Refuser",
        back=reverse("member_financed", args=[organisation.siren]),
        danger=True,
    )


def _answered(request, verb, share: PayerShare, form) -> bool:
    """Whether the payer's answer was taken; a refusal of the room is told in the form."""
    try:
        verb(share=share, by=request.user, now=timezone.now(), **form.cleaned_data)
    except ShareRefused as refusal:
        say(form, refusal)
        return False
    return True


@member_view(Role.SIGNATORY)
@may_read_and_send
def stop_paying(request, organisation, share):
    """The payer ends its part before its term."""
    with asked_of(organisation) as shares:
        found = get_object_or_404(shares, public_id=share)
        back = reverse("member_financed", args=[organisation.siren])
        return _stop(request, organisation, found, side=ShareSide.PAYER, back=back)


@member_view()
@require_safe
def financed_convention(request, organisation, share):
    """The convention, for the payer."""
    with asked_of(organisation) as shares:
        found = get_object_or_404(shares, public_id=share)
    return _convention(request, found, back=reverse("member_financed", args=[organisation.siren]))


def _stop(request, organisation, found: PayerShare, *, side: ShareSide, back: str):
    form = StopForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            paying.end(
                share=found,
                on=day_after(values["last_day"]),
                reason=values["reason"],
                side=side,
                by=request.user,
                now=timezone.now(),
            )
        except ShareRefused as refusal:
            say(form, refusal, starts="last_day")
        else:
            messages.success(request, f"C’est noté : la part s’arrête le {day(values['last_day'])} au soir.")
            return redirect(back)
    return form_page(
        request,
        organisation,
        found.subscription.service_name,
        form,
        title=f"Arrêter la part de {found.payer.name} ?",
        consequences=[
            "Ce qui est déjà facturé ne change pas.",
            "Ensuite, la collectivité abonnée paie cette part elle-même. L’autre côté est prévenu.",
        ],
        label="Arrêter cette part",
        back=back,
        danger=True,
    )


def form_page(request, organisation, service, form, *, back: str, danger: bool = False, **context):
    """One thing to decide about a part, alone on its page: what follows from it, then the form."""
    context |= {
        "organisation": organisation,
        "service": service,
        "form": form,
        "back": back,
        "style": "danger" if danger else "primary",
        "has_file": form.is_multipart(),
    }
    return render(request, "commune/share_form.html", context)


def _convention(request, share: PayerShare, *, back: str):
    try:
        return pdf_response(
            path=share.convention_file.name, filename=f"convention-{share.convention_number}.pdf"
        )
    except FileMissing as error:
        messages.error(request, str(error))
        return redirect(back)


def say(form, refusal: ShareRefused, **others: str) -> None:
    """A refusal of the room, beside the field to mend when the form has it."""
    field = {**FIELDS, **others}.get(refusal.field, refusal.field)
    form.add_error(field if field in form.fields else None, str(refusal))


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
        **_said(share),
        "payer": share.payer.name,
        "convention_url": reverse("member_payer_convention", args=address),
        "stop_url": reverse("member_payer_stop", args=address) if signs and agreed else "",
        "withdraw_url": reverse("member_payer_withdraw", args=address)
        if signs and share.state == ShareState.PROPOSED
        else "",
    }


def _financed_row(organisation, share: PayerShare, *, signs: bool) -> dict:
    address = [organisation.siren, share.public_id]
    waits = share.state == ShareState.PROPOSED
    agreed = share.state == ShareState.AGREED and not share.is_over(on=localdate(timezone.now()))
    return {
        **_said(share),
        "subscriber": share.subscription.tenant.name,
        "service": share.subscription.service_name,
        "operator": share.subscription.operator.short_name,
        "waits": waits,
        "convention_url": reverse("member_financed_convention", args=address),
        "agree_url": reverse("member_share_agree", args=address) if signs and waits else "",
        "refuse_url": reverse("member_share_refuse", args=address) if signs and waits else "",
        "stop_url": reverse("member_share_stop", args=address) if signs and agreed else "",
    }


def _said(share: PayerShare) -> dict:
    last = f" au {day(share.last_day)}" if share.ends else ""
    return {
        "id": share.public_id,
        "kind": share.get_kind_display().capitalize(),
        "words": words_of(share),
        "when": f"du {day(share.starts)}{last}" if last else f"à partir du {day(share.starts)}",
        "convention": share.convention_number,
        "convention_date": day(share.convention_date),
        "badge": {
            "state": BADGES[ShareState(share.state)],
            "label": share.get_state_display().capitalize(),
        },
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
