"""Questions to a buyer about herself, where the price of a service depends on the answer: agents, desks…"""

from collections.abc import Iterable, Mapping

from django import forms
from django.utils.text import slugify

from catalog.pricing import Counted, TypedWrong, format_number, read_count_text

MOST = 10_000_000
MOST_BUDGET = 100_000_000_000  # beyond any local authority's


class CountField(forms.CharField):
    """A whole number from 1, as people write it: « 1 200 »."""

    def __init__(self, *, counted: Counted, **kwargs):
        self.counted = counted
        question = counted.question
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}))
        kwargs.setdefault("error_messages", {"required": f"Indiquez le {question}."})
        super().__init__(label=question.capitalize(), **kwargs)

    def clean(self, value) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            number = read_count_text(text)
        except TypedWrong as wrong:
            raise forms.ValidationError(str(wrong)) from wrong
        most = MOST_BUDGET if self.counted.name == "budget" else MOST
        if not 1 <= number <= most:
            raise forms.ValidationError(f"Écrivez un nombre entre 1 et {format_number(most)}.")
        return number


def field_name(counted: Counted) -> str:
    """Its name in forms and addresses: « agents », « units-guichet »."""
    kind, _, key = counted.name.partition(".")
    return f"{kind}-{slugify(key)}" if key else kind


def count_fields(counted: Iterable[Counted], **options) -> dict[str, CountField]:
    """One field for each question."""
    return {field_name(one): CountField(counted=one, **options) for one in counted}


def counts_of(form: forms.Form) -> dict[str, int]:
    """The answers found right in a form that was validated, by `Counted.name`."""
    return {
        field.counted.name: form.cleaned_data[name]
        for name, field in form.fields.items()
        if isinstance(field, CountField) and form.cleaned_data.get(name) is not None
    }


def counts_in_address(query: Mapping[str, str]) -> list[tuple[str, str]]:
    """What an address says of these questions, to be carried to the next page."""
    return [
        (name, value[:40])
        for name, value in query.items()
        if value and (name in ("agents", "budget") or name.startswith("units-")) and len(name) < 60
    ]


class CountsForm(forms.Form):
    """The questions alone, before anything is asked for: each may wait."""

    def __init__(self, data: Mapping[str, str], *, counted: Iterable[Counted]):
        super().__init__(data)
        self.fields.update(count_fields(counted, required=False))

    @property
    def counts(self) -> dict[str, int]:
        """The right answers. Validates the form."""
        self.is_valid()
        return counts_of(self)
