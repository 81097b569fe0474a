"""Fields that several forms have: a day, a PDF to join."""

from django import forms

TYPED_DATE = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def pdf_field(
    label: str, *, what: str, help_text: str = "Un fichier PDF de 10 Mo au plus.", required: bool = True
) -> forms.FileField:
    """A document to join, `what` in the middle of a sentence ("l’acte signé"). What it must be is checked by
    the operation (tenants.uploads)."""
    missing = f"Joignez {what}, au format PDF."
    return forms.FileField(
        label=label,
        help_text=help_text,
        required=required,
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
        error_messages={
            "required": missing,
            "empty": f"Ce fichier est vide. {missing}",
            "invalid": missing,
        },
    )
