"""For whom a service is, in words, and whether a commune is one of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from catalog.models import ServiceSheet
from catalog.prices import TerritoryFacts
from tenants.models import Territory
from tenants.models.organisation import OrganisationKind
from tenants.models.territory import PopulationKind
from tenants.numbers import thousands

PLURALS = {
    OrganisationKind.COMMUNE: "les communes",
    OrganisationKind.EPCI: "les intercommunalités",
    OrganisationKind.SYNDICAT: "les syndicats mixtes",
    OrganisationKind.CCAS: "les centres communaux d’action sociale",
    OrganisationKind.DEPARTEMENT: "les départements",
    OrganisationKind.REGION: "les régions",
    OrganisationKind.SDIS: "les services d’incendie et de secours",
    OrganisationKind.CDG: "les centres de gestion",
    OrganisationKind.GIP: "les groupements d’intérêt public",
    OrganisationKind.ASSOCIATION: "les associations",
    OrganisationKind.COMPANY: "les entreprises",
    OrganisationKind.PUBLIC_COMPANY: "les sociétés publiques locales",
    OrganisationKind.OTHER: "les autres organismes publics",
}


@dataclass(frozen=True)
class Eligibility:
    """`rule` says for whom, "" for everybody; `fits` whether the commune is one of them (None: nobody can
    tell), and `why` in which words."""

    rule: str
    fits: bool | None = None
    why: str = ""


def whom(*, body_types: Iterable[str], least: int | None, most: int | None) -> str:
    """ "les communes de 500 à 3 000 habitants", "" for everybody."""
    kinds = [PLURALS[OrganisationKind(kind)] for kind in body_types if kind in PLURALS]
    bounds = _bounds(least, most)
    if not kinds and not bounds:
        return ""
    return f"{_listed(kinds) or 'les collectivités'}{bounds}"


def rule_of(sheet: ServiceSheet) -> str:
    """ "pour les communes de 500 à 3 000 habitants", "" when it is for everybody."""
    found = whom(body_types=sheet.body_types, least=sheet.population_min, most=sheet.population_max)
    return found and f"pour {found}"


def eligibility(
    *, sheet: ServiceSheet, territory: Territory | None = None, facts: TerritoryFacts | None = None
) -> Eligibility:
    """Whether the service is for this territory, by its municipal population on the day of the facts. Both
    bounds are included. Without a territory, the rule alone."""
    rule = rule_of(sheet)
    if territory is None or not rule:
        return Eligibility(rule)
    if sheet.body_types and territory.kind not in sheet.body_types:
        return Eligibility(rule, False, f"{territory.name} n’en fait pas partie.")
    least, most = sheet.population_min, sheet.population_max
    if least is None and most is None:
        return Eligibility(rule, True, f"{territory.name} en fait partie.")
    population = facts.populations.get(PopulationKind.MUNICIPALE) if facts else None
    if population is None:
        return Eligibility(rule, None, f"La population de {territory.name} n’est pas connue du registre.")
    counted = f"{territory.name} compte {thousands(population.value)} habitants"
    if least is not None and population.value < least:
        return Eligibility(rule, False, f"{counted} : c’est moins que {thousands(least)}.")
    if most is not None and population.value > most:
        return Eligibility(rule, False, f"{counted} : c’est plus que {thousands(most)}.")
    return Eligibility(rule, True, f"{counted} : le service est pour elle.")


def _bounds(least: int | None, most: int | None) -> str:
    if least is not None and most is not None:
        return f" de {thousands(least)} à {thousands(most)} habitants"
    if least is not None:
        return f" à partir de {thousands(least)} habitants"
    if most is not None:
        return f" jusqu’à {thousands(most)} habitants"
    return ""


def _listed(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} et {words[-1]}" if len(words) > 1 else "".join(words)
