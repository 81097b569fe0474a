"""What is typed to amend a contract. What it must be is checked by subscriptions.amending."""

import uuid
from datetime import date

from django import forms

from marketplace.web.counts import CountField, count_fields, counts_of
from marketplace.web.formats import day, format_number
from subscriptions.amending import Changes, Choosable, first_days
from subscriptions.exceptions import AmendmentInvalid


class AmendmentForm(forms.Form):
    """The numbers that the price counts and the options, as they are today; from when; why."""

    request_key = forms.UUIDField(widget=forms.HiddenInput)
    options = forms.MultipleChoiceField(
        label="Options",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Au tarif de votre contrat pour celles que vous avez déjà, celui du jour pour les autres.",
        error_messages={"invalid_choice": "Cette option n’est plus proposée : décochez-la."},
    )
    effective_on = forms.TypedChoiceField(
        label="Date d’effet",
        coerce=date.fromisoformat,
        help_text="Le premier jour d’un mois à venir.",
        error_messages={
            "required": "Choisissez la date d’effet.",
            "invalid_choice": "Choisissez le premier jour d’un des douze mois à venir.",
        },
    )
    text = forms.CharField(
        label="Ce qui change, et pourquoi",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Dites en une phrase ce qui change, et pourquoi.",
            "max_length": "C’est trop long : 1 000 caractères au plus.",
        },
    )
    other_basis = forms.CharField(
        label="Motif légal d’une modification importante",
        required=False,
        max_length=300,
        help_text="Au-delà de 10 % du montant initial, une nouvelle mise en concurrence est nécessaire, sauf "
        "autre motif : par exemple une clause de réexamen du contrat (CCP R2194-1).",
    )

    def __init__(self, data=None, *, choosable: Choosable, on: date, withdraws: str = ""):
        """`withdraws`: the code of an option that is unticked from the start."""
        leaving = [one for one in choosable.terms.options if one["code"] == withdraws]
        super().__init__(
            data,
            initial={
                "request_key": uuid.uuid4(),
                "text": "".join(f"Retrait de l’option « {one['name']} »." for one in leaving),
            },
        )
        self.choosable = choosable
        counts = choosable.terms.counts
        fields = count_fields(choosable.counted, required=False)
        for name, field in fields.items():
            known = counts.get(field.counted.name)
            field.initial = format_number(known) if known is not None else ""
            self.fields[name] = field
        self.order_fields([*fields, "options"])
        days, since = first_days(on=on), choosable.since
        if since and since > days[0]:
            days = [one for one in days if one >= since]
            self.fields[
                "effective_on"
            ].help_text += f" Pas avant le {day(since)} : un avenant approuvé prend effet ce jour-là."
        self.fields["effective_on"].choices = [(one.isoformat(), day(one)) for one in days]
        self.fields["options"].choices = [(one["code"], one["name"]) for one in choosable.offered]
        self.fields["options"].initial = [
            one["code"] for one in choosable.terms.options if one not in leaving
        ]
        if not choosable.offered:
            del self.fields["options"]

    def changes(self) -> Changes:
        """What was typed, for the room: an amendment of words alone where nothing else changes."""
        typed, terms = self.cleaned_data, self.choosable.terms
        counts = {**terms.counts, **counts_of(self)}
        wanted = typed.get("options", [])
        options = [one for one in self.choosable.offered if one["code"] in wanted]
        chooses = counts != terms.counts or options != terms.options
        return Changes(
            effective_on=typed["effective_on"],
            text=typed["text"],
            counts=counts if chooses else None,
            options=options if chooses else None,
            other_basis=typed["other_basis"],
        )

    def show(self, invalid: AmendmentInvalid) -> None:
        """Puts each mistake on its field; what the price misses, on the first number."""
        first = next((name for name, field in self.fields.items() if isinstance(field, CountField)), None)
        for name, sentence in invalid.errors.items():
            self.add_error(first if name == "counts" else name, sentence)
