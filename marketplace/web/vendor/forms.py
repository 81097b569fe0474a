"""Forms of the vendors' door and of what a vendor says of itself."""

from django import forms

from catalog.vendors.applications import KINDS
from catalog.vendors.declarations import MAX_TEXT, QUESTIONS
from catalog.vendors.operations import MAX_PRESENTATION
from tenants.models.organisation import OrganisationKind

NUMERIC = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})


class ApplicationForm(forms.Form):
    siren = forms.CharField(
        label="SIREN",
        help_text="Les 9 premiers chiffres du SIRET de votre organisme.",
        widget=NUMERIC,
        error_messages={"required": "Indiquez le SIREN."},
    )
    name = forms.CharField(
        label="Raison sociale", max_length=255, error_messages={"required": "Indiquez la raison sociale."}
    )
    kind = forms.ChoiceField(
        label="Nature de l’organisme",
        choices=[("", "Choisir"), *((kind, OrganisationKind(kind).label.capitalize()) for kind in KINDS)],
        error_messages={"required": "Choisissez la nature de l’organisme."},
    )
    address = forms.CharField(
        label="Adresse", max_length=255, error_messages={"required": "Indiquez l’adresse du siège."}
    )
    postcode = forms.RegexField(
        r"^[0-9]{5}$",
        label="Code postal",
        widget=NUMERIC,
        error_messages={
            "required": "Indiquez le code postal.",
            "invalid": "Un code postal compte 5 chiffres.",
        },
    )
    city = forms.CharField(label="Ville", max_length=120, error_messages={"required": "Indiquez la ville."})
    contact_email = forms.EmailField(
        label="Courriel professionnel",
        help_text="La réponse y arrive, et les acheteurs y écrivent : une adresse de service convient mieux.",
        error_messages={
            "required": "Indiquez une adresse de courriel.",
            "invalid": "Cette adresse de courriel est incomplète.",
        },
    )
    contact_phone = forms.CharField(
        label="Téléphone", required=False, max_length=20, widget=forms.TextInput(attrs={"inputmode": "tel"})
    )
    website = forms.URLField(
        label="Site internet",
        required=False,
        max_length=300,
        assume_scheme="https",
        error_messages={"invalid": "Écrivez l’adresse en entier, en commençant par https://."},
    )
    presentation = forms.CharField(
        label="Ce que vous proposez",
        max_length=MAX_PRESENTATION,
        help_text="Quelques phrases : vos services, à quelles collectivités, depuis quand.",
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": "Décrivez en quelques mots ce que vous proposez."},
    )
    terms_version = forms.CharField(widget=forms.HiddenInput)
    terms = forms.BooleanField(
        label="J’ai lu les conditions des éditeurs et je les accepte au nom de l’organisme",
        error_messages={"required": "Acceptez les conditions pour envoyer la demande."},
    )


class ProfileForm(forms.Form):
    """Checked by catalog.vendors.operations.change_profile."""

    presentation = forms.CharField(
        label="Présentation", required=False, widget=forms.Textarea(attrs={"rows": 6})
    )
    website = forms.CharField(
        label="Site internet", required=False, widget=forms.TextInput(attrs={"inputmode": "url"})
    )
    contact_email = forms.CharField(
        label="Courriel du service commercial",
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    contact_phone = forms.CharField(
        label="Téléphone", required=False, widget=forms.TextInput(attrs={"inputmode": "tel"})
    )


class DeclarationForm(forms.Form):
    """One field a question of catalog.vendors.declarations, which judges the answers."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for question in QUESTIONS:
            if question.yes:
                field = forms.BooleanField(required=False)
            else:
                field = forms.CharField(required=False, max_length=4 * MAX_TEXT)
            field.label, field.help_text = question.label, question.help_text
            self.fields[question.code] = field
            # Judged by the room; said here only so that "(facultatif)" is not shown.
            field.required = question.required
            field.error_messages["required"] = (
                "Cochez pour le déclarer. Sinon, écrivez à l’équipe de la plateforme."
                if question.yes
                else "À renseigner."
            )


class ConnectionForm(forms.Form):
    """Where a vendor's broker is; `provisioning.connecting.connect` judges what is typed."""

    url = forms.CharField(
        label="Adresse du courtier",
        help_text="Sans /v2 à la fin. Par exemple https://courtier.exemple.fr",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Indiquez l’adresse du courtier."},
    )
    username = forms.CharField(
        label="Identifiant",
        help_text="Celui que Halle présente à votre courtier.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Indiquez l’identifiant."},
    )
    service_id = forms.CharField(
        label="Identifiant du service",
        help_text="« service_id » de votre catalogue.",
        error_messages={"required": "Indiquez l’identifiant du service."},
    )
    plan_id = forms.CharField(
        label="Identifiant de la formule",
        help_text="« plan_id » de votre catalogue.",
        error_messages={"required": "Indiquez l’identifiant de la formule."},
    )
    bindable = forms.BooleanField(
        label="Un logiciel entre dans le service avec des identifiants",
        help_text="Halle les demande après l’ouverture (« service_bindings ») et les remet à l’abonné.",
        required=False,
    )
    changes = forms.BooleanField(
        label="Le courtier modifie un service ouvert",
        help_text="Options et quantités, par PATCH. Sinon l’opérateur vous le demande à chaque avenant.",
        required=False,
    )
    suspends = forms.BooleanField(
        label="Le courtier suspend et rouvre un accès",
        help_text="Par PATCH, avec le paramètre « suspended » à true ou false, sans rien effacer. "
        "Sinon l’opérateur vous le demande.",
        required=False,
    )
