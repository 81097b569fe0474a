"""Between what is typed, what is stored and what is read: one value of one topic."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from catalog.claims.kinds import Choice
from catalog.claims.values import TOPICS, RgaaStatus, Value
from catalog.models.claim import ClaimTopic
from catalog.pricing import format_number
from tenants.days import in_words as day_in_words

MAX_ERRORS = 30
EMPTY = (None, "", [])
MISSING = "À renseigner."
INTEROPERABILITY = {"scim": "SCIM", "pes_v2": "PES V2", "actes": "ACTES", "rgi": "RGI"}
SIGN_IN = {
    "proconnect": "ProConnect",
    "franceconnect": "FranceConnect",
    "franceconnect_plus": "FranceConnect+",
    "own_identity_provider": "fournisseur d’identité de la collectivité",
}


class ValueInvalid(Exception):
    """What was typed cannot be kept. `errors`: one French sentence by field ("status",
    "subprocessors.1.name", or "" for the whole)."""

    def __init__(self, errors: dict[str, str]):
        self.errors = errors
        super().__init__("; ".join(errors.values()))


def parse(topic: str, data: Mapping[str, Any]) -> Value:
    """The typed value of a topic. Raises ValueInvalid; KeyError for a topic that does not exist."""
    model = TOPICS[topic]
    needed = [name for name, field in model.model_fields.items() if field.is_required()]
    try:
        value = model.model_validate(data)
    except ValidationError as error:
        typed = data if isinstance(data, Mapping) else {}
        missing = [name for name in needed if typed.get(name) in EMPTY]
        raise ValueInvalid(_by_field(error) | dict.fromkeys(missing, MISSING)) from None
    missing = [name for name in needed if getattr(value, name) in EMPTY]
    if missing:
        raise ValueInvalid(dict.fromkeys(missing, MISSING))
    return value


def dumped(value: Value) -> dict:
    """As it is stored: JSON-safe, without the fields that are empty."""
    stored = value.model_dump(mode="json")
    return {name: content for name, content in stored.items() if content not in EMPTY}


def stored(topic: str, content: Any) -> Value | None:
    """A value as it was stored; None if it no longer is one (the fields have changed since)."""
    try:
        return parse(topic, content)
    except (ValueInvalid, KeyError):
        return None


def in_words(value: Value) -> list[tuple[str, str]]:
    """Each field that is known, as (label, text), in the order of the form."""
    return [
        (field.title or name, _words(getattr(value, name)))
        for name, field in type(value).model_fields.items()
        if getattr(value, name) not in EMPTY
    ]


def headline(topic: str, value: Value | None) -> str:
    """The value in one line, for a badge: "RGAA : partiellement conforme (72 %)". The topic alone for a value
    that is no longer readable."""
    label = ClaimTopic(topic).label
    if value is None:
        return label
    match topic:
        case ClaimTopic.RGPD:
            text = value.role.label
            short = "RGPD"
            if value.dpa_signed:
                text = f"{text}, contrat de l’article 28"
        case ClaimTopic.HOSTING:
            short, text = "Hébergement", ", ".join([value.datacentre_country, *_certificates(value)])
        case ClaimTopic.RGAA:
            rate = value.rate_percent
            known = rate is not None and value.status != RgaaStatus.NONE
            short = "RGAA"
            text = f"{value.status.label} ({_percent(rate)})" if known else value.status.label
        case ClaimTopic.RGESN:
            short, text = "RGESN", _percent(value.score_percent)
        case ClaimTopic.ENVIRONMENT:
            renewable = value.renewable_percent
            short = "Environnement"
            text = "engagements" if renewable is None else f"{_percent(renewable)} d’électricité renouvelable"
        case ClaimTopic.LICENCE:
            short, text = "Licence", value.spdx_id
        case ClaimTopic.REVERSIBILITY:
            short, text = "Export", ", ".join(value.export_formats[:3])
        case ClaimTopic.DATA_ACT:
            short = "Sortie"
            text = f"préavis {value.exit_notice_days} j, transition {value.transition_days} j"
        case ClaimTopic.SLA:
            short, text = "Disponibilité", _percent(value.availability_percent)
        case ClaimTopic.HOMOLOGATION:
            short, text = "Homologation", f"jusqu’au {day_in_words(value.valid_until)}"
        case ClaimTopic.INTEROPERABILITY:
            named = [word for name, word in INTEROPERABILITY.items() if getattr(value, name)]
            short = "Interopérabilité"
            text = (
                ", ".join(["API"] * bool(value.api_doc_url) + named + value.standards[:2]) or "aucune norme"
            )
        case ClaimTopic.SIGN_IN:
            named = [word for name, word in SIGN_IN.items() if getattr(value, name)]
            short, text = "Connexion", ", ".join(named) or "compte propre au service"
    return f"{short}\u00a0: {text}"


def _certificates(value) -> list[str]:
    found = ["SecNumCloud"] if value.secnumcloud == "qualified" else []
    return found + ["HDS"] * bool(value.hds) + ["ISO 27001"] * bool(value.iso27001)


def _percent(rate: Decimal) -> str:
    return f"{format_number(rate)}\u00a0%"


def _words(content: Any) -> str:
    match content:
        case bool():
            return "oui" if content else "non"
        case Choice():
            return content.label
        case Decimal() | int():
            return format_number(content)
        case date():
            return day_in_words(content)
        case list():
            return ", ".join(map(str, content))
        case _:
            return str(content)


def _by_field(error: ValidationError) -> dict[str, str]:
    errors: dict[str, str] = {}
    for found in error.errors(include_url=False)[:MAX_ERRORS]:
        place = ".".join(str(part)[:60] for part in found["loc"])
        errors.setdefault(place, _sentence(found))
    return errors


def _sentence(found: Mapping[str, Any]) -> str:
    context = found.get("ctx", {})
    match found["type"]:
        case "claim":
            return context["sentence"]
        case "missing" | "string_too_short" | "too_short":
            return MISSING
        case "enum" if found["input"] in EMPTY:
            return MISSING
        case "string_too_long":
            return f"C’est trop long\u00a0: {context['max_length']} caractères au plus."
        case "too_long":
            return f"C’est trop\u00a0: {context['max_length']} au plus."
        case "enum":
            return "Choisissez une réponse de la liste."
        case "greater_than_equal" | "less_than_equal":
            word = "moins" if found["type"] == "greater_than_equal" else "plus"
            limit = context.get("ge", context.get("le"))
            return f"Écrivez un nombre de {format_number(Decimal(limit))} au {word}."
        case "decimal_max_places" | "decimal_max_digits" | "decimal_whole_digits":
            return "Ce nombre a trop de chiffres."
        case "int_parsing" | "int_type" | "int_from_float" | "int_parsing_size":
            return "Écrivez un nombre entier."
        case "decimal_parsing" | "decimal_type" | "finite_number":
            return "Écrivez un nombre."
        case "extra_forbidden":
            return "Ce champ n’existe pas."
        case _:
            return "Cette réponse n’est pas comprise."
