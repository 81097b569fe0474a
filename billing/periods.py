"""Billing periods: half-open days [start, end), in Europe/Paris like every date of a bill."""

from dataclasses import dataclass
from datetime import date

from catalog.pricing import month_in_words

ORDINALS = {1: "1er", 2: "2e", 3: "3e", 4: "4e"}


@dataclass(frozen=True, order=True)
class Period:
    start: date
    end: date

    def __post_init__(self):
        if self.end <= self.start:
            raise ValueError("a period ends after it starts")

    @property
    def label(self) -> str:
        """ "année 2026", "2e semestre 2026", "4e trimestre 2026", "mars 2026", else the two days."""
        months = (self.end.year - self.start.year) * 12 + self.end.month - self.start.month
        whole = self.start.day == self.end.day == 1 and (self.start.month - 1) % (months or 1) == 0
        rank = (self.start.month - 1) // (months or 1) + 1
        match (whole, months):
            case (True, 12):
                return f"année {self.start.year}"
            case (True, 6):
                return f"{ORDINALS[rank]} semestre {self.start.year}"
            case (True, 3):
                return f"{ORDINALS[rank]} trimestre {self.start.year}"
            case (True, 1):
                return month_in_words(self.start)
        return f"du {self.start:%d/%m/%Y} au {self.end:%d/%m/%Y} (exclu)"

    def months_started(self, *, since: date, until: date | None) -> int:
        """Months of the period begun between `since` and `until` (excluded): a month begun is owed whole."""
        first = max(self.start, since)
        last = min(self.end, until) if until else self.end
        if last <= first:
            return 0
        # The month of the last day used counts, hence the day before `last`.
        return (last.year - first.year) * 12 + last.month - first.month + (1 if last.day > 1 else 0)


def periods_of(year: int) -> list[Period]:
    """The periods an operator may bill: the year, its halves, its quarters and its months."""

    def span(first: int, months: int) -> Period:
        last = first + months
        end = date(year + 1, 1, 1) if last > 12 else date(year, last, 1)
        return Period(date(year, first, 1), end)

    return [
        span(1, 12),
        *(span(month, 6) for month in (1, 7)),
        *(span(month, 3) for month in (1, 4, 7, 10)),
        *(span(month, 1) for month in range(1, 13)),
    ]
