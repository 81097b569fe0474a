"""The one screen on which an operator is opened: the questions of its settings, and who it is."""

from django import forms

from marketplace.web.fields import TYPED_DATE
from marketplace.web.operator.settings_forms import BillingForm, IdentityForm, StatutesForm, StorefrontForm
from tenants.models import Operator
from tenants.models.operator import VatRegime

# The form's own fields, beside the operator's settings; the latter are grouped as on the settings' pages.
GROUPS = {
    "Qui est l’opérateur": [
        "siret",
        "name",
        "address",
        "postcode",
        "city",
        "slug",
        *IdentityForm.base_fields,
    ],
    "Ce que disent ses statuts": [*StatutesForm.base_fields, "colleges"],
    "Sa vitrine": [*StorefrontForm.base_fields],
    "Ses factures": [*BillingForm.base_fields, "vat_regime", "vat_since", "vat_source"],
    "Sa première administratrice, son premier administrateur": ["administrator"],
}
MAX_COLLEGES = 30


class OpenOperatorForm(IdentityForm, StatutesForm, StorefrontForm, BillingForm):
    siret = forms.CharField(
        label="SIRET du siège",
        help_text="14 chiffres. Si Halle connaît déjà l’organisme, ses nom et adresse ne changent pas.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": "Indiquez le SIRET du siège."},
    )
    name = forms.CharField(
        label="Nom officiel",
        required=False,
        max_length=255,
        help_text="Nécessaire si Halle ne connaît pas encore cet organisme.",
    )
    address = forms.CharField(label="Adresse", required=False, max_length=255)
    postcode = forms.RegexField(
        r"^[0-9]{5}$",
        label="Code postal",
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": "Un code postal compte 5 chiffres."},
    )
    city = forms.CharField(label="Ville", required=False, max_length=120)
    slug = forms.CharField(
        label="Adresse de la vitrine",
        help_text="Le mot qui la désigne dans les adresses de Halle, par exemple syndicat-brumelle. "
        "Il ne changera plus.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Choisissez l’adresse de la vitrine."},
    )
    colleges = forms.CharField(
        label="Collèges d’adhérents",
        required=False,
        help_text="Un par ligne, si les statuts en prévoient. Les voix se précisent ensuite.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    vat_regime = forms.ChoiceField(
        label="Position de TVA", required=False, choices=[("", "À préciser plus tard"), *VatRegime.choices]
    )
    vat_since = forms.DateField(
        label="Position de TVA depuis le",
        required=False,
        widget=TYPED_DATE,
        error_messages={"invalid": "Cette date n’existe pas. Écrivez-la ainsi : 01/01/2026."},
    )
    vat_source = forms.CharField(
        label="Ce qui le prouve",
        required=False,
        help_text="Par exemple : courrier du service des impôts du 12/03/2026.",
    )
    administrator = forms.CharField(
        label="Courriel de la personne à inviter",
        help_text="Elle reçoit une invitation, valable quatorze jours, et pourra inviter les autres.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Indiquez l’adresse de la personne qui administrera l’opérateur."},
    )
    field_order = [name for names in GROUPS.values() for name in names]

    @classmethod
    def blank(cls) -> "OpenOperatorForm":
        """With what an operator's statutes say most often."""
        fresh = Operator()
        kept = ("accent", "population_kind", "withdrawal_months", "withdrawal_rule", "payment_days")
        return cls(initial={name: getattr(fresh, name) for name in kept})

    def groups(self) -> list[dict]:
        """The fields under their titles, for the template."""
        return [{"title": title, "fields": [self[name] for name in names]} for title, names in GROUPS.items()]

    def clean_colleges(self) -> list[str]:
        """One name a line."""
        names = [line.strip() for line in self.cleaned_data["colleges"].splitlines() if line.strip()]
        if len(names) > MAX_COLLEGES:
            raise forms.ValidationError(f"{MAX_COLLEGES} collèges au plus ici ; ajoutez les autres ensuite.")
        return names


class AdministratorForm(forms.Form):
    administrator = OpenOperatorForm.base_fields["administrator"]
