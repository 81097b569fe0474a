"""From the register to the price engine: the facts of a territory, and a listing's price for it.

The only bridge between the database and `catalog.pricing`; every price shown or billed goes through it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import Count, Min
from pydantic_core import from_json, to_json

from catalog.models import Listing, PriceGrid
from catalog.pricing import (
    Counted,
    Facts,
    Grid,
    Population,
    PricingError,
    Quote,
    counted,
    counts_as_facts,
    first_year_apart,
    grid_of,
    parse_grid,
    price,
    revise,
    since,
    vat_breakdown,
    with_options,
)
from catalog.vat import Member, Regime, RuleBook, Terms, zone_of
from catalog.vat.regimes import as_published
from tenants.models import Adhesion, Operator, Territory
from tenants.models import Population as PopulationRow
from tenants.models.territory import TerritoryKind

ONE = Decimal(1)
NOT_REVISED: Mapping[str, Decimal] = {}
# What the engine's grids call a member, from the kind of its territory.
MEMBER_TYPES = {TerritoryKind.COMMUNE: "commune", TerritoryKind.EPCI: "epci"}
# 94 communes of overseas collectivities have none in the register.
NO_SIREN = (
    "Cette commune n’a pas de numéro SIREN dans le registre national : elle ne peut être ni abonnée "
    "ni facturée ici. Écrivez à l’opérateur."
)


@dataclass(frozen=True)
class TerritoryFacts:
    """What the engine needs to know of one territory on one day: its populations by kind.

    `problem` says why nothing can be sold to it, in French, or is empty.
    """

    on: date
    member_type: str
    populations: dict[str, Population]
    problem: str = ""
    member_communes: int | None = None  # of an EPCI
    college: str | None = None  # of its organisation, at the operator that was asked about
    pooled_population: int | None = None  # of all who buy the listing in question together
    # What the buyer said of herself, by `Counted.name`: agents, workstations…
    counts: Mapping[str, int] = field(default_factory=dict, hash=False)
    # The first of the month in which the agents among `counts` were counted, None where they were not.
    agents_counted: date | None = None
    # Whom VAT looks at, and the rules that were read for it: none where a tariff is believed as it is.
    territory: int | None = None
    zone: str = ""
    vat_rules: RuleBook | None = field(default=None, compare=False, repr=False)

    def vat(self, terms: Terms, *, operator_id: int, on: date | None = None) -> Regime:
        """The VAT regime of a line of this tariff, on the day of the facts unless another is given. Two or
        three queries for the first of an operator's, none after."""
        if self.vat_rules is None:
            return as_published(terms)
        return self.vat_rules.regime(operator_id, terms, member=self.vat_member, on=on or self.on)

    @property
    def vat_member(self) -> Member:
        return Member(kind=self.member_type, zone=self.zone, territory=self.territory)

    def for_grid(self, grid: Grid, *, first_year: bool = False, **others) -> Facts:
        """The engine's facts, with the population of the kind this grid asks for (or none).

        `first_year`: the subscription is in its first year, for grids that price it apart. `others` are facts
        that neither a register nor `counts` holds: covered_by, solidarity_coefficient; or another college.
        """
        own = {"college": self.college, "pooled_population": self.pooled_population}
        others = own | counts_as_facts(self.counts) | others
        found = grid_of(grid, member_type=self.member_type, college=others["college"])
        kind = found.population_kind if found else None
        return Facts(
            on=self.on,
            member_type=self.member_type,
            population=self.populations.get(kind),
            first_year=first_year,
            member_communes=self.member_communes,
            **others,
        )


@dataclass(frozen=True)
class ListingPrice:
    """A listing's price over the first year for one territory, or the reason why there is none.

    `following_cents` is the price of the next years, net of tax: the same but for grids that price the first
    year apart.
    """

    quote: Quote | None
    grid: PriceGrid | None
    population: Population | None = None  # what it was computed from
    vat_cents: int = 0
    following_cents: int = 0
    following_vat_cents: int = 0
    list_gross_cents: int | None = None  # the vendor's list price of the same year, tax included
    problem: str = ""
    vat: Regime | None = None  # where there is a price

    @property
    def net_cents(self) -> int:
        return self.quote.total_cents

    @property
    def gross_cents(self) -> int:
        return self.quote.total_cents + self.vat_cents

    @property
    def vat_reason(self) -> str:
        """Why there is no VAT on it, "" where there is."""
        return self.vat.note


