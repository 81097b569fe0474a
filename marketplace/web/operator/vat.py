"""What an operator decided of VAT, and the rates that it invoices with."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from catalog.models import VatDecision, VatEligibility, VatRate
from catalog.vat import deciding, queries
from marketplace.web.access import operator_view
from marketplace.web.formats import day, format_percent
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import MONEY_ROLES
from marketplace.web.operator.vat_forms import ONE_MEMBER, DecisionForm, EligibilityForm, RateForm
from marketplace.web.operator.vehicle_forms import ONE_DAY
from tenants.models.territory import TerritoryKind

FORMS = {"regime": DecisionForm, "eligible": EligibilityForm, "taux": RateForm}
DONE = {
    "regime": "La décision est enregistrée.",
    "eligible": "L’éligibilité est enregistrée.",
    "taux": "Le taux est enregistré.",
}
DRAWN_AGAIN = " Les projets de factures qu’elle change se calculent de nouveau."


@operator_view(*MONEY_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def vat(request, operator):
    """The decisions by nature of line, the eligibility of members, the rates; one more of each."""
    forms = {name: form_class() for name, form_class in FORMS.items()}
    asked = request.POST.get("what", "") if request.method == "POST" else ""
    if asked in FORMS:
        forms[asked] = form = FORMS[asked](request.POST)
        if form.is_valid() and _keep(asked, form, operator=operator, by=request.user):
            messages.success(request, DONE[asked] + DRAWN_AGAIN)
            return redirect("operator_vat", operator=operator.slug)
    today = localdate()
    context = {
        "operator": operator,
        "crumbs": crumbs(
            operator, ("Facturation", reverse("operator_runs", args=[operator.slug])), ("TVA", "")
        ),
        "forms": None if request.reads_only else forms,
        "has_errors": any(form.errors for form in forms.values()),
        "decisions": [_decision(row, today) for row in queries.decisions_of(operator)],
        "eligibilities": [_eligibility(row, today) for row in queries.eligibilities_of(operator)],
        "rates": [_rate(row, today) for row in queries.rates_of(operator)],
    }
    return render(request, "operator/vat.html", context)


def _keep(asked: str, form, *, operator, by) -> bool:
    """Has the room keep it; False with its mistakes on the form."""
    common = {"operator": operator, "proof": form.proof(), "by": by, "now": timezone.now()}
    typed = form.cleaned_data
    try:
        if asked == "regime":
            deciding.decide(nature=typed["nature"], choice=typed["choice"], **common)
        elif asked == "taux":
            deciding.set_rate(zone=typed["zone"], rate=typed["rate"], reason=typed["reason"], **common)
        else:
            who = typed["kind"]
            if who == ONE_MEMBER and (who := queries.member_of(operator, siren=typed["siren"])) is None:
                form.add_error("siren", "Aucun de vos adhérents n’a ce SIREN. Vérifiez les neuf chiffres.")
                return False
            deciding.say_eligible(who=who, eligible=typed["eligible"] == "oui", **common)
    except deciding.VatInvalid as invalid:
        for name, sentence in invalid.errors.items():
            form.add_error("kind" if name == "who" else name, sentence)
        return False
    return True


def _decision(row: VatDecision, today) -> dict:
    words = capitalised(row.get_treatment_display())
    if row.on_debits:
        words = f"{words}, d’après les débits"
    return _dated(row, today) | {
        "nature": capitalised(row.get_nature_display()),
        "what": words,
        "reason": row.reason,
    }


def _eligibility(row: VatEligibility, today) -> dict:
    who = row.organisation.name if row.organisation else f"Type « {TerritoryKind(row.kind).label} »"
    return _dated(row, today) | {"who": who, "what": "Éligible" if row.eligible else "Non éligible"}


def _rate(row: VatRate, today) -> dict:
    return _dated(row, today) | {
        "zone": row.get_zone_display(),
        "level": capitalised(row.get_level_display()),
        "what": format_percent(row.rate) if row.rate else "Pas de TVA",
        "reason": row.reason,
        "whose": "Vous" if row.operator_id else "Halle",
    }


def _dated(row: VatDecision | VatEligibility | VatRate, today) -> dict:
    last_day = row.until and row.until - ONE_DAY
    if last_day and last_day < row.since:
        last_day, state, badge = None, "Corrigée", "neutral"
    elif row.since > today:
        state, badge = "À venir", "info"
    elif last_day and last_day < today:
        state, badge = "Remplacée", "neutral"
    else:
        state, badge = "En vigueur", "success"
    return {
        "since": day(row.since),
        "until": day(last_day),
        "source": row.source,
        "state": state,
        "badge": badge,
    }
