"""A grid in plain French, row by row: the tariff as a reader wants it, before any buyer is known."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from .engine import ADHESION
from .facts import KIND_IN_WORDS, PopulationKind, count_in_words
from .grids import (
    AdhesionAndRecurring,
    ByCollege,
    ByMemberType,
    CoveredByEpci,
    EpciByCommunes,
    FirstYearAndFollowing,
    FixedPlusVariable,
    FlatByStratum,
    Grid,
    MarginalTranches,
    NotPublished,
    PerInhabitant,
    PerUnit,
    PooledVolume,
    SolidarityKey,
    SumOf,
)
from .money import COLON, format_euros, format_number
from .strata import Measure, Stratum

ASK = "prix non publié, à demander à l’opérateur"
_MEASURES: dict[Measure, str] = {
    "agents": "le nombre d’agents",
    "budget": "le budget",
    "member_communes": "le nombre de communes membres",
}


# How a reader calls the types of members that the register knows; others keep the operator's own key.
MEMBERS = {
    "commune": "Communes",
    "epci": "Intercommunalités",
    "departement": "Départements",
    "region": "Régions",
}


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that stand under one heading (empty when the grid has a single part)."""

    heading: str
    rows: list[str]


def describe(grid: Grid) -> list[str]:
    """One sentence for each thing the grid says, in its order; amounts are a year's, net of tax."""
    return [
        f"{section.heading}{COLON}{row[:1].lower()}{row[1:]}" if section.heading else row
        for section in describe_sections(grid)
        for row in section.rows
    ]


def describe_sections(grid: Grid) -> list[Section]:
    """The same rows under their headings, for a table each: ``Communes, adhésion``."""
    match grid:
        case ByMemberType():
            named = [(MEMBERS.get(key, f"Adhérent « {key} »"), inner) for key, inner in grid.grids.items()]
            return _under(*named, *([("Autres adhérents", grid.otherwise)] if grid.otherwise else []))
        case ByCollege():
            colleges = [(f"Collège « {key} »", inner) for key, inner in grid.colleges.items()]
            return _under(*colleges, *([("Autres collèges", grid.otherwise)] if grid.otherwise else []))
        case CoveredByEpci():
            *before, last = describe_sections(grid.grid)
            free = "Rien à payer pour une commune dont l’EPCI a souscrit"
            if before or last.heading:
                return [*before, last, Section("", [free])]
            return [Section("", [*last.rows, free])]
        case AdhesionAndRecurring():
            fee = grid.adhesion
            rows = _flat_by_stratum(fee, yearly=False) if isinstance(fee, FlatByStratum) else _simple(fee)
            return [Section(ADHESION, rows), *_under(("Chaque année", grid.recurring))]
        case FirstYearAndFollowing():
            return _under(("Première année", grid.first_year), ("Années suivantes", grid.following))
        case SumOf():
            return _under(*((part.name, part.grid) for part in grid.parts))
        case _:
            return [Section("", _simple(grid))]


def _under(*parts: tuple[str, Grid]) -> list[Section]:
    return [
        Section(_joined(heading, section.heading), section.rows)
        for heading, grid in parts
        for section in describe_sections(grid)
    ]


def _joined(heading: str, below: str) -> str:
    return f"{heading}, {below[:1].lower()}{below[1:]}" if below else heading


def _simple(grid: Grid) -> list[str]:
    match grid:
        case FlatByStratum():
            return _flat_by_stratum(grid)
        case PerInhabitant():
            limits = (("Au minimum", grid.minimum), ("Au plus", grid.cap))
            return [
                f"{_rate(grid.rate)} ({KIND_IN_WORDS[grid.population_kind]})",
                *(f"{words} {format_euros(limit)}" for words, limit in limits if limit is not None),
            ]
        case MarginalTranches():
            return _marginal_tranches(grid)
        case FixedPlusVariable():
            included = f", {count_in_words(grid.included, 'habitant')} compris" if grid.included else ""
            beyond = " au-delà" if grid.included else ""
            return [
                f"Part fixe{COLON}{format_euros(grid.fixed)}{included}",
                f"Part variable{COLON}{_rate(grid.rate)}{beyond} ({KIND_IN_WORDS[grid.population_kind]})",
            ]
        case PerUnit():
            return _per_unit(grid)
        case EpciByCommunes():
            fixed = [] if grid.fixed is None else [f"Part fixe{COLON}{format_euros(grid.fixed)}"]
            return [
                *fixed,
                f"{format_euros(grid.per_commune)} par commune membre",
                f"{_rate(grid.rate)} ({KIND_IN_WORDS[grid.population_kind]})",
            ]
        case PooledVolume():
            return _pooled_volume(grid)
        case SolidarityKey():
            return [
                f"{format_euros(grid.total)} partagés entre les membres selon leur "
                f"{KIND_IN_WORDS[grid.population_kind]} et leur coefficient de solidarité "
                f"({format_number(grid.points)} points en tout)"
            ]
        case NotPublished():
            note = f" ({grid.note})" if grid.note else ""
            return [f"{ASK[:1].upper()}{ASK[1:]}{note}"]
        case _:
            raise TypeError(f"not a grid: {type(grid).__name__}")


