"""What a member types in a value file, and in the review of a year."""

from decimal import Decimal

from django import forms
from pydantic import ValidationError

from marketplace.web.amounts import EuroField
from subscriptions.value.assumptions import (
    MOST_CENTS,
    MOST_ROWS,
    Assumptions,
    Cost,
    Every,
    Gain,
    Quality,
    Risk,
    Whom,
)

EMPTY_ROWS = 1
STEPS = [("", "Choisir"), (1, "1, faible"), (2, "2, moyenne"), (3, "3, forte"), (4, "4, très forte")]
GRADES = [("", "Choisir"), *((grade, str(grade)) for grade in range(6))]


class CommaDecimalField(forms.DecimalField):
    """A number typed with a comma or a point."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def to_python(self, value):
        if isinstance(value, str):
            value = value.replace("\u202f", "").replace("\u00a0", "").replace(" ", "").replace(",", ".")
        return super().to_python(value)


class TermForm(forms.Form):
    """The whole of the project."""

    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    years = forms.IntegerField(
        label="Durée, en années", min_value=1, max_value=10, error_messages={"required": "Indiquez la durée."}
    )
    rate = CommaDecimalField(
        label="Taux d’actualisation, en % par an",
        min_value=Decimal(0),
        max_value=Decimal(20),
        max_digits=4,
        decimal_places=2,
        error_messages={"required": "Indiquez un taux, 0 pour n’en appliquer aucun."},
    )
    necessity = forms.TypedChoiceField(
        label="Nécessité",
        choices=[(grade, str(grade)) for grade in range(6)],
        coerce=int,
        help_text="De 0, rien ne presse, à 5, la loi vous y oblige.",
    )
    necessity_reason = forms.CharField(label="Pourquoi", max_length=300, required=False)


class _Row(forms.Form):
    """A row whose label is empty says nothing: it is left out."""

    label = forms.CharField(label="Intitulé", max_length=120, required=False)

    def clean(self):
        typed = super().clean()
        wanted = self.says_something(typed)
        if wanted and not typed.get("label") and "label" not in self.errors:
            self.add_error("label", "Dites de quoi il s’agit.")
        if typed.get("label"):
            for name in self.needed:
                if typed.get(name) in (None, "") and name not in self.errors:
                    self.add_error(name, "À remplir.")
        return typed

    needed: tuple[str, ...] = ()

    def says_something(self, typed) -> bool:
        return any(typed.get(name) not in (None, "") for name in self.needed)


class _Amount(_Row):
    quantity = CommaDecimalField(
        label="Nombre",
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal(100_000),
        max_digits=8,
        decimal_places=2,
        help_text="De jours, d’heures… Vide : 1.",
    )
    unit_cents = EuroField(label="Montant de chacun, en euros TTC", required=False)

    def clean_unit_cents(self):
        cents = self.cleaned_data["unit_cents"]
        if cents is not None and cents > MOST_CENTS:
            raise forms.ValidationError("Ce montant est trop grand.")
        return cents


class CostRow(_Amount):
    every = forms.ChoiceField(
        label="Quand",
        choices=[(Every.ONCE, "une fois, au départ"), (Every.YEAR, "chaque année")],
        required=False,
    )
    needed = ("unit_cents",)

    def part(self) -> Cost:
        typed = self.cleaned_data
        return Cost(
            label=typed["label"],
            quantity=typed["quantity"] or 1,
            unit_cents=typed["unit_cents"],
            every=typed["every"] or Every.ONCE,
        )


class GainRow(_Amount):
    needed = ("unit_cents",)

    def part(self) -> Gain:
        typed = self.cleaned_data
        return Gain(label=typed["label"], quantity=typed["quantity"] or 1, unit_cents=typed["unit_cents"])


class QualityRow(_Row):
    whom = forms.ChoiceField(
        label="Pour qui", choices=[(Whom.AGENTS, "les agents"), (Whom.USERS, "les habitants")], required=False
    )
    grade = forms.TypedChoiceField(
        label="Note de 0 à 5", choices=GRADES, coerce=int, empty_value=None, required=False
    )
    needed = ("grade",)

    def part(self) -> Quality:
        typed = self.cleaned_data
        return Quality(label=typed["label"], whom=typed["whom"] or Whom.AGENTS, grade=typed["grade"])


class RiskRow(_Row):
    probability = forms.TypedChoiceField(
        label="Probabilité", choices=STEPS, coerce=int, empty_value=None, required=False
    )
    impact = forms.TypedChoiceField(
        label="Gravité", choices=STEPS, coerce=int, empty_value=None, required=False
    )
    mitigation = forms.CharField(label="Ce qui est prévu pour l’éviter", max_length=300, required=False)
    needed = ("probability", "impact")

    def part(self) -> Risk:
        typed = self.cleaned_data
        return Risk(**{name: typed[name] for name in ("label", "probability", "impact", "mitigation")})


# (name, row, title, one, hint)
LISTS = (
    ("costs", CostRow, "Les autres coûts", "Coût", "Formation, jours d’agents… Le prix y est déjà."),
    ("gains", GainRow, "Les gains, par an", "Gain", "Des heures à leur coût horaire, une dépense évitée."),
    ("qualities", QualityRow, "Ce qui va mieux, sans prix", "Amélioration", ""),
    ("risks", RiskRow, "Les risques", "Risque", "Notés une fois traités."),
)  # fmt: skip


class ValueForm:
    """The form and its four lists, of what a file supposes or as they were sent."""

    def __init__(self, data=None, *, initial: dict):
        self.term = TermForm(data, initial=initial)
        self.lists = [
            {
                "name": name,
                "title": title,
                "one": one,
                "hint": hint,
                "formset": forms.formset_factory(
                    row, extra=EMPTY_ROWS, can_delete=True, max_num=MOST_ROWS + EMPTY_ROWS,
                    absolute_max=MOST_ROWS + 2 * EMPTY_ROWS,
                )(data, prefix=name, initial=initial.get(name, []) if data is None else None),
            }
            for name, row, title, one, hint in LISTS
        ]  # fmt: skip

    def is_valid(self) -> bool:
        return all([self.term.is_valid(), *(one["formset"].is_valid() for one in self.lists)])

    def assumptions(self, *, first_cents: int, later_cents: int) -> Assumptions | None:
        """What was typed, with the price of the engine; None, and an error in its place, when there are too
        many rows."""
        typed = dict(self.term.cleaned_data)
        del typed["revision"]
        for one in self.lists:
            typed[one["name"]] = tuple(
                row.part()
                for row in one["formset"].forms
                if row.cleaned_data.get("label") and not row.cleaned_data.get("DELETE")
            )
        try:
            return Assumptions(first_cents=first_cents, later_cents=later_cents, **typed)
        except ValidationError:
            self.term.add_error(None, f"Pas plus de {MOST_ROWS} lignes par liste.")
            return None

    def rows(self) -> list[dict]:
        """For the page: each list with its rows, the removing box apart."""
        return [
            {
                **one,
                "rows": [
                    {
                        "fields": [field for field in row if field.name != "DELETE"],
                        "delete": row["DELETE"],
                        "is_new": number >= one["formset"].initial_form_count(),
                    }
                    for number, row in enumerate(one["formset"].forms)
                ],
            }
            for one in self.lists
        ]

    def mistakes(self) -> list[dict[str, str]]:
        """For the summary on top: {url, text}."""
        found = [{"url": "", "text": str(error)} for error in self.term.non_field_errors()]
        found += _mistakes(self.term, "")
        for one in self.lists:
            found += [{"url": f"#{one['name']}", "text": str(e)} for e in one["formset"].non_form_errors()]
            for number, row in enumerate(one["formset"].forms, start=1):
                found += _mistakes(row, f"{one['one']} {number}, ")
        return found


def _mistakes(form: forms.Form, before: str) -> list[dict[str, str]]:
    return [
        {"url": f"#{field.auto_id}", "text": f"{before}{field.label} : {error}"}
        for field in form
        for error in field.errors
    ]


class ReviewForm(forms.Form):
    """What happened in the year. The price comes from the invoices."""

    costs_cents = EuroField(
        label="Autres coûts de l’année, en euros TTC",
        error_messages={"required": "Indiquez un montant, 0 s’il n’y en a pas eu."},
    )
    gains_cents = EuroField(
        label="Gains de l’année, en euros",
        help_text="Les heures réellement gagnées à leur coût, les dépenses évitées.",
        error_messages={"required": "Indiquez un montant, 0 s’il n’y en a pas eu."},
    )
    note = forms.CharField(
        label="Ce qui s’est passé",
        max_length=2000,
        help_text="Ce qui va mieux, ce qui a manqué, ce que vous en concluez.",
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": "Racontez l’année en quelques phrases."},
    )

    def clean(self):
        typed = super().clean()
        for name in ("costs_cents", "gains_cents"):
            if (typed.get(name) or 0) > MOST_CENTS:
                self.add_error(name, "Ce montant est trop grand.")
        return typed
