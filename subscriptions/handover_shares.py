"""A commune merged: the parts that it paid for others, and those that others paid for it, go on.

The commune nouvelle takes its place in the conventions, on the same terms (CGCT L2113-5): nobody agrees
again, everybody is told. From the first month that begins after the merger and is not invoiced; what is
invoiced stays as it is. A part ends where it would take a day beyond the whole, or where the commune nouvelle
would pay it to itself. References for Chorus Pro are not copied: they are of another budget.
"""

from datetime import date, datetime
from fractions import Fraction

from django.db import transaction
from django.db.models import Q, QuerySet

from subscriptions import signals
from subscriptions.exceptions import ShareRefused
from subscriptions.models import COUNTED, PayerAccess, PayerShare, ShareSide, ShareState, Subscription
from subscriptions.models.subscription import CLOSED
from subscriptions.payer_letters import tell_ended, tell_passed_on
from subscriptions.paying import replace, write
from tenants.days import month_begun_or_next
from tenants.models import Operator, Organisation, User
from tenants.tenancy import tenant_scope

LASTING = (ShareState.PROPOSED, ShareState.AGREED)
_COPIED = (
    "kind", "part", "whole", "yearly_cents", "ends", "reference_on", "basis", "convention_number",
    "convention_date", "convention_file", "proposed_by", "answered_by", "answered_at",
)  # fmt: skip
LARGEST, LONGEST = 2**63 - 1, 200  # what the columns hold
JOINED = "Après la fusion, deux parts n’en font qu’une."


def paid_by(payer, *, operator: Operator) -> QuerySet[PayerShare]:
    """What a merged commune pays, or is asked to, for others' open subscriptions with this operator. `payer`
    an organisation, or a reference to one."""
    found = PayerShare.objects.filter(payer=payer, subscription__operator=operator, state__in=LASTING)
    return found.exclude(subscription__state__in=CLOSED)


def paid_for_others(*, old: Organisation, operator: Operator, on: date) -> list[PayerShare]:
    """Those of them that last beyond `on`, in the order of subscriptions. Opens the subscribers' scope. Two
    queries."""
    with tenant_scope({old.pk, *_subscribers(old)}):
        rows = paid_by(old, operator=operator).filter(_lasts(on))
        return list(
            rows.select_related("payer", "key", "subscription__tenant", "subscription__operator").order_by(
                "subscription", "starts"
            )
        )


def _lasts(on: date) -> Q:
    """Those that pay something from the first month that begins on that day or later."""
    return Q(ends__isnull=True) | Q(ends__gt=month_begun_or_next(on))


def pays_for_others(old: Organisation, *, on: date) -> bool:
    """Whether a merged commune still pays, or is asked to, beyond `on`, with any operator. Opens the
    subscribers' scope."""
    with tenant_scope({old.pk, *_subscribers(old)}):
        rows = PayerShare.objects.filter(_lasts(on), payer=old, state__in=LASTING)
        return rows.exclude(subscription__state__in=CLOSED).exists()


def hand_paid(
    *,
    shares: list[PayerShare],
    old: Organisation,
    new: Organisation,
    on: date,
    by: User,
    now: datetime,
) -> None:
    """The commune nouvelle pays what the merged commune paid. In the caller's transaction."""
    with tenant_scope({old.pk, new.pk, *(share.tenant_id for share in shares)}):
        for share in shares:
            _pass_on(share, subscription=share.subscription, payer=new, old=old, on=on, by=by, now=now)
        for subscription in {share.subscription_id: share.subscription for share in shares}.values():
            signals.payers_changed.send(sender=PayerShare, subscription=subscription, now=now)


def hand_received(*, old: Subscription, new: Subscription | None, on: date, by: User, now: datetime) -> None:
    """What others pay for the merged commune they pay for the commune nouvelle; `new` None where its
    subscription ends: their parts end with it. In the caller's transaction, before anything is drafted."""
    rows = PayerShare.objects.filter(subscription=old, state__in=LASTING)
    shares = rows.select_related("payer", "key", "subscription__tenant", "subscription__operator")
    for share in shares.order_by("starts", "pk"):
        if share.ends is not None and share.ends <= month_begun_or_next(on):
            continue
        scope = {old.tenant_id, share.payer_id} | ({new.tenant_id} if new else set())
        with tenant_scope(scope):
            _pass_on(share, subscription=new, payer=share.payer, old=old.tenant, on=on, by=by, now=now)


