"""Contested lines: those to answer, the oldest first, and the answer to one."""

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from billing import contests
from billing.contest_queries import ANSWERED, TO_ANSWER, contest_for_operator, operator_contests
from billing.exceptions import BillingRefused, TooMuchGivenBack
from billing.models import ContestState, InvoiceState, LineContest
from marketplace.web.access import operator_view
from marketplace.web.contest_words import badge, line_facts, sentences
from marketplace.web.fields import text_field
from marketplace.web.formats import day, format_cents
from marketplace.web.operator.lists import crumbs, searched_list
from marketplace.web.operator.roles import MONEY_ROLES
from marketplace.web.operator.vehicle_forms import AmountField
from tenants.identifiers import grouped
from tenants.models import Operator

TABS = {TO_ANSWER: "À répondre", ANSWERED: "Closes"}
ACCEPT, REFUSE = "accepter", "refuser"


class AnswerForm(forms.Form):
    """Accepted for an amount, or refused for a reason."""

    decision = forms.ChoiceField(
        label="Votre réponse",
        choices=[(ACCEPT, "Accepter : un avoir se prépare"), (REFUSE, "Refuser : la ligne reste due")],
        widget=forms.RadioSelect,
        error_messages={"required": "Acceptez ou refusez.", "invalid_choice": "Acceptez ou refusez."},
    )
    amount = AmountField(
        label="Montant à rendre, hors taxes",
        max_length=20,
        required=False,
        help_text="En euros, si vous acceptez : toute la ligne, ou une partie.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "decimal"}),
    )
    answer = text_field(
        "Ce que lira l’adhérent",
        longest=2000,
        required=False,
        help_text="Obligatoire pour un refus : dites pourquoi la ligne est juste.",
        rows=4,
    )

    def clean(self):
        given = super().clean()
        if given.get("decision") == ACCEPT and not self.has_error("amount") and not given.get("amount"):
            self.add_error("amount", "Indiquez le montant à rendre, plus grand que zéro.")
        if given.get("decision") == REFUSE and not given.get("answer"):
            self.add_error("answer", "Dites pourquoi vous refusez : l’adhérent le lira.")
        return given


@operator_view(*MONEY_ROLES)
@require_safe
def contest_list(request, operator):
    """What members contest, the oldest first."""
    frame, found = searched_list(
        request,
        operator,
        operator_contests,
        title="Contestations",
        noun="contestation",
        labels=TABS,
    )
    context = frame | {
        "rows": [
            {
                "member": one.tenant.name,
                "url": reverse("operator_contest", args=[operator.slug, one.public_id]),
                "line": one.line.name,
                "invoice": one.line.invoice.number,
                "reason": one.get_reason_display(),
                "since": day(one.opened_at),
                "badge": badge(one),
                "amount": format_cents(one.line.net_cents),
            }
            for one in found.page
        ]
    }
    return render(request, "operator/contests.html", context)


@operator_view(*MONEY_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def contest(request, operator, public_id):
    """One contest with the facts of its line; POST answers it."""
    found = get_object_or_404(contest_for_operator(operator=operator), public_id=public_id)
    left = contests.left_of(found.line)
    form = AnswerForm(initial={"amount": f"{left / 100:.2f}".replace(".", ",")})
    if request.method == "POST":
        form = AnswerForm(request.POST)
        if form.is_valid():
            try:
                messages.success(request, _answer(found, form.cleaned_data, request.user))
            except TooMuchGivenBack as refusal:
                form.add_error("amount", str(refusal))
            except BillingRefused as refusal:
                messages.error(request, str(refusal))
                return redirect(request.path)
            else:
                return redirect(request.path)
    list_url = reverse("operator_contests", args=[operator.slug])
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, ("Contestations", list_url), (found.line.invoice.number, "")),
        "member": found.tenant.name,
        "line": found.line,
        "badge": badge(found),
        "sentences": sentences(found),
        "facts": _facts(operator, found, left),
        "line_facts": line_facts(found.line.entry),
        "amount": format_cents(found.line.net_cents),
        "is_open": found.state == ContestState.OPEN,
        "credit_note": _credit_note(operator, found),
        "form": form,
        "list_url": list_url,
    }
    return render(request, "operator/contest.html", context)


def _answer(found: LineContest, given: dict, by) -> str:
    """Does what was chosen; what was done, for the person. Raises BillingRefused."""
    now = timezone.now()
    if given["decision"] == REFUSE:
        contests.refuse(contest=found, answer=given["answer"], by=by, now=now)
        return "Contestation refusée. L’adhérent est prévenu par courriel, avec votre raison."
    contests.accept(contest=found, cents=given["amount"], answer=given["answer"], by=by, now=now)
    return (
        f"Contestation acceptée : {format_cents(given['amount'])} HT sont sur un avoir à émettre. "
        "L’adhérent est prévenu par courriel."
    )


def _facts(operator: Operator, found: LineContest, left: int) -> list[dict]:
    invoice = found.line.invoice
    return [
        {"label": "Adhérent", "value": found.tenant.name, "note": f"SIREN {grouped(found.tenant.siren)}"},
        {
            "label": "Facture",
            "value": invoice.number,
            "note": f"du {day(invoice.issue_date)}, échéance le {day(invoice.due_date)}",
            "url": reverse("operator_invoice", args=[operator.slug, invoice.public_id]),
        },
        {"label": "Peut encore être rendu", "value": f"{format_cents(left)} HT"},
        {"label": "Contestée par", "value": str(found.opened_by)},
    ]


def _credit_note(operator: Operator, found: LineContest) -> dict | None:
    note = found.credit_note
    if note is None:
        return None
    drafted = note.state == InvoiceState.DRAFT
    name = "operator_credit_note" if drafted else "operator_invoice"
    return {
        "label": "Lire et émettre l’avoir" if drafted else f"Avoir {note.number}",
        "url": reverse(name, args=[operator.slug, note.public_id]),
    }
