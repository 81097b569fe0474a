"""What each field of a sheet may hold: plain texts, addresses, numbers. HTML is text like any other."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email

from catalog.publiccode.licences import LicenceInvalid, spdx_expression

MAX_ADDRESS = 300
MAX_POPULATION = 100_000_000
_PHONE = re.compile(r"\+?[0-9]{6,15}")
_BETWEEN_DIGITS = re.compile(r"[\s.\-()]+")
# Controls, and marks that turn the direction of a text: what is read must be what is written.
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_is_address = URLValidator(schemes=["http", "https"])

Clean = Callable[[Any], Any]


def line(maximum: int, *, required: str = "") -> Clean:
    """One line of text. Raises ValueError with a French sentence, as all here do."""

    def clean(value: Any) -> str:
        text = " ".join(_HIDDEN.sub("", str(value or "")).split())
        return _sized(text, maximum, required)

    return clean


def paragraphs(maximum: int) -> Clean:
    """Paragraphs separated by an empty line; line ends and indentation are kept as typed."""

    def clean(value: Any) -> str:
        text = str(value or "").replace("\r\n", "\n").replace("\r", "\n")
        text = "\n".join(part.rstrip() for part in _HIDDEN.sub("", text).split("\n"))
        return _sized(re.sub(r"\n{3,}", "\n\n", text).strip(), maximum, "")

    return clean


def _sized(text: str, maximum: int, required: str) -> str:
    if required and not text:
        raise ValueError(required)
    if len(text) > maximum:
        raise ValueError(f"C’est trop long : {maximum} caractères au plus, vous en avez écrit {len(text)}.")
    return text


def choice(choices) -> Clean:
    """One of a TextChoices."""

    def clean(value: Any) -> str:
        if value not in choices.values:
            raise ValueError("Choisissez une valeur de la liste.")
        return str(value)

    return clean


def choices_of(allowed) -> Clean:
    """Several of a TextChoices, in its order."""

    def clean(value: Any) -> list[str]:
        if any(one not in allowed.values for one in value or []):
            raise ValueError("Choisissez des valeurs de la liste.")
        return [one for one in allowed.values if one in (value or [])]

    return clean


def inhabitants(value: Any) -> int | None:
    """A whole number of inhabitants, None for no bound."""
    if value is None:
        return None
    if not 0 <= value <= MAX_POPULATION:
        raise ValueError("Écrivez un nombre d’habitants, par exemple 3500.")
    return value


def address(value: Any) -> str:
    """An address of the web, "" for none."""
    text = str(value or "").strip()
    if not text:
        return ""
    if len(text) > MAX_ADDRESS:
        raise ValueError(f"Cette adresse est trop longue : {MAX_ADDRESS} caractères au plus.")
    try:
        _is_address(text)
    except ValidationError:
        raise ValueError("Écrivez une adresse complète, par exemple https://www.exemple.fr.") from None
    return text


def email(value: Any) -> str:
    """An e-mail address, "" for none."""
    text = str(value or "").strip()
    if text:
        try:
            validate_email(text)
        except ValidationError:
            raise ValueError("Écrivez une adresse de courriel, par exemple aide@exemple.fr.") from None
    return text


def phone(value: Any) -> str:
    """A telephone number without spaces, "" for none."""
    text = _BETWEEN_DIGITS.sub("", str(value or ""))
    if text and not _PHONE.fullmatch(text):
        raise ValueError("Écrivez un numéro de téléphone, par exemple 02 31 00 00 00.")
    return text


def licence(value: Any) -> str:
    """An SPDX expression, spelt as SPDX does; "" for none."""
    text = str(value or "").strip()
    if not text:
        return ""
    if len(text) > 120:
        raise ValueError("C’est trop long : 120 caractères au plus.")
    try:
        return spdx_expression(text)
    except LicenceInvalid as error:
        raise ValueError(str(error)[:1].upper() + str(error)[1:]) from error


def last_day(value: Any) -> str:
    """A day as ISO text, "" for none."""
    text = str(value or "").strip()
    if not text:
        return ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("Écrivez une date, par exemple 2027-06-30.") from None
