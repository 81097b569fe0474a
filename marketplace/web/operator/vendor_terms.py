"""The commissions that an operator agrees on with its vendors."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from billing.models import CommissionTerms
from billing.vendors import terms as agreements
from billing.vendors.queries import terms_of, vendors_of
from catalog.models import Vendor
from marketplace.web.access import operator_view
from marketplace.web.amounts import EuroField
from marketplace.web.fields import TYPED_DATE
from marketplace.web.formats import day, moment
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import MONEY_ROLES
from marketplace.web.operator.vehicle_forms import PercentField
from marketplace.web.operator.vendor_statements import TITLE
from tenants.refusals import Refused


class TermsForm(forms.Form):
    """The fields bear the names of `Proposal`, which is checked by the room."""

    vendor = forms.ModelChoiceField(
        queryset=None,
        label="Éditeur",
        empty_label="Choisir un éditeur",
        error_messages={"required": "Choisissez l’éditeur.", "invalid_choice": "Choisissez l’éditeur."},
    )
    since = forms.DateField(
        label="À partir du",
        widget=TYPED_DATE,
        help_text="Les factures émises à partir de ce jour. Une ligne déjà sur un relevé ne change plus.",
        error_messages={
            "required": "Indiquez depuis quel jour.",
            "invalid": "Cette date n’existe pas : vérifiez le jour et le mois.",
        },
    )
    percent = PercentField(
        label="Commission, en pour cent de chaque ligne hors taxes",
        required=False,
        help_text="Par exemple 12,5. Zéro si vous ne gardez rien.",
    )
    per_line_cents = EuroField(
        label="Ou un montant par ligne facturée",
        required=False,
        help_text="En euros, hors taxes. L’un ou l’autre.",
    )
    vat_rate = PercentField(
        label="TVA de l’éditeur, en pour cent", required=False, help_text="Sur ce que vous lui devez."
    )
    vat_reason = forms.CharField(
        label="Ou pourquoi il n’en facture pas",
        required=False,
        max_length=agreements.MAX_REASON,
        help_text="Par exemple : TVA non applicable, art. 293 B du CGI.",
        error_messages={"max_length": f"Raccourcissez : {agreements.MAX_REASON} signes au plus."},
    )

    def __init__(self, *args, vendors, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["vendor"].queryset = vendors

    @property
    def proposal(self) -> agreements.Proposal:
        """What was typed, once valid."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "vendor"}
        return agreements.Proposal(**given)


@operator_view(*MONEY_ROLES, with_vendors=True)
@require_http_methods(["GET", "HEAD", "POST"])
def terms(request, operator):
    """What is agreed with each vendor, what was proposed, and a form to propose more."""
    vendors = vendors_of(operator=operator)
    form = TermsForm(vendors=vendors, initial={"since": localdate().replace(month=1, day=1)})
    if request.method == "POST":
        form = TermsForm(request.POST, vendors=vendors)
        if form.is_valid() and _proposed(request, operator, form):
            return redirect("operator_vendor_terms", operator=operator.slug)
    list_url = reverse("operator_statements", args=[operator.slug])
    known = terms_of(operator=operator)
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, (TITLE, list_url), ("Commissions", "")),
        "form": form,
        "rows": [row for vendor in vendors for row in _rows(vendor, known.get(vendor.pk, []))],
        "list_url": list_url,
    }
    return render(request, "operator/vendor_terms.html", context)


def _proposed(request, operator, form: TermsForm) -> bool:
    vendor = form.cleaned_data["vendor"]
    try:
        agreements.propose(
            operator=operator, vendor=vendor, proposal=form.proposal, by=request.user, now=timezone.now()
        )
    except Refused as refusal:
        form.add_error(refusal.field or None, str(refusal))
        return False
    messages.success(
        request, f"Conditions proposées à {vendor.organisation.name}, qui est prévenu par courriel."
    )
    return True


def _rows(vendor: Vendor, known: list[CommissionTerms]) -> list[dict]:
    if not known:
        return [
            {"vendor": vendor.organisation.name, "badge": {"state": "warning", "label": "Rien de convenu"}}
        ]
    agreed = [one for one in known if one.agreed_at]
    current = agreements.in_force(agreed, localdate())
    waiting = max(one.pk for one in known)
    return [
        {
            "vendor": vendor.organisation.name,
            "since": day(one.since),
            "commission": agreements.in_words(one),
            "vat": agreements.vat_in_words(one),
            "badge": terms_badge(one, current, waiting),
            "recorded": f"Proposé le {moment(one.proposed_at)} par {one.proposed_by}.",
        }
        for one in known
    ]


def terms_badge(one: CommissionTerms, current: CommissionTerms | None, latest: int) -> dict:
    """`current`: those in force; `latest`: the id of the last proposed."""
    if one == current:
        return {"state": "success", "label": "En vigueur"}
    if one.agreed_at:
        return {"state": "neutral", "label": "À venir" if one.since > localdate() else "Remplacées"}
    if one.pk == latest:
        return {"state": "info", "label": "Proposées, à accepter"}
    return {"state": "neutral", "label": "Remplacées avant accord"}
