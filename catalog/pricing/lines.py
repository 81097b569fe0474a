"""What every pattern needs: the population it may count, a line, the words of a range."""

from decimal import Decimal

from .errors import FactUnknown, PopulationKindMismatch, PopulationUnknown, PopulationZero
from .facts import KIND_IN_WORDS, Population, PopulationKind
from .money import COLON, EXACT, format_number, to_cents
from .quote import FLAT_UNIT, Line


def inhabitants_of(population: Population | None, kind: PopulationKind | None) -> tuple[Population, int]:
    """The population a grid may count, or the reason why it may not."""
    if population is None:
        raise PopulationUnknown(
            "La population de la collectivité n’est pas connue, le prix ne peut donc pas être calculé."
        )
    if population.kind != kind:
        expected = KIND_IN_WORDS[kind] if kind else "aucune population"
        raise PopulationKindMismatch(
            f"Le barème compte la {expected}, mais le chiffre fourni est la {KIND_IN_WORDS[population.kind]} "
            f"{population.reference_year}{COLON}ces deux chiffres ne se remplacent pas."
        )
    if population.value is None:
        raise PopulationUnknown(
            f"La {KIND_IN_WORDS[population.kind]} {population.reference_year} de la collectivité n’est pas "
            "connue, le prix ne peut donc pas être calculé."
        )
    if population.value == 0:
        raise PopulationZero(
            f"La collectivité compte 0 habitant ({population.name()}), le prix ne peut donc pas être calculé "
            "d’après ses habitants. Demandez un prix à votre opérateur."
        )
    return population, population.value


def line_of(
    code: str, label: str, *, unit_price: Decimal, steps: list[str], quantity: int = 1, unit: str = FLAT_UNIT
) -> Line:
    """A line of ``quantity`` × ``unit_price`` euros, rounded half-up once."""
    count = Decimal(quantity)
    return Line(
        code=code,
        label=label,
        quantity=count,
        unit=unit,
        unit_price=unit_price,
        amount_cents=to_cents(EXACT.multiply(count, unit_price)),
        steps=steps,
    )


def ranks(first: int, last: int) -> str:
    """``Du 1er au 1 000e habitant``."""
    start = "1er" if first == 1 else f"{format_number(first)}e"
    return f"Le {start} habitant" if first == last else f"Du {start} au {format_number(last)}e habitant"


def known(count: int | None, what: str, missing: type[FactUnknown]) -> int:
    """A count that must be known; ``what`` names it (« Le nombre d’agents de la collectivité »)."""
    if count is None:
        raise missing(f"{what} n’est pas connu, le prix ne peut donc pas être calculé.")
    return count
