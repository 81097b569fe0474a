"""The rates of late interest that an operator uses, and how often it reminds."""

from datetime import date
from decimal import Decimal

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from billing import dunning
from billing.exceptions import DunningRefused
from billing.late_interest import PRIVATE_POINTS, PUBLIC_POINTS
from billing.late_queries import missing_half_years, pace_of, rates_of
from marketplace.web.access import operator_view
from marketplace.web.formats import day, format_percent
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import MONEY_ROLES
from marketplace.web.operator.vehicle_forms import PercentField

PACE = "pace"


class RateForm(forms.Form):
    half_year = forms.ChoiceField(
        label="Semestre qui commence le",
        error_messages={"required": "Choisissez le semestre.", "invalid_choice": "Choisissez le semestre."},
    )
    ecb_rate = PercentField(
        label="Taux de refinancement de la BCE ce jour-là, en pour cent",
        help_text=f"Sans la majoration de {PUBLIC_POINTS} points. Par exemple 2,15.",
        error_messages={"required": "Écrivez le taux."},
    )
    source = forms.CharField(
        label="Source",
        max_length=300,
        help_text="Où vous l’avez lu : la page de la Banque de France ou de la BCE, et sa date.",
        error_messages={
            "required": "Dites où vous avez lu ce taux.",
            "max_length": "Raccourcissez : 300 caractères au plus.",
        },
    )

    def __init__(self, *args, half_years: list[date], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["half_year"].choices = [(one.isoformat(), day(one)) for one in half_years]

    def clean_half_year(self) -> date:
        return date.fromisoformat(self.cleaned_data["half_year"])

    def clean_ecb_rate(self) -> Decimal:
        rate = self.cleaned_data["ecb_rate"]
        if rate >= 100:
            raise forms.ValidationError("Vérifiez ce taux : il est de moins de 100 %.")
        return rate


class PaceForm(forms.Form):
    days = forms.IntegerField(
        label="Jours entre deux rappels d’une facture, au moins",
        min_value=7,
        max_value=90,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
        error_messages={
            "required": "Indiquez un nombre de jours.",
            "invalid": "Indiquez un nombre de jours.",
            "min_value": "Sept jours au moins.",
            "max_value": "Quatre-vingt-dix jours au plus.",
        },
    )


@operator_view(*MONEY_ROLES, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def rates(request, operator):
    """The rates known with their sources, those that are missing, and one more; the pace of reminders."""
    now = timezone.now()
    known = rates_of(operator=operator)
    missing = missing_half_years(operator=operator, today=localdate(now))
    typed_ones = [*missing, *(one.starts_on for one in known if one.operator_id)]
    pace = PaceForm(initial={"days": pace_of(operator=operator)})
    rate = RateForm(half_years=typed_ones)
    if request.method == "POST":
        about_pace = request.POST.get("what") == PACE
        form = PaceForm(request.POST) if about_pace else RateForm(request.POST, half_years=typed_ones)
        pace, rate = (form, rate) if about_pace else (pace, form)
        if form.is_valid() and _saved(form, operator, request.user, now):
            messages.success(request, "C’est enregistré.")
            return redirect("operator_late_rates", operator=operator.slug)
    list_url = reverse("operator_late_payments", args=[operator.slug])
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, ("Retards de paiement", list_url), ("Taux et rappels", "")),
        "rows": [
            {
                "since": day(one.starts_on),
                "ecb": format_percent(one.ecb_rate),
                "public": format_percent(one.ecb_rate + PUBLIC_POINTS),
                "private": format_percent(one.ecb_rate + PRIVATE_POINTS),
                "source": one.source,
                "by": "Votre organisme" if one.operator_id else "Halle",
            }
            for one in known
        ],
        "missing": [day(one) for one in missing],
        "rate": rate if typed_ones else None,
        "pace": pace,
        "has_errors": bool(rate.errors or pace.errors),
        "list_url": list_url,
    }
    return render(request, "operator/late_rates.html", context)


def _saved(form: forms.Form, operator, by, now) -> bool:
    """Whether it is; otherwise the form says why not."""
    given = form.cleaned_data
    try:
        if isinstance(form, PaceForm):
            dunning.set_pace(operator=operator, days=given["days"], by=by, now=now)
        else:
            dunning.record_rate(
                operator=operator,
                starts_on=given["half_year"],
                ecb_rate=given["ecb_rate"],
                source=given["source"],
                by=by,
                now=now,
            )
    except DunningRefused as refusal:
        form.add_error(None, str(refusal))
        return False
    return True
