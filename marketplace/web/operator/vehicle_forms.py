"""Forms of an operator's purchasing vehicles and of their lots. What terms must be is checked by
subscriptions.vehicle_terms and subscriptions.lots: here, only what cannot be read at all."""

from datetime import date, timedelta
from decimal import Decimal

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from catalog.pricing.money import from_cents
from catalog.pricing.typed import TypedWrong, read_amount_text
from marketplace.web.formats import format_number
from subscriptions.exceptions import TermsInvalid
from subscriptions.lots import LotTerms, listings_for, read_buyers
from subscriptions.models import FrameworkLot, Index, LegalBasis, PurchasingVehicle, Renewal, RevisionDay
from subscriptions.vehicle_terms import VehicleTerms
from tenants.members.adhesions import members_of

RANKS = range(1, 6)
FIRST, LAST = date(1990, 1, 1), date(2100, 12, 31)
ONE_DAY = timedelta(days=1)


class DayField(forms.DateField):
    """A day of a reasonable year."""

    def __init__(self, **options):
        missing = options.pop("missing", "")
        super().__init__(
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            validators=[
                MinValueValidator(FIRST, "Vérifiez l’année : elle vient avant 1990."),
                MaxValueValidator(LAST, "Vérifiez l’année : elle vient après 2100."),
            ],
            error_messages={
                "required": missing,
                "invalid": "Cette date n’existe pas. Écrivez-la ainsi : 01/01/2026.",
            },
            **options,
        )


class TermsForm(forms.Form):
    """A form whose mistakes may also be told by an operation."""

    def show(self, invalid: TermsInvalid) -> None:
        """Puts each mistake on its field."""
        for name, sentence in invalid.errors.items():
            self.add_error(self.FIELDS.get(name, name), sentence)

    FIELDS: dict[str, str] = {"ends_on": "last_day"}


class PercentField(forms.CharField):
    """A rate in percent, two decimals at most, as people write it: « 15 », « 2,5 % ». None when empty."""

    def __init__(self, **options):
        super().__init__(
            widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "decimal"}), **options
        )

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        try:
            percent = Decimal(read_amount_text(text.removesuffix("%")))
        except TypedWrong:
            raise forms.ValidationError("Écrivez un nombre pour cent, par exemple 8,5.") from None
        if percent != round(percent, 2):
            raise forms.ValidationError("Écrivez deux chiffres au plus après la virgule.")
        return percent


