"""What a tariff asks for each unit used, as an operator types it."""

from typing import Any

from django import forms

from catalog.pricing import GridInvalid, TypedWrong, format_number, read_amount_text, read_count_text
from catalog.pricing.usage import USAGE, usage_of

USAGE_FIELDS = {f"usage_{name}": name for name in ("unit", "name", "plural", "unit_price", "included")}


class UsageFields(forms.Form):
    """One unit: the first of those that the tariff prices."""

    usage_name = forms.CharField(
        label="Unité",
        required=False,
        help_text="Au singulier, par exemple SMS ou document signé. Rien à écrire si rien ne se paie ainsi.",
    )
    usage_plural = forms.CharField(
        label="Au pluriel", required=False, help_text="Par exemple documents signés."
    )
    usage_unit = forms.CharField(
        label="Code de cette unité",
        required=False,
        help_text="Celui que le service envoie, par exemple sms : minuscules, chiffres, - et _.",
    )
    usage_unit_price = forms.CharField(
        label="Prix de l’unité, en euros hors taxes",
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    usage_included = forms.CharField(
        label="Unités comprises par mois",
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text="Rien à écrire si chaque unité se paie.",
    )

    def without_usage(self) -> None:
        """For an option: usage is priced with its service."""
        for name in USAGE_FIELDS:
            del self.fields[name]

    def clean_usage_unit_price(self) -> str:
        return self._read("usage_unit_price", read_amount_text)

    def clean_usage_included(self) -> int | str:
        return self._read("usage_included", read_count_text)

    def _read(self, field: str, read):
        text = self.cleaned_data[field].strip()
        try:
            return read(text) if text else ""
        except TypedWrong as wrong:
            raise forms.ValidationError(str(wrong)) from None

    def clean(self):
        """All of a unit, or nothing."""
        found = super().clean()
        if not any(found.get(name) for name in USAGE_FIELDS) or self.errors:
            return found
        try:
            usage_of({USAGE: [_written(found)]})
        except GridInvalid as invalid:
            self.add_error("usage_name", list(invalid.errors))
        return found


def _written(typed: dict[str, Any]) -> dict[str, Any]:
    plural = typed.get("usage_plural") or typed.get("usage_name")
    found = {name: typed.get(field) for field, name in USAGE_FIELDS.items()} | {"plural": plural}
    return {name: value for name, value in found.items() if value not in ("", None)}


def typed_usage(definition: dict[str, Any]) -> dict[str, str]:
    """What the fields show of a saved grid."""
    try:
        [first, *_] = usage_of(definition) or (None,)
    except GridInvalid:
        first = None
    if first is None:
        return {}
    return {
        "usage_unit": first.unit,
        "usage_name": first.name,
        "usage_plural": first.plural,
        "usage_unit_price": format_number(first.unit_price),
        "usage_included": format_number(first.included) if first.included else "",
    }


def with_usage(definition: dict[str, Any], saved: dict[str, Any], cleaned: dict[str, Any]) -> dict[str, Any]:
    """The grid with the unit typed, taken out of `cleaned`, before the others that were `saved`."""
    typed = {field: cleaned.pop(field, "") for field in USAGE_FIELDS}
    others = list(saved.get(USAGE) or [])[1:]
    kept = {name: value for name, value in definition.items() if name != USAGE}
    first = [_written(typed)] if any(typed.values()) else []
    return kept | ({USAGE: [*first, *others]} if first or others else {})
