"""What a member types: a request, an approval, a refusal."""

from collections.abc import Iterable, Sequence
from datetime import date

from django import forms

from marketplace.web.commune.companions import FIELD, CompanionsField, Need, told
from marketplace.web.commune.cover_choice import COMMUNES, COVER, SHOWN, SOME, CoverChoice
from marketplace.web.counts import count_fields, counts_of, field_name
from marketplace.web.fields import TYPED_DATE, pdf_field, text_field
from subscriptions.choosing import Choices, Offer, OfferedOption, option_problem
from subscriptions.exceptions import StartInvalid
from subscriptions.models.decision import Authority
from subscriptions.requesting import ChorusRules, check_start, last_start
from subscriptions.wanted_covers import COUNTED
from tenants.models import Organisation

FORM_ID = "demande"
MOST_CENTS = 10**17  # what a price may be, in a column of the database


class OptionsField(forms.MultipleChoiceField):
    """The options of a service, each with what it adds to the price. One that is no longer offered is left
    out of what is chosen: `SubscribeForm.gone` tells."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, options: Iterable[OfferedOption]):
        super().__init__(
            label="Options",
            required=False,
            choices=[(option.code, option.name) for option in options],
        )

    def clean(self, value) -> list[str]:
        return super().clean([code for code in value or () if self.valid_value(code)])


class SubscribeForm(forms.Form):
    """What is chosen, then the confirmation of a request. The hidden fields were drawn with the page.

    `offer` says what there is to choose: those fields stand beside the price, so they name their form.
    """

    request_key = forms.UUIDField(widget=forms.HiddenInput)
    shown_cents = forms.IntegerField(min_value=0, max_value=MOST_CENTS, widget=forms.HiddenInput)
    shown_choices = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    shown_needs = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    wanted_from = forms.DateField(
        label="Ouverture souhaitée le",
        required=False,
        help_text="Le service ne sera pas ouvert avant. Vide : dès que la demande est approuvée.",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "Cette date n’existe pas. Écrivez-la ainsi : 17/03/2027."},
    )
    commitment_number = forms.CharField(
        label="Numéro d’engagement",
        required=False,
        max_length=50,
        help_text="S’il en faut un pour Chorus Pro, il sera rappelé sur vos factures. Sinon, laissez vide.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": "Indiquez le numéro d’engagement : il est obligatoire sur vos factures.",
            "max_length": "Ce numéro est trop long : 50 caractères au plus.",
        },
    )

    service_code = forms.CharField(
        label="Code service",
        required=False,
        max_length=100,
        help_text="Le service qui reçoit la facture dans Chorus Pro.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": "Indiquez le code service : Chorus Pro le demande sur vos factures.",
            "max_length": "Ce code est trop long : 100 caractères au plus.",
        },
    )

    shown_communes = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(
        self,
        *args,
        offer: Offer,
        needs: Sequence[Need],
        rules: ChorusRules,
        today: date,
        communes: CoverChoice,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.today, self.needs, self.communes = today, needs, communes
        self.offer = offer
        asked = [one for one in offer.counted if one.name not in COUNTED]
        own = {one.name for one in asked} | COUNTED
        others = {one.name: one for option in offer.options for one in option.counted if one.name not in own}
        chosen = count_fields(asked) | count_fields(others.values(), required=False)
        if offer.options:
            chosen["options"] = OptionsField(offer.options)
        for field in chosen.values():
            field.widget.attrs["form"] = FORM_ID
        self.fields = {**chosen, **self.fields}
        self.choice_names = list(chosen)
        for name, field in communes.fields().items():
            field.widget.attrs["form"] = FORM_ID
            self.fields[name] = field
        companions = CompanionsField(needs)
        if companions.needs:
            self.fields[FIELD] = companions
            companions.widget.attrs["form"] = FORM_ID
        if not rules.service_code_required:
            del self.fields["service_code"]
        else:
            self.fields["service_code"].required = True
            self.fields["service_code"].initial = rules.service_code
        self.fields["wanted_from"].widget.attrs |= {
            "min": today.isoformat(),
            "max": last_start(today=today).isoformat(),
        }
        if rules.commitment_required:
            self.fields["commitment_number"].required = True
            self.fields[
                "commitment_number"
            ].help_text = (
                "Votre organisation l’a rendu obligatoire pour Chorus Pro. Il sera rappelé sur vos factures."
            )

    def clean_wanted_from(self):
        """Today or later, within a year."""
        try:
            check_start(wanted_from=self.cleaned_data["wanted_from"], today=self.today)
        except StartInvalid as error:
            raise forms.ValidationError(str(error)) from error
        return self.cleaned_data["wanted_from"]

    @property
    def choice_fields(self) -> list[forms.BoundField]:
        """Those that the price depends on."""
        return [self[name] for name in self.choice_names]

    @property
    def choices(self) -> Choices:
        """What is chosen, wrong answers left out. Validates the form."""
        self.is_valid()
        return Choices(
            counts=counts_of(self), options=frozenset(self.cleaned_data.get("options") or ()) - self.gone
        )

    @property
    def covers(self) -> list[Organisation]:
        """The communes to cover; all that may be, while nothing was answered. Validates the form."""
        self.is_valid()
        return self.communes.chosen(self.cleaned_data.get(COVER), self.cleaned_data.get(COMMUNES) or ())

    @property
    def communes_changed(self) -> bool:
        """Whether the communes are no longer what the page said of them."""
        return self.data.get(SHOWN, "") != self.communes.told

    @property
    def needs_changed(self) -> bool:
        """Whether the prerequisites are no longer what the page said of them."""
        return self.data.get("shown_needs", "") != told(self.needs)

    @property
    def gone(self) -> set[str]:
        """Options that were chosen and are no longer offered."""
        typed = self.data.getlist("options") if hasattr(self.data, "getlist") else self.data.get("options")
        return set(typed or ()) - {option.code for option in self.offer.options}

    def clean(self):
        """What an option chosen counts has to be said too; whoever ticks communes ticks one at least."""
        if self.cleaned_data.get(COVER) == SOME and not self.cleaned_data.get(COMMUNES):
            self.add_error(COMMUNES, "Cochez au moins une commune, ou choisissez « Aucune pour l’instant ».")
        chosen = self.cleaned_data.get("options") or ()
        if problem := option_problem([one.rules for one in self.offer.options], chosen=chosen):
            self.add_error("options", problem)
        for option in self.offer.options:
            for one in option.counted if option.code in chosen else ():
                name = field_name(one)
                if name in self.cleaned_data and self.cleaned_data[name] is None:
                    self.add_error(name, f"Indiquez le {one.question} : l’option {option.name} en dépend.")

    def forget_errors_besides_choices(self) -> None:
        """Whoever asks for the price again has not finished with the rest."""
        for name in self.errors.keys() - {*self.choice_names, COVER, COMMUNES}:
            del self.errors[name]


def ask_files_again(form: forms.Form) -> None:
    """A browser never keeps a chosen file: when anything else is to mend, says of each file that was sent
    that it must be joined again."""
    if not form.errors:
        return
    for name, field in form.fields.items():
        sent = isinstance(field, forms.FileField) and form.files.get(form.add_prefix(name))
        if sent and name not in form.errors:
            form.add_error(
                name, "Joignez le fichier de nouveau : le navigateur ne le garde pas après une correction."
            )


class ApproveForm(forms.Form):
    """The act that decides. What its file must be is checked by the operation."""

    number = forms.CharField(
        label="Numéro de l’acte",
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": "Indiquez le numéro de l’acte.",
            "max_length": "Ce numéro est trop long : 60 caractères au plus.",
        },
    )
    date = forms.DateField(
        label="Date de l’acte",
        widget=TYPED_DATE,
        error_messages={
            "required": "Indiquez la date de l’acte.",
            "invalid": "Cette date n’existe pas. Écrivez-la ainsi : 17/03/2026.",
        },
    )
    file = pdf_field("L’acte signé", what="l’acte signé")

    def __init__(self, *args, deliberation: bool | None, **kwargs):
        """`deliberation`: whether it is one, rather than a decision; None where either will do."""
        super().__init__(*args, **kwargs)
        self.fields["number"].help_text = "Celui qui figure en tête de l’acte, par exemple 2026-014."
        if deliberation is None:
            return
        act = "la délibération" if deliberation else "la décision"
        self.fields["number"].label = f"Numéro de {act}"
        self.fields["date"].label = f"Date de {act}"
        self.fields["file"].label = "La délibération signée" if deliberation else "La décision signée"


class DecisionForm(ApproveForm):
    """The same, with who took the act and when the préfecture had it."""

    authority = forms.ChoiceField(label="Prise par", required=False, widget=forms.RadioSelect)
    transmitted_on = forms.DateField(
        label="Transmise à la préfecture le",
        required=False,
        help_text="Si vous le savez déjà : un acte s’applique une fois transmis.",
        widget=TYPED_DATE,
        error_messages={"invalid": "Cette date n’existe pas. Écrivez-la ainsi : 17/03/2026."},
    )
    field_order = ("authority", "number", "date", "transmitted_on", "file")

    def __init__(self, *args, authorities, **kwargs):
        self.council_only = authorities == [Authority.COUNCIL]
        super().__init__(*args, deliberation=self.council_only if len(authorities) == 1 else None, **kwargs)
        self.first = authorities[0]
        if len(authorities) == 1:
            del self.fields["authority"]
        else:
            self.fields["authority"].choices = [(one.value, one.label) for one in authorities]
            self.fields["authority"].initial = self.first

    @property
    def decision(self) -> dict:
        """For `operations.approve`."""
        typed = {name: value for name, value in self.cleaned_data.items() if name != "authority"}
        return {**typed, "authority": self.cleaned_data.get("authority") or self.first}


class RefuseForm(forms.Form):
    reason = text_field(
        "Motif du refus",
        longest=500,
        too_long="Ce motif est trop long",
        missing="Dites en une phrase pourquoi vous refusez.",
        help_text="La personne qui a fait la demande le lira.",
        rows=4,
    )
