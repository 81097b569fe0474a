"""What is typed about who pays a subscription."""

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from uuid import uuid4

from django import forms

from marketplace.web.amounts import EuroField
from marketplace.web.fields import TYPED_DATE, pdf_field, text_field
from subscriptions.cost_keys import Key
from subscriptions.models import KeyMethod, ShareKind
from subscriptions.paying import Convention, Terms
from tenants.models import Organisation
from tenants.models.territory import PopulationKind

NO_DATE = "Cette date n’existe pas. Écrivez-la ainsi : 01/01/2027."


def day_after(last: date) -> date:
    """The first day no longer paid; the last day of all has none after it."""
    return last + timedelta(days=1) if last < date.max else last


class PercentField(forms.CharField):
    """A percentage typed as people do ("33,5 %"); gives a Decimal, None when empty."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def to_python(self, value) -> Decimal | None:
        text = "".join((super().to_python(value) or "").replace("%", "").split()).replace(",", ".")
        if not text:
            return None
        try:
            percent = Decimal(text)
        except InvalidOperation:
            percent = Decimal("NaN")
        if not percent.is_finite() or len(text) > 20:
            raise forms.ValidationError("Écrivez un nombre, par exemple 40 ou 33,5.")
        return percent


class ConventionForm(forms.Form):
    """What a part rests on."""

    public_id = forms.UUIDField(widget=forms.HiddenInput)
    convention_number = forms.CharField(
        label="Référence de la convention",
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Indiquez la référence de la convention."},
    )
    convention_date = forms.DateField(
        label="Date de la convention",
        widget=TYPED_DATE,
        error_messages={"required": "Indiquez la date de la convention.", "invalid": NO_DATE},
    )
    convention_file = pdf_field(
        "Convention signée (PDF)", what="la convention signée", help_text="10 Mo au plus."
    )

    def convention(self) -> Convention:
        """What was typed, for the room."""
        values = self.cleaned_data
        return Convention(values["convention_number"], values["convention_date"], values["convention_file"])


class ShareForm(ConventionForm):
    """A part proposed to another member of the operator."""

    payer = forms.CharField(
        label="Qui paierait",
        max_length=255,
        help_text="Le nom exact, ou le SIREN, d’un autre adhérent du même opérateur.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Indiquez la collectivité qui paierait une part."},
    )
    kind = forms.ChoiceField(
        label="À quel titre",
        choices=[
            (kind.value, kind.label.capitalize()) for kind in (ShareKind.COFINANCING, ShareKind.SPONSORSHIP)
        ],
        error_messages={"required": "Choisissez à quel titre."},
    )
    percent = PercentField(
        label="Taux (%)",
        required=False,
        help_text="De tout ce qui est facturé pour ce service. Indiquez un taux, ou un montant par an.",
    )
    yearly_cents = EuroField(
        label="Ou montant par an, hors taxes (€)",
        required=False,
        help_text="Jamais plus que ce que les taux laissent à payer.",
    )
    starts = forms.DateField(
        label="À partir du",
        help_text="Le premier jour d’un mois qui n’est pas encore facturé.",
        widget=TYPED_DATE,
        error_messages={"required": "Indiquez le premier jour.", "invalid": NO_DATE},
    )
    last_day = forms.DateField(
        label="Jusqu’au",
        required=False,
        help_text="Le dernier jour d’un mois. Vide : aussi longtemps que l’abonnement.",
        widget=TYPED_DATE,
        error_messages={"invalid": NO_DATE},
    )

    field_order = ("payer", "kind", "percent", "yearly_cents", "starts", "last_day")

    @classmethod
    def empty(cls) -> "ShareForm":
        """A new one, with the key that makes a double click harmless."""
        return cls(initial={"public_id": uuid4()})

    def terms(self) -> Terms:
        """What was typed, for the room."""
        values = self.cleaned_data
        last = values["last_day"]
        ends = day_after(last) if last else None
        return Terms(values["percent"], values["yearly_cents"], values["starts"], ends)


class AgreeForm(forms.Form):
    """What the payer's invoices must bear."""

    commitment_number = forms.CharField(
        label="Numéro d’engagement",
        required=False,
        help_text="Si Chorus Pro le demande pour vos factures.",
        max_length=50,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    service_code = forms.CharField(
        label="Code service",
        required=False,
        help_text="Si Chorus Pro le demande pour vos factures.",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class WhyForm(forms.Form):
    reason = text_field(
        "Pourquoi",
        longest=500,
        too_long="C’est trop long",
        missing="Dites pourquoi : l’autre collectivité lira votre réponse.",
        help_text="L’autre collectivité le lira.",
    )


class StopForm(WhyForm):
    last_day = forms.DateField(
        label="Dernier jour payé",
        help_text="Le dernier jour d’un mois qui n’est pas encore facturé.",
        widget=TYPED_DATE,
        error_messages={"required": "Indiquez le dernier jour payé.", "invalid": NO_DATE},
    )
    field_order = ("last_day", "reason")


class CountForm(forms.Form):
    """On which day a key counts, and from when it is paid."""

    reference_on = forms.DateField(
        label="Date de référence",
        help_text="Les habitants sont ceux du recensement en vigueur ce jour-là.",
        widget=TYPED_DATE,
        error_messages={"required": "Indiquez la date de référence.", "invalid": NO_DATE},
    )
    starts = forms.DateField(
        label="À partir du",
        help_text="Le premier jour d’un mois qui n’est pas encore facturé.",
        widget=TYPED_DATE,
        error_messages={"required": "Indiquez le premier jour.", "invalid": NO_DATE},
    )


class KeyForm(ConventionForm, CountForm):
    """How the cost is shared among the communes covered; a percentage for each, for agreed ones alone."""

    method = forms.ChoiceField(
        label="Clé de répartition",
        choices=[(method.value, method.label.capitalize()) for method in KeyMethod],
        error_messages={"required": "Choisissez la clé."},
    )
    population_kind = forms.ChoiceField(
        label="Population comptée (clé au nombre d’habitants)",
        choices=[("", "–"), *((kind.value, kind.label.capitalize()) for kind in PopulationKind)],
        required=False,
    )
    kept_percent = PercentField(
        label="Part gardée par l’intercommunalité (%)",
        required=False,
        help_text="Vide : tout est réparti entre les communes.",
    )

    def __init__(self, *args, communes: list[Organisation], **kwargs):
        super().__init__(*args, **kwargs)
        self.communes = communes
        for one in communes:
            self.fields[f"percent_{one.siren}"] = PercentField(
                label=f"{one.name} (%, si les pourcentages sont convenus)", required=False
            )
        percents = [f"percent_{one.siren}" for one in communes]
        self.order_fields(["method", "population_kind", "kept_percent", *percents, "reference_on", "starts"])

    def key(self) -> Key:
        """What was typed, for the room."""
        values = self.cleaned_data
        typed = {one.pk: values[f"percent_{one.siren}"] for one in self.communes}
        percents = {pk: percent for pk, percent in typed.items() if percent is not None}
        kept = values["kept_percent"] or Decimal(0)
        return Key(KeyMethod(values["method"]), kept, values["population_kind"], percents)
