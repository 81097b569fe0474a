"""Three hundred real communes in five départements, their ten intercommunalities, and their adhesions."""

import re
from datetime import date
from random import Random

from demo.seed.identifiers import seat_siret
from demo.seed.operators import BRUMELLE, CANTONADE, ETABLI
from tenants.models import (
    Adhesion,
    ChorusService,
    Establishment,
    Operator,
    Organisation,
    Population,
    Territory,
)
from tenants.models.organisation import OrganisationKind
from tenants.models.territory import TerritoryKind
from tenants.organisations import commune_name

MAIN = "42137"  # Margerie-Chantagret: 860 inhabitants (municipale 2023)
SECOND = "42046"  # Champdieu
THIRD = "42037"  # Chalain-d’Uzore
FOREZ_EST = "200065894"  # CC de Forez-Est, 42 communes
# Whole intercommunalities: SIREN → shelves, each with "one commune in how many" adheres to it.
GROUPS = {
    "200065886": {BRUMELLE.slug: 1, CANTONADE.slug: 2, ETABLI.slug: 4},  # Loire Forez (42)
    FOREZ_EST: {CANTONADE.slug: 1, ETABLI.slug: 3},  # Forez-Est (42)
    "244200622": {BRUMELLE.slug: 1, ETABLI.slug: 2},  # Monts du Pilat (42)
    "200070712": {BRUMELLE.slug: 1},  # Thiers Dore et Montagne (63)
    "200073427": {CANTONADE.slug: 1},  # Marches du Velay-Rochebaron (43)
    "200073401": {ETABLI.slug: 1},  # Mézenc-Loire-Meygal (43)
    "200041465": {ETABLI.slug: 1, CANTONADE.slug: 2},  # Val Eyrieux (07)
    "200072007": {ETABLI.slug: 1},  # Montagne d'Ardèche (07)
    "200069102": {BRUMELLE.slug: 1},  # Randon - Margeride (48)
    "200069185": {CANTONADE.slug: 1},  # Terres d'Apcher-Margeride-Aubrac (48)
}
OF_ALL_THREE = (MAIN, SECOND)
CATEGORIES = {"CC": "7346", "CA": "7348"}
ADHESION_DAYS = (date(2019, 1, 1), date(2021, 7, 1), date(2023, 1, 1), date(2024, 4, 1), date(2025, 10, 1))


def make_members(*, operators: dict[str, Operator], rng: Random) -> None:
    """Organisations with the register's SIREN, and their open adhesions."""
    epci = list(Territory.objects.filter(kind=TerritoryKind.EPCI, siren__in=GROUPS).order_by("code"))
    communes = list(
        Territory.objects.filter(kind=TerritoryKind.COMMUNE, epci__in=epci)
        .select_related("epci")
        .order_by("code")
    )
    largest = _largest(communes)
    rows = [_commune(territory) for territory in communes]
    rows += [_epci(territory, largest[territory.pk]) for territory in epci]
    Organisation.objects.bulk_create(rows)
    seats = Establishment.objects.bulk_create(
        Establishment(organisation=row, siret=seat_siret(row.siren), is_seat=True) for row in rows
    )
    ChorusService.objects.bulk_create(
        ChorusService(establishment=seat, code="MAIRIE", is_default=True)
        for seat in seats
        if seat.organisation.kind == OrganisationKind.COMMUNE and rng.random() < 0.2
    )
    Adhesion.objects.bulk_create(
        Adhesion(operator=operators[slug], organisation=organisation, since=rng.choice(ADHESION_DAYS))
        for organisation in rows
        for slug in _operators_of(organisation.territory, communes)
    )


def _operators_of(territory: Territory, communes: list[Territory]) -> list[str]:
    if territory.kind == TerritoryKind.EPCI:
        return [next(iter(GROUPS[territory.siren]))]
    if territory.code in OF_ALL_THREE:
        return [CANTONADE.slug, BRUMELLE.slug, ETABLI.slug]
    rank = communes.index(territory)
    return [slug for slug, one_in in GROUPS[territory.epci.siren].items() if rank % one_in == 0]


def _commune(territory: Territory) -> Organisation:
    slug = domain(territory.name)
    return Organisation(
        siren=territory.siren,
        name=commune_name(territory.name),
        kind=OrganisationKind.COMMUNE,
        legal_category="7210",
        territory=territory,
        address="Mairie",
        postcode=territory.postcodes[0],
        city=territory.name,
        email=f"mairie@{slug}.mairie.example",
    )


def _epci(territory: Territory, seat: Territory) -> Organisation:
    return Organisation(
        siren=territory.siren,
        name=territory.name,
        kind=OrganisationKind.EPCI,
        legal_category=CATEGORIES[territory.nature],
        territory=territory,
        # The register does not say where an intercommunality sits: its most populous commune stands in.
        address="Siège de l’intercommunalité",
        postcode=seat.postcodes[0],
        city=seat.name,
        email=f"contact@{domain(territory.name)}.example",
    )


def _largest(communes: list[Territory]) -> dict[int, Territory]:
    """The most populous commune of each intercommunality, by the latter's id."""
    rows = Population.objects.filter(territory__in=communes, kind="municipale").in_force(on=date(2026, 1, 1))
    inhabitants = {row.territory_id: row.value or 0 for row in rows}
    largest: dict[int, Territory] = {}
    for commune in sorted(communes, key=lambda c: inhabitants.get(c.pk, 0)):
        largest[commune.epci_id] = commune
    return largest


def domain(name: str) -> str:
    """A host name made of the letters of a name."""
    from tenants.register.names import normalise

    return re.sub(r"[^a-z0-9]+", "-", normalise(name)).strip("-")
