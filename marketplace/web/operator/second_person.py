"""The amount of an invoice above which a second person confirms the run that issues it."""

from decimal import Decimal

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from billing import approving
from catalog.pricing import TypedWrong, format_cents, format_number, read_amount_text, to_cents
from catalog.pricing.money import from_cents
from marketplace.web.access import operator_view
from marketplace.web.operator.lists import crumbs
from sso.stepping_up import strongly
from tenants.models import Role


class SecondPersonForm(forms.Form):
    above = forms.CharField(
        label="Montant d’une facture, TVA comprise",
        required=False,
        help_text="En euros, par exemple 5 000. Laissez vide si personne n’a à confirmer.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def clean_above(self) -> int | None:
        """The amount in cents; None when nothing was typed."""
        typed = self.cleaned_data["above"].replace("\0", "").strip()
        if not typed:
            return None
        try:
            return to_cents(Decimal(read_amount_text(typed)))
        except TypedWrong as wrong:
            raise forms.ValidationError(str(wrong)) from wrong


@operator_view(Role.OPERATOR_ADMIN, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
@strongly("Changer la règle des deux personnes")
def rule(request, operator):
    """Reads the rule, and changes it: it holds for what is approved from now on."""
    above = approving.second_person_above(operator=operator)
    form = SecondPersonForm(
        initial={"above": "" if above is None else format_number(from_cents(above), min_places=2)}
    )
    if request.method == "POST":
        form = SecondPersonForm(request.POST)
        if form.is_valid():
            approving.set_second_person(
                operator=operator,
                above_cents=form.cleaned_data["above"],
                by=request.user,
                now=timezone.now(),
            )
            messages.success(request, "La règle des deux personnes est enregistrée.")
            return redirect("operator_second_person", operator=operator.slug)
    settings_url = reverse("operator_settings_billing", args=[operator.slug])
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, ("Réglages", settings_url), ("Deux personnes", "")),
        "form": form,
        "now": "Aujourd’hui, une seule personne approuve, quel que soit le montant."
        if above is None
        else f"Aujourd’hui, une deuxième personne des finances confirme dès qu’une facture dépasse "
        f"{format_cents(above)} TTC.",
        "may_change": not request.reads_only,
    }
    return render(request, "operator/second_person.html", context)
