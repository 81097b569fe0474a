"""What a value file computes. Pure: no Django, no database, no clock.

After MAREVA, the State's method to analyse the value of an information system project: five axes,
profitability, necessity, control of risks, internal and external benefits, and the value followed up once the
project runs. Sources read: "Mareva 2" on Wikipédia (as copied by wikimonde.com/article/MAREVA), "MAREVA,
Méthode d’Analyse et de Remontée de la VAleur", slides of ADELE (fdocuments.fr). They do not give the scale of
each axis: it is ours, and is said on the page.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate

from subscriptions.value.assumptions import Assumptions, Cost, Every, Gain, Whom

MONTHS = 12
BEST = Decimal(5)
WORST_RISK = 16
_TENTH = Decimal("0.1")


@dataclass(frozen=True)
class Year:
    """One year of the term, in cents; `number` from 1. What is paid once is in the first."""

    number: int
    price_cents: int
    costs_cents: int
    gains_cents: int

    @property
    def net_cents(self) -> int:
        return self.gains_cents - self.price_cents - self.costs_cents


@dataclass(frozen=True)
class Axis:
    """`grade` from 0 to 5, to a tenth; None where nothing was said of it."""

    name: str
    grade: Decimal | None
    how: str


@dataclass(frozen=True)
class Figures:
    """`balance[m]`: what is gained less what is paid, `m` months after the start, in cents. `payback_months`:
    the first month from which it is never negative again, None when there is none within the term."""

    years: tuple[Year, ...]
    once_cents: int
    total_cost_cents: int
    total_gain_cents: int
    net_present_cents: int
    balance: tuple[int, ...]
    payback_months: int | None
    axes: tuple[Axis, ...]


def amount(part: Cost | Gain) -> int:
    """Quantity times unit, in cents, rounded half-up once."""
    return _whole(part.quantity * part.unit_cents)


def figures(supposed: Assumptions) -> Figures:
    """All that the page shows of these assumptions."""
    once = sum(amount(cost) for cost in supposed.costs if cost.every == Every.ONCE)
    yearly = sum(amount(cost) for cost in supposed.costs if cost.every == Every.YEAR)
    gains = sum(amount(gain) for gain in supposed.gains)
    years = tuple(
        Year(
            number=number,
            price_cents=supposed.first_cents if number == 1 else supposed.later_cents,
            costs_cents=yearly + (once if number == 1 else 0),
            gains_cents=gains,
        )
        for number in range(1, supposed.years + 1)
    )
    balance = _balance(years, once)
    payback = payback_of(balance)
    return Figures(
        years=years,
        once_cents=once,
        total_cost_cents=sum(year.price_cents + year.costs_cents for year in years),
        total_gain_cents=sum(year.gains_cents for year in years),
        net_present_cents=net_present(
            once_cents=once,
            flows=[year.net_cents + (once if year.number == 1 else 0) for year in years],
            rate=supposed.rate,
        ),
        balance=balance,
        payback_months=payback,
        axes=_axes(supposed, payback),
    )


def net_present(*, once_cents: int, flows: Iterable[int], rate: Decimal) -> int:
    """The net present value, in cents, rounded half-up once: `once_cents` is paid at the start, each flow
    counts at the end of its year, discounted by `rate` percent a year."""
    factor, value, worth = 1 + rate / 100, Decimal(-once_cents), Decimal(1)
    for flow in flows:
        worth *= factor
        value += flow / worth
    return _whole(value)


def payback_of(balance: tuple[int, ...]) -> int | None:
    """The first month, from the first on, whose balance and all those after are not negative."""
    found = None
    for month in range(len(balance) - 1, 0, -1):
        if balance[month] < 0:
            break
        found = month
    return found


def _balance(years: tuple[Year, ...], once: int) -> tuple[int, ...]:
    """Month by month: what is paid once at the start, the rest by twelfths. Exact at each end of a year,
    rounded down within."""
    found, before = [-once], -once
    for year in years:
        net = year.net_cents + (once if year.number == 1 else 0)
        found += [before + net * month // MONTHS for month in range(1, MONTHS + 1)]
        before += net
    return tuple(found)


def cumulated(years: Iterable[Year]) -> list[int]:
    """The balance at the end of each year."""
    return list(accumulate(year.net_cents for year in years))


def _axes(supposed: Assumptions, payback: int | None) -> tuple[Axis, ...]:
    return (
        Axis(
            "Rentabilité",
            _profitability(supposed, payback),
            "5 quand les gains couvrent les coûts en un an ou moins, un point de moins par année de plus, 0 "
            "jamais",
        ),
        Axis(
            "Nécessité",
            Decimal(supposed.necessity),
            "notée par les auteurs : 5 quand la loi oblige, 0 quand rien ne presse",
        ),
        Axis(
            "Bénéfices internes",
            _mean([one.grade for one in supposed.qualities if one.whom == Whom.AGENTS]),
            "moyenne des notes données à ce qui change pour les agents",
        ),
        Axis(
            "Bénéfices externes",
            _mean([one.grade for one in supposed.qualities if one.whom == Whom.USERS]),
            "moyenne des notes données à ce qui change pour les habitants",
        ),
        Axis(
            "Maîtrise des risques",
            _control([risk.weight for risk in supposed.risks]),
            "5 quand les risques, une fois traités, sont faibles et rares ; 0 quand ils sont graves et "
            "probables",
        ),
    )


def _profitability(supposed: Assumptions, payback: int | None) -> Decimal | None:
    if not supposed.gains:
        return None
    if payback is None:
        return Decimal(0)
    return max(BEST - (payback - 1) // MONTHS, Decimal(1))


def _control(criticities: list[int]) -> Decimal | None:
    if not criticities:
        return None
    exact = Decimal(sum(criticities)) / len(criticities)
    return (BEST * (WORST_RISK - exact) / (WORST_RISK - 1)).quantize(_TENTH, ROUND_HALF_UP)


def _mean(grades: list[int]) -> Decimal | None:
    if not grades:
        return None
    return (Decimal(sum(grades)) / len(grades)).quantize(_TENTH, ROUND_HALF_UP)


def _whole(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))
