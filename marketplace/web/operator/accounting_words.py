"""The words and the pictures of an operator's accounts."""

from datetime import date

from catalog.pricing.money import MONTHS
from marketplace.web.formats import format_cents
from marketplace.web.operator.forms import capitalised

WIDTH, ROW, BAR = 560, 60, 16


def month_name(first: date | None) -> str:
    """ "Décembre 2026"; what is overdue for None."""
    return "Échéance passée" if first is None else capitalised(f"{MONTHS[first.month - 1]} {first.year}")


def drawn_bars(amounts: list[tuple[str, int]]) -> dict:
    """For operator/_amount_bars.html: a bar each, in this order, as long as its part of the longest; none
    below zero."""
    longest = max((cents for _, cents in amounts), default=0)
    bars = [
        {
            "label": label,
            "amount": format_cents(cents),
            "text_y": place * ROW + 26,
            "y": place * ROW + 34,
            "width": f"{WIDTH * max(cents, 0) / longest if longest > 0 else 0:.1f}",
        }
        for place, (label, cents) in enumerate(amounts)
    ]
    return {
        "width": WIDTH,
        "height": len(bars) * ROW,
        "bar": BAR,
        "bars": bars,
        "words": ", ".join(f"{bar['label']} {bar['amount']}" for bar in bars),
    }
