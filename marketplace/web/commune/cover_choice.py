"""Which communes an intercommunality covers, on the screen by which it asks for a service."""

from collections.abc import Sequence
from datetime import date
from hashlib import sha256

from django import forms

from catalog.models import Listing
from marketplace.web.commune.words import plural
from subscriptions.sharing import Candidate, candidates_at
from tenants.models import Organisation

COVER, COMMUNES, SHOWN = "couvre", "communes", "shown_communes"
ALL, NONE, SOME = "toutes", "aucune", "certaines"


class CommunesField(forms.MultipleChoiceField):
    """One box a commune; one that cannot be covered any more is left out of what is chosen."""

    def clean(self, value) -> list[str]:
        return super().clean([siren for siren in value or () if self.valid_value(siren)])


class CoverChoice:
    """The communes of the day, those that may be covered, and the fields that ask which."""

    def __init__(self, candidates: Sequence[Candidate]):
        self.candidates = candidates
        self.free = {one.organisation.siren: one.organisation for one in candidates if not one.why_not}

    @classmethod
    def of(cls, *, organisation: Organisation, listing: Listing, on: date) -> "CoverChoice":
        """Three queries, none for whoever is no intercommunality."""
        return cls(candidates_at(organisation=organisation, listing=listing, on=on))

    @property
    def told(self) -> str:
        """What the screen says of them: another value when anything has changed since."""
        text = "|".join(f"{one.organisation.siren}:{one.why_not}" for one in self.candidates)
        return sha256(text.encode()).hexdigest()[:16] if text else ""

    def fields(self) -> dict[str, forms.Field]:
        """None where there is nobody to cover."""
        if not self.free:
            return {}
        return {
            COVER: forms.ChoiceField(
                label="Communes à couvrir",
                choices=[
                    (ALL, f"Toutes celles qui peuvent l’être ({len(self.free)})"),
                    (SOME, "Celles que je coche"),
                    (NONE, "Aucune pour l’instant"),
                ],
                initial=ALL,
                widget=forms.RadioSelect,
                error_messages={
                    "required": "Choisissez : toutes, celles que vous cochez, ou aucune.",
                    "invalid_choice": "Choisissez : toutes, celles que vous cochez, ou aucune.",
                },
            ),
            COMMUNES: CommunesField(
                label="Communes cochées",
                required=False,
                choices=[(siren, one.name) for siren, one in self.free.items()],
                initial=list(self.free),
                widget=forms.CheckboxSelectMultiple,
            ),
        }

    def chosen(self, mode: str | None, sirens: Sequence[str]) -> list[Organisation]:
        """Those that an answer covers; all of them where nothing was answered yet."""
        if mode == NONE:
            return []
        if mode == SOME:
            return [self.free[siren] for siren in sirens if siren in self.free]
        return list(self.free.values())

    def rows(self, ticked: Sequence[str]) -> list[dict]:
        """For commune/subscribe.html: each commune with its box, or why it has none."""
        return [
            {
                "name": one.organisation.name,
                "siren": one.organisation.siren,
                "why_not": one.why_not,
                "checked": one.organisation.siren in ticked,
            }
            for one in sorted(self.candidates, key=lambda one: bool(one.why_not))
        ]

    @property
    def summary(self) -> str:
        """What opens the list."""
        return f"Voir et choisir parmi {plural(len(self.candidates), 'commune')}"
