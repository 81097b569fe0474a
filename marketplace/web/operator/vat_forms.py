"""Forms of an operator's VAT. What may be kept is checked by catalog.vat.deciding."""

from django import forms

from catalog.models import LineNature, VatZone
from catalog.vat.deciding import Choice, Proof
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.vehicle_forms import DayField, PercentField
from tenants.models.territory import TerritoryKind

ONE_MEMBER = "un"
KINDS = (
    TerritoryKind.COMMUNE,
    TerritoryKind.EPCI,
    TerritoryKind.EPT,
    TerritoryKind.DEPARTEMENT,
    TerritoryKind.REGION,
)


class DatedForm(forms.Form):
    """From which day, and what proves it."""

    since = DayField(label="Depuis le", missing="Indiquez depuis quel jour.")
    source = forms.CharField(
        label="Ce qui le prouve",
        help_text="Par exemple : rescrit du service des impôts du 12/03/2026.",
        error_messages={"required": "Dites ce qui le prouve : un courrier, un rescrit, une délibération."},
    )

    def proof(self) -> Proof:
        return Proof(since=self.cleaned_data["since"], source=self.cleaned_data["source"])


class DecisionForm(DatedForm):
    prefix = "regime"
    nature = forms.ChoiceField(
        label="Ce que vous facturez",
        choices=[
            ("", "Choisir"),
            *((value, capitalised(label)) for value, label in LineNature.choices),
        ],
        help_text="La TVA écrite sur le tarif le dit : taxable, c’est un service vendu ; exonéré, un service "
        "partagé entre les membres ; hors champ, une contribution statutaire.",
        error_messages={"required": "Choisissez ce que vous facturez."},
    )
    choice = forms.ChoiceField(
        label="Avec ou sans TVA",
        choices=[("", "Choisir"), *Choice.choices],
        help_text="D’après les débits : vous devez la TVA dès la facture, sans attendre son paiement.",
        error_messages={"required": "Choisissez avec ou sans TVA."},
    )
    field_order = ("nature", "choice", "since", "source")


class EligibilityForm(DatedForm):
    prefix = "eligible"
    kind = forms.ChoiceField(
        label="Quels adhérents",
        choices=[
            ("", "Choisir"),
            *((kind.value, f"Tous ceux de type « {kind.label} »") for kind in KINDS),
            (ONE_MEMBER, "Un seul, par son SIREN"),
        ],
        error_messages={"required": "Choisissez de quels adhérents il s’agit."},
    )
    siren = forms.CharField(
        label="SIREN de l’adhérent",
        required=False,
        help_text="Pour un seul adhérent : ce qui est dit de lui passe avant ce qui est dit de son type.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    eligible = forms.ChoiceField(
        label="Ont-ils droit à l’exonération de l’article 261 B ?",
        choices=[("", "Choisir"), ("oui", "Oui"), ("non", "Non : ils sont facturés avec TVA")],
        error_messages={"required": "Répondez par oui ou par non."},
    )
    field_order = ("kind", "siren", "eligible", "since", "source")

    def clean(self):
        cleaned = super().clean()
        siren = "".join(cleaned.get("siren", "").split())
        if cleaned.get("kind") == ONE_MEMBER and not siren:
            self.add_error("siren", "Écrivez le SIREN de l’adhérent.")
        return cleaned | {"siren": siren}


class RateForm(DatedForm):
    prefix = "taux"
    zone = forms.ChoiceField(
        label="Territoire",
        choices=[("", "Choisir un territoire"), *VatZone.choices],
        error_messages={"required": "Choisissez le territoire."},
    )
    rate = PercentField(
        label="Taux normal, en pour cent",
        help_text="Par exemple 8,5. Écrivez 0 là où la TVA ne s’applique pas.",
        error_messages={"required": "Écrivez le taux, ou 0."},
    )
    reason = forms.CharField(
        label="Motif, si le taux est 0",
        required=False,
        help_text="Il figure sur les factures.",
    )
    field_order = ("zone", "rate", "reason", "since", "source")
