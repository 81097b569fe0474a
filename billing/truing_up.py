"""The yearly true-up of a pooled price: the group on the last day of a year sets the tier of the whole year.

The invoices of the year were made at the tier of the group as it was counted when they were drafted. Once the
last of its own is issued, each subscription is priced again, by the engine and from the same facts but that
one; the difference is a line of its own on the next invoice, or on a credit note: once a subscription and a
year.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from billing.drafting import owed_for
from billing.facts import at_tier, facts_as_billed, facts_for_period
from billing.levelling import balance, bill_waiting, give_back, own_entries
from billing.models import Adjustment, AdjustmentKind, BillingRun, LedgerEntry, RunState, TrueUp
from billing.periods import Period
from billing.redrawing import lock_runs, standing
from catalog.pricing import PricingError, format_cents, format_date, format_number
from subscriptions.models import GroupPopulation, Subscription
from subscriptions.pooling import POOLED, groups_of
from tenants import audit
from tenants.constraints import violated
from tenants.models import Operator

logger = logging.getLogger(__name__)

# Drafts that are set aside hold back the subscriptions that they bill, and no other.
INVOICED = (RunState.PARTLY, RunState.ISSUED)


@dataclass(frozen=True)
class Year:
    """A calendar year of an operator: its runs, all issued but for drafts set aside, the last day billed."""

    number: int
    runs: list[BillingRun]

    @property
    def last_day(self) -> date:
        return date(self.number, 12, 31)

    @property
    def span(self) -> Period:
        return Period(date(self.number, 1, 1), date(self.number + 1, 1, 1))


def true_up_due(*, on: date, now: datetime) -> int:
    """Every night: the last two years, where their last invoices are issued; how many subscriptions were
    trued up. One whose draft is set aside waits for its issue, and holds back nobody else.

    May be called any number of times; for a worker, one transaction each.
    """
    made = 0
    for number in (on.year - 2, on.year - 1):
        for operator in _operators(number):
            if year := _whole_year(operator, number):
                made += _true_up_operator(operator, year, now)
    return made


def _operators(number: int) -> QuerySet[Operator]:
    """Those that billed the last day of the year and have a pooled price to look at again."""
    waiting = _to_true_up(number).filter(operator=OuterRef("pk"))
    last = BillingRun.objects.filter(operator=OuterRef("pk"), period_end=date(number + 1, 1, 1))
    found = Operator.objects.filter(Exists(last.filter(state__in=INVOICED)), Exists(waiting))
    return found.select_related("organisation").order_by("pk")


def _to_true_up(number: int) -> QuerySet[Subscription]:
    done = TrueUp.objects.filter(subscription=OuterRef("pk"), year=number)
    year = Year(number, []).span
    return Subscription.objects.billable_in(start=year.start, end=year.end).filter(
        ~Exists(done), grid__pattern=POOLED
    )


def _whole_year(operator: Operator, number: int) -> Year | None:
    """None while the drafts of one of its runs are made, read or issued."""
    span = Year(number, []).span
    runs = list(
        BillingRun.objects.filter(
            operator=operator, period_start__gte=span.start, period_end__lte=span.end
        ).order_by("period_start")
    )
    return Year(number, runs) if all(run.state in INVOICED for run in runs) else None


def _true_up_operator(operator: Operator, year: Year, now: datetime) -> int:
    subscriptions = _to_true_up(year.number).filter(operator=operator).order_by("pk")
    rows = list(subscriptions.select_related("tenant__territory", "operator", "follows"))
    groups = groups_of(listings={one.listing_id for one in rows}, on=year.last_day)
    made = []
    for subscription in rows:
        group = groups.get(subscription.listing_id)
        if group is None:
            logger.error("subscription %s: its group was never counted", subscription.pk)
            continue
        try:
            if found := _true_up(subscription, year, group, now):
                made.append(found)
        except PricingError:
            logger.exception("subscription %s cannot be trued up", subscription.pk)
    if made:
        _record(operator, year, made, now)
    return len(made)


@transaction.atomic
def _true_up(subscription: Subscription, year: Year, group: GroupPopulation, now: datetime) -> TrueUp | None:
    """None when another worker has just done it, while an invoice is being issued, or where one of its own
    is not yet."""
    runs = lock_runs(operator_id=subscription.operator_id, beyond=year.span.start)
    if any(run.state == RunState.ISSUING for run in runs):
        return None
    if any(standing(run, subscription) != RunState.ISSUED for run in runs if run in year.runs):
        return None
    shares = list(_shares(subscription, year, group, now))
    row = TrueUp(
        tenant_id=subscription.tenant_id,
        subscription=subscription,
        year=year.number,
        counted_on=group.on,
        inhabitants=group.inhabitants,
        billed_cents=sum(billed for *_, billed in shares),
        due_cents=sum(due for _, _, due, _ in shares),
        made_at=now,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        if violated(error) != "true_up_once_a_year":
            raise
        return None
    made = _adjust(subscription, year, group, shares, now)
    if made and (under_review := next((run for run in runs if run.state == RunState.REVIEW), None)):
        bill_waiting(under_review, tenants=made, now=now)
    return row


# A payer, a run, what it owes of it at the tier of the whole year, and what it was billed.
Share = tuple[int, BillingRun, int, int]


def _shares(subscription: Subscription, year: Year, group: GroupPopulation, now: datetime) -> Iterator[Share]:
    for run in year.runs:
        own = own_entries(run, subscription)
        first = own.filter(corrects__isnull=True).order_by("pk").first()
        billed = _billed(run, subscription, own)
        known = facts_for_period([subscription], Period(run.period_start, run.period_end))
        facts = known.get(subscription.pk)
        if first is not None:
            facts = facts_as_billed(first, facts)
        elif not billed or facts is None:
            continue
        due: dict[int, int] = defaultdict(int)
        for entry in owed_for(run, subscription, at_tier(facts, group.inhabitants), now):
            due[entry.tenant_id] += entry.amount_cents
        for tenant_id in sorted({*due, *billed}):
            yield tenant_id, run, due[tenant_id], billed.get(tenant_id, 0)


def _billed(run: BillingRun, subscription: Subscription, own: QuerySet[LedgerEntry]) -> dict[int, int]:
    """By payer: what was invoiced, with the changes of price put right since or to be."""
    found: dict[int, int] = defaultdict(int)
    repriced = Adjustment.objects.filter(run=run, subscription=subscription, kind=AdjustmentKind.REPRICED)
    for rows in (own, repriced):
        for tenant_id, cents in rows.order_by().values_list("tenant").annotate(Sum("amount_cents")):
            found[tenant_id] += int(cents)
    return found


def _adjust(
    subscription: Subscription, year: Year, group: GroupPopulation, shares: list[Share], now: datetime
) -> set[int]:
    """Writes what each payer owes more or less; those who owe more."""
    more = set()
    for payer in sorted({tenant_id for tenant_id, *_ in shares}):
        mine = [share for share in shares if share[0] == payer]
        due, billed = (sum(share[part] for share in mine) for part in (2, 3))
        if due == billed:
            continue
        adjustment = Adjustment.objects.create(
            tenant_id=payer,
            kind=AdjustmentKind.TRUE_UP,
            subscription=subscription,
            operator_id=subscription.operator_id,
            run=year.runs[-1],
            period_start=year.span.start,
            period_end=year.span.end,
            amount_cents=due - billed,
            label=f"{subscription.service_name} – Régularisation {year.number} du prix mutualisé"[:200],
            steps=_steps(year, group, mine, due, billed),
            noted_at=now,
            settled_at=now if due < billed else None,
        )
        if due < billed:
            among = Q(run__in=year.runs) | Q(adjustment__run__in=year.runs)
            give_back(adjustment, among=among, now=now)
        else:
            more.add(payer)
    return more


def _steps(year: Year, group: GroupPopulation, shares: list[Share], due: int, billed: int) -> list[str]:
    return [
        f"Le {format_date(group.on)}, le groupe compte {format_number(group.inhabitants)} habitants : ce "
        f"nombre fixe le prix de toute l’année {year.number}",
        *(
            f"{_capitalised(Period(run.period_start, run.period_end).label)} : {format_cents(owed)} à ce "
            f"prix, {format_cents(paid)} facturés"
            for _, run, owed, paid in shares
        ),
        balance(due, billed),
    ]


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _record(operator: Operator, year: Year, made: list[TrueUp], now: datetime) -> None:
    differences = [one.due_cents - one.billed_cents for one in made]
    audit.record(
        tenant=operator.organisation,
        actor=None,
        what="billing.trued_up",
        sentence=f"Le prix mutualisé de {year.number} est régularisé pour {len(made)} "
        f"abonnement{'s' if len(made) > 1 else ''}.",
        subject_id=operator.pk,
        now=now,
        details={
            "year": year.number,
            "subscriptions": len(made),
            "more_cents": sum(cents for cents in differences if cents > 0),
            "less_cents": -sum(cents for cents in differences if cents < 0),
        },
    )
