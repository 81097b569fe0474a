"""Grids of every pattern, scaled from one figure: what a service costs an inhabitant a year."""

from decimal import Decimal

# (up to, inhabitants that stand for the stratum, share of the full rate they pay)
STRATA = (
    (500, 350, "1.00"),
    (2000, 1100, "0.90"),
    (5000, 3000, "0.75"),
    (10000, 6500, "0.60"),
    (20000, 13000, "0.50"),
    (None, 30000, "0.40"),
)


def _euros(value: Decimal, step: str = "0.01") -> str:
    return str(value.quantize(Decimal(step)))


def per_inhabitant(rate: Decimal, population: str) -> dict:
    return {
        "pattern": "per_inhabitant",
        "population_kind": population,
        "rate": _euros(rate),
        "minimum": _euros(rate * 200, "1"),
        "cap": _euros(rate * 12000, "1"),
    }


def flat_by_stratum(rate: Decimal, population: str) -> dict:
    """With the setting-up paid in the first year."""
    strata, lower = [], None
    for upper, inhabitants, share in STRATA:
        amount = rate * inhabitants * Decimal(share)
        strata.append(
            {
                "lower": lower,
                "upper": upper,
                "amount": _euros(amount, "1"),
                "first_year_amount": _euros(amount * Decimal("1.4"), "1"),
            }
        )
        lower = upper + 1 if upper else None
    return {"pattern": "flat_by_stratum", "population_kind": population, "strata": strata}


def marginal_tranches(rate: Decimal, population: str) -> dict:
    tranches = [(1000, "1.10"), (5000, "0.80"), (20000, "0.50"), (None, "0.20")]
    return {
        "pattern": "marginal_tranches",
        "population_kind": population,
        "tranches": [
            {"up_to": up_to, "rate": _euros(rate * Decimal(share), "0.001")} for up_to, share in tranches
        ],
    }


def fixed_plus_variable(rate: Decimal, population: str) -> dict:
    return {
        "pattern": "fixed_plus_variable",
        "population_kind": population,
        "fixed": _euros(rate * 300, "1"),
        "included": 250,
        "rate": _euros(rate * Decimal("0.6"), "0.001"),
    }


def by_member_type(rate: Decimal, population: str) -> dict:
    return {
        "pattern": "by_member_type",
        "grids": {
            "commune": per_inhabitant(rate, population),
            "epci": fixed_plus_variable(rate * Decimal("0.25"), population),
        },
    }


def adhesion_and_recurring(rate: Decimal, population: str) -> dict:
    """A fee to join, the first year only."""
    return {
        "pattern": "adhesion_and_recurring",
        "adhesion": {"pattern": "flat_by_stratum", "strata": [{"amount": _euros(rate * 150, "1")}]},
        "recurring": marginal_tranches(rate, population),
    }


def sum_of(rate: Decimal, population: str) -> dict:
    return {
        "pattern": "sum_of",
        "parts": [
            {
                "name": "Hébergement",
                "grid": {"pattern": "flat_by_stratum", "strata": [{"amount": _euros(rate * 120, "1")}]},
            },
            {"name": "Assistance", "grid": per_inhabitant(rate * Decimal("0.7"), population)},
        ],
    }


PATTERNS = (
    per_inhabitant,
    flat_by_stratum,
    marginal_tranches,
    fixed_plus_variable,
    by_member_type,
    adhesion_and_recurring,
    sum_of,
)


def definition(*, rate: Decimal, turn: int) -> dict:
    """The `turn`-th grid: each pattern in its turn, and one in four counts the population totale."""
    return PATTERNS[turn % len(PATTERNS)](rate, "totale" if turn % 4 == 3 else "municipale")