def territory_facts(
    *, territories: Iterable[Territory], on: date, college_at: Operator | None = None
) -> dict[int, TerritoryFacts]:
    """Facts of several territories on a day, by territory id, in one query; in two when EPCI are among them,
    whose present communes are counted. The VAT rules are read once for all, when a price first asks.

    `college_at`: the operator whose colleges count, when a grid `goes_by_college`; one more query.
    """
    territories = list(territories)
    colleges = _colleges(territories, college_at, on) if college_at else {}
    communes = _member_communes([t for t in territories if t.kind == TerritoryKind.EPCI])
    vat_rules = RuleBook()
    populations: dict[int, dict[str, Population]] = {territory.pk: {} for territory in territories}
    rows = PopulationRow.objects.filter(territory__in=territories).in_force(on=on)
    for row in rows:
        populations[row.territory_id][row.kind] = Population(
            value=row.value,
            kind=row.kind,
            reference_year=row.reference_year,
            in_force_from=row.in_force_from,
            source=row.source,
        )
    return {
        territory.pk: TerritoryFacts(
            on=on,
            member_type=MEMBER_TYPES.get(territory.kind, territory.kind),
            populations=populations[territory.pk],
            problem="" if territory.siren else NO_SIREN,
            member_communes=communes.get(territory.pk, NO_COMMUNE).count,
            college=colleges.get(territory.pk),
            territory=territory.pk,
            zone=zone_of(
                departement=territory.departement or communes.get(territory.pk, NO_COMMUNE).departement,
                region=territory.region,
            ),
            vat_rules=vat_rules,
        )
        for territory in territories
    }


def goes_by_college(
    definition: Mapping[str, Any] | None, *, options: Iterable[Mapping[str, Any]] = ()
) -> bool:
    """Whether the price of this grid, or of one of these options ({code, name, grid}), depends on the buyer's
    college."""
    for one in (definition, *(option["grid"] for option in options)):
        grids = [one, *one.get("grids", {}).values(), one.get("otherwise") or {}] if one else []
        if any(grid.get("pattern") == "by_college" for grid in grids):
            return True
    return False


def _colleges(territories: list[Territory], operator: Operator, on: date) -> dict[int, str]:
    """The college of each one's organisation; a commune that only its EPCI's adhesion covers is in none."""
    adhesions = Adhesion.objects.in_force(on=on).filter(
        operator=operator, organisation__territory__in=territories, college__isnull=False
    )
    return dict(adhesions.order_by().values_list("organisation__territory", "college__name"))


class _Communes(NamedTuple):
    """How many an EPCI has, and the département of one of them."""

    count: int | None
    departement: str


NO_COMMUNE = _Communes(None, "")


def _member_communes(epcis: list[Territory]) -> dict[int, _Communes]:
    """The communes that each has in the register; nothing is said of one that has none there."""
    if not epcis:
        return {}
    communes = Territory.objects.filter(
        epci__in=epcis, kind=TerritoryKind.COMMUNE, current__isnull=True, ended_on__isnull=True
    )
    rows = communes.order_by().values_list("epci_id").annotate(Count("pk"), Min("departement"))
    return {epci: _Communes(count, departement) for epci, count, departement in rows}


def grid_in_force(definition: Mapping[str, Any]) -> Grid:
    """The grid that a definition frozen as JSON makes: read once for all the subscriptions to one service.
    Raises as `parse_grid`."""
    return _grid_as_written(to_json(definition))


@lru_cache(maxsize=256)
def _grid_as_written(definition: bytes) -> Grid:
    return parse_grid(from_json(definition))


def counted_by(definition: Mapping[str, Any] | None, *, facts: TerritoryFacts) -> tuple[Counted, ...]:
    """What the buyer has to say of herself before this grid gives her a price."""
    if not definition:
        return ()
    grid = parse_grid(definition)
    return counted(grid_of(grid, member_type=facts.member_type, college=facts.college))


