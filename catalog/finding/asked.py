"""What a visitor asks of a shelf, and for whom."""

from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from catalog.finding.strata import stratum_of
from catalog.models import ClaimLevel
from catalog.prices import TerritoryFacts, territory_facts
from tenants.models import Territory

PAGE = 20
FREE, PROPRIETARY = "libre", "proprietaire"


class Sort(StrEnum):
    RECOMMENDED = "recommande"  # what answers best to the words, then the operator's own order
    PRICE = "prix"
    NAME = "nom"
    RATING = "satisfaction"
    NEWEST = "nouveautes"


class Local(StrEnum):
    ANYWHERE = ""
    DEPARTEMENT = "departement"
    REGION = "region"


@dataclass(frozen=True, order=True)
class Band:
    """Yearly prices with VAT from `low` (included) to `high` (excluded; None: no end), in cents."""

    low: int
    high: int | None


@dataclass(frozen=True)
class Asked:
    """Several values of one facet are "or", facets among them are "and"; each topic of `claims` is a facet.

    `exact`: the words are searched as they are typed. What needs a commune (prices, local, used_alike,
    for_me, the order by price) counts for nothing without one.
    """

    words: str = ""
    exact: bool = False
    families: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()
    level: str = ClaimLevel.DOCUMENTED  # at least, for each of `claims`
    connectors: frozenset[str] = frozenset()
    licences: frozenset[str] = frozenset()  # FREE, PROPRIETARY, or an SPDX identifier
    prices: frozenset[Band] = frozenset()
    local: Local = Local.ANYWHERE
    used_alike: bool = False
    for_me: bool = False
    sort: Sort = Sort.RECOMMENDED

    def without_commune(self) -> "Asked":
        """What counts of it as long as no commune is named."""
        return replace(
            self,
            prices=frozenset(),
            local=Local.ANYWHERE,
            used_alike=False,
            for_me=False,
            sort=Sort.RECOMMENDED if self.sort == Sort.PRICE else self.sort,
        )


@dataclass(frozen=True)
class Visitor:
    """The commune prices are shown for, as far as a shelf looks at it. Its département and région by code."""

    facts: TerritoryFacts = field(compare=False, hash=False)
    key: tuple
    population: int | None
    departement: str
    region: str

    @property
    def stratum(self) -> str:
        """Of communes like this one, "" when its population is unknown."""
        return stratum_of(self.population)

    @classmethod
    def of(cls, facts: TerritoryFacts, *, departement: str, region: str) -> "Visitor":
        counted = {kind: row.value for kind, row in facts.populations.items()}
        return cls(
            facts=facts,
            key=(facts.on, bool(facts.problem), *sorted(counted.items())),
            population=counted.get("municipale"),
            departement=departement,
            region=region,
        )


def visitor_of(commune: Territory, *, on: date) -> Visitor:
    """One query."""
    facts = territory_facts(territories=[commune], on=on)[commune.pk]
    return Visitor.of(facts, departement=commune.departement, region=commune.region)
