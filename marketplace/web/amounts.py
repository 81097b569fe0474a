"""Amounts as people type them, in forms."""

from decimal import Decimal

from django import forms

from catalog.pricing import TypedWrong, read_amount_text, to_cents


class EuroField(forms.CharField):
    """An amount in euros typed as people do ("1 501,50 €"); gives whole cents, None when empty."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def to_python(self, value) -> int | None:
        text = super().to_python(value)
        if not text:
            return None
        try:
            return to_cents(Decimal(read_amount_text(text)))
        except TypedWrong as wrong:
            raise forms.ValidationError(str(wrong)) from None