class VehicleForm(TermsForm):
    name = forms.CharField(
        label="Nom du cadre d’achat",
        max_length=160,
        help_text="Vos adhérents le lisent quand ils s’abonnent.",
        error_messages={"required": "Donnez un nom au cadre d’achat."},
    )
    legal_basis = forms.ChoiceField(
        label="Fondement",
        choices=[("", "Choisir un fondement"), *LegalBasis.choices],
        help_text="Il ne change plus dès que le cadre a un lot ou un abonnement.",
        error_messages={"required": "Choisissez le fondement."},
    )
    deliberation_required = forms.BooleanField(
        label="L’adhérent doit délibérer",
        required=False,
        help_text="Rejoindre un groupement de commandes le demande toujours.",
    )
    separate_approver = forms.BooleanField(
        label="Une autre personne que le demandeur approuve", required=False
    )
    operator_approves = forms.BooleanField(
        label="Vous donnez aussi votre accord", required=False, help_text="Après la décision de l’adhérent."
    )
    vendor_approves = forms.BooleanField(
        label="L’éditeur donne aussi son accord", required=False, help_text="En dernier."
    )
    term_years = forms.IntegerField(
        label="Durée d’engagement, en années",
        help_text="Reconductions comprises : le besoin s’estime sur cette durée (CCP R2121-1).",
        widget=forms.NumberInput(attrs={"min": 1, "max": 10}),
        error_messages={
            "required": "Indiquez la durée d’engagement.",
            "invalid": "Écrivez un nombre entier, en chiffres.",
        },
    )
    renewal = forms.ChoiceField(
        label="À la fin d’une période du contrat",
        choices=Renewal.choices,
        initial=Renewal.OPEN,
        help_text="Ce qui vaut pour les abonnements à venir ; ceux d’aujourd’hui gardent leurs règles.",
    )
    renewals = forms.IntegerField(
        label="Nombre de reconductions, au plus",
        initial=0,
        min_value=0,
        max_value=9,
        help_text="Un an reconductible trois fois : 4 ans d’engagement, 3 reconductions. 0 sans.",
        error_messages={
            "required": "Indiquez combien de reconductions, 0 s’il n’y en a pas.",
            "invalid": "Écrivez un nombre entier, en chiffres.",
            "min_value": "Écrivez un nombre de 0 à 9.",
            "max_value": "Écrivez un nombre de 0 à 9.",
        },
    )
    notice_days = forms.IntegerField(
        label="Préavis, en jours",
        initial=60,
        help_text="Combien de jours avant la fin d’une période on peut encore refuser sa reconduction.",
        error_messages={
            "required": "Indiquez le préavis, en jours.",
            "invalid": "Écrivez un nombre entier, en chiffres.",
        },
    )
    revision_index = forms.ChoiceField(
        label="Indice de révision des prix",
        required=False,
        choices=[("", "Prix fermes"), *Index.choices],
        help_text="Le prix révisé : part fixe + le reste × indice du jour / indice de base.",
    )
    revision_base_month = DayField(
        label="Mois de l’indice de base",
        required=False,
        help_text="N’importe quel jour de ce mois. Chaque révision lit l’indice du même mois de l’année.",
    )
    revision_fixed_percent = PercentField(label="Part fixe, en %", required=False, initial="15")
    revision_cap_percent = PercentField(
        label="Hausse maximale à chaque révision, en %", required=False, help_text="Vide : sans limite."
    )
    revision_day = forms.ChoiceField(
        label="Quand le prix se révise",
        required=False,
        choices=RevisionDay.choices,
        initial=RevisionDay.JANUARY,
    )
    starts_on = DayField(label="Premier jour", required=False, help_text="Vide : ouvert depuis toujours.")
    last_day = DayField(label="Dernier jour", required=False, help_text="Vide : sans fin.")
    coordinator = forms.CharField(
        label="SIREN du coordonnateur",
        required=False,
        help_text="Pour un groupement de commandes : votre organisme ou l’un de vos adhérents.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )

    @classmethod
    def of(cls, vehicle: PurchasingVehicle, data=None):
        """The form that changes this vehicle."""
        return cls(
            data,
            initial={
                "name": vehicle.name,
                "legal_basis": vehicle.legal_basis,
                "deliberation_required": vehicle.deliberation_required,
                "separate_approver": vehicle.separate_approver,
                "operator_approves": vehicle.operator_approves,
                "vendor_approves": vehicle.vendor_approves,
                "term_years": vehicle.term_years,
                "renewal": vehicle.renewal,
                "renewals": vehicle.renewals,
                "notice_days": vehicle.notice_days,
                "revision_index": vehicle.revision_index,
                "revision_base_month": vehicle.revision_base_month,
                "revision_fixed_percent": format_number(vehicle.revision_fixed_percent),
                "revision_cap_percent": (
                    vehicle.revision_cap_percent is not None and format_number(vehicle.revision_cap_percent)
                )
                or "",
                "revision_day": vehicle.revision_day,
                "starts_on": vehicle.starts_on,
                "last_day": vehicle.ends_on and vehicle.ends_on - ONE_DAY,
                "coordinator": vehicle.coordinator.siren if vehicle.coordinator else "",
            },
        )

    def terms(self) -> VehicleTerms:
        """What was typed, for subscriptions.vehicle_terms."""
        typed = dict(self.cleaned_data)
        last, month = typed.pop("last_day"), typed.pop("revision_base_month")
        typed["revision_base_month"] = month and month.replace(day=1)
        if typed["revision_fixed_percent"] is None:
            typed["revision_fixed_percent"] = Decimal(15)
        typed["revision_day"] = typed["revision_day"] or RevisionDay.JANUARY
        return VehicleTerms(**typed, ends_on=last and last + ONE_DAY)


class AmountField(forms.CharField):
    """Euros as people type them, to whole cents. None when empty."""

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        try:
            cents = Decimal(read_amount_text(text)) * 100
        except TypedWrong as problem:
            raise forms.ValidationError(str(problem)) from None
        if cents != int(cents):
            raise forms.ValidationError("Écrivez deux chiffres au plus après la virgule.")
        return int(cents)


class LotForm(TermsForm):
    FIELDS = {"ends_on": "last_day", "holders": "holder_1"}

    title = forms.CharField(
        label="Objet du lot", max_length=160, error_messages={"required": "Dites l’objet du lot."}
    )
    ceiling = AmountField(
        label="Montant maximum, hors taxes",
        help_text="En euros, pour toute la durée, reconductions comprises (R2162-4). Par exemple 250 000.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "decimal"}),
        error_messages={"required": "Indiquez le montant maximum : il est obligatoire."},
    )
    starts_on = DayField(label="Premier jour de validité", missing="Indiquez le premier jour de validité.")
    last_day = DayField(
        label="Dernier jour de validité",
        missing="Indiquez le dernier jour de validité.",
        help_text="Quatre ans au plus, reconductions comprises (CCP L2125-1).",
    )
    duration_reason = forms.CharField(
        label="Motif d’une durée de plus de quatre ans",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    renewals = forms.IntegerField(
        label="Reconductions",
        min_value=0,
        max_value=10,
        initial=0,
        help_text="Combien de fois le lot se reconduit pendant sa validité ; 0 s’il est ferme.",
        error_messages={
            "required": "Indiquez combien de reconductions, 0 s’il n’y en a pas.",
            "invalid": "Écrivez un nombre entier, en chiffres.",
            "min_value": "Écrivez un nombre de 0 à 10.",
            "max_value": "Écrivez un nombre de 0 à 10.",
        },
    )
    revision_formula = forms.CharField(
        label="Formule de révision des prix",
        required=False,
        max_length=300,
        help_text="Comme le marché l’écrit, par exemple P = P0 × (S / S0), S étant l’indice Syntec. "
        "Vide : prix fermes.",
    )
    notice_reference = forms.CharField(
        label="Référence de l’avis", required=False, max_length=80, help_text="Au BOAMP ou au JOUE."
    )
    listings = forms.ModelMultipleChoiceField(
        label="Services du lot",
        queryset=None,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Choisissez des services de votre rayon."},
    )
    every_member = forms.BooleanField(label="Nommer tous mes adhérents d’aujourd’hui", required=False)
    buyers = forms.CharField(
        label="Acheteurs désignés",
        required=False,
        help_text="Un SIREN par ligne. Seuls les acheteurs nommés dans l’avis peuvent commander : après la "
        "publication, la liste ne change plus.",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )

    def __init__(self, data=None, *, operator, on: date, lot: FrameworkLot | None = None):
        super().__init__(data, initial=_initial(lot) if lot else None)
        self.operator, self.on = operator, on
        found = list(listings_for(operator))
        self.fields["listings"].queryset = listings_for(operator)
        self.fields["listings"].choices = [
            (one.pk, f"{one.sheet.name} ({one.vendor.organisation.name})") for one in found
        ]
        self.vendors = {str(one.vendor.pk): one.vendor for one in found}
        if lot:
            held = lot.holders.select_related("vendor__organisation")
            self.vendors |= {str(one.vendor_id): one.vendor for one in held}
        names = sorted((vendor.organisation.name, pk) for pk, vendor in self.vendors.items())
        for rank in RANKS:
            self.fields[f"holder_{rank}"] = forms.ChoiceField(
                label=f"Titulaire de rang {rank}",
                required=False,
                choices=[("", "Aucun"), *((pk, name) for name, pk in names)],
                error_messages={"invalid_choice": "Choisissez un éditeur de la liste."},
            )
        count = members_of(operator=operator, on=on).count()
        self.fields["every_member"].help_text = f"Ils sont {format_number(count)}."
        after = ["title", "ceiling", "starts_on", "last_day", "duration_reason", "renewals"]
        self.order_fields([*after, "revision_formula", "notice_reference", "listings", *self.holder_names()])

    @staticmethod
    def holder_names() -> list[str]:
        """The fields of the holders, by rank."""
        return [f"holder_{rank}" for rank in RANKS]

    def clean(self):
        """Reads the buyers: each line that is wrong is told."""
        values = super().clean()
        if values.get("every_member"):
            values["buyers"] = tuple(members_of(operator=self.operator, on=self.on))
        elif "buyers" in values:
            try:
                values["buyers"] = read_buyers(operator=self.operator, text=values["buyers"], on=self.on)
            except TermsInvalid as invalid:
                self.show(invalid)
        return values

    def terms(self) -> LotTerms:
        """What was typed, for subscriptions.lots."""
        typed = dict(self.cleaned_data)
        chosen = [typed.pop(name) for name in self.holder_names()]
        typed.pop("every_member")
        return LotTerms(
            ceiling_cents=typed.pop("ceiling"),
            ends_on=typed.pop("last_day") + ONE_DAY,
            listings=tuple(typed.pop("listings")),
            holders=tuple(self.vendors[pk] for pk in chosen if pk),
            **typed,
        )


def _initial(lot: FrameworkLot) -> dict:
    return {
        "title": lot.title,
        "ceiling": format_number(from_cents(lot.ceiling_cents), min_places=2),
        "starts_on": lot.starts_on,
        "last_day": lot.ends_on - ONE_DAY,
        "duration_reason": lot.duration_reason,
        "renewals": lot.renewals,
        "revision_formula": lot.revision_formula,
        "notice_reference": lot.notice_reference,
        "listings": list(lot.listings.all()),
        "buyers": "\n".join(
            lot.buyers.order_by("organisation__siren").values_list("organisation__siren", flat=True)
        ),
        **{f"holder_{held.rank}": str(held.vendor_id) for held in lot.holders.all()},
    }
