"""The price of a grid for given facts. Pure: no clock, no database, no settings."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .engine_group import epci_by_communes, per_unit, pooled_volume, solidarity_key
from .engine_simple import fixed_plus_variable, flat_by_stratum, marginal_tranches, per_inhabitant
from .errors import CollegeUnknown, MemberTypeUnknown, PriceNotPublished, PricingError
from .facts import Facts
from .grids import (
    AdhesionAndRecurring,
    BuyerGrid,
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
    grid_of,
)
from .lines import line_of
from .money import COLON, NNBSP, format_cents, from_cents
from .quote import Line, Quote


def price(*, grid: Grid, facts: Facts) -> Quote:
    """The yearly price, each line to the cent with its calculation in French.

    Codes of lines differ within a quote; a one-off line (adhesion) is marked so. Raises a ``PricingError``
    subclass whose text tells the reader, in French, why there is no price: population unknown, zero, or of
    another kind than the grid's; another fact unknown (``FactUnknown``); type of member, college or stratum
    without a price.
    """
    found = _SIMPLE.get(type(grid))
    return found(grid, facts) if found else _wrapped(grid, facts)


_SIMPLE: dict[type, Callable[[Any, Facts], Quote]] = {
    FlatByStratum: flat_by_stratum,
    PerInhabitant: per_inhabitant,
    MarginalTranches: marginal_tranches,
    FixedPlusVariable: fixed_plus_variable,
    PerUnit: per_unit,
    EpciByCommunes: epci_by_communes,
    PooledVolume: pooled_volume,
    SolidarityKey: solidarity_key,
}


def _wrapped(grid: Grid, facts: Facts) -> Quote:
    match grid:
        case ByMemberType() | ByCollege():
            return price(grid=buyer_grid(grid, facts), facts=facts)
        case SumOf():
            return Quote.of(*(line for part in _parts(grid, facts) for line in part))
        case FirstYearAndFollowing():
            return _first_year_and_following(grid, facts)
        case AdhesionAndRecurring():
            return _adhesion_and_recurring(grid, facts)
        case CoveredByEpci():
            return _covered(facts.covered_by) if facts.covered_by else price(grid=grid.grid, facts=facts)
        case NotPublished():
            note = f" ({grid.note})" if grid.note else ""
            raise PriceNotPublished(f"Le prix n’est pas publié{note}. Demandez un prix à votre opérateur.")
        case _:
            raise TypeError(f"not a grid: {type(grid).__name__}")


def buyer_grid(grid: Grid, facts: Facts) -> BuyerGrid:
    """The grid of this type of member and this college.

    Raises ``MemberTypeUnknown`` or ``CollegeUnknown`` when none is planned for it.
    """
    found = grid_of(grid, member_type=facts.member_type, college=facts.college)
    if found is not None:
        return found
    if isinstance(grid, ByMemberType):
        inner = grid.grids.get(facts.member_type, grid.otherwise)
        if inner is None:
            raise MemberTypeUnknown(
                f"Le barème ne prévoit pas de prix pour un adhérent de type « {facts.member_type} »{NNBSP}; "
                f"types prévus{COLON}{_keys(grid.grids)}."
            )
        grid = inner
    if not isinstance(grid, ByCollege):
        raise TypeError(f"not a grid: {type(grid).__name__}")
    if facts.college is None:
        raise CollegeUnknown(
            "Le collège de la collectivité n’est pas connu, le prix ne peut donc pas être calculé."
        )
    raise CollegeUnknown(
        f"Le barème ne prévoit pas de prix pour le collège « {facts.college} »{NNBSP}; "
        f"collèges prévus{COLON}{_keys(grid.colleges)}."
    )


def _keys(grids: dict[str, Any]) -> str:
    return ", ".join(f"« {key} »" for key in sorted(grids))


def in_part(name: str, reason: str) -> str:
    """The reason of a refusal, saying which part of the grid has no price."""
    return f"{name}{COLON}{reason}"


def _parts(grid: SumOf, facts: Facts) -> list[list[Line]]:
    found = []
    for rank, part in enumerate(grid.parts, start=1):
        try:
            quote = price(grid=part.grid, facts=facts)
        except PricingError as refusal:
            raise type(refusal)(in_part(part.name, str(refusal))) from refusal
        found.append(
            [
                replace(line, code=f"{rank}.{line.code}", label=_under(part.name, line.label))
                for line in quote.lines
            ]
        )
    return found


def _under(name: str, label: str) -> str:
    """``Socle : part fixe``."""
    return f"{name}{COLON}{label[:1].lower()}{label[1:]}"


def _first_year_and_following(grid: FirstYearAndFollowing, facts: Facts) -> Quote:
    year = "première année" if facts.first_year else "années suivantes"
    quote = price(grid=grid.first_year if facts.first_year else grid.following, facts=facts)
    return Quote.of(*(replace(line, label=f"{line.label}, {year}") for line in quote.lines))


def _adhesion_and_recurring(grid: AdhesionAndRecurring, facts: Facts) -> Quote:
    recurring = price(grid=grid.recurring, facts=facts)
    if not facts.first_year:
        return recurring
    try:
        if isinstance(grid.adhesion, FlatByStratum):
            adhesion = flat_by_stratum(grid.adhesion, facts, yearly=False)
        else:
            adhesion = price(grid=grid.adhesion, facts=facts)
    except PricingError as refusal:
        raise type(refusal)(in_part(ADHESION, str(refusal))) from refusal
    fees = [
        replace(line, code=f"adhesion.{line.code}", label=_under(ADHESION, line.label), one_off=True)
        for line in adhesion.lines
    ]
    return Quote.of(*fees, *recurring.lines)


ADHESION = "Adhésion, la première année seulement"


def _covered(epci: str) -> Quote:
    step = f"{epci} a souscrit ce service pour ses communes membres{COLON}rien à payer = {format_cents(0)}"
    label = f"Compris dans l’abonnement de {epci}"
    return Quote.of(line_of("covered_by_epci", label, unit_price=from_cents(0), steps=[step]))
