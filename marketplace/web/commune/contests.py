"""A member contests a line of an invoice, or takes it back."""

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from billing import contests
from billing.contest_queries import contests_of
from billing.exceptions import BillingRefused
from billing.models import ContestReason, ContestState, Invoice, InvoiceLine, LineContest
from billing.queries import invoice_for_member
from marketplace.web.access import member_view
from marketplace.web.contest_words import badge, contestable, line_facts, sentences
from marketplace.web.fields import text_field
from marketplace.web.formats import format_cents
from tenants.models import Organisation, Role

CONTESTING = frozenset({Role.SECRETARY, Role.FINANCE, Role.SIGNATORY, Role.ORG_ADMIN})
WITHDRAW = "retirer"


class ContestForm(forms.Form):
    """What is wrong, by a reason and in her own words."""

    reason = forms.ChoiceField(
        label="Ce qui ne va pas",
        choices=ContestReason.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choisissez ce qui ne va pas.",
            "invalid_choice": "Choisissez une réponse de la liste.",
        },
    )
    text = text_field(
        "Expliquez",
        longest=2000,
        missing="Dites en quelques mots ce qui ne va pas.",
        help_text="Dites ce que vous attendiez, et d’où vous le tenez. L’opérateur le lira tel quel.",
        rows=5,
    )


@member_view(*CONTESTING)
@require_http_methods(["GET", "HEAD", "POST"])
def contest(request, organisation, public_id, position):
    """One line with its facts: the form that contests it, or where the contest stands."""
    invoice = get_object_or_404(invoice_for_member(organisation=organisation), public_id=public_id)
    line = get_object_or_404(
        InvoiceLine.objects.select_related("entry", "tenant", "invoice__operator", "invoice__settlement"),
        invoice=invoice,
        position=position,
    )
    found = contests_of(invoice=invoice).get(line.pk)
    form, refused = ContestForm(), ""
    if request.method == "POST":
        try:
            if done := _done(request, line, found, form := ContestForm(request.POST)):
                messages.success(request, done)
                return redirect("member_invoice", siren=organisation.siren, public_id=public_id)
        except BillingRefused as refusal:
            refused = str(refusal)
    back = reverse("member_invoice", args=[organisation.siren, public_id])
    context = {
        "organisation": organisation,
        "invoice": invoice,
        "operator": invoice.operator,
        "line": line,
        "amount": format_cents(line.net_cents),
        "facts": line_facts(line.entry),
        "steps": line.steps,
        "contest": found and {"badge": badge(found), "sentences": sentences(found)},
        "is_open": found is not None and found.state == ContestState.OPEN,
        "can_contest": contestable(line) and not invoice.is_credit_note,
        "form": form,
        "refused": refused,
        "back": back,
    }
    return render(request, "commune/contest.html", context)


def _done(request, line: InvoiceLine, found: LineContest | None, form: ContestForm) -> str:
    """What was done, for the person; "" when the form must be corrected. Raises BillingRefused."""
    if request.POST.get("action") == WITHDRAW and found:
        contests.withdraw(contest=found, by=request.user, now=timezone.now())
        return "Votre contestation est retirée. L’opérateur est prévenu par courriel."
    if not form.is_valid():
        return ""
    contests.contest(
        line=line,
        reason=form.cleaned_data["reason"],
        text=form.cleaned_data["text"],
        by=request.user,
        now=timezone.now(),
    )
    return "Votre contestation est envoyée. L’opérateur vous répondra ; sa réponse sera lisible ici."


def line_contest(
    request, organisation: Organisation, invoice: Invoice, line: InvoiceLine, found: LineContest | None
) -> dict | None:
    """For components/price_breakdown.html: where the contest of a line stands, and the link to contest it or
    take it back; None where there is neither."""
    links = []
    if request.roles & CONTESTING and contestable(line) and not invoice.is_credit_note:
        waits = found is not None and found.state == ContestState.OPEN
        links.append(
            {
                "label": "Retirer la contestation" if waits else "Contester cette ligne",
                "url": reverse(
                    "member_line_contest", args=[organisation.siren, invoice.public_id, line.position]
                ),
            }
        )
    if found and found.credit_note and found.credit_note.number:
        address = reverse("member_invoice", args=[organisation.siren, found.credit_note.public_id])
        links.append({"label": f"Avoir {found.credit_note.number}", "url": address})
    if not (found or links):
        return None
    return {"badge": found and badge(found), "sentences": sentences(found) if found else [], "links": links}
