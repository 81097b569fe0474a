"""What a person gives to ask for many."""

from django import forms

from marketplace.web.fields import TYPED_DATE, csv_field, pdf_field
from tenants.models import Organisation
from tenants.models.territory import TerritoryKind

EACH, FOR_ALL = "chacune", "convention"


class BulkForm(forms.Form):
    """Who: ticked, or in a file; and who decides."""

    request_key = forms.UUIDField(widget=forms.HiddenInput)
    everybody = forms.BooleanField(label="Toutes les collectivités de cette liste", required=False)
    chosen = forms.MultipleChoiceField(
        label="Ou celles-ci",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "invalid_choice": "Une collectivité n’est plus dans cette liste : choisissez de nouveau."
        },
    )
    file = csv_field(
        "Ou une liste dans un fichier CSV",
        what="la liste des collectivités",
        help_text="Une colonne « Code INSEE ou SIREN » et, si besoin, une colonne « Numéro d’engagement ».",
        required=False,
    )
    decision = forms.ChoiceField(
        label="Qui décide ?",
        choices=[
            (EACH, "Chaque collectivité décide pour elle-même"),
            (FOR_ALL, "Un seul acte décide pour toutes, en vertu d’une convention"),
        ],
        initial=EACH,
        widget=forms.RadioSelect,
        error_messages={"required": "Dites qui décide.", "invalid_choice": "Choisissez une réponse."},
    )
    number = forms.CharField(
        label="Numéro de la convention", required=False, max_length=60,
        error_messages={"max_length": "Ce numéro est trop long : 60 caractères au plus."},
    )  # fmt: skip
    date = forms.DateField(
        label="Date de la convention",
        required=False,
        widget=TYPED_DATE,
        error_messages={"invalid": "Cette date n’existe pas. Écrivez-la ainsi : 17/03/2027."},
    )
    convention = pdf_field(
        "La convention signée",
        what="la convention signée",
        help_text="Celle qui vous confie la décision : un fichier PDF de 10 Mo au plus.",
        required=False,
    )

    def __init__(self, *args, organisations, **options):
        super().__init__(*args, **options)
        self.fields["chosen"].choices = [(str(one.pk), _short(one)) for one in organisations]

    def clean(self):
        typed = super().clean()
        ticked = typed.get("everybody") or typed.get("chosen")
        if not self.errors and not ticked and not typed.get("file"):
            self.add_error("chosen", "Choisissez au moins une collectivité, ou joignez une liste.")
        if ticked and typed.get("file"):
            self.add_error("file", "Cochez des collectivités ou joignez une liste, pas les deux.")
        if typed.get("decision") == FOR_ALL:
            for name, missing in (
                ("number", "Indiquez le numéro de la convention."),
                ("date", "Indiquez la date de la convention."),
                ("convention", "Joignez la convention signée, au format PDF."),
            ):
                if not typed.get(name) and name not in self.errors:
                    self.add_error(name, missing)
        return typed


def _short(organisation: Organisation) -> str:
    """As one looks for it in a list: a commune by its name alone."""
    territory = organisation.territory
    return territory.name if territory and territory.kind == TerritoryKind.COMMUNE else organisation.name
