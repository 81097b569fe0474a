"""Why a verb on price grids refuses. `str()` is a French sentence for the person."""

from collections.abc import Sequence

from catalog.pricing import Jump


class GridRefused(Exception):
    """Base of all refusals."""


class NotADraft(GridRefused):
    """It was published, or deleted, meanwhile."""


class DraftChanged(GridRefused):
    """Somebody else has saved this draft since the page was shown."""


class TermsInvalid(GridRefused):
    """What surrounds the grid is wrong: `errors` by field (effective_from, vat_category, vat_rate,
    vat_reason, note)."""

    def __init__(self, errors: dict[str, str]):
        self.errors = errors
        super().__init__(" ".join(errors.values()))


class LowersTotal(GridRefused):
    """At some bounds one more inhabitant lowers the total: to be published, that must be confirmed."""

    def __init__(self, jumps: Sequence[Jump]):
        self.jumps = list(jumps)
        super().__init__(
            "À certaines bornes, un habitant de plus fait baisser le prix. Confirmez que c’est voulu."
        )


class NotWithdrawable(GridRefused):
    """It is in force already, or not published."""
