"""Amounts and counts as people type them in a form, read into what a grid holds.

« 1 501,50 € » and « 3 500 habitants » are how tariffs are written; a grid wants "1501.50" and 3500. What
could be read in two ways is refused rather than guessed: 1.501 is fifteen hundred euros in one office and one
euro fifty in another.
"""

import re

from .errors import PricingError
from .money import COLON, NNBSP

_GROUPED = r"[0-9]{1,3}(?: [0-9]{3})+"
_AMOUNT = re.compile(rf"(?P<euros>{_GROUPED}|[0-9]+)(?:[.,](?P<decimals>[0-9]+))?")
_DOTTED = re.compile(r"(?P<euros>[0-9]{1,3}(?:\.[0-9]{3})+),(?P<decimals>[0-9]+)")
_COUNT = re.compile(rf"{_GROUPED}|[0-9]+")
_CURRENCY = re.compile(r" ?(?:€|eur|euros?)$", re.IGNORECASE)
_PEOPLE = re.compile(r" ?(?:hab\.?|habitants?|agents?)$", re.IGNORECASE)
_LONGEST = 40


class TypedWrong(PricingError):
    """What was typed is not an amount, or not a whole number; the text says how to write it."""

    code = "typed_wrong"


def read_amount_text(text: str) -> str:
    """Euros as a grid holds them: « 1 501,50 € » → "1501.50", « 0,125 » → "0.125".

    Any space (narrow and no-break ones too) may group thousands by three. Raises ``TypedWrong`` for a
    negative amount, more than 12 digits of euros or 8 decimals, and what may be read in two ways.
    """
    typed = _squeezed(text)
    if not typed:
        raise TypedWrong("Indiquez un montant en euros, par exemple 1 501,50.")
    _refuse_negative(typed, "Un montant ne peut pas être négatif")
    bare = _CURRENCY.sub("", typed)
    found = _AMOUNT.fullmatch(bare) or _DOTTED.fullmatch(bare)
    if not found:
        raise TypedWrong(
            f"{_shown(text)} n’est pas un montant en euros{NNBSP}; écrivez par exemple 1 501,50."
        )
    euros, decimals = re.sub(r"[ .]", "", found["euros"]).lstrip("0") or "0", found["decimals"] or ""
    if "." in bare and "," not in bare and len(decimals) == 3 and euros != "0":
        raise TypedWrong(
            f"{_shown(text)} se lit de deux façons{COLON}écrivez {euros}{decimals} sans point, "
            f"ou {euros},{decimals} avec une virgule."
        )
    if len(euros) > 12 or len(decimals) > 8:
        raise TypedWrong(
            f"{_shown(text)} est trop long{COLON}12 chiffres avant la virgule et 8 après, au plus."
        )
    return f"{euros}.{decimals}" if decimals else euros


def read_count_text(text: str) -> int:
    """A whole number: « 3 500 » and « 3 500 habitants » → 3500.

    Raises ``TypedWrong`` for a negative number, decimals, and anything beyond a thousand billion.
    """
    typed = _squeezed(text)
    if not typed:
        raise TypedWrong("Indiquez un nombre entier, par exemple 3 500.")
    _refuse_negative(typed, "Un nombre ne peut pas être négatif")
    bare = _PEOPLE.sub("", typed)
    if not _COUNT.fullmatch(bare):
        raise TypedWrong(f"{_shown(text)} n’est pas un nombre entier{NNBSP}; écrivez par exemple 3 500.")
    digits = bare.replace(" ", "").lstrip("0") or "0"
    if len(digits) > 13 or int(digits) > 10**12:
        raise TypedWrong(f"{_shown(text)} est trop grand.")
    return int(digits)


def _squeezed(text: str) -> str:
    """Every run of spaces, whatever their kind, as one; none at the ends."""
    return " ".join(text.split())


def _refuse_negative(typed: str, sentence: str) -> None:
    # Hyphen, and the minus signs that word processors write.
    if typed[:1] in {"-", "−", "–"} and any(character.isdigit() for character in typed):
        raise TypedWrong(f"{sentence}.")


def _shown(text: str) -> str:
    """What was typed, cut when it is a novel."""
    words = _squeezed(text)
    return f"« {words[:_LONGEST]}{'…' if len(words) > _LONGEST else ''} »"
