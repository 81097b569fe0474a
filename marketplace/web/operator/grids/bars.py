"""The distribution of differences, as bars of an SVG and as words."""

from collections.abc import Sequence

from marketplace.web.formats import format_number

WIDTH, HEIGHT, TOP, BOTTOM = 560, 240, 24, 46
LABELS = (
    ("−500\u00a0€ et plus", "baissent de 500\u00a0€ ou plus"),
    ("−100 à −500", "baissent de 100 à 500\u00a0€"),
    ("−20 à −100", "baissent de 20 à 100\u00a0€"),
    ("−20\u00a0€", "baissent de moins de 20\u00a0€"),
    ("pareil", "ne changent pas"),
    ("+20\u00a0€", "montent de moins de 20\u00a0€"),
    ("+20 à +100", "montent de 20 à 100\u00a0€"),
    ("+100 à +500", "montent de 100 à 500\u00a0€"),
    ("+500\u00a0€ et plus", "montent de 500\u00a0€ ou plus"),
)


def bars(counts: Sequence[int]) -> dict:
    """For operator/grids/_bars.html; `counts` as `catalog.grids.results.Totals.bars`."""
    highest, step = max(counts, default=0) or 1, WIDTH / len(LABELS)
    drawn = []
    for number, (count, (label, words)) in enumerate(zip(counts, LABELS, strict=True)):
        height = round(count / highest * (HEIGHT - TOP - BOTTOM), 1)
        drawn.append(
            {
                "x": f"{number * step + 6:.1f}",
                "y": f"{HEIGHT - BOTTOM - height:.1f}",
                "middle": f"{(number + 0.5) * step:.1f}",
                "label_y": f"{HEIGHT - BOTTOM - height - 6:.1f}",
                "width": f"{step - 12:.1f}",
                "height": f"{height:.1f}",
                "kind": "fall" if number < 4 else "same" if number == 4 else "rise",
                "label": label,
                "words": words,
                "count": format_number(count),
                "short": ("−−−−", "−−−", "−−", "−", "=", "+", "++", "+++", "++++")[number],
            }
        )
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "base": HEIGHT - BOTTOM,
        "axis_y": HEIGHT - BOTTOM + 20,
        "bars": drawn,
        "words": ", ".join(f"{bar['count']} {bar['words']}" for bar in drawn if bar["count"] != "0")
        or "aucun adhérent n’a les deux prix",
    }
