"""What a group purchase would cost a territory, before anything is asked for: open to anyone, binds nobody.

By the rules of a request and of its invoices: the grid in force, a month begun owed whole, a calendar year
that begins before the first anniversary priced as a first year, one-off fees once. Of a tariff that says its
rhythm, a year is what falls due in it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from catalog.models import Listing
from catalog.prices import TerritoryFacts, list_price, vat_in, vat_on
from catalog.pricing import (
    Facts,
    Grid,
    Jump,
    Line,
    PricingError,
    Quote,
    Rhythm,
    curve,
    first_year_apart,
    jumps,
    parse_grid,
    price,
    prorate,
    rhythm_of,
    slice_of_year,
)
from subscriptions.models import GroupPopulation
from subscriptions.pooling import with_newcomer
from tenants.days import months_after, months_between

MOST_SERVICES = 10
YEAR = 12
NO_GRID = "Aucun tarif n’est en vigueur."
# How far a threshold may be, in parts of the population, to be told: a third more or less.
NEAR = 3


@dataclass(frozen=True)
class Amount:
    """Cents, net of tax and with it."""

    net_cents: int = 0
    gross_cents: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.net_cents + other.net_cents, self.gross_cents + other.gross_cents)


@dataclass(frozen=True)
class SimulatedLine:
    """A service, or one of its options. `this_year` is prorated from its start; `next_year` is the calendar
    year after; `later` each year from then on. All are None with a `problem`, in French.

    `listed` is a whole year at the vendor's list price, where it publishes one. `thresholds`: the next jump
    of the price below and above the buyer's population, those that are near.
    """

    listing: Listing
    name: str
    option: str = ""
    quote: Quote | None = None  # of this year, to be explained
    this_year: Amount | None = None
    next_year: Amount | None = None
    later: Amount | None = None
    listed: Amount | None = None
    thresholds: tuple[Jump, ...] = ()
    group: GroupPopulation | None = None
    problem: str = ""


@dataclass(frozen=True)
class Simulation:
    """All the lines, and what adds up: lines without a price are in no total."""

    lines: tuple[SimulatedLine, ...]
    months: int  # of the first calendar year

    @property
    def this_year(self) -> Amount:
        return self._total("this_year")

    @property
    def next_year(self) -> Amount:
        return self._total("next_year")

    @property
    def later(self) -> Amount:
        return self._total("later")

    @property
    def saved_cents(self) -> int:
        """By year and with tax, over the lines that have a list price; negative where buying together costs
        more."""
        told = [line for line in self.lines if line.listed and line.later]
        return sum(line.listed.gross_cents - line.later.gross_cents for line in told)

    @property
    def listed_cents(self) -> int:
        """What those lines cost at their list price, by year and with tax."""
        return sum(line.listed.gross_cents for line in self.lines if line.listed and line.later)

    @property
    def is_whole(self) -> bool:
        """Whether each line has a price."""
        return not any(line.problem for line in self.lines)

    def _total(self, name: str) -> Amount:
        return sum((getattr(line, name) for line in self.lines if getattr(line, name)), Amount())


def simulate(
    *,
    listings: Sequence[Listing],
    options: Mapping[int, Collection[str]],
    facts: TerritoryFacts,
    starts_on: date,
    on: date,
    groups: Mapping[int, GroupPopulation],
    others: int = 0,
) -> Simulation:
    """The price of these listings (`for_cards`) and of these options of theirs (codes by listing id), asked
    for on the day `on` and open from `starts_on`. No query.

    `groups` as they are counted (`pooling.groups_of`); `others`: inhabitants who would join with her.
    """
    lines = []
    for listing in listings[:MOST_SERVICES]:
        group = groups.get(listing.pk)
        chosen = options.get(listing.pk, ())
        wanted = [("", listing.shown.name)]
        wanted += [(one["code"], one["name"]) for one in listing.shown.options if one["code"] in chosen]
        for code, name in wanted:
            line = SimulatedLine(listing=listing, name=name, option=code, group=group)
            lines.append(_priced(line, facts, starts_on=starts_on, on=on, others=others))
    return Simulation(tuple(lines), months_of_first_year(starts_on))


def months_of_first_year(starts_on: date) -> int:
    """A month begun is owed whole: 12 from January on, 1 in December."""
    return 13 - starts_on.month


def _priced(
    line: SimulatedLine, facts: TerritoryFacts, *, starts_on: date, on: date, others: int
) -> SimulatedLine:
    grid, base = line.listing.grid_on(on, line.option), line.listing.grid_on(on)
    if facts.problem or grid is None or base is None:
        return replace(line, problem=facts.problem or NO_GRID)
    parsed = parse_grid(grid.definition)
    facts = with_newcomer(facts=facts, grid=parsed, group=line.group, others=others)
    first = facts.for_grid(parsed, first_year=True)
    try:
        opening = price(grid=parsed, facts=first)
        later = price(grid=parsed, facts=facts.for_grid(parsed)) if first_year_apart(parsed) else opening
    except PricingError as error:
        return replace(line, problem=str(error))
    later = later.recurring()
    if rhythm := rhythm_of(base.definition):
        this_year, next_year = (
            _due(rhythm, opening, later, starts_on, year) for year in (starts_on.year, starts_on.year + 1)
        )
    else:
        months = months_of_first_year(starts_on)
        this_year = opening if months == YEAR else _part(opening, months)
        # A year that begins before the first anniversary is priced as the first, without its one-off fees.
        next_year = later if starts_on.month == starts_on.day == 1 else opening.recurring()

    vat = vat_on(grid=base, facts=facts)  # an option bears that of its service (`choosing.price_of`)

    def amount(quote: Quote) -> Amount:
        return Amount(quote.total_cents, quote.total_cents + vat_in(quote, vat))

    return replace(
        line,
        quote=this_year,
        this_year=amount(this_year),
        next_year=amount(next_year),
        later=amount(later),
        listed=None if line.option else _listed(line.listing, facts),
        thresholds=_near(parsed, first),
    )


def _due(rhythm: Rhythm, opening: Quote, later: Quote, opened: date, year: int) -> Quote:
    """What falls due of a rhythm in a calendar year, as billing.rhythms has it. Periods that follow one
    another in a year of the rhythm, at one price, are told as one: they sum to it."""
    anchor = opened if rhythm.anchor == "subscription" else date(opened.year, 1, 1)
    anniversary = date(opened.year + 1, opened.month, min(opened.day, 28))  # Subscription.in_first_year
    spans: dict[tuple[int, bool], tuple[Fraction, Fraction]] = {}
    months, opens = 0, False
    while (start := months_after(anchor, months)).year <= year:
        first, until = max(start, opened), months + rhythm.months
        last = months_after(anchor, until) - timedelta(days=1)
        due = first if rhythm.due == "advance" else last
        if last >= opened and due.year == year:
            key = months // YEAR, first < anniversary
            since, _ = spans.get(key) or (_owed_from(rhythm, months_between(anchor, first)), until)
            spans[key] = since, Fraction(until)
            opens = opens or first == opened
        months = until
    lines: list[Line] = []
    for (rank, is_first), (since, until) in spans.items():
        whole = opening if opens and not lines else opening.recurring() if is_first else later
        lines += slice_of_year(whole, start=since - rank * YEAR, end=until - rank * YEAR).lines
    return Quote.of(*lines)


def _owed_from(rhythm: Rhythm, moment: Fraction) -> Fraction:
    """What is begun is owed by the day, or whole: the month, or the period."""
    step = {"day": None, "month": 1, "none": rhythm.months}[rhythm.proration]
    return moment if step is None else Fraction(moment // step * step)


def _part(quote: Quote, months: int) -> Quote:
    return prorate(quote=quote, numerator=months, denominator=12, label="mois")


def _listed(listing: Listing, facts: TerritoryFacts) -> Amount | None:
    found = list_price(listing=listing, facts=facts)
    if found is None or found.quote is None:
        return None
    return Amount(found.following_cents, found.following_cents + found.following_vat_cents)


def _near(grid: Grid, facts: Facts) -> tuple[Jump, ...]:
    """The last jump below and the first one above the buyer's population, no farther than a third of it."""
    if facts.population is None or not facts.population.value:
        return ()
    here = facts.population.value
    found = jumps(curve(grid, facts=facts))
    below = [jump for jump in found if jump.population_after <= here][-1:]
    above = [jump for jump in found if jump.population_after > here][:1]
    return tuple(jump for jump in below + above if abs(jump.population_after - here) * NEAR <= here)
