"""On what terms a service may be left, and the days of a departure. Nothing is written here.

What the law limits (Regulation (EU) 2023/2854, article 25) is in dated rows (`catalog.claims`, topic
`data_act`); what the vendor declared for the service may be better, never worse.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from catalog.claims.checks import Rules, after_months
from catalog.claims.queries import public_claims, rules
from catalog.claims.values import DataAct, SwitchingFee
from catalog.models import ClaimTopic
from subscriptions.exceptions import ExitRefused
from subscriptions.models import Destination, Subscription

FARTHEST_MONTHS = 12  # a departure is not planned further ahead


@dataclass(frozen=True)
class Terms:
    """On what terms a service may be left, from a day on. Days of the calendar; `fee` in French words;
    `declared`: they are what its vendor declared, within the law's limits."""

    notice_days: int
    transition_days: int
    retrieval_days: int
    longest_transition_months: int
    fee: str
    declared: bool


@dataclass(frozen=True)
class Calendar:
    """The days of a departure: see `subscriptions.models.Exit`."""

    notice_from: date
    transition_from: date
    retrieval_from: date
    erasure_from: date


def terms_of(*, subscription: Subscription, on: date) -> Terms:
    """The law's limits, and what the vendor declared where it is better. Two queries.

    Raises ExitRefused when no limit is known for that day.
    """
    limits = rules()
    notice, transition, retrieval, longest = (
        limits.limit(ClaimTopic.DATA_ACT, code, on=on)
        for code in (
            "notice_days_max",
            "transition_days_max",
            "retrieval_days_min",
            "longer_transition_months_max",
        )
    )
    if notice is None or transition is None or retrieval is None or longest is None:
        raise ExitRefused("", "Les règles de départ ne sont pas connues ici. Écrivez à votre opérateur.")
    said = (read.value for read in public_claims(sheet=subscription.listing.sheet, on=on))
    declared = next((value for value in said if isinstance(value, DataAct)), None)
    if declared:
        notice = min(notice, declared.exit_notice_days)
        transition = min(transition, declared.transition_days)
        retrieval = max(retrieval, declared.retrieval_days)
    return Terms(
        notice_days=notice,
        transition_days=transition,
        retrieval_days=retrieval,
        longest_transition_months=longest,
        fee=_fee(declared, allowed=_fee_allowed(limits, leaves=on + timedelta(days=notice))),
        declared=declared is not None,
    )


def _fee_allowed(limits: Rules, *, leaves: date) -> bool:
    """Whether the law lets a fee be asked of whoever leaves that day (article 29)."""
    return limits.limit(ClaimTopic.DATA_ACT, "switching_fee_at_cost_allowed", on=leaves) != 0


def _fee(declared: DataAct | None, *, allowed: bool) -> str:
    if not allowed:
        return "Aucuns frais de départ : la loi les interdit."
    if declared and declared.switching_fee == SwitchingFee.NONE:
        return "Aucuns frais de départ."
    return "Des frais de départ peuvent être demandés, au coût réel et pas davantage."


def earliest(*, terms: Terms, today: date) -> date:
    """The first day on which the notice may end."""
    return today + timedelta(days=terms.notice_days)


def calendar_of(*, terms: Terms, destination: str, today: date, leaves_on: date) -> Calendar:
    """The days of a departure asked for today, its notice ending on `leaves_on`.

    Raises ExitRefused when that day is too near or too far. Where the data are only erased there is no
    transition (article 25, 3, c); they may be fetched all the same.
    """
    first, last = earliest(terms=terms, today=today), after_months(today, FARTHEST_MONTHS)
    if leaves_on < first:
        raise ExitRefused(
            "leaves_on",
            f"Le préavis est de {terms.notice_days} jours : choisissez le {first:%d/%m/%Y} ou après.",
        )
    if leaves_on > last:
        raise ExitRefused("leaves_on", f"Choisissez une date avant le {last:%d/%m/%Y}.")
    transition = 0 if destination == Destination.ERASURE else terms.transition_days
    ends = leaves_on + timedelta(days=transition)
    return Calendar(today, leaves_on, ends, ends + timedelta(days=terms.retrieval_days))
