"""How a part of somebody's subscription is said on every page."""

from billing.payers import words_of, yearly_parts
from catalog.pricing import SUBSCRIBER
from marketplace.web.commune.words import is_taxed
from marketplace.web.formats import day, format_cents, net
from subscriptions.models import PayerShare, ShareState, Subscription

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


def yearly_of(share: PayerShare) -> str:
    """What a year of a share comes to, at the price frozen at the request: "311,90 € HT"."""
    subscription = share.subscription
    cents = yearly_parts(subscription, [share]).get(share.payer_id, 0)
    return net(cents, taxed=is_taxed(subscription))


def parts(subscription: Subscription, shares: list[PayerShare]) -> list[dict]:
    """The parts of a year were these shares to last, the subscriber's own first, each with the length of its
    bar in percent."""
    cents = yearly_parts(subscription, shares)
    names = {SUBSCRIBER: subscription.tenant.name, **{share.payer_id: share.payer.name for share in shares}}
    total = subscription.yearly_cents or 1
    return [
        {
            "name": names[payer],
            "amount": format_cents(cents[payer]),
            "width": round(cents[payer] * 100 / total, 1),
        }
        for payer in sorted(cents, key=lambda payer: (payer != SUBSCRIBER, names[payer]))
    ]
