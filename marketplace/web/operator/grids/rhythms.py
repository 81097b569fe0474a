"""How often a tariff is invoiced, as an operator chooses it."""

from typing import Any

from django import forms

from catalog.pricing.rhythm import ANCHORS, DUE, PERIODS, PRORATIONS, RHYTHM

OF_THE_RUN = "À chaque facturation, par mois commencés"
RHYTHM_FIELDS = {f"rhythm_{name}": name for name in ("period", "due", "anchor", "proration")}


def _said(words: dict[str, str], start: str = "") -> list[tuple[str, str]]:
    texts = {code: f"{start}{text}" for code, text in words.items()}
    return [(code, text[:1].upper() + text[1:]) for code, text in texts.items()]


class RhythmFields(forms.Form):
    """The period, when it falls due, what it is counted from, what is owed of one that is begun."""

    rhythm_period = forms.ChoiceField(
        label="Rythme des factures",
        required=False,
        choices=[("", OF_THE_RUN), *_said(PERIODS, "par ")],
        help_text="Une facturation reprend les périodes qui tombent dans la sienne.",
    )
    rhythm_due = forms.ChoiceField(label="Échéance", required=False, choices=_said(DUE))
    rhythm_anchor = forms.ChoiceField(label="Périodes", required=False, choices=_said(ANCHORS))
    rhythm_proration = forms.ChoiceField(label="Prorata", required=False, choices=_said(PRORATIONS))

    def without_rhythm(self) -> None:
        """For an option: it follows the rhythm of its service."""
        for name in RHYTHM_FIELDS:
            del self.fields[name]


def written_rhythm(definition: dict[str, Any]) -> dict[str, str]:
    """What the fields show of a saved grid; nothing of one that is not an object."""
    written = definition.get(RHYTHM)
    if not isinstance(written, dict):
        return {}
    return {field: written[name] for field, name in RHYTHM_FIELDS.items() if name in written}


def with_rhythm(definition: dict[str, Any], cleaned: dict[str, Any]) -> dict[str, Any]:
    """The grid with the rhythm chosen, taken out of `cleaned`."""
    chosen = {name: cleaned.pop(field, "") for field, name in RHYTHM_FIELDS.items()}
    kept = {name: value for name, value in definition.items() if name != RHYTHM}
    if not chosen["period"]:
        return kept
    return kept | {RHYTHM: {name: value for name, value in chosen.items() if value}}
