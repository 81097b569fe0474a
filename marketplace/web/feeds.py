"""What the pages of an operator's and of a vendor's sources share: forms, words, what a service says."""

from django import forms

from catalog.models import FeedKind, FeedState, ImportedItem, ImportFeed
from catalog.revisions import compared_fields, label_of, words_of
from marketplace.web.formats import moment

STATES = {
    FeedState.NEVER: ("neutral", "Pas encore lue"),
    FeedState.RUNNING: ("info", "Lecture en cours"),
    FeedState.OK: ("success", "Lue"),
    FeedState.FAILED: ("warning", "Illisible"),
}
ADDRESS_MISSING = "Collez l’adresse de la source."


class AddressField(forms.CharField):
    """An address as it was typed: the room judges it."""

    def __init__(self, **options):
        super().__init__(
            label="Adresse",
            max_length=2000,
            widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            error_messages={
                "required": ADDRESS_MISSING,
                "max_length": "Cette adresse est trop longue.",
                "null_characters_not_allowed": "Cette adresse est mal formée.",
            },
            **options,
        )


class OperatorFeedForm(forms.Form):
    """Where services are read from."""

    kind = forms.ChoiceField(
        label="Que trouve-t-on à cette adresse ?",
        choices=[
            (FeedKind.HALLE, "Le catalogue d’une autre Halle"),
            (FeedKind.PUBLICCODE, "Le fichier publiccode.yml d’un logiciel libre"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Dites ce que l’on trouve à cette adresse."},
    )
    url = AddressField(
        help_text="Pour une autre Halle, l’adresse de son interface : https://…/api/v1/. "
        "Pour un publiccode.yml, celle du fichier lui-même."
    )


class VendorFeedForm(forms.Form):
    """Which sheet follows which publiccode.yml."""

    sheet = forms.ChoiceField(
        label="Fiche à tenir à jour", error_messages={"required": "Choisissez la fiche."}
    )
    url = AddressField(help_text="L’adresse du fichier publiccode.yml lui-même, en https.")

    def __init__(self, *args, sheets, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["sheet"].choices = [("", "Choisissez…"), *((sheet.slug, sheet.name) for sheet in sheets)]


def feed_in_words(feed: ImportFeed) -> dict:
    """One source, for a list."""
    badge, state = STATES[feed.state]
    return {
        "url": feed.url,
        "kind": feed.get_kind_display(),
        "badge": badge,
        "state": state,
        "read": moment(feed.read_at) if feed.read_at else "",
        "problem": feed.problem,
    }


def values_in_words(values: dict) -> list[dict]:
    """What a source says of a service, in the order of a sheet: for components/facts.html."""
    rows = []
    for field in compared_fields():
        words = words_of(field, values[field.name]) if field.name in values else ""
        if words:
            rows.append({"label": label_of(field), "value": words})
    return rows


def item_name(item: ImportedItem) -> str:
    return item.content.get("name") or item.key
