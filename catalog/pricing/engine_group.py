"""Prices of the grids that count units, or look at the group around the buyer."""

from decimal import Decimal
from itertools import pairwise

from .errors import (
    AgentsUnknown,
    MemberCommunesUnknown,
    PooledPopulationUnknown,
    SolidarityCoefficientUnknown,
    UnitsUnknown,
)
from .facts import Facts, count_in_words
from .group_grids import EpciByCommunes, PooledVolume, SolidarityKey
from .lines import inhabitants_of, known, line_of
from .money import COLON, EXACT, decimal_places, format_euros, format_number, format_result
from .quote import Line, Quote
from .units import Band, PerUnit


def per_unit(grid: PerUnit, facts: Facts) -> Quote:
    singular, plural = grid.nouns
    of = "d’" if plural[0].lower() in "aeéiou" else "de "
    missing = AgentsUnknown if grid.unit == "agent" else UnitsUnknown
    whose = " de la collectivité" if grid.unit == "agent" else ""
    count = known(grid.count(facts), f"Le nombre {of}{plural}{whose}", missing)
    shown = grid.in_words(count)
    if grid.counting == "marginal" and grid.bands:
        return Quote.of(_units_band_by_band(grid, count, shown))
    rate, steps = grid.unit_price or Decimal(0), []
    if grid.bands:
        band, below = _band_reached(grid, count)
        rate = grid.price_in(band)
        steps.append(
            f"{shown}{COLON}{_band_in_words(grid, band, below)}, {_price_in_words(grid, band)} pour tous"
        )
    amount = EXACT.multiply(Decimal(count), rate)
    steps.append(f"{shown} × {format_euros(rate)} = {format_result(amount)}")
    label = f"Prix par {singular}"
    return Quote.of(line_of("per_unit", label, quantity=count, unit=singular, unit_price=rate, steps=steps))


def _band_reached(grid: PerUnit, count: int) -> tuple[Band, int]:
    """The band the whole number falls in, and the end of the one before it."""
    below = 0
    for band in grid.bands:
        if band.up_to is None or count <= band.up_to:
            break
        below = band.up_to
    return band, below


def _band_in_words(grid: PerUnit, band: Band, below: int) -> str:
    """``palier de 11 à 50 postes de travail``."""
    if band.up_to is None:
        return f"palier à partir de {grid.in_words(below + 1)}"
    if not below:
        return f"palier jusqu’à {grid.in_words(band.up_to)}"
    return f"palier de {format_number(below + 1)} à {grid.in_words(band.up_to)}"


def _price_in_words(grid: PerUnit, band: Band) -> str:
    """``10,00 € × coefficient 0,8 = 8,00 €``, or the price alone."""
    price = format_euros(grid.price_in(band))
    if band.coefficient is None or grid.unit_price is None:
        return price
    return f"{format_euros(grid.unit_price)} × coefficient {format_number(band.coefficient)} = {price}"


def _units_band_by_band(grid: PerUnit, count: int, shown: str) -> Line:
    singular, plural = grid.nouns
    steps, parts, total = [f"{shown}, palier par palier"], [], Decimal(0)
    ends = [min(count, band.up_to) if band.up_to is not None else count for band in grid.bands]
    for (below, end), band in zip(pairwise([0, *ends]), grid.bands, strict=True):
        if end == below:
            break
        amount = EXACT.multiply(Decimal(end - below), grid.price_in(band))
        total = EXACT.add(total, amount)
        parts.append(format_euros(amount))
        which = f"{plural} {format_number(below + 1)} à {format_number(end)}"
        if end == below + 1:
            which = f"{singular} {format_number(end)}"
        steps.append(
            f"{which[:1].upper()}{which[1:]}{COLON}{format_number(end - below)} × "
            f"{format_euros(grid.price_in(band))} = {parts[-1]}"
        )
    added_up = f"{' + '.join(parts)} = " if len(parts) > 1 else ""
    steps.append(f"Total{COLON}{added_up}{format_result(total)}")
    return line_of("per_unit", f"Prix par {singular}", unit_price=total, steps=steps)


