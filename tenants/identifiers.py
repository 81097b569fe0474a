"""SIREN and SIRET: what a person types or pastes, checked, with words for what is wrong.

A bad number is never repaired: a guess would bill another body.
"""

import re

from stdnum.exceptions import ValidationError
from stdnum.fr import siren as siren_number
from stdnum.fr import siret as siret_number

SIREN_DIGITS = 9
SIRET_DIGITS = 14
NBSP = "\u00a0"
# What people, web pages and spreadsheets put between or around digits: any space, zero-width characters and
# direction marks that come with a paste, dots, and every kind of hyphen.
_BETWEEN_DIGITS = re.compile(r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff.\-\u2010-\u2015\u2212]+")
_SPACES = re.compile(r"\s+")
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]*)?[eE]\+?[0-9]{1,2}")
_DIGITS = re.compile(r"[0-9]+")
# More zeros than that is no slip of a spreadsheet: a number lost somewhere else.
_ZEROS_A_SPREADSHEET_DROPS = 3


class BadIdentifier(ValueError):
    """What was given is no SIREN or SIRET; `message` says in French what is wrong and what to do."""

    def __init__(self, message: str):
        super().__init__(message)
        self.message = message


class Missing(BadIdentifier):
    """Nothing was given."""


class ScientificNotation(BadIdentifier):
    """A spreadsheet made a number of it, and rounded it: "2,17E+13"."""


class NotDigits(BadIdentifier):
    """There is a letter or a sign in it."""


class WrongLength(BadIdentifier):
    """Too few or too many digits."""


class LostZeros(WrongLength):
    """A spreadsheet has probably dropped the first zeros; `padded` has them, and is to be confirmed."""

    def __init__(self, message: str, padded: str):
        super().__init__(message)
        self.padded = padded


class WrongKey(BadIdentifier):
    """The check digit is not the one the other digits give."""


def clean_siren(text: str) -> str:
    """Return the nine digits of the SIREN in `text`, without spaces, dots and hyphens.

    Checked with Luhn's key. Raises a BadIdentifier of the kind of mistake made.
    """
    digits = _digits(text, "SIREN")
    if len(digits) == SIRET_DIGITS and siret_number.is_valid(digits):
        raise WrongLength(
            "Ce numéro est un SIRET (14 chiffres). Gardez seulement ses 9 premiers chiffres, "
            f"qui forment le SIREN : {grouped(digits[:SIREN_DIGITS])}."
        )
    _check_length(digits, "SIREN", SIREN_DIGITS, siren_number.is_valid)
    if not siren_number.is_valid(digits):
        raise WrongKey(
            f"Le SIREN {grouped(digits)} est faux : la clé de contrôle ne correspond pas, un chiffre a sans "
            "doute été mal recopié. Vérifiez-le chiffre par chiffre."
        )
    _refuse_zeros(digits)
    return digits


def clean_siret(text: str) -> str:
    """Return the fourteen digits of the SIRET in `text`, without spaces, dots and hyphens.

    Checked with Luhn's key, of the whole and of its SIREN; La Poste's establishments (SIREN 356 000 000),
    its head office excepted, by the sum of their digits, a multiple of 5. Raises a BadIdentifier of the
    kind of mistake made.
    """
    digits = _digits(text, "SIRET")
    if len(digits) == SIREN_DIGITS and siren_number.is_valid(digits):
        raise WrongLength(
            "Ce numéro est un SIREN (9 chiffres). Le SIRET en compte 14 : ajoutez les 5 chiffres de "
            "l’établissement."
        )
    _check_length(digits, "SIRET", SIRET_DIGITS, siret_number.is_valid)
    try:
        siret_number.validate(digits)
    except ValidationError:
        raise WrongKey(_wrong_siret_key(digits)) from None
    _refuse_zeros(digits[:SIREN_DIGITS])
    return digits


def grouped(number: str) -> str:
    """A SIREN or a SIRET cut for the eye, with no-break spaces: "732 829 320 00074". Else as it is."""
    if len(number) not in (SIREN_DIGITS, SIRET_DIGITS):
        return number
    parts = (number[:3], number[3:6], number[6:SIREN_DIGITS], number[SIREN_DIGITS:])
    return NBSP.join(part for part in parts if part)


def phone(number: str) -> str:
    """ "04 00 00 00 12" for a French number written without spaces; any other as it was typed."""
    if len(number) == 10 and number.isdigit():
        return NBSP.join(number[start : start + 2] for start in range(0, 10, 2))
    return number


def _digits(text: str, what: str) -> str:
    if _SCIENTIFIC.fullmatch(_SPACES.sub("", text)):
        raise ScientificNotation(
            f"Un tableur a transformé ce {what} en nombre arrondi (« {_short(text)} ») : les derniers "
            "chiffres sont perdus. Dans le tableur, mettez la colonne au format Texte, puis saisissez de "
            "nouveau le numéro en entier."
        )
    bare = _BETWEEN_DIGITS.sub("", text)
    if not bare:
        raise Missing(f"Indiquez le {what}.")
    strange = _DIGITS.sub("", bare)
    if strange:
        raise NotDigits(
            f"Un {what} ne contient que des chiffres : retirez « {_short(strange)} », ou recopiez le numéro "
            "en entier."
        )
    return bare


def _check_length(digits: str, what: str, expected: int, is_valid) -> None:
    lacking = expected - len(digits)
    if not lacking:
        return
    padded = digits.zfill(expected)
    if 1 <= lacking <= _ZEROS_A_SPREADSHEET_DROPS and is_valid(padded) and int(padded):
        lost = "le zéro du début" if lacking == 1 else f"les {lacking} zéros du début"
        raise LostZeros(
            f"Ce {what} compte {_count(len(digits))} au lieu de {expected} : un tableur a sans doute retiré "
            f"{lost}. Vérifiez qu’il s’agit bien de {grouped(padded)}, puis saisissez-le en entier (dans un "
            "tableur, mettez d’abord la colonne au format Texte).",
            padded,
        )
    raise WrongLength(
        f"Ce {what} compte {_count(len(digits))}, il en faut {expected}. Recopiez le numéro en entier."
    )


def _wrong_siret_key(digits: str) -> str:
    first, last = digits[:SIREN_DIGITS], digits[SIREN_DIGITS:]
    if siren_number.is_valid(first):
        where = f"dans les 5 derniers chiffres ({last})"
    else:
        where = f"dans les 9 premiers chiffres ({grouped(first)})"
    return (
        f"Le SIRET {grouped(digits)} est faux : la clé de contrôle ne correspond pas, un chiffre a sans "
        f"doute été mal recopié, probablement {where}."
    )


def _refuse_zeros(siren: str) -> None:
    # Luhn accepts it, and files use it for "unknown".
    if not int(siren):
        raise WrongKey(f"Le numéro {grouped(siren)} n’est attribué à personne. Indiquez le vrai numéro.")


def _count(digits: int) -> str:
    return "1 chiffre" if digits == 1 else f"{digits} chiffres"


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 20 else f"{text[:20]}…"
