"""The price of a grid for given facts. Pure: no clock, no database, no settings."""

from decimal import Decimal
from itertools import pairwise

from .errors import (
    AgentsUnknown,
    MemberTypeUnknown,
    PopulationKindMismatch,
    PopulationUnknown,
    PopulationZero,
    PriceNotPublished,
)
from .facts import KIND_IN_WORDS, Facts, Population, PopulationKind, count_in_words
from .grids import ByMemberType, FixedPlusVariable, FlatByStratum, Grid, MarginalTranches, PerInhabitant
from .money import COLON, EXACT, NNBSP, format_euros, format_number, format_result, to_cents
from .quote import FLAT_UNIT, Line, Quote
from .strata import Measure, Stratum


def price(*, grid: Grid, facts: Facts) -> Quote:
    """The yearly price, each line to the cent with its calculation in French.

    Raises a ``PricingError`` subclass whose text tells the reader, in French, why there is no price:
    population unknown, zero, or of another kind than the grid's; agents unknown; type of member or stratum
    without a price.
    """
    match grid:
        case ByMemberType():
            return price(grid=member_grid(grid, facts.member_type), facts=facts)
        case FlatByStratum():
            return _flat_by_stratum(grid, facts)
        case PerInhabitant():
            return _per_inhabitant(grid, facts)
        case MarginalTranches():
            return _marginal_tranches(grid, facts)
        case FixedPlusVariable():
            return _fixed_plus_variable(grid, facts)
        case _:
            raise TypeError(f"not a grid: {type(grid).__name__}")


def member_grid(grid: ByMemberType, member_type: str) -> Grid:
    """The grid of this type of member. Raises ``MemberTypeUnknown`` when none is planned for it."""
    chosen = grid.grids.get(member_type, grid.otherwise)
    if chosen is None:
        known = ", ".join(f"« {key} »" for key in sorted(grid.grids))
        raise MemberTypeUnknown(
            f"Le barème ne prévoit pas de prix pour un adhérent de type « {member_type} »{NNBSP}; "
            f"types prévus{COLON}{known}."
        )
    return chosen


def _inhabitants(population: Population | None, kind: PopulationKind | None) -> tuple[Population, int]:
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


def _line(
    code: str, label: str, *, unit_price: Decimal, steps: list[str], quantity: int = 1, unit: str = FLAT_UNIT
) -> Line:
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


def _flat_by_stratum(grid: FlatByStratum, facts: Facts) -> Quote:
    label, counted, stratum = "Forfait annuel", "", grid.strata[0]
    range_in_words = "quelle que soit la taille"
    if not grid.is_lump_sum:
        count, shown = _measured(grid, facts)
        stratum = next(stratum for stratum in grid.strata if stratum.contains(count))
        range_in_words = stratum.in_words(grid.measure)
        label, counted = f"{label}, {range_in_words}", shown + COLON
    amount = stratum.yearly(first_year=facts.first_year)
    if amount is None:
        raise not_published(stratum, grid.measure)
    year = ""
    if stratum.first_year_amount is not None:
        year = ", première année" if facts.first_year else ", années suivantes"
    step = f"{counted}forfait annuel {range_in_words}{year} = {format_result(amount)}"
    return Quote.of(_line("flat", label + year, unit_price=amount, steps=[step[:1].upper() + step[1:]]))


def not_published(stratum: Stratum, measure: Measure) -> PriceNotPublished:
    """The refusal for a stratum that is declared without amount."""
    return PriceNotPublished(
        f"Le barème ne publie pas de prix pour cette taille ({stratum.in_words(measure)}). "
        "Demandez un prix à votre opérateur."
    )


def _measured(grid: FlatByStratum, facts: Facts) -> tuple[int, str]:
    """What decides the stratum, as a number and in words."""
    if grid.measure == "inhabitants":
        population, count = _inhabitants(facts.population, grid.population_kind)
        return count, population.in_words()
    if facts.agents is None:
        raise AgentsUnknown(
            "Le nombre d’agents de la collectivité n’est pas connu, le prix ne peut donc pas être calculé."
        )
    return facts.agents, count_in_words(facts.agents, "agent")


def _per_inhabitant(grid: PerInhabitant, facts: Facts) -> Quote:
    population, count = _inhabitants(facts.population, grid.population_kind)
    amount = EXACT.multiply(Decimal(count), grid.rate)
    label = "Prix par habitant"
    steps = [f"{population.in_words()} × {format_euros(grid.rate)} = {format_result(amount)}"]
    if grid.minimum is not None and amount < grid.minimum:
        steps.append(
            f"Minimum appliqué{COLON}{format_euros(amount)} est inférieur au minimum du barème, "
            f"le montant est porté à {format_result(grid.minimum)}"
        )
        return Quote.of(_line("per_inhabitant", f"{label} (minimum)", unit_price=grid.minimum, steps=steps))
    if grid.cap is not None and amount > grid.cap:
        steps.append(
            f"Plafond appliqué{COLON}{format_euros(amount)} dépasse le plafond du barème, "
            f"le montant est ramené à {format_result(grid.cap)}"
        )
        return Quote.of(_line("per_inhabitant", f"{label} (plafond)", unit_price=grid.cap, steps=steps))
    return Quote.of(
        _line("per_inhabitant", label, quantity=count, unit="habitant", unit_price=grid.rate, steps=steps)
    )


def _marginal_tranches(grid: MarginalTranches, facts: Facts) -> Quote:
    population, count = _inhabitants(facts.population, grid.population_kind)
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
        steps.append(f"{_ranks(below + 1, end)}{COLON}{calculation}")
    steps.append(f"Total{COLON}{' + '.join(parts)} = {format_result(total)}")
    return Quote.of(_line("marginal_tranches", "Prix par tranche d’habitants", unit_price=total, steps=steps))


def _ranks(first: int, last: int) -> str:
    """``Du 1er au 1 000e habitant``."""
    start = "1er" if first == 1 else f"{format_number(first)}e"
    return f"Le {start} habitant" if first == last else f"Du {start} au {format_number(last)}e habitant"


def _fixed_plus_variable(grid: FixedPlusVariable, facts: Facts) -> Quote:
    population, count = _inhabitants(facts.population, grid.population_kind)
    beyond = max(0, count - grid.included)
    fixed_step = f"Part fixe = {format_result(grid.fixed)}"
    if grid.included:
        fixed_step = (
            f"Part fixe, {count_in_words(grid.included, 'habitant')} compris = {format_result(grid.fixed)}"
        )
    if not beyond:
        fixed_step = f"{population.in_words()}{COLON}{fixed_step[:1].lower()}{fixed_step[1:]}"
    lines = [_line("fixed", "Part fixe", unit_price=grid.fixed, steps=[fixed_step])]
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
            _line(
                "variable",
                "Part variable",
                quantity=beyond,
                unit="habitant",
                unit_price=grid.rate,
                steps=steps,
            )
        )
    return Quote.of(*lines)