def epci_by_communes(grid: EpciByCommunes, facts: Facts) -> Quote:
    population, count = inhabitants_of(facts.population, grid.population_kind)
    communes = known(facts.member_communes, "Le nombre de communes membres", MemberCommunesUnknown)
    lines = []
    if grid.fixed is not None:
        step = f"Part fixe = {format_result(grid.fixed)}"
        lines.append(line_of("fixed", "Part fixe", unit_price=grid.fixed, steps=[step]))
    for code, label, quantity, unit, shown, rate in (
        (
            "member_communes",
            "Part par commune membre",
            communes,
            "commune",
            f"{count_in_words(communes, 'commune')} membre{'s' if communes >= 2 else ''}",
            grid.per_commune,
        ),
        ("per_inhabitant", "Part par habitant", count, "habitant", population.in_words(), grid.rate),
    ):
        amount = EXACT.multiply(Decimal(quantity), rate)
        step = f"{shown} × {format_euros(rate)} = {format_result(amount)}"
        lines.append(line_of(code, label, quantity=quantity, unit=unit, unit_price=rate, steps=[step]))
    return Quote.of(*lines)


def pooled_rate(grid: PooledVolume, facts: Facts) -> Decimal:
    """Euros an inhabitant that the group has reached. Raises ``PooledPopulationUnknown``."""
    return grid.tier(_pooled(facts)).rate


def _pooled(facts: Facts) -> int:
    return known(facts.pooled_population, "Le nombre d’habitants de tout le groupe", PooledPopulationUnknown)


def pooled_volume(grid: PooledVolume, facts: Facts) -> Quote:
    population, count = inhabitants_of(facts.population, grid.population_kind)
    rate = pooled_rate(grid, facts)
    amount = EXACT.multiply(Decimal(count), rate)
    group = count_in_words(_pooled(facts), "habitant")
    steps = [
        f"Le groupe réunit {group}{COLON}{format_euros(rate)} par habitant pour tous ses membres",
        f"{population.in_words()} × {format_euros(rate)} = {format_result(amount)}",
    ]
    return Quote.of(
        line_of(
            "pooled_volume",
            "Prix par habitant, selon le volume du groupe",
            quantity=count,
            unit="habitant",
            unit_price=rate,
            steps=steps,
        )
    )


def solidarity_rate(grid: SolidarityKey, facts: Facts) -> Decimal:
    """Euros an inhabitant of this member. Raises ``SolidarityCoefficientUnknown``."""
    if facts.solidarity_coefficient is None:
        raise SolidarityCoefficientUnknown(
            "Le coefficient de solidarité de la collectivité n’est pas connu, le prix ne peut donc pas être "
            "calculé."
        )
    return grid.rate(facts.solidarity_coefficient)


def solidarity_key(grid: SolidarityKey, facts: Facts) -> Quote:
    population, count = inhabitants_of(facts.population, grid.population_kind)
    rate = solidarity_rate(grid, facts)
    amount = EXACT.multiply(Decimal(count), rate)
    coefficient = facts.solidarity_coefficient or Decimal(0)
    rounded = " (arrondi)" if decimal_places(rate) == 8 else ""
    steps = [
        f"{format_euros(grid.total)} à partager entre {format_number(grid.points)} points, "
        f"coefficient de solidarité {format_number(coefficient)}{COLON}"
        f"{format_euros(grid.total)} × {format_number(coefficient)} / {format_number(grid.points)} = "
        f"{format_euros(rate)} par habitant{rounded}",
        f"{population.in_words()} × {format_euros(rate)} = {format_result(amount)}",
    ]
    return Quote.of(
        line_of(
            "solidarity_key",
            "Part selon la clé de solidarité",
            quantity=count,
            unit="habitant",
            unit_price=rate,
            steps=steps,
        )
    )
