"""What a payment that comes late costs: dates, rate, interest, indemnity. Pure: no database.

Public buyers (CCP L2192-12 to 14, R2192-31 to 36, D2192-35): the ECB's main refinancing rate of the first day
of the half-year in which interest began to run, plus eight points, kept until the payment. Private ones
(C. com. L441-10): the rate of each half-year, plus ten points. Both: 40 € a late payment, no VAT on either.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from catalog.pricing import format_cents, format_date, format_percent
from catalog.pricing.money import round_ratio
from tenants.days import days_in_words, years_after

INDEMNITY_CENTS = 4000  # D2192-35; C. com. D441-5
PUBLIC_POINTS, PRIVATE_POINTS = 8, 10
DAYS_OF_YEAR = 365
NEW_DELAY = 30  # days (R2192-29)
# Whole years after that of the debt, or of the last written claim: loi du 31 décembre 1968, art. 1 and 2.
YEARS_TO_LAPSE = 4
PRIVATE_YEARS_TO_LAPSE = 5  # C. com. L110-4, from the due date
ONE_DAY = timedelta(days=1)

# The ECB's rate, in per cent, in force on the first day of a half-year.
Rates = Callable[[date], Decimal | None]


class RateMissing(Exception):
    """The ECB's rate of a half-year is not known. `half_year`: its first day."""

    def __init__(self, half_year: date):
        self.half_year = half_year
        super().__init__(f"Il manque le taux de la BCE au {format_date(half_year)}.")


@dataclass(frozen=True)
class Stretch:
    """Days in a row, both ends included, that bear one rate (in per cent a year)."""

    first: date
    last: date
    rate: Decimal

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Late:
    """What is due for a payment that comes `days` late, in cents; `steps` says how, in French."""

    days: int
    base_cents: int
    interest_cents: int
    indemnity_cents: int
    steps: list[str]

    @property
    def total_cents(self) -> int:
        return self.interest_cents + self.indemnity_cents


def half_year_of(day: date) -> date:
    """The first day of its half-year."""
    return date(day.year, 1 if day.month < 7 else 7, 1)


def due_again_on(*, due_on: date, interrupted_on: date, resumed_on: date) -> date:
    """The last day to pay after an interruption: thirty days from its end, or what was left of the first
    time on the day it was interrupted, when that is more (R2192-29)."""
    return resumed_on + timedelta(days=max(NEW_DELAY, (due_on - interrupted_on).days))


def days_late(*, due_on: date, until: date) -> int:
    """From the day after the due date to the payment, included; zero when it is in time."""
    return max((until - due_on).days, 0)


def late(*, base_cents: int, due_on: date, until: date, private: bool, rates: Rates) -> Late | None:
    """What is due on `base_cents` (tax included) paid on `until`; None when that is in time, or nothing is
    owed. Raises RateMissing."""
    days = days_late(due_on=due_on, until=until)
    if not days or base_cents <= 0:
        return None
    stretches = _stretches(due_on + ONE_DAY, until, private=private, rates=rates)
    # Hundredths of a per cent, so that all is whole until the one rounding.
    weighted = sum(int(stretch.rate * 100) * stretch.days for stretch in stretches)
    interest = round_ratio(base_cents * weighted, 100 * 100 * DAYS_OF_YEAR)
    points = PRIVATE_POINTS if private else PUBLIC_POINTS
    return Late(
        days=days,
        base_cents=base_cents,
        interest_cents=interest,
        indemnity_cents=INDEMNITY_CENTS,
        steps=[
            f"Échéance le {format_date(due_on)} : {days_in_words(days)} de retard au {format_date(until)}",
            *(
                f"Du {format_date(one.first)} au {format_date(one.last)} : "
                f"{days_in_words(one.days)} à {format_percent(one.rate)} (taux de la BCE au "
                f"{format_date(half_year_of(one.first))}, {format_percent(one.rate - points)}, plus "
                f"{points} points)"
                for one in stretches
            ),
            f"Intérêts sur {format_cents(base_cents)} TTC, année de {DAYS_OF_YEAR} jours : "
            f"{format_cents(interest)}",
            f"Indemnité forfaitaire pour frais de recouvrement : {format_cents(INDEMNITY_CENTS)}",
        ],
    )


def late_in_parts(
    *, parts: Iterable[tuple[int, date]], due_on: date, private: bool, rates: Rates
) -> Late | None:
    """The same for what was paid in several times: `parts` are cents, tax included, each with its day of
    payment. Each bears interest until that day; the indemnity is due once."""
    found = [
        one
        for cents, until in parts
        if (one := late(base_cents=cents, due_on=due_on, until=until, private=private, rates=rates))
    ]
    if len(found) < 2:
        return found[0] if found else None
    *_, indemnity = found[-1].steps
    return Late(
        days=max(one.days for one in found),
        base_cents=sum(one.base_cents for one in found),
        interest_cents=sum(one.interest_cents for one in found),
        indemnity_cents=INDEMNITY_CENTS,
        steps=[*(step for one in found for step in one.steps[:-1]), indemnity],
    )


def lapses_on(*, issued_on: date, due_on: date, last_claim_on: date | None, private: bool) -> date:
    """The last day on which the sum can be claimed: of a public body, the end of the fourth year after that
    of the invoice or of the last written claim; of a private one, five years after the due date."""
    if private:
        return years_after(due_on, PRIVATE_YEARS_TO_LAPSE)
    return date(max(issued_on, last_claim_on or issued_on).year + YEARS_TO_LAPSE, 12, 31)


def _stretches(first: date, last: date, *, private: bool, rates: Rates) -> list[Stretch]:
    if not private:
        return [Stretch(first, last, _rate(first, PUBLIC_POINTS, rates))]
    found, start = [], first
    while start <= last:
        half = half_year_of(start)
        following = date(half.year, 7, 1) if half.month == 1 else date(half.year + 1, 1, 1)
        end = min(last, following - ONE_DAY)
        found.append(Stretch(start, end, _rate(start, PRIVATE_POINTS, rates)))
        start = following
    return found


def _rate(day: date, points: int, rates: Rates) -> Decimal:
    half = half_year_of(day)
    ecb = rates(half)
    if ecb is None:
        raise RateMissing(half)
    return ecb + points
