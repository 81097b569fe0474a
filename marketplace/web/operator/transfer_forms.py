"""What an operator's staff gives to have a vendor's contracts taken over by another."""

from django import forms

from catalog.models import Listing, Vendor
from marketplace.web.fields import TYPED_DATE, pdf_field
from subscriptions.models import TransferBasis
from subscriptions.transfers.operations import MAX_REASON


class VendorForm(forms.Form):
    """Whose contracts."""

    use_required_attribute = False
    editeur = forms.ChoiceField(
        label="Éditeur qui cède ses contrats",
        error_messages={
            "required": "Choisissez un éditeur.",
            "invalid_choice": "Cet éditeur n’a pas de service chez vous : choisissez de nouveau.",
        },
    )

    def __init__(self, *args, vendors: list[Vendor], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["editeur"].choices = [
            ("", "Choisir…"),
            *((str(one.pk), one.organisation.name) for one in vendors),
        ]


class TransferForm(forms.Form):
    """What passes, to whom, from when, and why."""

    services = forms.MultipleChoiceField(
        label="Services transférés",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Cochez au moins un service.",
            "invalid_choice": "Un service n’est plus chez cet éditeur : choisissez de nouveau.",
        },
    )
    siren = forms.CharField(
        label="SIREN du nouvel éditeur",
        max_length=30,
        help_text="9 chiffres. Il doit être inscrit dans Halle et avoir accepté les conditions des éditeurs.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
        error_messages={
            "required": "Indiquez le SIREN du nouvel éditeur.",
            "max_length": "Ce numéro est trop long : un SIREN compte 9 chiffres.",
        },
    )
    basis = forms.ChoiceField(
        label="Pourquoi le contrat peut passer à un autre éditeur",
        choices=TransferBasis.choices,
        widget=forms.RadioSelect,
        help_text="Code de la commande publique, article R2194-6.",
        error_messages={
            "required": "Choisissez une réponse.",
            "invalid_choice": "Choisissez une réponse.",
        },
    )
    reason = forms.CharField(
        label="Motif",
        max_length=MAX_REASON,
        help_text="Il est écrit dans l’avenant, par exemple « rachat de Tartempion SAS ».",
        error_messages={
            "required": "Indiquez le motif.",
            "max_length": f"Ce motif est trop long : {MAX_REASON} caractères au plus.",
        },
    )
    effective_on = forms.DateField(
        label="À partir du",
        help_text="À un an d’ici au plus.",
        widget=TYPED_DATE,
        error_messages={
            "required": "Indiquez la date du transfert.",
            "invalid": "Cette date n’existe pas. Écrivez-la ainsi : 17/03/2027.",
        },
    )
    evidence = pdf_field(
        "Justificatif",
        what="le justificatif",
        help_text="Traité de fusion, acte de cession, annonce légale : un fichier PDF de 10 Mo au plus.",
    )

    def __init__(self, *args, listings: list[Listing], **kwargs):
        super().__init__(*args, **kwargs)
        self.listings = {str(one.pk): one for one in listings}
        self.fields["services"].choices = [(pk, one.sheet.name) for pk, one in self.listings.items()]

    def terms(self) -> dict:
        """As `transfers.operations.prepare` takes them."""
        typed = dict(self.cleaned_data)
        return {"listings": [self.listings[pk] for pk in typed.pop("services")], **typed}


class SignedForm(forms.Form):
    """The amendment, signed."""

    file = pdf_field(
        "L’avenant signé",
        what="l’avenant signé",
        help_text="Signé par vous et par les deux éditeurs : un fichier PDF de 10 Mo au plus.",
    )
