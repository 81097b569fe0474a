"""Contrast of an operator's colour with what it is shown on (WCAG 2.1, success criterion 1.4.3, level AA)."""

import re

HEX = re.compile(r"#[0-9a-f]{6}")
AA_TEXT = 4.5
WHITE = "#ffffff"
# The site's own background (static/halle/tokens.css, --halle-floor): links are written on it in this colour.
FLOOR = "#f6f5f0"
SOFT_SHARE = 0.09  # of the colour in its own tint (--halle-accent-soft), the rest being white


class BadColour(ValueError):
    """The colour cannot be used; `str()` says in French what was found and what to try."""


def clean_accent(text: str) -> str:
    """Return the colour as "#rrggbb" in lower case.

    Raises BadColour when it is no colour, or when white text on it, or text of this colour on white, on the
    site's background and on its own tint, has a contrast below 4.5:1.
    """
    colour = text.strip().lower()
    if not HEX.fullmatch(colour):
        raise BadColour(
            "Écrivez la couleur avec un dièse et six chiffres ou lettres de a à f, par exemple #1f5a4c."
        )
    found = lowest_contrast(colour)
    if found < AA_TEXT:
        raise BadColour(
            f"Cette couleur est trop claire : son contraste avec les fonds du site est de {_ratio(found)} "
            "pour 1, il en faut au moins 4,5 pour que tout le monde puisse lire. Essayez plus foncé, par "
            f"exemple {darker(colour)}."
        )
    return colour


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio of two "#rrggbb" colours, from 1 (the same) to 21 (black and white)."""
    darkest, lightest = sorted((_luminance(one), _luminance(other)))
    return (lightest + 0.05) / (darkest + 0.05)


def lowest_contrast(colour: str) -> float:
    """Its contrast with the least favourable of white, the site's background and its own tint."""
    tint = _mix(colour, WHITE, SOFT_SHARE)
    return min(contrast(colour, ground) for ground in (WHITE, FLOOR, tint))


def darker(colour: str) -> str:
    """The colour itself, or the nearest darker tone of the same hue that has enough contrast."""
    for percent in range(100, -1, -1):
        tone = _mix(colour, "#000000", percent / 100)
        if lowest_contrast(tone) >= AA_TEXT:
            return tone
    raise AssertionError("black has enough contrast")


def _mix(colour: str, other: str, share: float) -> str:
    channels = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(one * share + two * (1 - share)):02x}" for one, two in channels)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _ratio(value: float) -> str:
    # Cut, not rounded: 4,46 must not be announced as the 4,5 that is asked for.
    return f"{int(value * 10) / 10:.1f}".replace(".", ",")
