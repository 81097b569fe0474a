"""One thing to decide about who pays a subscription, alone on its page, whoever decides it."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from marketplace.web.commune.forms import ask_files_again
from marketplace.web.formats import day
from marketplace.web.payers.forms import StopForm, day_after
from marketplace.web.pdf import FileMissing, pdf_response
from subscriptions import paying
from subscriptions.exceptions import ShareRefused
from subscriptions.models import PayerShare, ShareSide

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
