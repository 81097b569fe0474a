"""Fields that several forms have: a day, a few typed sentences, a PDF to join, a CSV file to send."""

from django import forms

TYPED_DATE = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def text_field(
    label: str,
    *,
    longest: int,
    missing: str = "",
    too_long: str = "Raccourcissez",
    help_text: str = "",
    rows: int = 3,
    required: bool = True,
) -> forms.CharField:
    """A sentence or a few, of `longest` characters at most. `missing` is said when nothing was typed,
    `too_long` begins what is said of a text that is too long."""
    said = {"max_length": f"{too_long} : {longest} caractères au plus."}
    return forms.CharField(
        label=label,
        max_length=longest,
        help_text=help_text,
        required=required,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages=said | ({"required": missing} if missing else {}),
    )


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


def csv_field(
    label: str = "Fichier CSV",
    *,
    what: str,
    help_text: str,
    required: bool = True,
    max_bytes: int | None = None,
) -> forms.FileField:
    """A list to send, `what` in the middle of a sentence ("le fichier CSV de vos agents"). What is in it is
    judged by the operation; one beyond `max_bytes` is not even read."""

    def no_larger(file) -> None:
        if max_bytes is not None and file.size > max_bytes:
            raise forms.ValidationError(
                f"Le fichier dépasse {max_bytes // 1024**2} Mo. Découpez-le en plusieurs fichiers."
            )

    choose = f"Choisissez {what}."
    return forms.FileField(
        label=label,
        help_text=help_text,
        required=required,
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        validators=[no_larger],
        error_messages={
            "required": choose, "invalid": choose, "empty": f"Ce fichier est vide. {choose}",
        },
    )  # fmt: skip
