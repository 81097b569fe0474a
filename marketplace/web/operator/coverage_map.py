"""The map of a service among an operator's members: one outline a commune, or a share by département where
there are too many to draw."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, radians

from marketplace.web.formats import format_number
from marketplace.web.operator.coverage_words import percent
from tenants.maps import outlines
from tenants.maps.outlines import SCALE, Outline

WIDTH = 800  # of the drawing, in its own units
MAX_COMMUNES = 3_000
HAVE, ASKED, LACK = "have", "asked", "lack"
WORDS = {HAVE: "l’a", ASKED: "l’a demandé", LACK: "ne l’a pas"}
STEPS = (0, 25, 50, 75)  # percent from which a département is drawn darker


PLURALS = {HAVE: "l’ont", ASKED: "l’ont demandé", LACK: "ne l’ont pas"}


@dataclass(frozen=True)
class Shape:
    """One outline: `kind` is its class; `share`, when it stands for a département, is written on it."""

    kind: str
    title: str
    outline: Outline
    share: str = ""


def coverage_map(
    states: Mapping[str, str], *, names: Mapping[str, str], parts: Mapping[str, list[str]]
) -> dict:
    """For operator/_coverage_map.html: `states` by INSEE code, `names` too; `parts`: the former communes of
    one made since the outlines were drawn. Empty when nothing can be drawn.

    Far places are not on the same sheet: the one with most communes is drawn, the others are counted.
    """
    sheets: dict[str, list[str]] = defaultdict(list)
    for code in sorted(states):
        sheets[_sheet(code)].append(code)
    codes = max(sheets.values(), key=len, default=[])
    by_departement = len(codes) > MAX_COMMUNES
    shapes = _departements(states, codes) if by_departement else _communes(states, codes, names, parts)
    if not shapes:
        return {}
    sheet = Sheet([shape.outline for shape in shapes])
    counts = Counter(states[code] for code in codes)
    borders = [outlines.departement(code) for code in sorted({_departement(code) for code in codes})]
    return {
        "width": WIDTH,
        "height": sheet.height,
        "by_departement": by_departement,
        "shapes": [
            {"kind": shape.kind, "title": shape.title, "path": sheet.path(shape.outline)} for shape in shapes
        ],
        "labels": [{"text": s.share, **sheet.middle(s.outline)} for s in shapes if s.share],
        "borders": [sheet.path(border) for border in borders],
        "words": ", ".join(f"{format_number(counts[state])} {word}" for state, word in PLURALS.items()),
        "elsewhere": format_number(len(states) - len(codes)) if len(states) > len(codes) else "",
        "credits": outlines.CREDITS,
    }


def _communes(states, codes: list[str], names, parts) -> list[Shape]:
    shapes = []
    for code in codes:
        made_of = dict.fromkeys([code, *parts.get(code, ())])
        if rings := [ring for part in made_of for ring in outlines.commune(part)]:
            shapes.append(Shape(states[code], f"{names[code]} {WORDS[states[code]]}", rings))
    return shapes


def _departements(states, codes: list[str]) -> list[Shape]:
    members = Counter(_departement(code) for code in codes)
    having = Counter(_departement(code) for code in codes if states[code] == HAVE)
    shapes = []
    for code, total in members.items():
        if outline := outlines.departement(code):
            share = percent(having[code], total)
            step = sum(having[code] * 100 // total >= floor for floor in STEPS)
            shapes.append(Shape(f"share-{step}", f"Département {code} : {share}", outline, share))
    return shapes


def _departement(code: str) -> str:
    return code[:3] if code.startswith("97") else code[:2]


def _sheet(code: str) -> str:
    return code[:3] if code.startswith("97") else "métropole"


class Sheet:
    """Draws outlines side by side, north up, as wide as WIDTH."""

    def __init__(self, shapes: list[Outline]):
        points = [point for outline in shapes for ring in outline for point in ring]
        self.west, self.north = min(x for x, _ in points), max(y for _, y in points)
        east, south = max(x for x, _ in points), min(y for _, y in points)
        # A degree of longitude is shorter than one of latitude, the more so the further north.
        self.narrow = cos(radians((self.north + south) / 2 / SCALE))
        self.zoom = min(
            WIDTH / max(1, (east - self.west) * self.narrow), 1.2 * WIDTH / max(1, self.north - south)
        )
        self.height = max(1, round((self.north - south) * self.zoom))

    def at(self, point: tuple[int, int]) -> tuple[int, int]:
        return (
            round((point[0] - self.west) * self.narrow * self.zoom),
            round((self.north - point[1]) * self.zoom),
        )

    def path(self, outline: Outline) -> str:
        """The `d` of a path, in whole units, by steps: a third shorter than by places."""
        drawn = []
        for ring in outline:
            x, y = self.at(ring[0])
            drawn.append(f"M{x} {y}l")
            for point in ring[1:]:
                right, down = self.at(point)
                drawn.append(f"{right - x} {down - y} ")
                x, y = right, down
            drawn.append("z")
        return "".join(drawn)

    def middle(self, outline: Outline) -> dict[str, int]:
        """Where a word is written: the middle of the largest part."""
        ring = max(outline, key=len)
        xs, ys = zip(*(self.at(point) for point in ring), strict=True)
        return {"x": (min(xs) + max(xs)) // 2, "y": (min(ys) + max(ys)) // 2}
