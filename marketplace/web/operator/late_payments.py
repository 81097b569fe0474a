"""Late payments: the list by age, and one of them: a reminder, a claim of interest, or neither this time."""

from functools import partial

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_safe

from billing import dunning, late_letters
from billing.exceptions import DunningRefused
from billing.late_queries import (
    AGES,
    DECIDED,
    TO_DECIDE,
    UNPAID,
    Assessment,
    assess,
    dunnings_of,
    known_rates,
    late_invoices,
    missing_half_years,
    operator_late,
)
from billing.models import Invoice
from marketplace.web.access import operator_view
from marketplace.web.fields import text_field
from marketplace.web.formats import day, format_cents
from marketplace.web.late_words import due_facts, history
from marketplace.web.operator.lists import counted, crumbs, searched_list
from marketplace.web.operator.roles import MONEY_ROLES
from tenants.days import days_in_words
from tenants.models import Operator

TABS = {UNPAID: "À rappeler", TO_DECIDE: "Payées en retard", DECIDED: "Closes"}
REMIND, CLAIM, LET_GO = "rappeler", "reclamer", "laisser"
DONE = {
    REMIND: "Rappel envoyé et gardé avec son texte.",
    CLAIM: "Intérêts réclamés : le courrier est envoyé et gardé avec son calcul.",
    LET_GO: "C’est noté : rien n’est réclamé cette fois.",
}


class LetterForm(forms.Form):
    text = text_field(
        "Le courrier",
        longest=5000,
        missing="Écrivez le courrier, ou rechargez la page pour retrouver la proposition.",
        help_text="Relisez et changez ce qu’il faut : il part tel quel, et il est gardé.",
        rows=18,
    )
    text.widget.attrs["class"] = "halle-tall"


class LetGoForm(forms.Form):
    reason = text_field(
        "Pourquoi ne pas réclamer cette fois",
        longest=500,
        required=False,
        help_text="L’adhérent le lira sur la page de sa facture.",
    )


@operator_view(*MONEY_ROLES)
@require_safe
def late_list(request, operator):
    """What is late, the oldest first, with what it makes due."""
    today = localdate(timezone.now())
    rates = known_rates(operator=operator)
    frame, found = searched_list(
        request,
        operator,
        partial(operator_late, today=today),
        title="Retards de paiement",
        noun="facture",
        labels=TABS,
    )
    context = frame | {
        "figures": [
            {"label": label, "value": format_cents(cents), "note": counted(count, "facture")}
            for label, (count, cents) in zip(_ages(), found.aged, strict=True)
        ],
        "missing": [day(one) for one in missing_half_years(operator=operator, today=today)],
        "rates_url": reverse("operator_late_rates", args=[operator.slug]),
        "rows": [_row(operator, one, assess(one, rates=rates, today=today)) for one in found.page],
    }
    return render(request, "operator/late_payments.html", context)


def _ages() -> list[str]:
    """ "1 à 30 jours"… "plus de 90 jours": for the figures."""
    labels, since = [], 1
    for last in AGES:
        labels.append(f"Retard de {since} à {last} jours" if last else f"Retard de plus de {since - 1} jours")
        since = (last or 0) + 1
    return labels


def _row(operator: Operator, invoice: Invoice, assessment: Assessment) -> dict:
    late = assessment.late
    return {
        "member": invoice.tenant.name,
        "number": invoice.number,
        "url": reverse("operator_late_payment", args=[operator.slug, invoice.public_id]),
        "due": day(assessment.due_on),
        "days": days_in_words(assessment.days),
        "paid": day(invoice.paid_day),
        "left": format_cents(assessment.left_cents),
        "extra": format_cents(late.total_cents) if late else "",
        "missing": day(assessment.missing),
        "reminders": counted(invoice.reminders, "rappel") if invoice.reminders else "aucun rappel",
        "reminded": day(invoice.reminded_at),
        "contested": invoice.contested,
    }


@operator_view(*MONEY_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def late_payment(request, operator, public_id):
    """One late invoice: what it makes due and how, what was written, and the letter proposed."""
    today = localdate(timezone.now())
    late = late_invoices(operator=operator, today=today).select_related("operator")
    invoice = get_object_or_404(late, public_id=public_id)
    assessment = assess(invoice, rates=known_rates(operator=operator), today=today)
    letter, let_go, refused = LetterForm(initial={"text": _proposed(invoice, assessment)}), LetGoForm(), ""
    if request.method == "POST":
        action = request.POST.get("action", "")
        if action not in DONE:
            raise Http404
        form = LetGoForm(request.POST) if action == LET_GO else LetterForm(request.POST)
        if form.is_valid():
            try:
                _do(action, invoice, form.cleaned_data, request)
            except DunningRefused as refusal:
                refused = str(refusal)
            else:
                messages.success(request, DONE[action])
                return redirect("operator_late_payments", operator=operator.slug)
        letter, let_go = (letter, form) if action == LET_GO else (form, let_go)
    context = {
        "operator": operator,
        "crumbs": crumbs(
            operator,
            ("Retards de paiement", reverse("operator_late_payments", args=[operator.slug])),
            (invoice.number, ""),
        ),
        "invoice": invoice,
        "invoice_url": reverse("operator_invoice", args=[operator.slug, public_id]),
        "member": invoice.tenant.name,
        "paid": day(invoice.paid_day),
        "decided": invoice.decided,
        "contested": invoice.contested,
        "facts": due_facts(assessment),
        "steps": assessment.late.steps if assessment.late else [],
        "total": format_cents(assessment.late.total_cents) if assessment.late else "",
        "total_cents": assessment.late.total_cents if assessment.late else "",
        "missing": day(assessment.missing),
        "rates_url": reverse("operator_late_rates", args=[operator.slug]),
        "dunnings": history(dunnings_of(invoice=invoice)),
        "letter": letter,
        "let_go": let_go,
        "refused": refused,
        "has_errors": bool(refused or letter.errors or let_go.errors),
    }
    return render(request, "operator/late_payment.html", context)


def _proposed(invoice: Invoice, assessment: Assessment) -> str:
    if not invoice.paid_day:
        return late_letters.proposed_reminder(invoice, assessment)
    return late_letters.proposed_claim(invoice, assessment) if assessment.late else ""


def _do(action: str, invoice: Invoice, given: dict, request) -> None:
    now = timezone.now()
    if action == LET_GO:
        dunning.let_go(invoice=invoice, reason=given["reason"], by=request.user, now=now)
    elif action == REMIND:
        dunning.remind(invoice=invoice, text=given["text"], by=request.user, now=now)
    else:
        shown = request.POST.get("total", "")
        if not shown.isdecimal() or len(shown) > 15:
            raise Http404
        dunning.claim(invoice=invoice, shown_cents=int(shown), text=given["text"], by=request.user, now=now)
