"""The drawing of a balance month by month: when what was gained covers what was paid."""

from dataclasses import dataclass

from catalog.pricing import format_cents, format_number
from subscriptions.value.paper import months

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 140, 612, 16, 262
MONTHS = 12


@dataclass(frozen=True)
class Drawing:
    """What commune/_breakeven.html draws; `words` says it to who does not see it."""

    points: str
    zero: str  # y of a balance of nothing
    x_ticks: list[dict]
    y_ticks: list[dict]
    crossing: str  # x of the month it is paid back, "" for never
    words: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = RIGHT
    top: int = TOP
    bottom: int = BOTTOM


def drawing(balance: tuple[int, ...], payback: int | None) -> Drawing:
    """`balance` in cents, one a month from the start."""
    low, high = min(0, *balance), max(0, *balance)
    spread = high - low or 1
    last = len(balance) - 1

    def x(month: int) -> str:
        return f"{LEFT + (RIGHT - LEFT) * month / last:.1f}"

    def y(cents: int) -> str:
        return f"{BOTTOM - (BOTTOM - TOP) * (cents - low) / spread:.1f}"

    said = f"Au départ {format_cents(balance[0])}, à la fin {format_cents(balance[-1])}."
    back = (
        "Les coûts ne sont jamais couverts." if payback is None else f"Couverts au bout de {months(payback)}."
    )
    return Drawing(
        points=" ".join(f"{x(month)},{y(cents)}" for month, cents in enumerate(balance)),
        zero=y(0),
        x_ticks=[{"x": x(month), "text": f"{month // MONTHS} an{'s' if month > MONTHS else ''}"}
                 for month in range(MONTHS, last + 1, MONTHS * (2 if last > 6 * MONTHS else 1))],
        y_ticks=[{"y": y(cents), "text": _euros(cents)} for cents in sorted({low, 0, high})],
        crossing="" if payback is None else x(payback),
        words=f"{said} {back}",
    )  # fmt: skip


def _euros(cents: int) -> str:
    """To the euro: a tick has little room on a small screen, where its letters are larger."""
    return f"{format_number(round(cents / 100))}\u00a0€"
