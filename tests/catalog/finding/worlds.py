"""Small shelves to ask questions to."""

from datetime import date
from types import ModuleType

from catalog.finding.asked import Visitor
from catalog.prices import TerritoryFacts
from catalog.pricing import Population

TODAY = date(2026, 10, 1)


def visitor(population: int | None = 860, *, departement: str = "35", region="53", **kinds) -> Visitor:
    """A commune of that population of every kind, unless `kinds` say otherwise."""
    values = {"municipale": population, "totale": population, "dgf": population} | kinds
    populations = {
        kind: Population(
            value=value, kind=kind, reference_year=2023, in_force_from=date(2026, 1, 1), source="essai"
        )
        for kind, value in values.items()
    }
    facts = TerritoryFacts(on=TODAY, member_type="commune", populations=populations)
    return Visitor.of(facts, departement=departement, region=region)


def grids_of(module: ModuleType) -> dict[str, dict]:
    """The grids of a module of grids by name, without those that no operator could publish as printed."""
    return {
        name: grid
        for name, grid in vars(module).items()
        if name.isupper()
        and name[0] != "_"
        and not name.endswith("AS_PRINTED")
        and isinstance(grid, dict)
        and "pattern" in grid
    }
