"""What feeds refuse, in words for the person."""

from tenants.refusals import Refused


class FeedRefused(Refused):
    """This source cannot be added, or cannot be read now."""


class ItemRefused(Refused):
    """This service cannot be taken; nothing was."""


class AlreadyDecided(ItemRefused):
    """Somebody was faster."""

    def __init__(self):
        super().__init__("Quelqu’un a déjà décidé pour ce service.")
