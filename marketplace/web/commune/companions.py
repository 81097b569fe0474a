"""What a service needs, on the screen that asks for it: what is there, what may be asked for too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from django import forms
from django.urls import reverse

from catalog.models import Listing
from marketplace.web.formats import net
from subscriptions.bundles import Companion
from subscriptions.choosing import Choices, price_choices
from subscriptions.exceptions import CountsMissing, NotAvailable
from subscriptions.prerequisites import Prerequisite, prerequisites_of
from tenants.models import Organisation

FIELD = "avec"


@dataclass(frozen=True)
class Need:
    """A prerequisite, and its yearly price net of tax when it may be asked for on the same screen."""

    prerequisite: Prerequisite
    cents: int | None = None
    taxed: bool = True

    @property
    def value(self) -> str:
        """In the form."""
        return str(self.prerequisite.listing.pk)

    @property
    def label(self) -> str:
        """For its box."""
        price = f"{net(self.cents, taxed=self.taxed)} par an"
        if self.prerequisite.is_asked:
            return f"Avec {self.prerequisite.name}, déjà demandé : {price}"
        return f"Demander aussi {self.prerequisite.name} : {price}"


def needs_of(*, listing: Listing, organisation: Organisation, today: date) -> list[Need]:
    """The prerequisites of a listing for an organisation, those that are missing with their price."""
    found = prerequisites_of(listing=listing, organisation=organisation, on=today)
    return [_priced(one, organisation, today) for one in found]


def _priced(prerequisite: Prerequisite, organisation: Organisation, today: date) -> Need:
    if prerequisite.listing is None:
        return Need(prerequisite)
    try:
        priced = price_choices(
            listing=prerequisite.listing, organisation=organisation, choices=Choices(), today=today
        )
    except (CountsMissing, NotAvailable):
        return Need(prerequisite)  # asked for on its own screen
    return Need(prerequisite, priced.net_cents, priced.price.vat.taxed)


def told(needs: Iterable[Need]) -> str:
    """What the screen says of them: another value when anything has changed since."""
    text = "|".join(f"{need.prerequisite.state}:{need.cents}" for need in needs)
    return sha256(text.encode()).hexdigest()[:16] if text else ""


def blocking(needs: Iterable[Need]) -> list[str]:
    """The names of those without which nothing can be asked for here."""
    return [need.prerequisite.name for need in needs if need.prerequisite.is_missing and need.cents is None]


class CompanionsField(forms.MultipleChoiceField):
    """Boxes for the services that may be asked for at the same time; an indispensable one has to be."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, needs: Sequence[Need]):
        self.needs = [need for need in needs if need.cents is not None]
        super().__init__(
            label="Demander en même temps",
            required=False,
            choices=[(need.value, need.label) for need in self.needs],
            initial=[need.value for need in self.needs if need.prerequisite.required],
            help_text="Une demande par service, chacune à approuver. Toutes sont enregistrées, ou aucune.",
        )

    def clean(self, value) -> list[Companion]:
        chosen = set(super().clean([one for one in value or () if self.valid_value(one)]))
        for need in self.needs:
            if need.prerequisite.is_missing and need.value not in chosen:
                raise forms.ValidationError(
                    f"{need.prerequisite.name} est indispensable : cochez-le, ou demandez-le d’abord."
                )
        return [
            Companion(listing=need.prerequisite.listing, shown_cents=need.cents)
            for need in self.needs
            if need.value in chosen
        ]


def rows(needs: Iterable[Need], organisation: Organisation) -> list[dict]:
    """For commune/subscribe.html: each with a word on where it stands."""
    return [_row(need.prerequisite, need, organisation) for need in needs]


def _row(one: Prerequisite, need: Need, organisation: Organisation) -> dict:
    row = {"name": one.name, "word": "à vérifier par vous-même", "url": ""}
    if one.covered_by:
        row["word"] = f"votre collectivité l’a par {one.covered_by.covering.name}"
    elif one.having:
        whose = "votre collectivité l’a" if one.is_met else "indispensable" if one.required else "conseillé"
        row["word"] = f"{whose} : {one.having.get_state_display()}"
        row["url"] = reverse("member_subscription", args=[organisation.siren, one.having.public_id])
    elif one.slug:
        row["word"] = "indispensable, manque" if one.required else "conseillé, manque"
        if one.listing is None:
            row["word"] += ", et votre opérateur ne le propose pas"
        elif need.cents is None:
            row["word"] += ", à demander d’abord"
            row["url"] = reverse("member_subscribe", args=[organisation.siren, one.listing.pk])
    return row
