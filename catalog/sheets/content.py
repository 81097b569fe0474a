"""What a sheet may hold, checked all together: every mistake is told at once, in its place."""

import re
import uuid
from typing import Any

from catalog.models import Connector, Family, FileKind, ServiceSheet, SheetFile, Vendor
from catalog.sheets.errors import SheetInvalid
from catalog.sheets.parameters import checked_schema
from catalog.sheets.texts import (
    Clean,
    address,
    choice,
    choices_of,
    email,
    inhabitants,
    last_day,
    licence,
    line,
    paragraphs,
    phone,
)
from tenants.models.organisation import OrganisationKind

MAX_DESCRIPTION = 10_000
MAX_ITEMS = {
    "contractors": 20,
    "contacts": 10,
    "screenshots": 10,
    "documents": 10,
    "prerequisites": 10,
    "options": 20,
}
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def _code_or_none(value: Any) -> str:
    return _code(value) if str(value or "").strip() else ""


def _code(value: Any) -> str:
    text = str(value or "").strip().lower()
    if not text or len(text) > 40 or not _CODE.fullmatch(text):
        raise ValueError(
            "Écrivez un code court : lettres sans accent, chiffres et tirets, par exemple sms-100."
        )
    return text


def _file(value: Any) -> str:
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        raise ValueError("Choisissez un fichier.") from None


FIELDS: dict[str, Clean] = {
    "name": line(120, required="Donnez un nom au service."),
    "family": choice(Family),
    "summary": line(220),
    "description": paragraphs(MAX_DESCRIPTION),
    "audience": line(200),
    "body_types": choices_of(OrganisationKind),
    "population_min": inhabitants,
    "population_max": inhabitants,
    "personal_data": bool,
    "hosting": line(200),
    "licence": line(60),
    "licence_spdx": licence,
    "website": address,
    "repository_url": address,
    "publiccode_url": address,
    "connector": choice(Connector),
    "parameters_schema": checked_schema,
}
ITEMS: dict[str, dict[str, Clean]] = {
    "contractors": {
        "name": line(200, required="Indiquez le nom de l’entreprise."),
        "until": last_day,
        "website": address,
    },
    "contacts": {
        "label": line(80, required="Dites à quoi sert ce contact, par exemple « Assistance technique »."),
        "email": email,
        "phone": phone,
        "hours": line(120),
    },
    "screenshots": {
        "file": _file,
        "alt": line(
            250,
            required="Décrivez l’image en une phrase : elle est lue à qui ne la voit pas.",
        ),
    },
    "documents": {"file": _file, "title": line(120, required="Donnez un titre au document.")},
    "prerequisites": {"text": line(200), "sheet": line(140), "required": bool},
    "options": {
        "code": _code,
        "name": line(80, required="Donnez un nom à l’option."),
        "summary": line(300),
        "needs": _code_or_none,  # the code of another option, without which this one does nothing
    },
}


def checked(values: dict[str, Any], *, sheet: ServiceSheet | None = None, vendor: Vendor) -> dict[str, Any]:
    """These fields of a sheet (any of FIELDS and ITEMS) as they are to be kept. `sheet` as it is without
    them, None for a new one. Raises SheetInvalid with every mistake found."""
    clean: dict[str, Any] = {}
    errors: dict[str, str] = {}
    items: dict[str, dict[int, dict[str, str]]] = {}
    for name, value in values.items():
        if name in ITEMS:
            clean[name], items[name] = _checked_items(name, value)
        else:
            try:
                clean[name] = FIELDS[name](value)
            except ValueError as error:
                errors[name] = str(error)
    _together(clean, errors, items, sheet, vendor)
    items = {name: rows for name, rows in items.items() if rows}
    if errors or items:
        raise SheetInvalid(errors, items)
    return clean


def _checked_items(name: str, rows: list[dict]) -> tuple[list[dict], dict[int, dict[str, str]]]:
    kept, mistakes = [], {}
    for rank, row in enumerate(rows):
        item = {}
        for key, clean in ITEMS[name].items():
            try:
                item[key] = clean(row.get(key))
            except ValueError as error:
                mistakes.setdefault(rank, {})[key] = str(error)
        kept.append(item)
    return kept, mistakes


