"""The one typeface of our documents, from a wheel: no font of the machine is ever used.

Source Sans Pro (SIL Open Font License), in the weights the template names.
"""

import re
import unicodedata
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import typst
from fontTools.ttLib import TTFont

FAMILY = "Source Sans Pro"
_FACES = ("Regular", "Semibold")
# Signs the typeface lacks that have an equal in it. Its narrow no-break space is so thin that thousands run
# together, and its plain one is narrow.
_EQUALS = str.maketrans(
    {
        "\u2009": "\u00a0",
        "\u200a": "\u00a0",
        "\u202f": "\u00a0",
        "\u2010": "-",
        "\u2011": "-",
        "\u00ad": None,
    }
)

NARROW = "\u202f"
# A breaking space there would leave a sign alone at the end or at the start of a line.
_BEFORE_SIGN = re.compile(" (?=[€%;:!?»])")
_AFTER_SIGN = re.compile("(?<=[=×«]) ")


def _folder() -> Path:
    return Path(str(files("font_source_sans_pro"))) / "files"


@cache
def fonts() -> typst.Fonts:
    """The typeface as typst takes it."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(_folder())])


@cache
def _covered() -> frozenset[int]:
    tables = []
    for face in _FACES:
        with TTFont(_folder() / f"SourceSansPro-{face}.otf", lazy=True) as font:
            tables.append(frozenset(font.getBestCmap()))
    return frozenset.intersection(*tables)


def drawable(text: str) -> str:
    """`text` with only signs the typeface can draw: PDF/A refuses a page with a missing glyph.

    An emoji or an invisible sign is left out, a letter of another script becomes "?". The XML keeps the text
    whole: it is the reference.
    """
    text = unicodedata.normalize("NFC", text).translate(_EQUALS)
    if all(ord(sign) in _covered() for sign in text):
        return text
    return re.sub(" {2,}", " ", "".join(_drawn(sign) for sign in text)).strip()


def spaced(text: str) -> str:
    """`text` with its signs kept with the word they belong to."""
    return _AFTER_SIGN.sub("\u00a0", _BEFORE_SIGN.sub(NARROW, text))


def printable(value: Any) -> Any:
    """A JSON value for a template: its texts `drawable` and `spaced`."""
    if isinstance(value, str):
        return drawable(spaced(value))
    if isinstance(value, dict):
        return {key: printable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [printable(item) for item in value]
    return value


def _drawn(sign: str) -> str:
    if ord(sign) in _covered():
        return sign
    if sign.isspace():
        return " "
    return "?" if unicodedata.category(sign)[0] in "LNP" else ""