def _rate(rate: Decimal) -> str:
    return f"{format_euros(rate)} par habitant"


def _stratum_amount(stratum: Stratum) -> str:
    if stratum.amount is None:
        return ASK
    first = stratum.first_year_amount
    also = "" if first is None else f" ({format_euros(first)} la première année)"
    return format_euros(stratum.amount) + also


def _flat_by_stratum(grid: FlatByStratum, *, yearly: bool = True) -> list[str]:
    name = "Forfait annuel" if yearly else "Forfait"
    if grid.is_lump_sum:
        return [f"{name}{COLON}{_stratum_amount(grid.strata[0])}"]
    measure = _MEASURES.get(grid.measure) or f"la {_kind(grid.population_kind)}"
    rows = [f"{name} selon {measure}"]
    for stratum in grid.strata:
        bounds = stratum.in_words(grid.measure)
        rows.append(f"{bounds[:1].upper()}{bounds[1:]}{COLON}{_stratum_amount(stratum)}")
    return rows


def _kind(kind: PopulationKind | None) -> str:
    return KIND_IN_WORDS[kind] if kind else "population"


def _marginal_tranches(grid: MarginalTranches) -> list[str]:
    rows = [f"Prix par tranche d’habitants ({KIND_IN_WORDS[grid.population_kind]})"]
    below = 0
    for tranche in grid.tranches:
        start = "1er" if not below else f"{format_number(below + 1)}e"
        if tranche.up_to is None:
            ranks = f"À partir du {start} habitant"
        else:
            ranks = f"Du {start} au {format_number(tranche.up_to)}e habitant"
        rows.append(f"{ranks}{COLON}{_rate(tranche.rate)}")
        below = tranche.up_to or below
    return rows


def _per_unit(grid: PerUnit) -> list[str]:
    singular, _ = grid.nouns
    if not grid.bands:
        return [f"{format_euros(grid.unit_price or Decimal(0))} par {singular}"]
    how = "chacun au prix de son palier" if grid.counting == "marginal" else "tous au prix du palier atteint"
    rows, below = [f"Prix par {singular} selon leur nombre, {how}"], 0
    for band in grid.bands:
        price = f"{format_euros(grid.price_in(band))} par {singular}"
        if band.coefficient is not None:
            price = f"coefficient {format_number(band.coefficient)}, soit {price}"
        rows.append(f"{_range(below, band.up_to, grid.in_words)}{COLON}{price}")
        below = band.up_to or below
    return rows


def _pooled_volume(grid: PooledVolume) -> list[str]:
    rows = [f"Prix par habitant selon le volume de tout le groupe ({KIND_IN_WORDS[grid.population_kind]})"]
    below = 0
    for tier in grid.tiers:
        bounds = _range(below, tier.up_to, lambda count: count_in_words(count, "habitant"))
        rows.append(f"{bounds} dans le groupe{COLON}{_rate(tier.rate)}")
        below = tier.up_to or below
    return rows


def _range(below: int, up_to: int | None, words: Callable[[int], str]) -> str:
    """``Jusqu’à 10 agents``, ``De 11 à 50 agents``, ``À partir de 51 agents``."""
    if up_to is None:
        return f"À partir de {words(below + 1)}" if below else "Quel que soit le nombre"
    return f"De {format_number(below + 1)} à {words(up_to)}" if below else f"Jusqu’à {words(up_to)}"