def _together(clean: dict, errors: dict, items: dict, sheet: ServiceSheet | None, vendor: Vendor) -> None:
    """Rules that look at more than one field."""
    for name, maximum in MAX_ITEMS.items():
        if len(clean.get(name, ())) > maximum:
            errors[name] = f"C’est trop : {maximum} au plus."
    least, most = (
        clean.get(name, getattr(sheet, name, None)) for name in ("population_min", "population_max")
    )
    if least is not None and most is not None and least > most and not {*errors} & {"population_max"}:
        errors["population_max"] = f"La borne haute doit être au moins égale à la borne basse ({least})."
    for rank, contact in enumerate(clean.get("contacts", ())):
        if not any(contact.get(key) for key in ("email", "phone")) and rank not in items["contacts"]:
            items["contacts"][rank] = {"email": "Indiquez un courriel ou un numéro de téléphone."}
    _once(clean, items, "options", "code", "Ce code sert déjà à une autre option.")
    _check_needs(clean, items)
    _once(clean, items, "contacts", "label", "Un autre contact porte déjà ce nom.")
    _check_files(clean, items, vendor, "screenshots", FileKind.IMAGE)
    _check_files(clean, items, vendor, "documents", FileKind.DOCUMENT)
    _check_prerequisites(clean, items, sheet)


def _once(clean: dict, items: dict, name: str, key: str, sentence: str) -> None:
    seen: set[str] = set()
    for rank, item in enumerate(clean.get(name, ())):
        value = str(item.get(key, "")).casefold()
        if value and value in seen:
            items[name].setdefault(rank, {})[key] = sentence
        seen.add(value)


def _check_needs(clean: dict, items: dict) -> None:
    """What an option needs is another option of the same sheet, which needs nothing in its turn."""
    needs = {one["code"]: one.get("needs") for one in clean.get("options", ()) if "code" in one}
    for rank, item in enumerate(clean.get("options", ())):
        wanted = item.get("needs")
        if not wanted or rank in items["options"]:
            continue
        if wanted == item["code"]:
            items["options"][rank] = {"needs": "Une option ne peut pas se demander elle-même."}
        elif wanted not in needs:
            items["options"][rank] = {"needs": "Aucune option de cette fiche n’a ce code."}
        elif needs[wanted]:
            items["options"][rank] = {"needs": "Cette option en demande une autre : nommez celle-là."}


def _check_files(clean: dict, items: dict, vendor: Vendor, name: str, kind: str) -> None:
    """Each file is this vendor's own, and of the right kind. One query."""
    named = {item["file"] for item in clean.get(name, ()) if "file" in item}
    if not named:
        return
    own = SheetFile.objects.filter(vendor=vendor, kind=kind, public_id__in=named)
    known = {str(public_id) for public_id in own.values_list("public_id", flat=True)}
    for rank, item in enumerate(clean[name]):
        if "file" in item and item["file"] not in known:
            items[name].setdefault(rank, {})["file"] = "Ce fichier est introuvable : choisissez-en un autre."
    _once(clean, items, name, "file", "Ce fichier est déjà dans la liste.")


def _check_prerequisites(clean: dict, items: dict, sheet: ServiceSheet | None) -> None:
    """Another service, by its address, or words. One query."""
    rows = clean.get("prerequisites", ())
    named = {item["sheet"] for item in rows if item.get("sheet")}
    known = (
        set(ServiceSheet.objects.filter(slug__in=named).values_list("slug", flat=True)) if named else set()
    )
    for rank, item in enumerate(rows):
        if rank in items["prerequisites"]:
            continue
        if sheet is not None and item["sheet"] == sheet.slug:
            items["prerequisites"][rank] = {"sheet": "Un service ne peut pas être son propre prérequis."}
        elif item["sheet"] and item["sheet"] not in known:
            items["prerequisites"][rank] = {"sheet": "Ce service n’existe pas : vérifiez son adresse."}
        elif item["required"] and not item["sheet"]:
            items["prerequisites"][rank] = {
                "sheet": "Choisissez le service indispensable : un texte seul ne se vérifie pas."
            }
        elif not item["sheet"] and not item["text"]:
            items["prerequisites"][rank] = {
                "text": "Dites ce qu’il faut déjà avoir, ou choisissez un service."
            }


def empty_item(name: str, item: dict) -> bool:
    """Whether nothing was written in this row of a list."""
    return not any(str(item.get(key) or "").strip() for key in ITEMS[name])
