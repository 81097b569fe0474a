"""One thing to decide about who pays a subscription, alone on its page, whoever decides it."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from marketplace.web.commune.forms import ask_files_again
from marketplace.web.formats import day
from marketplace.web.payers.forms import ShareForm, StopForm, day_after
from marketplace.web.pdf import FileMissing, pdf_response
from subscriptions import paying
from subscriptions.exceptions import ShareRefused
from subscriptions.models import PayerShare, ShareKind, ShareSide, Subscription
from subscriptions.payer_queries import find_payers

may_read_and_send = require_http_methods(["GET", "HEAD", "POST"])


def done(request, form, act: Callable[[], str], *, back: str, **fields: str) -> HttpResponse | None:
    """Does what was asked, when something was and it is well typed: says so, and goes `back`.

    `act` calls the room and returns the sentence that tells what is done. A refusal is told beside the field
    to mend, when the form has it; `fields` are its names where the form has others than the room. None when
    the form is to be shown.
    """
    if request.method == "POST" and form.is_valid():
        try:
            sentence = act()
        except ShareRefused as refusal:
            field = {"ends": "last_day", **fields}.get(refusal.field, refusal.field)
            form.add_error(field if field in form.fields else None, str(refusal))
        else:
            messages.success(request, sentence)
            return redirect(back)
    ask_files_again(form)
    return None


def form_page(
    request, form, *, crumbs: list[dict], service: str, back: str, danger: bool = False, **context
) -> HttpResponse:
    """What follows from a decision (`consequences`), then the form. `crumbs` lead to the page."""
    context |= {
        "crumbs": crumbs,
        "service": service,
        "form": form,
        "back": back,
        "style": "danger" if danger else "primary",
        "has_file": form.is_multipart(),
    }
    return render(request, "payers/form.html", context)


def propose_page(
    request,
    subscription: Subscription,
    *,
    side: ShareSide,
    crumbs: list[dict],
    back: str,
    consequences: list[str],
) -> HttpResponse:
    """Another member of the operator is asked to pay a part."""
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
            side=side,
            by=request.user,
            public_id=values["public_id"],
            now=now,
        )
        return f"La proposition est envoyée à {found[0].name}. Rien ne change d’ici sa réponse."

    return done(request, form, propose, back=back) or form_page(
        request,
        form,
        crumbs=crumbs,
        service=subscription.service_name,
        title="Proposer à une autre collectivité de payer une part",
        consequences=consequences,
        label="Envoyer la proposition",
        back=back,
    )


def _not_found(found: list, subscription: Subscription) -> str:
    if found:
        return "Plusieurs adhérents portent ce nom. Indiquez plutôt le SIREN."
    return (
        f"Aucun adhérent de {subscription.operator.short_name} n’a ce nom ni ce SIREN. Vérifiez "
        "l’orthographe : seul un adhérent peut recevoir une facture de sa part."
    )


def take_back(request, share: PayerShare, *, side: ShareSide, back: str) -> HttpResponse:
    """A proposal that nobody answered yet is taken back."""
    try:
        paying.withdraw(share=share, side=side, by=request.user, now=timezone.now())
    except ShareRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "La proposition est retirée.")
    return redirect(back)


def stop_page(request, share: PayerShare, *, side: ShareSide, crumbs: list[dict], back: str) -> HttpResponse:
    """An agreed part ends before its term."""
    form = StopForm(request.POST if request.method == "POST" else None)

    def end() -> str:
        values = form.cleaned_data
        last, reason = values["last_day"], values["reason"]
        on, now = day_after(last), timezone.now()
        paying.end(share=share, on=on, reason=reason, side=side, by=request.user, now=now)
        return f"C’est noté : la part s’arrête le {day(last)} au soir."

    return done(request, form, end, back=back, starts="last_day") or form_page(
        request,
        form,
        crumbs=crumbs,
        service=share.subscription.service_name,
        title=f"Arrêter la part de {share.payer.name} ?",
        consequences=[
            "Ce qui est déjà facturé ne change pas.",
            "Ensuite, la collectivité abonnée paie cette part elle-même. L’autre côté est prévenu.",
        ],
        label="Arrêter cette part",
        back=back,
        danger=True,
    )


def convention_page(request, share: PayerShare, *, back: str) -> HttpResponse:
    """The convention, or back with what is wrong."""
    try:
        return pdf_response(
            path=share.convention_file.name, filename=f"convention-{share.convention_number}.pdf"
        )
    except FileMissing as error:
        messages.error(request, str(error))
        return redirect(back)
