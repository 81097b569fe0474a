"""Everything the register says of one territory."""

from dataclasses import dataclass, field
from datetime import date

from django.db.models import Count, Q, QuerySet, Sum

from tenants.models import Adhesion, Operator, Population, Territory
from tenants.models.territory import PopulationKind, TerritoryKind
from tenants.territories.search import PARTS, counted_now, current_of


@dataclass(frozen=True)
class Member:
    """A commune of an intercommunality, with its municipal population in force, if the register has one."""

    territory: Territory
    counted: Population | None


@dataclass(frozen=True)
class Members:
    """The current communes of an intercommunality, a département or a région.

    `listed` has them all for an intercommunality, none otherwise (a région has thousands). `inhabitants`
    adds up the municipal populations in force; `unknown` communes have none, and are not in it.
    """

    count: int
    inhabitants: int
    unknown: int
    listed: list[Member] = field(default_factory=list)


@dataclass(frozen=True)
class TerritoryFacts:
    """`current`: the commune a part or an absorbed commune belongs to now, None for what is current itself.

    `parts` are its delegated and associated communes and its arrondissements, `absorbed` the communes that
    joined it, `former_codes` the codes of others, whose name the register does not keep.
    """

    territory: Territory
    current: Territory | None
    departement: Territory | None
    region: Territory | None
    parts: list[Territory]
    absorbed: list[Territory]
    former_codes: list[str]
    populations: list[Population]
    members: Members | None
    operators: list[Operator]


def territory_facts(*, kind: str, code: str, on: date) -> TerritoryFacts | None:
    """None when the register has no such territory. Populations are newest first, by kind."""
    territory = Territory.objects.filter(kind=kind, code=code).select_related("current", "epci").first()
    if territory is None:
        return None
    around = _around(territory)
    below = list(territory.parts.order_by("name", "code", "kind"))
    codes = {territory.code, *(place.code for place in below)}
    return TerritoryFacts(
        territory=territory,
        current=current_of(territory) if territory.current_id else None,
        departement=around.get(TerritoryKind.DEPARTEMENT),
        region=around.get(TerritoryKind.REGION),
        parts=[place for place in below if place.kind in PARTS],
        absorbed=[place for place in below if place.kind not in PARTS],
        former_codes=[
            former.code for former in territory.former_codes.order_by("code") if former.code not in codes
        ],
        populations=list(
            territory.populations.order_by("kind", "-in_force_from", "-reference_year", "source")
        ),
        members=_members(territory, on=on),
        operators=_operators(territory, on=on),
    )


def _around(territory: Territory) -> dict[str, Territory]:
    """The département and the région it lies in, itself left out."""
    if not territory.region:
        return {}
    places = Territory.objects.filter(
        Q(kind=TerritoryKind.DEPARTEMENT, code=territory.departement)
        | Q(kind=TerritoryKind.REGION, code=territory.region)
    ).exclude(pk=territory.pk)
    return {place.kind: place for place in places}


def _members(territory: Territory, *, on: date) -> Members | None:
    communes = Territory.objects.filter(
        kind=TerritoryKind.COMMUNE, current__isnull=True, ended_on__isnull=True
    )
    if territory.kind == TerritoryKind.EPCI:
        return _listed(communes.filter(epci=territory), on=on)
    if territory.kind == TerritoryKind.DEPARTEMENT:
        return _added_up(communes.filter(departement=territory.code), on=on)
    if territory.kind == TerritoryKind.REGION:
        return _added_up(communes.filter(region=territory.code), on=on)
    return None


def _listed(communes: QuerySet[Territory], *, on: date) -> Members:
    places = list(communes.order_by("name_key", "code"))
    counted = counted_now(places, on=on)
    values = [row.value for row in counted.values() if row.value is not None]
    return Members(
        count=len(places),
        inhabitants=sum(values),
        unknown=len(places) - len(values),
        listed=[Member(place, counted.get(place.pk)) for place in places],
    )


def _added_up(communes: QuerySet[Territory], *, on: date) -> Members:
    count = communes.count()
    rows = Population.objects.filter(territory__in=communes, kind=PopulationKind.MUNICIPALE).in_force(on=on)
    total = Population.objects.filter(pk__in=rows.values("pk")).aggregate(
        inhabitants=Sum("value", default=0), known=Count("value")
    )
    return Members(count=count, inhabitants=total["inhabitants"], unknown=count - total["known"])


def _operators(territory: Territory, *, on: date) -> list[Operator]:
    """Those it adheres to that day, by itself or through its intercommunality. Public: acts are published."""
    adheres = Q(organisation__territory=territory)
    if territory.epci_id:
        adheres |= Q(organisation__territory=territory.epci_id, covers_communes=True)
    adhesions = Adhesion.objects.in_force(on=on).filter(adheres)
    return list(Operator.objects.filter(pk__in=adhesions.values("operator")).order_by("short_name", "pk"))
