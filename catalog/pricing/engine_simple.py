"""Prices of the grids that look at the size of the buyer."""

from decimal import Decimal
from itertools import pairwise

from .errors import AgentsUnknown, BudgetUnknown, FactUnknown, MemberCommunesUnknown, PriceNotPublished
from .facts import Facts, count_in_words
from .lines import inhabitants_of, known, line_of, ranks
from .money import COLON, EXACT, format_euros, format_number, format_result
from .quote import Quote
from .simple_grids import FixedPlusVariable, FlatByStratum, MarginalTranches, PerInhabitant
from .strata import Measure, Stratum, measured_in_words


def flat_by_stratum(grid: FlatByStratum, facts: Facts, *, yearly: bool = True) -> Quote:
    name = "forfait annuel" if yearly else "forfait"
    label, counted, stratum = name.capitalize(), "", grid.strata[0]
    range_in_words = "quelle que soit la taille"
    if not grid.is_lump_sum:
        count, shown = _measured(grid, facts)
        stratum = next(stratum for stratum in grid.strata if stratum.contains(count))
        range_in_words = stratum.in_words(grid.measure)
        label, counted = f"{label}, {range_in_words}", shown + COLON
    amount = stratum.yearly(first_year=facts.first_year)
    if amount is None:
        raise stratum_not_published(stratum, grid.measure)
    year = ""
    if stratum.first_year_amount is not None:
        year = ", première année" if facts.first_year else ", années suivantes"
    step = f"{counted}{name} {range_in_words}{year} = {format_result(amount)}"
    return Quote.of(line_of("flat", label + year, unit_price=amount, steps=[step[:1].upper() + step[1:]]))


def stratum_not_published(stratum: Stratum, measure: Measure) -> PriceNotPublished:
    """The refusal for a stratum that is declared without amount."""
    return PriceNotPublished(
        f"Le barème ne publie pas de prix pour cette taille ({stratum.in_words(measure)}). "
        "Demandez un prix à votre opérateur."
    )


def _measured(grid: FlatByStratum, facts: Facts) -> tuple[int, str]:
    """What decides the stratum, as a number and in words."""
    if grid.measure == "inhabitants":
        population, count = inhabitants_of(facts.population, grid.population_kind)
        return count, population.in_words()
    counts: dict[Measure, tuple[int | None, str, type[FactUnknown]]] = {
        "agents": (facts.agents, "Le nombre d’agents de la collectivité", AgentsUnknown),
        "budget": (facts.budget, "Le budget de la collectivité", BudgetUnknown),
        "member_communes": (facts.member_communes, "Le nombre de communes membres", MemberCommunesUnknown),
    }
    count = known(*counts[grid.measure])
    return count, measured_in_words(count, grid.measure)


def per_inhabitant(grid: PerInhabitant, facts: Facts) -> Quote:
    population, count = inhabitants_of(facts.population, grid.population_kind)
    amount = EXACT.multiply(Decimal(count), grid.rate)
    label = "Prix par habitant"
    steps = [f"{population.in_words()} × {format_euros(grid.rate)} = {format_result(amount)}"]
    if grid.minimum is not None and amount < grid.minimum:
        steps.append(
            f"Minimum appliqué{COLON}{format_euros(amount)} est inférieur au minimum du barème, "
            f"le montant est porté à {format_result(grid.minimum)}"
        )
        return Quote.of(line_of("per_inhabitant", f"{label} (minimum)", unit_price=grid.minimum, steps=steps))
    if grid.cap is not None and amount > grid.cap:
        steps.append(
            f"Plafond appliqué{COLON}{format_euros(amount)} dépasse le plafond du barème, "
            f"le montant est ramené à {format_result(grid.cap)}"
        )
        return Quote.of(line_of("per_inhabitant", f"{label} (plafond)", unit_price=grid.cap, steps=steps))
    return Quote.of(
        line_of("per_inhabitant", label, quantity=count, unit="habitant", unit_price=grid.rate, steps=steps)
    )


def marginal_tranches(grid: MarginalTranches, facts: Facts) -> Quote:
    population, count = inhabitants_of(facts.population, grid.population_kind)
    steps = [f"{population.in_words()}, tranche par tranche"]
    total = Decimal(0)
    parts: list[str] = []
    ends = [min(count, tranche.up_to) if tranche.up_to is not None else count for tranche in grid.tranches]
    for (below, end), tranche in zip(pairwise([0, *ends]), grid.tranches, strict=True):
        if end == below:
            break
        count_here = end - below
        amount = EXACT.multiply(Decimal(count_here), tranche.rate)
        total = EXACT.add(total, amount)
        parts.append(format_euros(amount))
        calculation = f"{format_number(count_here)} × {format_euros(tranche.rate)} = {parts[-1]}"
        steps.append(f"{ranks(below + 1, end)}{COLON}{calculation}")
    added_up = f"{' + '.join(parts)} = " if len(parts) > 1 else ""
    steps.append(f"Total{COLON}{added_up}{format_result(total)}")
    return Quote.of(
        line_of("marginal_tranches", "Prix par tranche d’habitants", unit_price=total, steps=steps)
    )


def fixed_plus_variable(grid: FixedPlusVariable, facts: Facts) -> Quote:
    population, count = inhabitants_of(facts.population, grid.population_kind)
    beyond = max(0, count - grid.included)
    fixed_step = f"Part fixe = {format_result(grid.fixed)}"
    if grid.included:
        fixed_step = (
            f"Part fixe, {count_in_words(grid.included, 'habitant')} compris = {format_result(grid.fixed)}"
        )
    if not beyond:
        fixed_step = f"{population.in_words()}{COLON}{fixed_step[:1].lower()}{fixed_step[1:]}"
    lines = [line_of("fixed", "Part fixe", unit_price=grid.fixed, steps=[fixed_step])]
    if beyond:
        amount = EXACT.multiply(Decimal(beyond), grid.rate)
        steps = []
        shown = population.in_words()
        if grid.included:
            steps.append(
                f"{shown}, moins {format_number(grid.included)} compris dans la part fixe = "
                f"{count_in_words(beyond, 'habitant')}"
            )
            shown = count_in_words(beyond, "habitant")
        steps.append(f"{shown} × {format_euros(grid.rate)} = {format_result(amount)}")
        lines.append(
            line_of(
                "variable",
                "Part variable",
                quantity=beyond,
                unit="habitant",
                unit_price=grid.rate,
                steps=steps,
            )
        )
    return Quote.of(*lines)
