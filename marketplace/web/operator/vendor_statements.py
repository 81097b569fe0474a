"""What an operator owes its vendors, statement by statement: drawn up, answered, paid."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from billing import review
from billing.models import DrawingState, StatementRun, StatementState, VendorStatement
from billing.vendors import answers, drawing
from billing.vendors.queries import (
    ALL,
    TO_ANSWER,
    TO_PAY,
    lines_of,
    statement_for_operator,
    statement_runs,
    statements_of_operator,
)
from marketplace.web import statement_words as words
from marketplace.web.access import operator_view
from marketplace.web.amounts import EuroField
from marketplace.web.fields import TYPED_DATE, text_field
from marketplace.web.formats import format_cents
from marketplace.web.operator.forms import RunPeriodForm
from marketplace.web.operator.lists import crumbs, searched_list
from marketplace.web.operator.roles import MONEY_ROLES
from tenants.models import Operator
from tenants.refusals import Refused

TITLE = "Relevés des éditeurs"
LABELS = {ALL: "Tous", TO_ANSWER: "À répondre", TO_PAY: "À payer"}
LINES_A_PAGE = 100
ANSWER, AGAIN = "repondre", "encore"
MAX_PROBLEMS = 50


class StatementPeriodForm(RunPeriodForm):
    """A period that is over."""

    period = forms.CharField(
        label="Période terminée",
        widget=forms.Select,
        error_messages={"required": "Choisissez une période."},
    )


class PaymentForm(forms.Form):
    """A transfer that was made."""

    amount = EuroField(
        label="Montant payé, TTC", error_messages={"required": "Indiquez le montant du virement."}
    )
    paid_on = forms.DateField(
        label="Payé le",
        widget=TYPED_DATE,
        error_messages={
            "required": "Indiquez le jour du virement.",
            "invalid": "Cette date n’existe pas : vérifiez le jour et le mois.",
        },
    )
    reference = forms.CharField(
        label="Référence du virement",
        required=False,
        max_length=answers.MAX_REFERENCE,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"max_length": f"Raccourcissez : {answers.MAX_REFERENCE} signes au plus."},
    )


class AnswerForm(forms.Form):
    """What the vendor that contests reads."""

    text = text_field(
        "Votre réponse",
        longest=answers.MAX_TEXT,
        missing="Écrivez votre réponse : l’éditeur la lira.",
        help_text="Un relevé établi ne change plus : ce qui est faux se corrige par un avoir ou une facture, "
        "qui viendra au relevé suivant.",
    )


@operator_view(*MONEY_ROLES, with_vendors=True)
@require_http_methods(["GET", "HEAD", "POST"])
def statement_list(request, operator):
    """The statements by state; the form that has those of a period drawn up."""
    now = timezone.now()
    last = statement_runs(operator=operator).first()
    every = [one for one in review.all_periods(today=localdate(now)) if one.end <= localdate(now)]
    periods = {
        "periods": every,
        "free": [one for one in every if last is None or one.start >= last.period_end],
    }
    form = StatementPeriodForm(**periods)
    if request.method == "POST":
        form = StatementPeriodForm(request.POST, **periods)
        if _asked(request, operator, last, form, now):
            return redirect("operator_statements", operator=operator.slug)
    frame, found = searched_list(
        request, operator, statements_of_operator, title=TITLE, noun="relevé", labels=LABELS
    )
    context = frame | {
        "title": TITLE,
        "form": form,
        "can_ask": bool(periods["free"]),
        "last": _last(last),
        "terms_url": reverse("operator_vendor_terms", args=[operator.slug]),
        "rows": [_row(operator, one) for one in found.page],
    }
    return render(request, "operator/vendor_statements.html", context)


@operator_view(*MONEY_ROLES, with_vendors=True)
@require_http_methods(["GET", "HEAD", "POST"])
def statement(request, operator, public_id):
    """One statement with its lines; POST answers a contest, or takes note of a payment."""
    found = get_object_or_404(statement_for_operator(operator=operator), public_id=public_id)
    left = found.to_pay_cents - found.paid_cents
    typed = {"amount": f"{left / 100:.2f}".replace(".", ","), "paid_on": localdate()}
    answering, payment = AnswerForm(), PaymentForm(initial=typed)
    if request.method == "POST":
        if request.POST.get("action") == ANSWER:
            answering = form = AnswerForm(request.POST)
        else:
            payment = form = PaymentForm(request.POST)
        if form.is_valid() and _done(request, found, form):
            return redirect(request.path)
    list_url = reverse("operator_statements", args=[operator.slug])
    page = Paginator(lines_of(statement=found), LINES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, (TITLE, list_url), (words.label_of(found), "")),
        "vendor": found.vendor.organisation.name,
        **statement_context(found, page),
        "answer": answering if found.state == StatementState.CONTESTED else None,
        "payment": payment if found.state == StatementState.AGREED and left > 0 else None,
        "has_errors": bool(answering.errors or payment.errors),
        "list_url": list_url,
    }
    return render(request, "operator/vendor_statement.html", context)


def statement_context(found: VendorStatement, page) -> dict:
    """What the operator and the vendor read alike."""
    return {
        "label": words.label_of(found),
        "dates": words.dates_of(found),
        "badge": words.badge_of(found),
        "amounts": words.amounts_of(found),
        "totals": words.totals_of(found),
        "history": words.history_of(found),
        "payments": words.payments_of(found),
        "page": page,
        "lines": [words.line_of(one) for one in page],
    }


def _asked(request, operator: Operator, last: StatementRun | None, form, now) -> bool:
    """Whether a worker draws statements up; otherwise the form says why not."""
    try:
        if request.POST.get("action") == AGAIN and last is not None:
            drawing.ask_again(run=last, by=request.user, now=now)
        elif form.is_valid():
            drawing.ask(operator=operator, period=form.cleaned_data["period"], by=request.user, now=now)
        else:
            return False
    except Refused as refusal:
        form.is_valid()
        form.add_error(None if request.POST.get("action") == AGAIN else "period", str(refusal))
        return False
    messages.success(request, "Les relevés sont en cours d’établissement. Rechargez la page pour les voir.")
    return True


def _done(request, found: VendorStatement, form) -> bool:
    given, now = form.cleaned_data, timezone.now()
    try:
        if isinstance(form, AnswerForm):
            answers.answer(statement=found, text=given["text"], by=request.user, now=now)
            said = "Réponse envoyée. L’éditeur est prévenu par courriel."
        else:
            answers.pay(
                statement=found,
                cents=given["amount"],
                paid_on=given["paid_on"],
                reference=given["reference"],
                by=request.user,
                now=now,
            )
            said = f"Paiement de {format_cents(given['amount'])} noté. L’éditeur est prévenu par courriel."
    except Refused as refusal:
        form.add_error(refusal.field or None, str(refusal))
        return False
    messages.success(request, said)
    return True


def _last(last: StatementRun | None) -> dict | None:
    if last is None:
        return None
    return {
        "label": words.label_of(last),
        "drawing": last.state == DrawingState.DRAWING,
        "problems": last.problems[:MAX_PROBLEMS] if last.state == DrawingState.DONE else [],
    }


def _row(operator: Operator, one: VendorStatement) -> dict:
    return {
        "vendor": one.vendor.organisation.name,
        "url": reverse("operator_statement", args=[operator.slug, one.public_id]),
        "label": words.label_of(one),
        "badge": words.badge_of(one),
        "billed": format_cents(one.billed_cents + one.credited_cents + one.released_cents),
        "commission": format_cents(one.commission_cents),
        "withheld": format_cents(one.withheld_cents),
        "due": format_cents(one.to_pay_cents),
        "left": format_cents(one.to_pay_cents - one.paid_cents),
    }
