"""What sheets refuse, in words for the vendor's people."""

from dataclasses import dataclass

from tenants.refusals import Refused


class SheetRefused(Refused):
    """Base of all refusals here. `str()` is a French sentence for the person."""


class SheetInvalid(SheetRefused):
    """What was written cannot be kept: nothing was.

    `errors` holds {field: sentence}; `items` holds {list: {rank of the item: {key: sentence}}}.
    """

    def __init__(self, errors: dict[str, str], items: dict[str, dict[int, dict[str, str]]] | None = None):
        self.errors = errors
        self.items = items or {}
        inside = [text for rows in self.items.values() for row in rows.values() for text in row.values()]
        super().__init__(" ".join([*errors.values(), *inside]))


class SheetChanged(SheetRefused):
    """Somebody else saved the same fields meanwhile: nothing was. `latest` is the revision to read first,
    `changed` what is different since the one this work began from."""

    def __init__(self, latest, changed: list):
        self.latest = latest
        self.changed = changed
        super().__init__("Quelqu’un d’autre a modifié ces informations pendant que vous écriviez.")


class FileRefused(SheetRefused):
    """The file is no picture or PDF that can be shown."""


class SheetIncomplete(SheetRefused):
    """Something that every buyer needs is missing: `missing` says what."""

    def __init__(self, missing: "list[Missing]"):
        self.missing = missing
        super().__init__("La fiche est incomplète : " + " ".join(one.sentence for one in missing))


class NothingToPublish(SheetRefused):
    """The last version is published, and no operator was chosen."""


class AlreadyPlanned(SheetRefused):
    """A publication is planned: it is cancelled first."""


class NotPlanned(SheetRefused):
    """There is no publication to cancel (any more)."""


class BadMoment(SheetRefused):
    """The moment chosen is past, or too far."""

    field = "at"


@dataclass(frozen=True)
class Missing:
    """What a sheet still lacks: the field, and a sentence."""

    field: str
    sentence: str
