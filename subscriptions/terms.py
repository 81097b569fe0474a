"""The term in progress of a subscription and what comes after it. Half-open days, in Paris."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery

from subscriptions.models import (
    RENEWED,
    NonRenewal,
    PurchasingVehicle,
    Renewal,
    Subscription,
    Term,
    TermOrigin,
)
from subscriptions.models.revision import CLAUSE
from tenants.days import years_after

RULES = ("term_years", "renewal", "renewals", "notice_days", *CLAUSE)


class Fate(StrEnum):
    """What happens at the end of the term, as things stand."""

    GOES_ON = "goes_on"  # renewed tacitly
    AWAITED = "awaited"  # ends unless it is renewed expressly
    ENDS = "ends"


@dataclass(frozen=True)
class Outlook:
    """The last term written of a subscription, and its end as things stand. `left`: how many renewals remain;
    `notice_until`: the last day to say that it is not renewed; `non_renewal`: who said so, if anybody."""

    term: Term
    fate: Fate
    left: int
    notice_until: date
    non_renewal: NonRenewal | None = None

    def may_give_notice(self, *, on: date) -> bool:
        """Whether either side may still prevent the tacit renewal that day."""
        return self.fate == Fate.GOES_ON and on <= self.notice_until

    def may_take_back(self, *, on: date) -> bool:
        """Whether what was said against the renewal may be taken back that day."""
        return self.non_renewal is not None and on <= self.notice_until

    def may_renew(self, *, on: date) -> bool:
        """Whether the member may renew expressly that day."""
        return self.fate == Fate.AWAITED and self.term.starts <= on < self.term.ends


def rules_of(vehicle: PurchasingVehicle) -> dict:
    """What a request copies from its vehicle."""
    return {name: getattr(vehicle, name) for name in RULES}


def open_first(*, subscription: Subscription, now: datetime) -> Term | None:
    """The first term, from the day the service is billed from (the one that was wanted, when the opening came
    before it), in the caller's transaction; None where there is no term to count."""
    term = first_term(subscription, starts=subscription.active_from, now=now)
    if term is None or subscription.terms.exists():
        return None
    term.save(force_insert=True)
    return term


def first_term(subscription: Subscription, *, starts: date, now: datetime) -> Term | None:
    """The same, not written yet."""
    if subscription.renewal == Renewal.OPEN:
        return None
    return Term(
        tenant_id=subscription.tenant_id,
        subscription=subscription,
        rank=0,
        starts=starts,
        ends=years_after(starts, subscription.period_years),
        origin=TermOrigin.OPENED,
        written_at=now,
    )


def follow(*, old: Subscription, new: Subscription, now: datetime) -> None:
    """Whoever takes over a contract takes over its terms, from the day it changed hands: what was left of the
    one in progress, and what was said against its renewal."""
    found = outlook(old)
    if found is None or found.term.ends <= new.active_from:
        return
    term = Term.objects.create(
        tenant_id=new.tenant_id,
        subscription=new,
        rank=found.term.rank,
        starts=max(new.active_from, found.term.starts),
        ends=found.term.ends,
        origin=TermOrigin.HANDED_OVER,
        written_at=now,
    )
    if found.non_renewal:
        NonRenewal.objects.create(
            tenant_id=new.tenant_id,
            term=term,
            side=found.non_renewal.side,
            reason=found.non_renewal.reason,
            by=found.non_renewal.by,
            given_at=found.non_renewal.given_at,
        )


def outlook(subscription: Subscription) -> Outlook | None:
    """What comes next for a subscription, None without a term. Two queries."""
    term = subscription.terms.order_by("-rank").first()
    if term is None:
        return None
    refused = term.non_renewals.filter(withdrawn_at__isnull=True).select_related("by").first()
    return outlook_of(subscription, term, refused)


def with_last_terms(rows: QuerySet[Subscription]) -> QuerySet[Subscription]:
    """The same, each with `last_end`, the end of its last term (None without one), and what `outlook_read`
    reads. Two queries more."""
    last = Term.objects.filter(subscription=OuterRef("pk")).order_by("-rank")
    refused = NonRenewal.objects.filter(withdrawn_at__isnull=True).select_related("by")
    return rows.annotate(last_end=Subquery(last.values("ends")[:1])).prefetch_related(
        Prefetch("terms", queryset=Term.objects.order_by("-rank")),
        Prefetch("terms__non_renewals", queryset=refused),
    )


def outlook_read(subscription: Subscription) -> Outlook | None:
    """As `outlook`, of one of `with_last_terms`. No query."""
    term = next(iter(subscription.terms.all()), None)
    if term is None:
        return None
    return outlook_of(subscription, term, next(iter(term.non_renewals.all()), None))


def outlook_of(subscription: Subscription, term: Term, refused: NonRenewal | None) -> Outlook:
    """The same from what was read already: `term` is the last one. No query."""
    left = max(0, subscription.renewals - term.rank)
    if subscription.renewal not in RENEWED or not left or refused:
        fate = Fate.ENDS
    else:
        fate = Fate.GOES_ON if subscription.renewal == Renewal.TACIT else Fate.AWAITED
    return Outlook(
        term=term,
        fate=fate,
        left=left,
        notice_until=term.ends - timedelta(days=subscription.notice_days),
        non_renewal=refused,
    )
