"""Checks of everything that was answered while the others were played."""

import json

from django.conf import settings

from provisioning.kit.checks import NotConcerned
from provisioning.kit.line import Answer, Fault, Line

MAX_OPERATION = 10_000
MAX_ADDRESS = 500


def answers_are_json(line: Line) -> None:
    """Each success is a JSON object, and says so."""
    for answer in _successes(line):
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Fault(f"{answer.asked} : réponse de type « {kind[:60]} » au lieu de « application/json ».")
        try:
            said = json.loads(answer.body)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise Fault(f"{answer.asked} : la réponse n’est pas un objet JSON.")


def operations_are_short(line: Line) -> None:
    """The word for what is under way."""
    words = [answer.said()["operation"] for answer in _successes(line) if "operation" in answer.said()]
    for word in words:
        if not isinstance(word, str) or len(word) > MAX_OPERATION:
            raise Fault("« operation » n’est pas un texte de 10 000 caractères au plus.")
    if not words:
        raise NotConcerned("Aucune opération différée n’a été annoncée.")


def dashboards_are_safe(line: Line) -> None:
    """Where the agents are sent."""
    told = [
        answer.said()["dashboard_url"] for answer in _successes(line) if answer.said().get("dashboard_url")
    ]
    allowed = ("https://", "http://") if settings.ALLOW_PRIVATE_ADDRESSES else ("https://",)
    for address in told:
        if not isinstance(address, str) or not address.startswith(allowed) or len(address) > MAX_ADDRESS:
            raise Fault("« dashboard_url » n’est pas une adresse https:// de 500 caractères au plus.")
    if not told:
        raise NotConcerned("Aucune adresse de service n’a été annoncée.")


def delays_are_numbers(line: Line) -> None:
    """When the broker asks to wait."""
    said = [answer.headers["retry-after"] for answer in line.answers if "retry-after" in answer.headers]
    for value in said:
        if not (value.strip().isascii() and value.strip().isdigit()):
            raise Fault("« Retry-After » n’est pas un nombre de secondes.")
    if not said:
        raise NotConcerned("Aucune attente n’a été demandée (« Retry-After »).")


def nothing_breaks(line: Line) -> None:
    """No request of those that Halle sends makes the broker fail."""
    for answer in line.answers:
        if answer.plain and answer.status >= 500:
            raise Fault(f"{answer.asked} : erreur {answer.status} du courtier.")


def _successes(line: Line) -> list[Answer]:
    return [answer for answer in line.answers if answer.plain and 200 <= answer.status < 300]
