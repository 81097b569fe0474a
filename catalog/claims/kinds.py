"""The kinds of field a claim's value is made of, as they are typed in a form.

Texts are trimmed, numbers may have a comma and spaces, days are 17/03/2026 or 2026-03-17. Nothing typed is
the same as nothing known.
"""

import re
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

MAX_TEXT, MAX_LONG_TEXT, MAX_ADDRESS, MAX_LINES = 300, 1500, 300, 30
FRENCH_DAY = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
HOSTNAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.I)
# What no reader sees, or what turns the direction of a line: never in a sentence that is published.
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


class Choice(StrEnum):
    """A value of a closed list, with its French words in `label`."""

    label: str

    def __new__(cls, value: str, label: str):
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


def refused(sentence: str) -> PydanticCustomError:
    """An error whose French sentence is ready."""
    return PydanticCustomError("claim", "{sentence}", {"sentence": sentence})


def _text(value: Any) -> Any:
    if value is None:
        return ""
    return HIDDEN.sub("", value).strip() if isinstance(value, str) else value


def _one_line(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value := _text(value), str) else value


def _blank(value: Any) -> Any:
    """None for nothing typed."""
    return None if isinstance(value, str) and not value.strip() else value


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise refused("Écrivez un nombre.")
    if isinstance(value, str):
        return _blank("".join(value.replace(",", ".").split())[:40])
    return value


def _day(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    value = value.strip()
    if found := FRENCH_DAY.fullmatch(value):
        day, month, year = found.groups()
        value = f"{year}-{month:0>2}-{day:0>2}"
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise refused("Cette date n’existe pas. Écrivez-la ainsi : 17/03/2026.") from None


def _sane_day(value: date | None) -> date | None:
    if value is not None and not 2000 <= value.year <= 2100:
        raise refused("Vérifiez l’année de cette date.")
    return value


def _yes_or_no(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return {"": None, "oui": True, "non": False}[value.strip().lower()]
        except KeyError:
            raise refused("Répondez par oui ou par non.") from None
    return value


def _lines(value: Any) -> Any:
    if value is None:
        return []
    if isinstance(value, str):
        value = value[:20_000].splitlines()
    return [line for line in value if not isinstance(line, str) or line.strip()]


def https_address(value: str) -> str:
    """The address as typed. Raises PydanticCustomError unless it is https, without a password, on a host with
    a name."""
    if not value:
        return value
    sentence = "Écrivez l’adresse en entier, en commençant par https://."
    if re.search(r"[\s\\<>\"'`{}|^]", value):
        raise refused(sentence)
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname or "", parts.port
        host = host.encode("idna").decode()
    except ValueError:
        raise refused(sentence) from None
    if parts.scheme != "https" or "@" in parts.netloc or not HOSTNAME.fullmatch(host):
        raise refused(sentence)
    return value


Text = Annotated[str, Field(max_length=MAX_TEXT), BeforeValidator(_one_line)]
LongText = Annotated[str, Field(max_length=MAX_LONG_TEXT), BeforeValidator(_text)]
Address = Annotated[
    str, Field(max_length=MAX_ADDRESS), BeforeValidator(_one_line), AfterValidator(https_address)
]
Day = Annotated[date | None, BeforeValidator(_day), AfterValidator(_sane_day)]
YesNo = Annotated[bool | None, BeforeValidator(_yes_or_no)]
Percent = Annotated[
    Annotated[Decimal, Field(ge=0, le=100, max_digits=7, decimal_places=4)] | None, BeforeValidator(_number)
]
Days = Annotated[Annotated[int, Field(ge=0, le=3650)] | None, BeforeValidator(_number)]
Months = Annotated[Annotated[int, Field(ge=0, le=120)] | None, BeforeValidator(_number)]
Hours = Annotated[Annotated[int, Field(ge=0, le=8760)] | None, BeforeValidator(_number)]
Figure = Annotated[
    Annotated[Decimal, Field(ge=0, le=1_000_000, max_digits=10, decimal_places=3)] | None,
    BeforeValidator(_number),
]
Lines = Annotated[list[Text], BeforeValidator(_lines), Field(max_length=MAX_LINES)]
Blank = BeforeValidator(_blank)
