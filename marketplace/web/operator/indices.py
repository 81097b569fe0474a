"""The values of indices by which the prices of contracts are revised, kept by the operator."""

from decimal import Decimal

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from catalog.pricing import TypedWrong, month_in_words, read_amount_text
from marketplace.web.access import operator_view
from marketplace.web.formats import day, format_number
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.roles import TASK_ROLES
from marketplace.web.operator.vehicle_forms import DayField
from marketplace.web.operator.vehicles import vehicle_crumbs
from subscriptions import indexing
from subscriptions.exceptions import AmendmentInvalid
from subscriptions.models import Index, IndexValue


class IndexForm(forms.Form):
    index = forms.ChoiceField(label="Indice", choices=Index.choices)
    month = DayField(
        label="Mois",
        missing="Indiquez le mois, par un de ses jours.",
        help_text="N’importe quel jour du mois de l’indice.",
    )
    value = forms.CharField(
        label="Valeur publiée",
        help_text="Par exemple 320,1.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "decimal"}),
        error_messages={"required": "Écrivez la valeur publiée."},
    )
    source = forms.CharField(
        label="Source",
        max_length=300,
        help_text="Où vous l’avez lue : l’adresse de la page, ou la publication et sa date.",
        error_messages={"required": "Dites où vous avez lu cette valeur."},
    )

    def clean_month(self):
        """Named by its first day."""
        return self.cleaned_data["month"].replace(day=1)

    def clean_value(self) -> Decimal:
        """As people write it, two decimals at most."""
        try:
            value = Decimal(read_amount_text(self.cleaned_data["value"]))
        except TypedWrong as wrong:
            raise forms.ValidationError(str(wrong)) from wrong
        if value != round(value, 2) or value >= 1_000_000:
            raise forms.ValidationError("Écrivez la valeur publiée, avec deux décimales au plus.")
        return value


@operator_view(*TASK_ROLES, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def index_values(request, operator):
    """The values known, and one more; typed again, it is a correction."""
    form = IndexForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            indexing.record_value(operator=operator, by=request.user, now=timezone.now(), **form.cleaned_data)
        except AmendmentInvalid as invalid:
            for name, sentence in invalid.errors.items():
                form.add_error(name, sentence)
        else:
            messages.success(request, "La valeur est enregistrée. Les révisions se calculent chaque matin.")
            return redirect("operator_indices", operator=operator.slug)
    rows = IndexValue.objects.filter(operator=operator).order_by("-month", "index")
    context = {
        "operator": operator,
        "crumbs": vehicle_crumbs(operator, ("Indices", "")),
        "form": None if request.reads_only else form,
        "has_errors": bool(form.errors),
        "back": reverse("operator_vehicles", args=[operator.slug]),
        "rows": [
            {
                "index": capitalised(row.get_index_display()),
                "month": capitalised(month_in_words(row.month)),
                "value": format_number(row.value),
                "source": row.source,
                "recorded": day(row.recorded_at),
            }
            for row in rows
        ],
    }
    return render(request, "operator/indices.html", context)
