"""What is typed to open an envelope. What it must be is checked by subscriptions.envelopes."""

import uuid
from datetime import timedelta

from django import forms
from django.db.models import QuerySet

from catalog.models import Family, Listing
from marketplace.web.commune.forms import ApproveForm
from marketplace.web.operator.vehicle_forms import AmountField, DayField
from subscriptions.acts import Act
from subscriptions.envelopes import EnvelopeTerms
from subscriptions.exceptions import EnvelopeInvalid

ONE_DAY = timedelta(days=1)
FIELDS = {"ends_on": "last_day", "amount_cents": "amount"}


class ServiceField(forms.ModelChoiceField):
    """A service of a shelf, by its name and its operator's."""

    def label_from_instance(self, listing: Listing) -> str:
        return f"{listing.shown.name} ({listing.operator.short_name})"


class EnvelopeForm(ApproveForm):
    """The amount, its days and its services; the delegation it rests on; the decision that opens it."""

    request_key = forms.UUIDField(widget=forms.HiddenInput)
    amount = AmountField(
        label="Montant de l’enveloppe, hors taxes",
        max_length=20,
        help_text="En euros. Chaque abonnement y compte pour toute la durée de son contrat. Exemple : 3 000.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "decimal"}),
        error_messages={"required": "Indiquez le montant de l’enveloppe."},
    )
    starts_on = DayField(label="Premier jour", missing="Indiquez le premier jour de l’enveloppe.")
    last_day = DayField(
        label="Dernier jour",
        missing="Indiquez le dernier jour de l’enveloppe.",
        help_text="Un an au plus : les crédits sont ceux d’un budget.",
    )
    families = forms.MultipleChoiceField(
        label="Catégories de services",
        required=False,
        choices=Family.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="Aucune cochée : tous les services.",
        error_messages={"invalid_choice": "Cette catégorie n’existe pas. Rechargez la page."},
    )
    listing = ServiceField(
        label="Un seul service",
        required=False,
        queryset=Listing.objects.none(),
        empty_label="Non : selon les catégories",
        help_text="Alors l’enveloppe n’approuve que lui. Ne cochez aucune catégorie.",
        error_messages={"invalid_choice": "Ce service n’est pas proposé. Choisissez-en un de la liste."},
    )
    delegation_number = forms.CharField(
        label="Numéro de la délibération de délégation",
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": "Indiquez le numéro de la délibération qui délègue.",
            "max_length": "Ce numéro est trop long : 60 caractères au plus.",
        },
    )
    delegation_date = DayField(
        label="Date de cette délibération", missing="Indiquez la date de la délibération qui délègue."
    )
    field_order = (
        "amount", "starts_on", "last_day", "families", "listing", "delegation_number", "delegation_date",
        "number", "date", "file",
    )  # fmt: skip

    def __init__(self, *args, services: QuerySet[Listing], **kwargs):
        super().__init__(*args, deliberation=False, initial={"request_key": uuid.uuid4()}, **kwargs)
        self.fields["listing"].queryset = services.select_related(
            "operator", "approved_revision", "offer__product__sheet"
        ).order_by("offer__product__sheet__name", "pk")
        self.fields["number"].label = "Numéro de la décision qui ouvre l’enveloppe"

    def terms(self) -> EnvelopeTerms:
        """What was typed, for the room."""
        typed = self.cleaned_data
        return EnvelopeTerms(
            amount_cents=typed["amount"],
            starts_on=typed["starts_on"],
            ends_on=typed["last_day"] + ONE_DAY,
            families=typed["families"],
            listing=typed["listing"],
            delegation_number=typed["delegation_number"],
            delegation_date=typed["delegation_date"],
        )

    def act(self) -> Act:
        """The decision that opens it."""
        return Act(self.cleaned_data["number"], self.cleaned_data["date"], self.cleaned_data["file"])

    def show(self, invalid: EnvelopeInvalid) -> None:
        """Puts each mistake on its field."""
        for name, sentence in invalid.errors.items():
            self.add_error(FIELDS.get(name, name), sentence)
