"""Communes of one size: how the use of a service is counted and told."""

from bisect import bisect_right

BOUNDS = (0, 500, 1_000, 2_000, 3_500, 5_000, 10_000, 20_000, 50_000)
# "0-499", "500-999"…, "50000-": the keys of ShelfEntry.usage.
STRATA = tuple(
    f"{low}-{high - 1 if high else ''}" for low, high in zip(BOUNDS, (*BOUNDS[1:], 0), strict=True)
)


def stratum_of(population: int | None) -> str:
    """The stratum of a number of inhabitants, "" when it is unknown."""
    return "" if population is None else STRATA[bisect_right(BOUNDS, population) - 1]


def stratum_bounds(stratum: str) -> tuple[int, int | None]:
    """The first and last number of inhabitants of a stratum; None for no end."""
    low, _, high = stratum.partition("-")
    return int(low), int(high) if high else None