def _pass_on(
    share: PayerShare,
    *,
    subscription: Subscription | None,
    payer: Organisation,
    old: Organisation,
    on: date,
    by: User,
    now: datetime,
) -> None:
    state, ends = share.state, share.ends
    if (starts := _end(share, max(share.starts, month_begun_or_next(on)), old=old, by=by, now=now)) is None:
        return
    if subscription is not None and payer.pk != subscription.tenant_id:
        copy = PayerShare(
            tenant_id=subscription.tenant_id,
            subscription=subscription,
            payer=payer,
            starts=starts,
            key=share.key if share.subscription_id == subscription.pk else None,
            proposed_at=now,
            **{name: getattr(share, name) for name in _COPIED},
        )
        copy.ends = ends
        if _written(copy, state, by=by, now=now):
            if state == ShareState.AGREED:  # of a proposal, its payer is told that it is asked
                tell_passed_on(share=copy, old=old, now=now)
            return
    if state == ShareState.AGREED:
        tell_ended(share=share, side=ShareSide.OPERATOR, reason=_why(old), now=now)


def _end(share: PayerShare, starts: date, *, old: Organisation, by: User, now: datetime) -> date | None:
    """Ends a share on `starts`, or on the first day that is not invoiced; that day. None where all that it
    pays is invoiced already."""
    how = {"reason": _why(old), "side": ShareSide.OPERATOR, "by": by, "now": now}
    try:
        with transaction.atomic():
            replace(share=share, on=starts, **how)
    except ShareRefused as refusal:
        if refusal.not_before is None:
            raise
        if share.ends is not None and share.ends <= refusal.not_before:
            return None
        replace(share=share, on=refusal.not_before, **how)
        return refusal.not_before
    return starts


def _written(copy: PayerShare, state: str, *, by: User, now: datetime) -> bool:
    """Whether it could be written: within the whole, and one with what its payer pays already."""
    how = {"side": ShareSide.OPERATOR, "by": by, "now": now}
    own = list(_own(copy))
    if len(own) > 1 or (own and not _joined(copy, own[0], state)):
        return False
    try:
        with transaction.atomic():
            for one in own:
                replace(share=one, on=copy.starts, reason=JOINED, **how)
            write([copy], state=ShareState(state), **how)
    except ShareRefused:
        return False
    return True


def _own(copy: PayerShare) -> QuerySet[PayerShare]:
    """What its payer pays already in the same months."""
    rows = PayerShare.objects.filter(subscription=copy.subscription, payer=copy.payer, state__in=COUNTED)
    rows = rows.within(start=copy.starts, end=copy.ends or date.max)
    return rows.select_related("payer", "subscription__tenant", "subscription__operator")


def _joined(copy: PayerShare, own: PayerShare, state: str) -> bool:
    """Makes one part of both, where they are of one sort and last as long."""
    alike = (own.state, own.key_id, own.ends) == (state, copy.key_id, copy.ends)
    if not alike or own.starts > copy.starts or (own.part is None) != (copy.part is None):
        return False
    if copy.part is None:
        copy.yearly_cents += own.yearly_cents
        return True
    both = Fraction(copy.part, copy.whole) + Fraction(own.part, own.whole)
    copy.part, copy.whole = both.numerator, both.denominator
    copy.basis = f"{own.basis} et {copy.basis}" if copy.basis else ""
    return both <= 1 and copy.whole <= LARGEST and len(copy.basis) <= LONGEST


def _subscribers(payer: Organisation) -> set[int]:
    return set(PayerAccess.objects.filter(tenant=payer).values_list("subscriber", flat=True))


def _why(old: Organisation) -> str:
    return f"{old.name} a fusionné dans une commune nouvelle."
