"""Which commune is the visitor asking for? From `?commune=` (typed) or `?insee=` (chosen)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlencode

from django.http import HttpRequest

from marketplace.web.formats import format_number
from tenants.models import Territory
from tenants.territories.search import CommuneMatch, current_commune, find_communes


@dataclass
class CommuneChoice:
    """The commune, or why there is none yet. `redirect_to` when one commune answers what was typed."""

    commune: Territory | None = None
    typed: str = ""
    error: str = ""
    note: str = ""
    redirect_to: str = ""
    choices: list[dict] = field(default_factory=list)


def chosen_commune(request: HttpRequest, *, on: date, keep: Iterable[str] = ()) -> CommuneChoice:
    """Reads the address. An old or delegated code leads to the current commune, and says so.

    `keep`: the page's own parameters, which the addresses that follow keep.
    """
    insee = request.GET.get("insee", "").strip().upper()[:5]
    typed = request.GET.get("commune", "").strip()[:100]
    if insee:
        match = current_commune(code=insee)
        if match is None:
            return CommuneChoice(
                typed=typed, error=f"Aucune commune ne porte le code {insee}. Cherchez-la par son nom."
            )
        note = f"{match.via} fait partie de {match.commune.name}, la commune actuelle." if match.via else ""
        return CommuneChoice(commune=match.commune, typed=match.commune.name, note=note)
    if not typed:
        return CommuneChoice()
    return _searched(request, typed, on, keep)


def _searched(request: HttpRequest, typed: str, on: date, keep: Iterable[str]) -> CommuneChoice:
    matches = find_communes(query=typed, on=on, limit=20)
    if not matches:
        return CommuneChoice(
            typed=typed,
            error=f"Aucune commune ne correspond à « {typed} ». "
            "Vérifiez l’orthographe ou essayez le code postal.",
        )
    if len(matches) == 1:
        return CommuneChoice(typed=typed, redirect_to=_address(request, matches[0].commune.code, keep))
    return CommuneChoice(typed=typed, choices=[_choice(request, match, keep) for match in matches])


def _address(request: HttpRequest, code: str, keep: Iterable[str]) -> str:
    kept = [(name, value) for name in keep for value in request.GET.getlist(name) if value]
    return f"{request.path}?{urlencode([*kept, ('insee', code)])}"


def _choice(request: HttpRequest, match: CommuneMatch, keep: Iterable[str]) -> dict:
    return {**option(match), "url": _address(request, match.commune.code, keep)}


def option(match: CommuneMatch) -> dict:
    """For components/commune_options.html and commune_choices.html."""
    name = f"{match.commune.name} (pour {match.via})" if match.via else match.commune.name
    return {
        "insee": match.commune.code,
        "name": name,
        "department": match.commune.departement_name,
        "department_code": match.commune.departement,
        "population": "" if match.population is None else format_number(match.population),
    }
