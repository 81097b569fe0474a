"""The rows of the file of members that an operator sends. Pure: nothing is looked up or written here.

A row is taken as it is or set aside with all its reasons; nothing in it is repaired. A row that begins with
"#" is a remark, like the example of the model file.
"""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from tenants.identifiers import SIREN_DIGITS, BadIdentifier, clean_siren, clean_siret, grouped
from tenants.models.organisation import OrganisationKind
from tenants.register.names import normalise
from tenants.spreadsheets.encodings import has_broken_accents
from tenants.spreadsheets.imports import without_remarks
from tenants.spreadsheets.reading import (
    MAX_BYTES,
    MAX_ROWS,
    Column,
    CsvFile,
    CsvProblem,
    RejectedRow,
    Row,
    read_csv,
)

COLUMNS = (
    Column("siret", "SIRET", ("Code SIRET", "Numéro SIRET", "N° SIRET", "SIRET du siège"), required=False),
    Column("siren", "SIREN", ("Code SIREN", "Numéro SIREN", "N° SIREN"), required=False),
    Column("name", "Nom", ("Nom de l’organisation", "Organisation", "Collectivité"), required=False),
    Column("kind", "Nature", ("Nature de l’organisation", "Nature juridique"), required=False),
    Column("college", "Collège", required=False),
    Column("since", "Date d’adhésion", ("Date adhésion", "Adhésion", "Adhérent depuis")),
    Column(
        "deliberation_date",
        "Date de la délibération",
        ("Date de délibération", "Date délibération", "Délibération du"),
        required=False,
    ),
    Column(
        "deliberation_number",
        "Numéro de la délibération",
        ("Numéro de délibération", "Numéro délibération", "N° de la délibération", "N° de délibération",
         "N° délibération"),
        required=False,
    ),
    Column(
        "service_code",
        "Code service Chorus",
        ("Code service", "Code service Chorus Pro", "Service Chorus", "Service Chorus Pro"),
        required=False,
    ),
    Column(
        "commitment_required",
        "Engagement obligatoire",
        ("Numéro d’engagement obligatoire", "N° d’engagement obligatoire"),
        required=False,
    ),
    Column("email", "Courriel", ("E-mail", "Email", "Adresse électronique", "Mail"), required=False),
)  # fmt: skip
_LABELS = {column.field: column.label for column in COLUMNS}
# As long as what they are kept in.
_LONGEST = {"name": 255, "college": 120, "deliberation_number": 60, "service_code": 100, "email": 254}
_FIRST_YEAR = 1900
_DAY = re.compile(r"(?P<day>[0-9]{2})/(?P<month>[0-9]{2})/(?P<year>[0-9]{4})")
_ISO_DAY = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})")
_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
_ANSWERS = {"": None, "oui": True, "non": False}

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One member as the operator declares it. What the file leaves out is "" or None.

    `siret` is "" when the file gives the SIREN only; `kind` is one of OrganisationKind.
    `commitment_required`: whether a commitment number is compulsory on its invoices.
    """

    line: int
    siren: str
    siret: str
    name: str
    kind: str
    college: str
    since: date
    deliberation_date: date | None
    deliberation_number: str
    service_code: str
    commitment_required: bool | None
    email: str


@dataclass(frozen=True, slots=True)
class MemberFile:
    """What a file of members holds. `file` says how it was read; `rejected` has its own rejected rows too."""

    file: CsvFile
    members: tuple[MemberRow, ...]
    rejected: tuple[RejectedRow, ...]


class _Bad(Exception):
    """A cell is not acceptable; the text is the reason."""


def read_members(
    content: bytes,
    *,
    today: date,
    colleges: Collection[str] | None = None,
    max_bytes: int = MAX_BYTES,
    max_rows: int = MAX_ROWS,
) -> MemberFile:
    """Read an operator's file of members.

    `colleges` are the names of the operator's own; a member's is given back as it is spelled there,
    whatever the case and accents of the file. None: any college is taken as written. Raises CsvProblem
    when the file as a whole cannot be used.
    """
    file = read_csv(content, columns=COLUMNS, max_bytes=max_bytes, max_rows=max_rows)
    if not file.fields & {"siret", "siren"}:
        raise CsvProblem("Il manque la colonne « SIRET » (ou « SIREN »), qui dit de qui parle chaque ligne.")
    rows, rejected = without_remarks(file, wanted="vos adhérents")
    members = []
    first_lines: dict[str, int] = {}
    for row in rows:
        member, reasons = _member(row, today, colleges, first_lines)
        if member:
            members.append(member)
        else:
            rejected.append(RejectedRow(row.line, row.cells, tuple(reasons)))
    rejected.sort(key=lambda row: row.line)
    return MemberFile(file, tuple(members), tuple(rejected))


def _member(
    row: Row, today: date, colleges: Collection[str] | None, first_lines: dict[str, int]
) -> tuple[MemberRow | None, list[str]]:
    """The member, or None and every reason. Notes in `first_lines` where its SIREN comes first."""
    reasons: list[str] = []

    def take(read: Callable[..., Value], *given) -> Value | None:
        try:
            return read(*given)
        except (_Bad, BadIdentifier) as problem:
            reasons.append(str(problem))
            return None

    values = row.values
    siret = take(clean_siret, values["siret"]) if values["siret"] else ""
    siren = take(clean_siren, values["siren"]) if values["siren"] else (siret or "")[:SIREN_DIGITS]
    if not values["siret"] and not values["siren"]:
        reasons.append("Indiquez le SIRET ou le SIREN.")
    elif siret and siren:
        take(_check_agreement, siren, siret)
    if siren:
        # A row that is rejected for something else counts too: which of both is right is for a person to say.
        first = first_lines.setdefault(siren, row.line)
        if first != row.line:
            reasons.append(
                f"L’organisation de SIREN {grouped(siren)} est déjà à la ligne {first} : gardez une "
                "seule des deux lignes."
            )
    texts = {field: take(_text, field, values[field]) for field in _LONGEST}
    if texts["college"]:
        texts["college"] = take(_college, texts["college"], colleges)
    kind = take(_kind, values["kind"])
    since = take(_day, _LABELS["since"], values["since"], today)
    deliberation_date = None
    if values["deliberation_date"]:
        deliberation_date = take(_day, _LABELS["deliberation_date"], values["deliberation_date"], today)
    commitment_required = take(_yes_or_no, values["commitment_required"])
    if texts["email"]:
        take(_check_email, texts["email"])
    if reasons or not since:
        return None, reasons
    return MemberRow(
        line=row.line,
        siren=siren,
        siret=siret,
        kind=kind,
        since=since,
        deliberation_date=deliberation_date,
        commitment_required=commitment_required,
        **texts,
    ), []


def _check_agreement(siren: str, siret: str) -> None:
    if not siret.startswith(siren):
        raise _Bad(
            f"Le SIRET {grouped(siret)} n’est pas celui du SIREN {grouped(siren)} : ses 9 premiers chiffres "
            "devraient être les mêmes."
        )


def _text(field: str, text: str) -> str:
    label = _LABELS[field]
    if len(text) > _LONGEST[field]:
        raise _Bad(f"{label} : le texte est trop long ({len(text)} caractères, {_LONGEST[field]} au plus).")
    if any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in text):
        raise _Bad(
            f"{label} : la cellule contient un retour à la ligne ou un caractère invisible, retirez-le."
        )
    if has_broken_accents(text):
        raise _Bad(f"{label} : les accents sont abîmés (« {text} »), saisissez de nouveau le texte.")
    return text


def _college(text: str, colleges: Collection[str] | None) -> str:
    if colleges is None:
        return text
    for name in colleges:
        if normalise(name) == normalise(text):
            return name
    if not colleges:
        raise _Bad("Collège : vous n’en avez encore défini aucun. Créez d’abord vos collèges.")
    known = ", ".join(f"« {name} »" for name in colleges)
    raise _Bad(f"Collège : « {text} » n’existe pas chez vous. Choisissez parmi {known}.")


def _kind(text: str) -> str:
    if not text:
        return ""
    for kind in OrganisationKind:
        if normalise(text) in (normalise(kind.label), kind.value):
            return kind.value
    known = ", ".join(f"« {label} »" for label in OrganisationKind.labels)
    raise _Bad(f"{_LABELS['kind']} : « {text[:30]} » n’est pas connue. Choisissez parmi {known}.")


def _day(label: str, text: str, today: date) -> date:
    """A day written DD/MM/YYYY or YYYY-MM-DD.

    Two digits for the day and the month: a spreadsheet set to American English writes 9/1/2026 for the
    1st of September, which nothing would tell from the 9th of January.
    """
    if not text:
        raise _Bad(f"{label} : la cellule est vide, indiquez un jour, par exemple 01/09/2026.")
    written = _DAY.fullmatch(text) or _ISO_DAY.fullmatch(text)
    if not written:
        raise _Bad(f"{label} : « {text[:30]} » n’est pas un jour écrit comme 01/09/2026 ou 2026-09-01.")
    year, month, day = (int(written[part]) for part in ("year", "month", "day"))
    if not 1 <= month <= 12:
        raise _Bad(
            f"{label} : « {text} » n’existe pas, il n’y a pas de mois {month}. Le jour s’écrit avant le mois."
        )
    if year < _FIRST_YEAR:
        raise _Bad(f"{label} : « {text} » est avant {_FIRST_YEAR}, vérifiez l’année.")
    longest = monthrange(year, month)[1]
    if not 1 <= day <= longest:
        raise _Bad(f"{label} : « {text} » n’existe pas, {_MONTHS[month - 1]} {year} compte {longest} jours.")
    if (year, month, day) > (today.year + 1, today.month, today.day):
        raise _Bad(f"{label} : « {text} » est dans plus d’un an, vérifiez l’année.")
    return date(year, month, day)


def _yes_or_no(text: str) -> bool | None:
    try:
        return _ANSWERS[text.lower()]
    except KeyError:
        raise _Bad(f"{_LABELS['commitment_required']} : écrivez oui ou non, pas « {text[:30]} ».") from None


def _check_email(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise _Bad(
            f"{_LABELS['email']} : « {email} » n’est pas une adresse complète, comme mairie@commune.fr."
        ) from None
