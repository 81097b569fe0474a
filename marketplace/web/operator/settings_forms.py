"""Forms of an operator's settings. What a value must be is checked by tenants.operators.settings: here, only
what cannot be read at all. Opening an operator asks the same questions (marketplace.web.platform.forms)."""

from django import forms

from marketplace.web.fields import TYPED_DATE
from tenants.models import Operator
from tenants.models.operator import IssuerKind, LegalKind, VatRegime, WithdrawalRule
from tenants.models.territory import PopulationKind
from tenants.operators.settings import SettingsInvalid

NOT_A_NUMBER = "Écrivez un nombre entier, en chiffres."


def show_mistakes(form: forms.Form, invalid: SettingsInvalid, names: dict[str, str] | None = None) -> None:
    """Put each mistake on its field; `names` says which field asks for what, where the names differ."""
    for name, sentence in invalid.errors.items():
        form.add_error((names or {}).get(name, name), sentence)


class SettingsForm(forms.Form):
    """One group of settings; its fields bear the names of the operator's."""

    @classmethod
    def of(cls, operator: Operator):
        return cls(initial={name: getattr(operator, name) for name in cls.base_fields})


class IdentityForm(SettingsForm):
    short_name = forms.CharField(
        label="Nom court",
        help_text="Celui qu’on lit en haut des pages et dans les listes.",
        error_messages={"required": "Indiquez le nom court de l’opérateur."},
    )
    contact_name = forms.CharField(
        label="Personne ou service à contacter",
        required=False,
        help_text="Pour les adhérents qui cherchent de l’aide.",
    )
    contact_email = forms.CharField(
        label="Courriel d’aide",
        help_text="Les adhérents le lisent au pied de chaque page.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Indiquez l’adresse où les adhérents écrivent."},
    )
    contact_phone = forms.CharField(
        label="Téléphone d’aide", required=False, widget=forms.TextInput(attrs={"inputmode": "tel"})
    )


class StorefrontForm(SettingsForm):
    accent = forms.CharField(
        label="Couleur",
        help_text="Un dièse puis six chiffres ou lettres, par exemple #1f5a4c : votre charte graphique la "
        "donne. Elle doit être assez foncée pour qu’on lise du blanc dessus.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Indiquez la couleur de la vitrine."},
    )
    hostname = forms.CharField(
        label="Nom de domaine",
        required=False,
        help_text="Votre propre adresse, si vous en avez une, par exemple services.exemple.fr. Elle doit "
        "mener aux serveurs de Halle : voyez-le avec l’équipe de la plateforme.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "url", "spellcheck": "false"}),
    )
    shows_applications = forms.BooleanField(
        label="Montrer à tous quelles applications ont vos adhérents",
        required=False,
        help_text="Le bouton des applications, dans vos services et ceux d’autrui, mène alors chaque agent "
        "aux applications de sa collectivité. Quiconque peut lire cette liste ; sans cette case, le bouton "
        "ne montre que votre catalogue.",
    )


class StatutesForm(SettingsForm):
    legal_kind = forms.ChoiceField(
        label="Statut juridique",
        choices=[("", "Choisir un statut"), *LegalKind.choices],
        error_messages={"required": "Choisissez le statut."},
    )
    issuer_kind = forms.ChoiceField(
        label="Qui encaisse",
        choices=IssuerKind.choices,
        help_text="L’argent public passe par un comptable public ; seule une association encaisse elle-même.",
    )
    population_kind = forms.ChoiceField(
        label="Population de référence",
        choices=PopulationKind.choices,
        help_text="Celle que vos statuts retiennent pour les contributions, sauf tarif contraire.",
    )
    withdrawal_months = forms.IntegerField(
        label="Préavis de retrait, en mois",
        widget=forms.NumberInput(attrs={"min": 0, "max": 60}),
        error_messages={"required": "Indiquez le préavis, 0 s’il n’y en a pas.", "invalid": NOT_A_NUMBER},
    )
    withdrawal_rule = forms.ChoiceField(label="Le retrait prend effet", choices=WithdrawalRule.choices)


class BillingForm(SettingsForm):
    payment_days = forms.IntegerField(
        label="Délai de paiement, en jours",
        help_text="30 jours au plus pour un acheteur public.",
        widget=forms.NumberInput(attrs={"min": 1, "max": 30}),
        error_messages={"required": "Indiquez le délai de paiement.", "invalid": NOT_A_NUMBER},
    )
    iban = forms.CharField(
        label="IBAN",
        required=False,
        help_text="Le compte à créditer : celui du comptable public, ou de l’association. Il faut l’avoir "
        "donné avant d’émettre une facture.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    bic = forms.CharField(
        label="BIC",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class VatForm(forms.Form):
    regime = forms.ChoiceField(
        label="Position de TVA",
        choices=[("", "Choisir une position"), *VatRegime.choices],
        help_text="Seul votre service des impôts la décide : Halle la note, avec sa preuve.",
        error_messages={"required": "Choisissez la position de TVA."},
    )
    since = forms.DateField(
        label="Depuis le",
        help_text="Une date passée corrige ce qui s’applique depuis ; l’ancienne position reste dans "
        "l’historique.",
        widget=TYPED_DATE,
        error_messages={
            "required": "Indiquez depuis quel jour.",
            "invalid": "Cette date n’existe pas. Écrivez-la ainsi : 01/01/2026.",
        },
    )
    source = forms.CharField(
        label="Ce qui le prouve",
        help_text="Par exemple : courrier du service des impôts du 12/03/2026.",
        error_messages={"required": "Dites ce qui le prouve : un courrier, un rescrit, une attestation."},
    )


class CollegeForm(forms.Form):
    name = forms.CharField(
        label="Nom du collège",
        help_text="Comme vos statuts le nomment.",
        error_messages={"required": "Donnez un nom au collège."},
    )
    votes = forms.IntegerField(
        label="Voix",
        initial=1,
        help_text="0 pour un collège qui est seulement entendu.",
        widget=forms.NumberInput(attrs={"min": 0, "max": 1000}),
        error_messages={"required": "Indiquez le nombre de voix.", "invalid": NOT_A_NUMBER},
    )


class LogoForm(forms.Form):
    file = forms.FileField(
        label="Image du logo",
        help_text="PNG, JPEG ou WebP, 1 Mo et 4000 pixels de côté au plus. Le logo s’affiche sur fond blanc.",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        error_messages={
            "required": "Choisissez l’image du logo.",
            "empty": "Ce fichier est vide. Choisissez l’image du logo.",
            "invalid": "Choisissez l’image du logo.",
        },
    )
