"""Why something cannot be kept or chosen, in words for the person who asked."""

from tenants.refusals import Refused


class KeepingRefused(Refused):
    """A favourite, a search or a shortlist that cannot be kept as it is asked."""


class NotOpen(KeepingRefused):
    """The shortlist was frozen or decided meanwhile: nothing of it changes any more."""

    def __init__(self):
        super().__init__("Cette présélection est figée : elle ne peut plus être changée.")


class NotFrozen(KeepingRefused):
    """Somebody has decided already, or the shortlist is still being prepared."""


class PriceAlone(KeepingRefused):
    """The cheapest is not a choice by itself."""

    field = "criteria"
