"""Reads the outlines. They are of 2018: a commune made since is drawn as the ones it was made of."""

import lzma
from functools import cache
from pathlib import Path

DATA_FILE = Path(__file__).parent / "data" / "outlines-2018.txt.xz"
SCALE = 400  # steps to a degree
CREDITS = "IGN, Admin Express 2018 (Licence Ouverte), tracés simplifiés"

Outline = list[list[tuple[int, int]]]


def commune(code: str) -> Outline:
    """The rings of a commune, (longitude, latitude) in 1/SCALE of a degree; none when it was never drawn
    (the communes of the Pacific collectivities)."""
    return _outline(code)


def departement(code: str) -> Outline:
    """The rings of a département, in the same steps."""
    return _outline(f"D{code}")


def _outline(key: str) -> Outline:
    return [_ring(steps) for steps in _lines().get(key, "").split(";") if steps]


def _ring(text: str) -> list[tuple[int, int]]:
    x, y, points = 0, 0, []
    for step in text.split(","):
        right, up = step.split(" ")
        x, y = x + int(right), y + int(up)
        points.append((x, y))
    return points


@cache
def _lines() -> dict[str, str]:
    """The file, by key, its outlines not read yet: a page draws a few hundred of 35,000."""
    text = lzma.decompress(DATA_FILE.read_bytes()).decode()
    return dict(line.split(" ", 1) for line in text.splitlines())
