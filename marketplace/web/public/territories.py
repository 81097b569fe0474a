"""The register of territories, open to all: find one, and read what is known of it."""

from itertools import groupby
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from marketplace.web.formats import day, format_number
from marketplace.web.operator.lists import typed
from marketplace.web.public.territory_words import (
    advice,
    bars,
    inhabitants,
    kind_of,
    newest_in_force,
    people,
    population_rows,
    via,
)
from tenants.identifiers import grouped
from tenants.models import Territory
from tenants.models.territory import PopulationKind, TerritoryKind
from tenants.territories.facts import Member, TerritoryFacts, territory_facts
from tenants.territories.search import CommuneMatch, TerritoryMatch, find_communes, find_territories

COMMUNES, OTHERS = 30, 10
EXAMPLES = [
    ("st pierre en auge", "un nom, même sans accent ou mal écrit"),
    ("sainte-colombe 77", "un nom et son département, en chiffres ou en lettres"),
    ("61100", "un code postal, seul ou avec un nom"),
    ("14654", "un code INSEE, même ancien ou de commune déléguée"),
    ("217 500 016", "un numéro SIREN ou SIRET"),
    ("métropole de Lyon", "une intercommunalité, un département ou une région"),
]
GROUPS = {
    TerritoryKind.DELEGATED: "Communes déléguées",
    TerritoryKind.ASSOCIATED: "Communes associées",
    TerritoryKind.ARRONDISSEMENT: "Arrondissements municipaux",
    TerritoryKind.COMMUNE: "Communes qui l’ont rejointe",
}


@login_not_required
@require_safe
def territory_search(request):
    """One box for every territory; with htmx, the results follow what is typed."""
    query = typed(request)
    today = localdate(timezone.now())
    communes = find_communes(query=query, on=today, limit=COMMUNES) if query else []
    others = find_territories(query=query, on=today, limit=OTHERS) if query else []
    context = {
        "query": query,
        "communes": [_commune(match) for match in communes],
        "others": [_other(match) for match in others],
        "said": _said(query, len(communes), len(others)),
        "more": "Ce sont les premières réponses. Ajoutez le département ou le code postal pour préciser."
        if len(communes) == COMMUNES
        else "",
        "advice": advice(query),
        "examples": [
            {"url": f"{request.path}?{urlencode({'q': words})}", "typed": words, "what": what}
            for words, what in EXAMPLES
        ],
    }
    return render(request, "public/territory_search.html", context)


@login_not_required
@require_safe
def territory(request, kind, code):
    """What the register says of one territory. A part or an absorbed commune says where it belongs now."""
    today = localdate(timezone.now())
    facts = territory_facts(kind=kind, code=code.upper(), on=today)
    if facts is None:
        raise Http404
    place = facts.territory
    counted = newest_in_force(facts.populations, on=today).get(PopulationKind.MUNICIPALE)
    where = f", {place.departement_name} ({place.departement})" if place.departement_name else ""
    context = {
        "place": place,
        "over": f"{kind_of(place).capitalize()}{where}",
        "lead": inhabitants(counted).capitalize() if facts.populations or _is_counted(place) else "",
        "notice": _notice(facts),
        "facts": _facts(facts),
        "groups": [
            {"title": GROUPS[of_kind], "places": [_part(part) for part in parts]}
            for of_kind, parts in groupby([*facts.parts, *facts.absorbed], key=lambda part: part.kind)
        ],
        "former_codes": ", ".join(facts.former_codes),
        "populations": population_rows(facts.populations, on=today),
        "bars": bars(facts.populations),
        "members": _members(facts),
        "halls": _halls(facts),
        "is_commune": place.kind == TerritoryKind.COMMUNE,
        "is_open": not facts.current and not place.ended_on,  # what is no more adheres to nothing
    }
    return render(request, "public/territory.html", context)


def _is_counted(place: Territory) -> bool:
    """The register counts no part of a commune, no département and no région."""
    return place.kind in (TerritoryKind.COMMUNE, TerritoryKind.EPCI, TerritoryKind.EPT)


def territory_url(place: Territory) -> str:
    """584 codes are both a commune and its own delegated commune: the kind is in the address."""
    return reverse("territory", args=[place.kind, place.code])


