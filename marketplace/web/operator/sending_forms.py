"""What is typed about sending invoices: the account at Chorus Pro, the number of a deposit found there."""

from django import forms
from django.core.validators import RegexValidator

from billing.sending.accounts import NO_COLON
from marketplace.web.fields import TYPED_DATE


class NumberForm(forms.Form):
    number = forms.CharField(
        label="Numéro de flux",
        help_text="Celui que Chorus Pro donne à ce fichier.",
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": "Indiquez le numéro de flux que Chorus Pro donne.",
            "max_length": "Un numéro de flux a 60 signes au plus.",
        },
    )


def _secret(label: str, missing: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        error_messages={"required": missing},
    )


class AccountForm(forms.Form):
    """The fields bear the names of `AccountStatement`. Once an account is `known`, its secrets may be left
    as they are."""

    login = forms.CharField(
        label="Compte technique",
        help_text="Par exemple TECH_1_…@cpro.fr, créé dans Chorus Pro par votre gestionnaire.",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        validators=[RegexValidator("^[^:]*$", NO_COLON)],
        error_messages={"required": "Indiquez le compte technique.", "max_length": "100 signes au plus."},
    )
    password = _secret("Mot de passe du compte technique", "Indiquez le mot de passe du compte technique.")
    client_id = forms.CharField(
        label="Identifiant de l’application PISTE",
        help_text="Le « client ID » de votre application sur piste.gouv.fr.",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": "Indiquez l’identifiant de l’application PISTE.",
            "max_length": "100 signes au plus.",
        },
    )
    client_secret = _secret("Secret de l’application PISTE", "Indiquez le secret de l’application PISTE.")
    since = forms.DateField(
        label="Déposer les factures émises à partir du",
        widget=TYPED_DATE,
        help_text="Celles d’avant ont été transmises autrement : Halle ne les propose pas.",
        error_messages={
            "required": "Indiquez à partir de quel jour.",
            "invalid": "Cette date n’existe pas : vérifiez le jour et le mois.",
        },
    )

    def __init__(self, *args, known: bool, **kwargs):
        super().__init__(*args, **kwargs)
        if known:
            for name in ("password", "client_secret"):
                self.fields[name].required = False
                self.fields[name].help_text = "Laissez vide pour garder celui qui est enregistré."
