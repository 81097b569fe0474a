"""Forms of an operator's staff."""

from django import forms
from django.core.validators import URLValidator

from billing.periods import Period

MAX_ADDRESS = 500  # Subscription.service_url


class WebAddressField(forms.URLField):
    """A link that agents will follow: nothing but http and https."""

    default_validators = [URLValidator(schemes=["http", "https"])]


class ServiceAddressForm(forms.Form):
    """The address of a service opened by hand. "" when the service has no address of its own."""

    service_url = WebAddressField(
        label="Adresse du service",
        required=False,
        max_length=MAX_ADDRESS,
        assume_scheme="https",
        help_text="L’adresse où les agents se connectent, par exemple https://cantine.exemple.fr",
        error_messages={
            "invalid": "Écrivez l’adresse en entier, en commençant par https://.",
            "max_length": f"L’adresse est trop longue : {MAX_ADDRESS} caractères au plus.",
        },
    )


class RunPeriodForm(forms.Form):
    """Which period to bill: `free` is offered, any of `periods` is understood.

    A period billed meanwhile is understood too, so that the person reads why it is refused.
    """

    period = forms.CharField(
        label="Période à facturer",
        widget=forms.Select,
        error_messages={"required": "Choisissez la période à facturer."},
    )

    def __init__(self, *args, periods: list[Period], free: list[Period], **kwargs):
        super().__init__(*args, **kwargs)
        self._periods = {period_key(period): period for period in periods}
        choices = [(period_key(period), capitalised(period.label)) for period in free]
        self.fields["period"].widget.choices = [("", "Choisir une période"), *choices]

    def clean_period(self) -> Period:
        """The period chosen."""
        period = self._periods.get(self.cleaned_data["period"])
        if period is None:
            raise forms.ValidationError("Choisissez une période de la liste.")
        return period


def period_key(period: Period) -> str:
    """ "2026-01-01_2026-07-01"."""
    return f"{period.start}_{period.end}"


def capitalised(text: str) -> str:
    """The first letter in capitals, the others untouched."""
    return text[:1].upper() + text[1:]