def _said(query: str, communes: int, others: int) -> str:
    if not query:
        return ""
    if not communes and not others:
        return f"Aucun territoire ne répond à «\u00a0{query}\u00a0»."
    other = "autre territoire" if communes else "territoire"
    others_ = "autres territoires" if communes else "territoires"
    counts = [(communes, "commune", "communes"), (others, other, others_)]
    found = " et ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count)
    return f"{found} pour «\u00a0{query}\u00a0»."


def _commune(match: CommuneMatch) -> dict:
    return {
        "name": match.commune.name,
        "url": territory_url(match.commune),
        "kind": kind_of(match.commune),
        "where": f"{match.commune.departement_name} ({match.commune.departement})",
        "population": inhabitants(match.counted),
        "via": via(match.via),
    }


def _other(match: TerritoryMatch) -> dict:
    counted = _is_counted(match.territory)
    return {
        "name": match.territory.name,
        "url": territory_url(match.territory),
        "kind": kind_of(match.territory),
        "where": "" if counted else match.territory.code,
        "population": inhabitants(match.counted) if counted else "",
        "via": "",
    }


def _notice(facts: TerritoryFacts) -> dict | None:
    """That the place is no longer a commune of its own, and which one is."""
    place, current = facts.territory, facts.current
    ended = f"{place.name} n’existe plus depuis le {day(place.ended_on)}" if place.ended_on else ""
    if current is None:
        return {"text": f"{ended}.", "url": "", "label": ""} if ended else None
    belongs = "fait partie de" if not ended else "Elle fait maintenant partie de"
    start = f"{ended}. {belongs}" if ended else f"{place.name} {belongs}"
    return {
        "text": f"{start} {current.name}, la commune actuelle.",
        "url": territory_url(current),
        "label": f"Voir {current.name}",
    }


def _facts(facts: TerritoryFacts) -> list[dict]:
    place = facts.territory
    by_siren = place.kind in (TerritoryKind.EPCI, TerritoryKind.EPT)
    rows = [] if by_siren else [{"label": "Code INSEE", "value": place.code}]
    if place.siren:
        rows.append({"label": "SIREN", "value": grouped(place.siren)})
    elif place.kind == TerritoryKind.COMMUNE:
        rows.append({"label": "SIREN", "value": "inconnu"})
    departement, region = facts.departement, facts.region
    if departement:
        label = kind_of(departement).capitalize()
        rows.append({"label": label, "value": departement.name, "url": territory_url(departement)})
    # An overseas collectivity is its own région.
    if region and region.code not in (place.code, place.departement):
        rows.append({"label": "Région", "value": region.name, "url": territory_url(region)})
    if place.epci:
        rows.append({"label": "Intercommunalité", "value": place.epci.name, "url": territory_url(place.epci)})
    elif place.kind == TerritoryKind.COMMUNE and not facts.current:
        rows.append({"label": "Intercommunalité", "value": "aucune"})
    if place.postcodes:
        label = "Code postal" if len(place.postcodes) == 1 else "Codes postaux"
        rows.append({"label": label, "value": ", ".join(place.postcodes)})
    return rows


def _part(part: Territory) -> dict:
    ended = f"jusqu’au {day(part.ended_on)}" if part.ended_on else ""
    return {"name": part.name, "url": territory_url(part), "code": part.code, "ended": ended}


def _members(facts: TerritoryFacts) -> dict | None:
    members = facts.members
    if members is None or not members.count:
        return None
    missing = f", sans compter {members.unknown} dont la population est inconnue" if members.unknown else ""
    years = {member.counted.reference_year for member in members.listed if member.counted}
    return {
        "title": f"{format_number(members.count)} commune{'s' if members.count > 1 else ''}",
        "total": f"{people(members.inhabitants)} en tout{missing}.",
        "year": min(years) if len(years) == 1 else "",
        "rows": [_member(member, with_year=len(years) > 1) for member in members.listed],
    }


def _member(member: Member, *, with_year: bool) -> dict:
    place, counted = member.territory, member.counted
    known = counted is not None and counted.value is not None
    return {
        "name": place.name,
        "url": territory_url(place),
        "departement": f"{place.departement_name} ({place.departement})",
        "value": format_number(counted.value) if known else "inconnue",
        "year": counted.reference_year if counted and with_year else "",
    }


def _halls(facts: TerritoryFacts) -> list[dict]:
    place = facts.territory
    code = f"?{urlencode({'insee': place.code})}" if place.kind == TerritoryKind.COMMUNE else ""
    return [
        {"name": operator.short_name, "url": reverse("storefront", args=[operator.slug]) + code}
        for operator in facts.operators
    ]
