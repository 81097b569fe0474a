"""The form of a claim, drawn from the fields of its value. What a value must be is said by catalog.claims."""

from datetime import date
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from annotated_types import MaxLen
from django import forms
from pydantic import AfterValidator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from catalog.claims.kinds import MAX_LONG_TEXT, Choice, https_address
from catalog.claims.values import MAX_SUBPROCESSORS, TOPICS, Subprocessor, Value

BLANK_ROWS = 2
EVIDENCE = {"evidence_url", "evidence_file", "keep_file", "replaces"}  # drawn by the template
ROWS, MORE_ROWS = "subprocessors-rows", "more-rows"
YES_NO = [("", "Non précisé"), ("oui", "Oui"), ("non", "Non")]


class ClaimForm(forms.Form):
    """One topic. `data_typed()` is what catalog.claims reads; errors of lists come back to their line.

    The list of subprocessors has two blank lines more than are known; a button asks for more of them.
    """

    replaces = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, topic: str, value: Value | None = None, has_file: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        self.topic = topic
        self.rows: list[list[dict]] = []
        for name, field in TOPICS[topic].model_fields.items():
            if name != "subprocessors":
                self.fields[name] = _field(field)
                known = (
                    field.get_default(call_default_factory=True) if value is None else getattr(value, name)
                )
                self.initial[name] = "" if known is PydanticUndefined else _typed(known)
        if "subprocessors" in TOPICS[topic].model_fields:
            self._add_rows(list(value.subprocessors) if value is not None else [])
        self.fields["evidence_url"] = forms.CharField(
            label="Adresse de la preuve",
            required=False,
            help_text="Un document public, en https://. Avec une preuve, l’engagement est « documenté ».",
            widget=forms.URLInput(attrs={"autocomplete": "off"}),
        )
        if has_file:
            self.fields["keep_file"] = forms.BooleanField(
                label="Garder le document joint", required=False, initial=True
            )
        self.fields["evidence_file"] = forms.FileField(
            label="Ou document PDF",
            required=False,
            help_text="PDF, 10 Mo au plus. Tout acheteur pourra le lire : n’y laissez rien de personnel.",
            widget=forms.FileInput(attrs={"accept": "application/pdf"}),
            error_messages={"empty": "Ce fichier est vide.", "invalid": "Choisissez un PDF."},
        )

    @property
    def asks_for_more_rows(self) -> bool:
        return self.is_bound and MORE_ROWS in self.data

    def plain_fields(self) -> list[dict]:
        """The fields outside the list, each with the width it is drawn with."""
        hidden = {part["field"].name for row in self.rows for part in row} | EVIDENCE
        return [
            {"field": bound, "width": "short" if _is_short(bound.field) else ""}
            for bound in self
            if bound.name not in hidden
        ]

    def data_typed(self) -> dict[str, Any]:
        """The value as it was typed."""
        names = TOPICS[self.topic].model_fields
        typed = {name: self.cleaned_data[name] for name in names if name != "subprocessors"}
        if "subprocessors" in names:
            rows = [
                {
                    part: self.cleaned_data[f"subprocessors-{number}-{part}"]
                    for part in Subprocessor.model_fields
                }
                for number in range(len(self.rows))
            ]
            self._filled = [number for number, row in enumerate(rows) if any(row.values())]
            typed["subprocessors"] = [rows[number] for number in self._filled]
        return typed

    def show(self, errors: dict[str, str]) -> None:
        """Each mistake on its field."""
        for place, sentence in errors.items():
            name, _, rest = place.partition(".")
            if name == "subprocessors" and rest:
                number, _, part = rest.partition(".")
                place = f"subprocessors-{self._filled[int(number)]}-{part}"
            elif name != place:
                place = name  # a line of a text area
            self.add_error(place if place in self.fields else None, sentence)

    def _add_rows(self, known: list[Subprocessor]) -> None:
        count = len(known) + BLANK_ROWS
        if self.is_bound:
            sent = self.data.get(ROWS, "")
            count = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 4 else BLANK_ROWS
            count += BLANK_ROWS if self.asks_for_more_rows else 0
        count = min(count, MAX_SUBPROCESSORS)
        for number in range(count):
            for part, field in Subprocessor.model_fields.items():
                name = f"subprocessors-{number}-{part}"
                self.fields[name] = forms.CharField(
                    label=f"{field.title} (sous-traitant {number + 1})", required=False
                )
                if number < len(known):
                    self.initial[name] = getattr(known[number], part)
            self.rows.append(
                [
                    {"field": self[f"subprocessors-{number}-{part}"], "label": field.title}
                    for part, field in Subprocessor.model_fields.items()
                ]
            )


def _field(info: FieldInfo) -> forms.Field:
    kinds = _kinds(info.annotation)
    common: dict[str, Any] = {
        "label": info.title,
        "help_text": info.description or "",
        "required": info.is_required(),
        "error_messages": {"required": "À renseigner."},
    }
    choices = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Choice)), None)
    if choices is not None:
        blank = (
            []
            if not info.is_required() and info.default
            else [("", "Choisir" if info.is_required() else "Non précisé")]
        )
        offered = [*blank, *((member.value, _capitalised(member.label)) for member in choices)]
        return forms.CharField(widget=forms.Select(choices=offered), **common)
    if bool in kinds:
        return forms.CharField(widget=forms.Select(choices=YES_NO), **common)
    if date in kinds:
        return forms.CharField(widget=forms.DateInput(attrs={"type": "date"}), **common)
    if int in kinds or Decimal in kinds:
        mode = "numeric" if int in kinds else "decimal"
        return forms.CharField(
            widget=forms.TextInput(attrs={"inputmode": mode, "autocomplete": "off"}), **common
        )
    if list in kinds or MaxLen(MAX_LONG_TEXT) in info.metadata:
        return forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), **common)
    if AfterValidator(https_address) in info.metadata:
        return forms.CharField(widget=forms.URLInput(attrs={"autocomplete": "off"}), **common)
    return forms.CharField(**common)


def _kinds(annotation: Any) -> set:
    """The plain types an annotation is made of."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kinds(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return {kind for part in get_args(annotation) for kind in _kinds(part)}
    return {origin or annotation}


def _is_short(field: forms.Field) -> bool:
    return "inputmode" in field.widget.attrs or isinstance(field.widget, forms.DateInput)


def _typed(content: Any) -> str:
    """As a person would have typed it."""
    match content:
        case None:
            return ""
        case bool():
            return "oui" if content else "non"
        case Choice():
            return content.value
        case date():
            return content.isoformat()
        case Decimal():
            return str(content).replace(".", ",")
        case list():
            return "\n".join(content)
        case _:
            return str(content)


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
