"""Reads of the territory register: from what a person types to the current commune."""

import re
from dataclasses import dataclass
from datetime import date

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import F, Q, Value
from django.db.models.functions import Length

from tenants.models import FormerCode, Population, Territory
from tenants.models.territory import PopulationKind, TerritoryKind
from tenants.register.names import normalise

CODE = re.compile(r"^(\d{5}|2[AB]\d{3})$")
MAX_QUERY = 100
PARTS = (TerritoryKind.DELEGATED, TerritoryKind.ASSOCIATED, TerritoryKind.ARRONDISSEMENT)


@dataclass(frozen=True)
class CommuneMatch:
    """A current commune that answers a search. `via` names the former commune that led to it, or "".

    `population` is the municipal one in force, None when unknown (0 is a real count).
    """

    commune: Territory
    via: str
    population: int | None


def find_communes(*, query: str, on: date, limit: int = 8) -> list[CommuneMatch]:
    """Current communes for a name (typed badly or not), a postcode, an INSEE code (former and delegated
    ones too), a SIREN or a SIRET. Best first; empty when nothing answers."""
    query = query.strip()[:MAX_QUERY]
    digits = re.sub(r"\s", "", query).upper()
    if digits.isdigit() and len(digits) in (9, 14):
        places = Territory.objects.filter(kind=TerritoryKind.COMMUNE, siren=digits[:9])
    elif CODE.match(digits):
        places = _by_code(digits)
    else:
        places = _by_name(query)
    matches: dict[int, CommuneMatch] = {}
    found = list(places.select_related("current")[: limit * 3])
    populations = _populations(found, on=on)
    for place in found:
        commune = place.current or place
        via = place.name if place.current_id and place.name != commune.name else ""
        matches.setdefault(commune.pk, CommuneMatch(commune, via, populations.get(commune.pk)))
    return list(matches.values())[:limit]


def _by_code(code: str):
    former = FormerCode.objects.filter(code=code).values("commune_id")
    return Territory.objects.filter(
        Q(kind=TerritoryKind.COMMUNE, code=code)
        | Q(kind=TerritoryKind.COMMUNE, pk__in=former)
        | Q(kind__in=PARTS, code=code)
        | Q(kind=TerritoryKind.COMMUNE, postcodes__contains=[code])
    ).order_by("name", "kind", "code")


def _by_name(query: str):
    key = normalise(query)
    if not key:
        return Territory.objects.none()
    return (
        Territory.objects.filter(kind__in=[TerritoryKind.COMMUNE, *PARTS])
        .filter(Q(name_key__startswith=key) | Q(name_key__trigram_word_similar=key))
        .annotate(
            likeness=TrigramWordSimilarity(Value(key), "name_key"),
            exact=Q(name_key=key),
            starts=Q(name_key__startswith=key),
        )
        .order_by("-exact", "-starts", "-likeness", Length("name_key"), "name", F("departement"), "code")
    )


def _populations(places: list[Territory], *, on: date) -> dict[int, int | None]:
    ids = {place.current_id or place.pk for place in places}
    rows = Population.objects.filter(territory__in=ids, kind=PopulationKind.MUNICIPALE).in_force(on=on)
    return {row.territory_id: row.value for row in rows}


def current_commune(*, code: str) -> CommuneMatch | None:
    """The current commune an INSEE code leads to (itself, or the one that absorbed it), or None.

    584 codes are both a current commune and its own delegated commune: the current one wins. `via` names
    the former commune when the code is no longer, or only partly, a commune's.
    """
    commune = Territory.objects.filter(kind=TerritoryKind.COMMUNE, code=code).first()
    if commune:
        return CommuneMatch(commune, "", None)
    part = Territory.objects.filter(kind__in=PARTS, code=code).select_related("current").first()
    if part:
        return CommuneMatch(part.current, part.name, None)
    former = FormerCode.objects.filter(code=code).select_related("commune").first()
    if former:
        return CommuneMatch(former.commune, f"ancien code {code}", None)
    return None
