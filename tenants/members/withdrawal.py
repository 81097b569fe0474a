"""When a withdrawal takes effect: what an operator's statutes say, computed. Pure."""

from calendar import monthrange
from datetime import date, timedelta

from tenants.models.operator import WithdrawalRule


def withdrawal_date(asked_on: date, months: int, rule: str) -> date:
    """The first day outside, for a withdrawal received on `asked_on` with a notice of `months`.

    A notice in months ends with the day of its last month that bears the number of the day it began, or
    with the last day of that month when it has none (code de procédure civile, articles 641 and 642): six
    months from 30 June end with 30 December, from 31 August with 28 or 29 February. `rule` NOTICE_END
    leaves the day after; YEAR_END leaves on the 1 January that follows, so that a notice which ends with 31
    December exactly still counts for that year.
    """
    last_day = _last_day_of_notice(asked_on, months)
    if rule == WithdrawalRule.YEAR_END:
        return date(last_day.year + 1, 1, 1)
    return last_day + timedelta(days=1)


def _last_day_of_notice(asked_on: date, months: int) -> date:
    year, month = divmod(asked_on.year * 12 + asked_on.month - 1 + months, 12)
    month += 1
    return date(year, month, min(asked_on.day, monthrange(year, month)[1]))
