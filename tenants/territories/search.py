"""Reads of the territory register: from what a person types to the place she means, as it is today.

A commune that was absorbed keeps its row, with `current` its successor: like a delegated commune, it is only
ever the way to the current one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from django.db.models import F, Q, QuerySet

from tenants.models import FormerCode, Organisation, Population, Territory
from tenants.models.territory import PopulationKind, TerritoryKind
from tenants.register.names import normalise
from tenants.register.typed import CODE, MAX_LENGTH, Typed, read_typed
from tenants.territories.names import ALIKE, by_likeness, by_words, misspelt, resemblance, with_inhabitants

PARTS = (TerritoryKind.DELEGATED, TerritoryKind.ASSOCIATED, TerritoryKind.ARRONDISSEMENT)
WHOLES = (TerritoryKind.EPCI, TerritoryKind.EPT, TerritoryKind.DEPARTEMENT, TerritoryKind.REGION)
# What ended without a successor leads nowhere, and is never offered.
LEADS_SOMEWHERE = Q(ended_on__isnull=True) | Q(current__isnull=False)
# The register writes natures short: "CC du Pays d'Auge".
NATURES = {
    "communaute de communes": "cc",
    "communaute d agglomeration": "ca",
    "communaute urbaine": "cu",
}


@dataclass(frozen=True)
class CommuneMatch:
    """A current commune that answers a search. `via` is what led to it when that is not its own name:
    the name of a part or of an absorbed commune, "ancien code 20004", "siège de SIVOM de…", or "".

    `counted` is the municipal population in force, None when the register has none.
    """

    commune: Territory
    via: str
    counted: Population | None = None

    @property
    def population(self) -> int | None:
        """The municipal population in force, None when unknown (0 is a real count)."""
        return self.counted.value if self.counted else None


@dataclass(frozen=True)
class TerritoryMatch:
    """An intercommunality, a département, a région… that answers a search."""

    territory: Territory
    counted: Population | None = None


Found = Iterable[tuple[Territory, str]]  # a place, and what led to it when that is not its name


def find_communes(*, query: str, on: date, limit: int = 8) -> list[CommuneMatch]:
    """Current communes for what a person types: a name (badly too), alone or with a département, a région or
    a postcode; a postcode; an INSEE code (former and delegated ones too); a SIREN or a SIRET, of a commune or
    of any organisation that sits in one. Best first; empty when nothing answers."""
    typed = read_typed(query)
    if typed.siren:
        found = _by_siren(typed.siren)
    elif typed.code:
        found = _by_code(typed, limit)
    else:
        found = _unnamed(_by_name(typed, limit))
    communes: dict[int, CommuneMatch] = {}
    for place, led_by in found:
        commune = current_of(place)
        via = led_by or (place.name if place != commune and place.name != commune.name else "")
        communes.setdefault(commune.pk, CommuneMatch(commune, via))
    kept = list(communes.values())[:limit]
    counted = counted_now([match.commune for match in kept], on=on)
    return [replace(match, counted=counted.get(match.commune.pk)) for match in kept]


def find_territories(*, query: str, on: date, limit: int = 8) -> list[TerritoryMatch]:
    """Intercommunalities, territorial public establishments, départements, régions and overseas
    collectivities, by name, SIREN or code ("77", "2A", "987"). Best first; empty when nothing answers.

    An overseas collectivity is both a département and a région in the register: offered once.
    """
    siren = read_typed(query).siren
    if siren:
        known = Organisation.objects.filter(siren=siren).values("territory")
        places = list(_wholes().filter(Q(siren=siren) | Q(pk__in=known)).order_by("kind"))
    else:
        places = _wholes_named(normalise(query[:MAX_LENGTH]), limit)
    counted = counted_now(places[:limit], on=on)
    return [TerritoryMatch(place, counted.get(place.pk)) for place in places[:limit]]


def current_commune(*, code: str) -> CommuneMatch | None:
    """The current commune an INSEE code leads to (itself, or the one that absorbed it), or None.

    584 codes are both a current commune and its own delegated commune: the current one wins. `via` names
    the former commune when the code is no longer, or only partly, a commune's.
    """
    if not CODE.fullmatch(code):
        return None
    # Nearly always: asked for without what the others need.
    commune = Territory.objects.filter(
        code=code, kind=TerritoryKind.COMMUNE, ended_on__isnull=True, current__isnull=True
    ).first()
    if commune:
        return CommuneMatch(commune, "")
    places = _communes(PARTS).filter(code=code).select_related("current")
    # The current one, then the absorbed one, which is a commune too, then a part.
    place = min(places, key=lambda place: (place.current_id is not None, place.kind in PARTS), default=None)
    if place:
        commune = current_of(place)
        return CommuneMatch(commune, "" if place == commune else place.name)
    former = FormerCode.objects.filter(code=code).select_related("commune__current").first()
    return CommuneMatch(current_of(former.commune), f"ancien code {code}") if former else None


def current_of(place: Territory) -> Territory:
    """The current commune of a part or of an absorbed one; otherwise itself. Select `current` in lists."""
    for _ in range(5):  # absorbed by one that was absorbed since: rare, and never deep
        if place.current_id is None:
            break
        place = place.current
    return place


def counted_now(places: Iterable[Territory], *, on: date) -> dict[int, Population]:
    """The municipal population in force on that day, by territory."""
    ids = [place.pk for place in places]
    rows = Population.objects.filter(territory__in=ids, kind=PopulationKind.MUNICIPALE).in_force(on=on)
    return {row.territory_id: row for row in rows}


def _communes(parts: Iterable[str]) -> QuerySet[Territory]:
    return Territory.objects.filter(LEADS_SOMEWHERE, kind__in=[TerritoryKind.COMMUNE, *parts])


def _wholes() -> QuerySet[Territory]:
    overseas = Q(kind=TerritoryKind.REGION, code__gte="970")  # the same as its département
    return Territory.objects.filter(kind__in=WHOLES, ended_on__isnull=True).exclude(overseas)


def _unnamed(places: Iterable[Territory]) -> Found:
    return ((place, "") for place in places)


def _wholes_named(key: str, limit: int) -> list[Territory]:
    for long, short in NATURES.items():
        key = key.replace(long, short)
    return key and (
        list(_wholes().filter(code=key.upper()).order_by("kind"))
        or list(by_words(key, _wholes())[:limit])
        or list(by_likeness(key, _wholes())[:limit])
    )


def _by_siren(siren: str) -> Found:
    places = list(_communes(PARTS).filter(siren=siren).select_related("current").order_by("kind"))
    organisation = Organisation.objects.filter(siren=siren).select_related("territory__current").first()
    if organisation is None or places:
        return _unnamed(places)
    if organisation.territory and organisation.territory.kind not in WHOLES:
        return _unnamed([organisation.territory])
    # A CCAS, a syndicat, a company: the commune it sits in.
    seats = _communes([]).filter(
        postcodes__contains=[organisation.postcode], name_key=normalise(organisation.city)
    )
    return (
        (place, f"siège de {organisation.name}") for place in seats.select_related("current").order_by("code")
    )


def _by_code(typed: Typed, limit: int) -> Found:
    """A commune's own code, then postcodes, then former codes. With a name that fits, only those it fits;
    with another, those of that name first."""
    code = typed.code
    ids = (
        _communes(PARTS)
        .filter(code=code)
        .values("pk")
        .union(
            _communes([]).filter(postcodes__contains=[code]).values("pk"),
            _communes([]).filter(former_codes__code=code).values("pk"),
        )
    )
    places = with_inhabitants(Territory.objects.filter(pk__in=ids).select_related("current"))
    ordered = places.order_by(F("inhabitants").desc(nulls_last=True), "name", "code", "kind")
    found = [
        (place, f"ancien code {code}" if _is_former(code, place) else "")
        for place in sorted(ordered, key=lambda place: _code_rank(code, place))
    ]
    if not typed.key:
        return found
    likeness = {place.pk: resemblance(typed.key, place) for place, _ in found}
    fitting = [one for one in found if likeness[one[0].pk] >= ALIKE]
    if fitting:
        return sorted(fitting, key=lambda one: -likeness[one[0].pk])
    return [*_unnamed(_by_name(typed, limit)), *found]


def _is_former(code: str, place: Territory) -> bool:
    return place.code != code and code not in place.postcodes


def _code_rank(code: str, place: Territory) -> tuple:
    """Former codes last: Alfortville once had 75001, which is a postcode of Paris."""
    return (place.code != code, place.kind in PARTS, _is_former(code, place), place.current_id is not None)


def _by_name(typed: Typed, limit: int) -> list[Territory]:
    """The first reading that answers: the words in the département whose code goes with them, the words as
    they are, without the département or région whose name ends them, then with their mistakes."""
    key, rows = typed.key, limit * 3
    if not key:
        return []
    # Paris 1er to Paris 20e would fill the list of whoever types "paris".
    parts = PARTS if any(char.isdigit() for char in key) else PARTS[:2]
    everywhere = _communes(parts).select_related("current")
    if typed.departements:
        coded = everywhere.filter(departement__in=typed.departements)
        if places := list(by_words(typed.name, coded)[:rows]):
            return places
    if places := list(by_words(key, everywhere)[:rows]):
        return places
    name, within = _departement_apart(typed)
    if name == key:
        return misspelt([(key, everywhere)], rows)
    there = everywhere.filter(within)
    return (
        list(by_words(name, there)[:rows])
        or list(by_words(name, everywhere)[:rows])
        or misspelt([(name, there), (key, everywhere)], rows)
        or misspelt([(name, everywhere)], rows)
    )


def _departement_apart(typed: Typed) -> tuple[str, Q]:
    """The name without the département or région that ends it, and the condition that makes; the name as it
    is and no condition when there is none."""
    within = Q(departement__in=typed.departements) if typed.departements else Q()
    endings = typed.endings()
    kinds = (TerritoryKind.DEPARTEMENT, TerritoryKind.REGION)
    known = {
        place.name_key: place
        for place in Territory.objects.filter(kind__in=kinds, name_key__in=list(endings)).order_by("-kind")
    }
    for ending, name in endings.items():
        if place := known.get(ending):
            field = "departement" if place.kind == TerritoryKind.DEPARTEMENT else "region"
            return name, within or Q(**{field: place.code})
    return typed.name, within
