"""The words and the picture of an operator's coverage."""

from catalog.finding.strata import STRATA
from marketplace.web.formats import format_number
from marketplace.web.operator.forms import capitalised
from marketplace.web.public.shelf_words import stratum_words

WIDTH, ROW, BAR = 560, 60, 16


def percent(part: int, whole: int) -> str:
    """ "62 %", rounded down but never to nothing: "moins de 1 %"."""
    if not part or not whole:
        return "0\u00a0%"
    share = part * 100 // whole
    return f"{share}\u00a0%" if share else "moins de 1\u00a0%"


def bars(counts: dict[str, int], *, total: int) -> dict:
    """For operator/_coverage_bars.html: one bar a family, the most spread first; `counts` of `total`."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    drawn = [
        {
            "label": label,
            "share": percent(count, total),
            "count": format_number(count),
            "text_y": number * ROW + 26,
            "y": number * ROW + 34,
            "width": f"{WIDTH * count / total if total else 0:.1f}",
        }
        for number, (label, count) in enumerate(ordered)
    ]
    return {
        "width": WIDTH,
        "height": len(drawn) * ROW,
        "bar": BAR,
        "bars": drawn,
        "words": ", ".join(f"{bar['label']} {bar['share']}" for bar in drawn),
    }


def stratum_options(counts: dict[str, int], *, chosen: str) -> list[dict]:
    """For a list of strata: those where somebody lacks the service, and the chosen one."""
    return [
        {
            "value": stratum,
            "label": f"{capitalised(stratum_words(stratum))} ({format_number(counts.get(stratum, 0))})",
            "selected": stratum == chosen,
        }
        for stratum in STRATA
        if counts.get(stratum) or stratum == chosen
    ]
