"""Facts and readable sentences for the tests of the price engine."""

from datetime import date

from catalog.pricing import Facts, Population, Quote, parse_grid, price


def population(value: int | None, kind: str = "totale") -> Population:
    """The populations in force in 2026."""
    return Population(
        value=value, kind=kind, reference_year=2023, in_force_from=date(2026, 1, 1), source="INSEE"
    )


def facts(value: int | None, **others) -> Facts:
    """A buyer with so many inhabitants (population totale)."""
    return Facts(on=date(2026, 7, 1), population=population(value), **others)


def quote(grid: dict, value: int | None, **others) -> Quote:
    """Parse and price in one go."""
    return price(grid=parse_grid(grid), facts=facts(value, **others))


def plain(text: str) -> str:
    """The sentence with ordinary spaces, for readable expectations (one test checks the real ones)."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def steps(priced: Quote) -> list[str]:
    """Every step of every line, with ordinary spaces."""
    return [plain(step) for line in priced.lines for step in line.steps]