def listing_price(*, listing: Listing, facts: TerritoryFacts) -> ListingPrice:
    """The price of a first year that begins on `facts.on`. Never raises for a price that cannot be computed:
    `problem` then says why, in French."""
    return grid_price(grid=listing.grid_on(facts.on), facts=facts)


def grid_price(*, grid: PriceGrid | None, facts: TerritoryFacts) -> ListingPrice:
    """The same for a listing whose grid in force is at hand; None when there is none."""
    if facts.problem:
        return ListingPrice(quote=None, grid=None, problem=facts.problem)
    if grid is None:
        return ListingPrice(quote=None, grid=None, problem="Aucun tarif n’est en vigueur pour ce service.")
    pooled = _priced(grid=grid, definition=grid.definition, facts=facts)
    if grid.list_definition is None or pooled.quote is None:
        return pooled
    listed = _priced(grid=grid, definition=grid.list_definition, facts=facts)
    return replace(pooled, list_gross_cents=listed.gross_cents if listed.quote else None)


def _priced(*, grid: PriceGrid, definition: dict, facts: TerritoryFacts) -> ListingPrice:
    parsed = parse_grid(definition)
    first = facts.for_grid(parsed, first_year=True)
    try:
        quote = price(grid=parsed, facts=first)
        following = quote
        if first_year_apart(parsed):
            following = price(grid=parsed, facts=facts.for_grid(parsed))
    except PricingError as error:
        return ListingPrice(quote=None, grid=grid, population=first.population, problem=str(error))
    vat = vat_on(grid=grid, facts=facts)
    return ListingPrice(
        quote=quote,
        grid=grid,
        population=first.population,
        vat_cents=vat_in(quote, vat),
        following_cents=following.total_cents,
        following_vat_cents=vat_in(following, vat),
        vat=vat,
    )


def year_quote(
    *,
    definition: Mapping[str, Any],
    options: Iterable[Mapping[str, Any]],
    facts: TerritoryFacts,
    first_year: bool,
    coefficient: Decimal = ONE,
    priced_at: Mapping[str, Decimal] = NOT_REVISED,
) -> Quote:
    """A year of a service by the terms that a subscription keeps: the definition of its grid, and the options
    chosen with it ({code, name, grid}), all revised by `coefficient`. `priced_at`: by code of option, the
    coefficient when it was priced, for those priced after a revision. Raises PricingError."""

    def priced(one: Mapping[str, Any], multiplied_by: Decimal) -> Quote:
        grid = grid_in_force(one)
        quote = price(grid=grid, facts=facts.for_grid(grid, first_year=first_year))
        return revise(quote, coefficient=multiplied_by)

    chosen = {
        option["code"]: (
            option["name"],
            priced(option["grid"], since(coefficient, priced_at=priced_at.get(option["code"], ONE))),
        )
        for option in options
    }
    own = priced(definition, coefficient)
    return with_options(own, chosen) if chosen else own


def list_price(*, listing: Listing, facts: TerritoryFacts) -> ListingPrice | None:
    """What the vendor asks outside the group, by the same rules as `listing_price`. None when it publishes no
    list price."""
    grid = None if facts.problem else listing.grid_on(facts.on)
    if grid is None or grid.list_definition is None:
        return None
    return _priced(grid=grid, definition=grid.list_definition, facts=facts)


def vat_terms(grid: PriceGrid) -> Terms:
    """What a tariff itself says of VAT."""
    return Terms(grid.vat_category, grid.vat_rate, grid.vat_reason)


def vat_on(*, grid: PriceGrid, facts: TerritoryFacts) -> Regime:
    """The VAT regime of a tariff for a territory, on the day of its facts."""
    if facts.vat_rules is None:
        return as_published(vat_terms(grid))
    return facts.vat(vat_terms(grid), operator_id=grid.listing.operator_id)


def vat_in(quote: Quote, vat: Regime) -> int:
    """VAT in cents on a whole quote, rounded once; none is told while nobody knows the regime."""
    return 0 if vat.undecided else vat_of(quote=quote, category=vat.category, rate=vat.rate)


def vat_of(*, quote: Quote, category: str, rate: Decimal) -> int:
    """VAT in cents on a whole quote, rounded once."""
    lines = ((line.amount_cents, category, rate) for line in quote.lines)
    return sum(subtotal.vat_cents for subtotal in vat_breakdown(lines))
