"""Proposals of titres as a PES V2 file: what it would hold, what is left out and why, and the numbers to
give."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from billing.collecting.codes import codes_on
from billing.collecting.proposing import NO_CODES, Numbers, export_pes, proposal_of
from billing.models import BillingRun
from marketplace.web.access import operator_view
from marketplace.web.formats import format_cents, format_number
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import MONEY_ROLES
from marketplace.web.operator.runs_chosen import chosen_run
from marketplace.web.operator.settings_forms import NOT_A_NUMBER, show_mistakes
from tenants.models.operator import IssuerKind
from tenants.operators.settings import SettingsInvalid
from tenants.refusals import Refused

LEFT_OUT_SHOWN = 50


def _number(label: str, help_text: str = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        widget=forms.NumberInput(attrs={"min": 1}),
        error_messages={"required": f"{label} : indiquez-le, en chiffres.", "invalid": NOT_A_NUMBER},
    )


class NumbersForm(forms.Form):
    """The fields bear the names of `Numbers`; those of titres or of reductions only where there are some."""

    exercice = _number("Exercice")
    bordereau = _number("Prochain bordereau de titres", "Celui que donnerait votre logiciel financier.")
    first = _number("Premier titre", "Les suivants portent les numéros d’après.")
    reduction_bordereau = _number(
        "Prochain bordereau de réductions", "Leurs numéros forment une suite à part."
    )
    first_reduction = _number("Première réduction")

    def __init__(self, *args, titres: bool, reductions: bool, **kwargs):
        super().__init__(*args, **kwargs)
        unused = [] if titres else ["bordereau", "first"]
        for name in unused + ([] if reductions else ["reduction_bordereau", "first_reduction"]):
            del self.fields[name]


@operator_view(*MONEY_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def pes(request, operator):
    """The question, then the file."""
    if operator.issuer_kind != IssuerKind.PUBLIC:
        raise Http404
    now = timezone.now()
    run = chosen_run(request, BillingRun.objects.filter(operator=operator))
    proposal = proposal_of(operator=operator, run=run, exercice=localdate(now).year)
    what = {"titres": bool(proposal.titres), "reductions": bool(proposal.reductions)}
    form = NumbersForm(initial={"exercice": localdate(now).year}, **what)
    if request.method == "POST":
        form = NumbersForm(request.POST, **what)
        if form.is_valid():
            given = {name: form.cleaned_data.get(name) for name in NumbersForm.base_fields}
            try:
                name, content = export_pes(
                    operator=operator, run=run, numbers=Numbers(**given), by=request.user, now=now
                )
            except SettingsInvalid as invalid:
                show_mistakes(form, invalid)
            except Refused as refusal:
                messages.error(request, str(refusal))
                return redirect("operator_titre_pes", operator=operator.slug)
            else:
                return _file(name, content)
    invoices = [settlement.invoice for settlement in (*proposal.titres, *proposal.reductions)]
    ready = codes_on(operator=operator, day=localdate(now)) is not None
    context = {
        "operator": operator,
        "crumbs": crumbs(
            operator,
            ("Titres de recettes", reverse("operator_titres", args=[operator.slug])),
            ("Fichier PES V2", ""),
        ),
        "form": form,
        "missing": "" if ready else NO_CODES,
        "codes_url": reverse("operator_titre_codes", args=[operator.slug]),
        "to_export": ready and bool(invoices),
        "empty": not invoices,
        "figures": [
            {"label": "Titres", "value": format_number(len(proposal.titres))},
            {"label": "Réductions", "value": format_number(len(proposal.reductions))},
            {
                "label": "Total TTC",
                "value": format_cents(sum(invoice.gross_cents * invoice.sign for invoice in invoices)),
            },
        ],
        "left_out": proposal.left_out[:LEFT_OUT_SHOWN],
        "more_left_out": max(0, len(proposal.left_out) - LEFT_OUT_SHOWN),
    }
    return render(request, "operator/titre_pes.html", context)


def _file(name: str, content: bytes) -> HttpResponse:
    return HttpResponse(
        content,
        content_type="application/xml; charset=ISO-8859-15",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        },
    )
