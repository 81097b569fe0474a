"""What the API answers, as its OpenAPI document describes it. The answers are written in `tell.py`; a test
holds the two together."""

from datetime import date, datetime
from typing import Literal

from ninja import Field, Schema

from catalog.models import ClaimLevel, ClaimTopic, Connector, Family
from tenants.models.organisation import OrganisationKind

FamilyId = Literal[tuple(Family.values)]
ConnectorId = Literal[tuple(Connector.values)]
TopicId = Literal[tuple(ClaimTopic.values)]
LevelId = Literal[tuple(ClaimLevel.values)]
BodyType = Literal[tuple(OrganisationKind.values)]


class ProblemError(Schema):
    field: str
    detail: str


class Problem(Schema):
    """Une erreur, comme la RFC 9457 les décrit."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemError] = []


class PageLinks(Schema):
    total: int = Field(description="Nombre d’éléments, toutes pages comprises.")
    page: int
    page_size: int
    next: str | None = Field(description="Adresse de la page suivante, s’il y en a une.")
    previous: str | None


class FamilyOut(Schema):
    id: FamilyId
    label: str


class Families(Schema):
    items: list[FamilyOut]


class OperatorOut(Schema):
    id: str = Field(description="Identifiant de l’opérateur dans les adresses.")
    name: str
    short_name: str
    siren: str
    siret: str | None
    legal_kind: str
    departement: str | None
    services: int = Field(description="Nombre de services à son catalogue.")
    url: str


class Operators(Schema):
    items: list[OperatorOut]


class VendorRef(Schema):
    siren: str
    name: str


class VendorOut(VendorRef):
    kind: BodyType
    presentation: str
    website: str | None
    postcode: str | None
    city: str | None


class Vendors(PageLinks):
    items: list[VendorOut]


class ClaimRef(Schema):
    topic: TopicId
    level: LevelId = Field(
        description="declared : par l’éditeur ; documented : preuve ; verified : contrôlé."
    )
    valid_until: date | None = Field(description="Dernier jour où il vaut ; jamais un engagement périmé.")


class ClaimOut(ClaimRef):
    label: str
    made_on: date
    checked_on: date | None
    checked_for: str | None = Field(description="Opérateur au nom de qui il a été contrôlé.")
    evidence_url: str | None


class Claims(Schema):
    items: list[ClaimOut]


class Rating(Schema):
    average: float | None = Field(description="De 1 à 5 ; avis publiés d’abonnés seulement.")
    count: int


class ServiceOut(Schema):
    id: str
    name: str
    summary: str
    family: FamilyId
    connector: ConnectorId
    licence: str | None = Field(description="Expression SPDX d’un logiciel libre.")
    vendor: VendorRef
    body_types: list[BodyType] = Field(description="Vide : toutes les collectivités.")
    population_min: int | None
    population_max: int | None
    claims: list[ClaimRef]
    rating: Rating
    listed_on: date | None
    updated_at: datetime | None = Field(description="Quand la fiche a été approuvée pour la dernière fois.")
    operators: list[str] = Field(description="Opérateurs au catalogue desquels il figure.")
    url: str


class Services(PageLinks):
    items: list[ServiceOut]


class Shelf(Schema):
    operator: str
    url: str
    listed_on: date | None


class Contractor(Schema):
    name: str
    until: date | None = None
    website: str | None = None


class Option(Schema):
    code: str
    name: str
    summary: str = ""


class ServiceDetail(Schema):
    id: str
    name: str
    summary: str
    description: str = Field(description="Texte simple, un paragraphe par ligne vide.")
    family: FamilyId
    audience: str
    body_types: list[BodyType]
    population_min: int | None
    population_max: int | None
    personal_data: bool
    hosting: str
    connector: ConnectorId
    licence: str | None
    website: str | None
    repository_url: str | None
    publiccode_url: str | None
    contractors: list[Contractor]
    options: list[Option]
    vendor: VendorRef
    claims: list[ClaimOut]
    shelves: list[Shelf]
    url: str


class Amounts(Schema):
    net_cents: int = Field(description="Centimes d’euro par an, hors taxes, la première année.")
    vat_cents: int
    gross_cents: int
    following_net_cents: int = Field(description="Les années suivantes, hors taxes.")


class Counted(Schema):
    value: int
    kind: Literal["municipale", "totale", "dgf"]
    reference_year: int


class ListingOut(Schema):
    service: str
    name: str
    family: FamilyId
    vendor: VendorRef
    url: str
    price: Amounts | None = Field(
        description="Prix négocié par l’opérateur, seulement s’il le publie et que `insee` est donné."
    )
    price_published: bool
    list_price: Amounts | None = Field(description="Tarif public de l’éditeur, hors groupement.")
    population: Counted | None = Field(description="Celle sur laquelle les prix sont calculés.")
    problem: str | None = Field(description="Pourquoi il n’y a pas de prix.")


class Commune(Schema):
    insee: str
    name: str


class Listings(PageLinks):
    operator: str
    commune: Commune | None
    items: list[ListingOut]


class Root(Schema):
    name: str
    documentation: str
    openapi: str
    families: str
    operators: str
    vendors: str
    services: str
