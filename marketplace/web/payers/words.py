"""How a part of somebody's subscription is said on every page."""

from billing.payers import words_of
from marketplace.web.formats import day
from subscriptions.models import PayerShare, ShareState

BADGES = {
    ShareState.PROPOSED: "info",
    ShareState.AGREED: "success",
    ShareState.REFUSED: "danger",
    ShareState.WITHDRAWN: "neutral",
    ShareState.ENDED: "neutral",
}


def said(share: PayerShare) -> dict:
    """What a row of a list shows: the part, its days, its convention, its state."""
    last = f" au {day(share.last_day)}" if share.ends else ""
    return {
        "id": share.public_id,
        "kind": share.get_kind_display().capitalize(),
        "words": words_of(share),
        "when": f"du {day(share.starts)}{last}" if last else f"à partir du {day(share.starts)}",
        "convention": share.convention_number,
        "convention_date": day(share.convention_date),
        "badge": {
            "state": BADGES[ShareState(share.state)],
            "label": share.get_state_display().capitalize(),
        },
    }
