"""Renewing a subscription at the end of a term, tacitly or expressly, or saying that it is not."""

import logging
from datetime import date, datetime

from django.db import transaction
from django.utils.timezone import localdate

from subscriptions import signals, term_letters
from subscriptions.acts import Act, check_needed
from subscriptions.exceptions import OrganisationClosed, RenewalRefused
from subscriptions.models import RUNNING, NonRenewal, Side, Subscription, Term, TermOrigin
from subscriptions.terms import Fate, Outlook, outlook
from tenants import audit
from tenants.days import in_words, years_after
from tenants.models import User

logger = logging.getLogger(__name__)

MOVED = "La situation de cet abonnement vient de changer. Rechargez la page."
TOO_LATE = "Le délai de préavis est passé depuis le {day}. "
MEMBER_MAY_LEAVE = (
    "Vous pouvez toutefois quitter le service à tout moment, avec deux mois de préavis au plus (règlement "
    "européen sur les données)."
)


@transaction.atomic
def give_notice(
    *, subscription: Subscription, side: Side, by: User, reason: str, now: datetime
) -> NonRenewal:
    """One side says that the term in progress is not renewed. Raises RenewalRefused when there is nothing to
    renew tacitly, or when the time of notice is over."""
    found = _locked_outlook(subscription)
    today = localdate(now)
    if found.fate != Fate.GOES_ON:
        raise RenewalRefused(MOVED)
    if not found.may_give_notice(on=today):
        told = TOO_LATE.format(day=in_words(found.notice_until))
        raise RenewalRefused(told + (MEMBER_MAY_LEAVE if side == Side.MEMBER else ""))
    notice = NonRenewal.objects.create(
        tenant_id=subscription.tenant_id,
        term=found.term,
        side=side,
        reason=reason.strip(),
        by=by,
        given_at=now,
    )
    _record(
        subscription,
        "subscription.not_renewed",
        f"{{actor}} a demandé que l’abonnement à {subscription.service_name} ne soit pas reconduit : il "
        f"prend fin le {in_words(found.term.last_day)}.",
        by=by,
        now=now,
        details={"side": str(side), "reason": notice.reason},
    )
    term_letters.tell_not_renewed(subscription=subscription, notice=notice, now=now)
    return notice


@transaction.atomic
def take_back(*, subscription: Subscription, side: Side, by: User, now: datetime) -> None:
    """The side that refused the renewal changes its mind, until the last day of notice. Raises
    RenewalRefused."""
    found = _locked_outlook(subscription)
    if found.non_renewal is None or found.non_renewal.side != side:
        raise RenewalRefused(MOVED)
    if not found.may_take_back(on=localdate(now)):
        raise RenewalRefused(TOO_LATE.format(day=in_words(found.notice_until)).strip())
    NonRenewal.objects.filter(pk=found.non_renewal.pk).update(withdrawn_by=by, withdrawn_at=now)
    _record(
        subscription,
        "subscription.renewal_restored",
        f"{{actor}} est revenu sur la fin de l’abonnement à {subscription.service_name} : il sera reconduit "
        f"le {in_words(found.term.ends)}.",
        by=by,
        now=now,
    )
    term_letters.tell_taken_back(subscription=subscription, notice=found.non_renewal, now=now)


@transaction.atomic
def renew(*, subscription: Subscription, by: User, act: Act | None, now: datetime) -> Term:
    """The member renews expressly, during the term in progress: the next one follows it at once. `act` is the
    deliberation or decision, compulsory where the first approval needed a deliberation.

    Raises RenewalRefused, OrganisationClosed, or DecisionInvalid with the field to mend.
    """
    if subscription.tenant.is_closed(on=localdate(now)):
        raise OrganisationClosed
    found = _locked_outlook(subscription)
    if not found.may_renew(on=localdate(now)):
        raise RenewalRefused(MOVED)
    check_needed(act, needed=subscription.deliberation_required, today=localdate(now))
    return _write_next(subscription, found, TermOrigin.EXPRESS, by=by, act=act, now=now)


def renew_due(*, on: date, now: datetime) -> list[Subscription]:
    """Every day: each term that is over by that day is followed by the next, where it goes on tacitly, as
    often as is due. Returns the subscriptions whose last term is over. May be called any number of times; for
    a worker, one transaction each."""
    over = []
    due = Subscription.objects.filter(state__in=RUNNING, terms__ends__lte=on).exclude(terms__ends__gt=on)
    for subscription in due.select_related("operator", "tenant").distinct().order_by("pk"):
        try:
            if not _renew_one(subscription, on=on, now=now):
                over.append(subscription)
        except RenewalRefused:
            logger.info("subscription %s moved meanwhile", subscription.pk)
    return over


@transaction.atomic
def _renew_one(subscription: Subscription, *, on: date, now: datetime) -> bool:
    """Whether it goes on beyond that day."""
    found = _locked_outlook(subscription)
    while found.term.ends <= on:
        if found.fate != Fate.GOES_ON:
            term_letters.tell_over(subscription=subscription, term=found.term, now=now)
            signals.term_over.send(sender=Subscription, subscription=subscription, term=found.term, now=now)
            return False
        _write_next(subscription, found, TermOrigin.TACIT, by=None, act=None, now=now)
        found = outlook(subscription)
    return True


def _write_next(
    subscription: Subscription, found: Outlook, origin: TermOrigin, *, by: User | None, act, now: datetime
) -> Term:
    before = found.term
    term = Term(
        tenant_id=subscription.tenant_id,
        subscription=subscription,
        rank=before.rank + 1,
        starts=before.ends,
        ends=years_after(before.ends, subscription.period_years),
        origin=origin,
        written_at=now,
        by=by,
    )
    term.attach(act)
    term.save(force_insert=True)
    until = in_words(term.last_day)
    _record(
        subscription,
        "subscription.renewed",
        f"{{actor}} a reconduit l’abonnement à {subscription.service_name} jusqu’au {until}."
        if by
        else f"L’abonnement à {subscription.service_name} est reconduit tacitement jusqu’au {until}.",
        by=by,
        now=now,
        details={"rank": term.rank, "starts": term.starts.isoformat(), "ends": term.ends.isoformat()},
    )
    term_letters.tell_renewed(subscription=subscription, term=term, now=now)
    return term


def _locked_outlook(subscription: Subscription) -> Outlook:
    """What comes next, once nobody else may change it. Raises RenewalRefused when nothing is running."""
    locked = Subscription.objects.select_for_update(of=("self",), no_key=True).get(pk=subscription.pk)
    found = outlook(locked)
    if locked.state not in RUNNING or found is None:
        raise RenewalRefused(MOVED)
    return found


def _record(subscription: Subscription, what: str, sentence: str, *, by, now, details=None) -> None:
    audit.record(
        tenant=subscription.tenant,
        actor=by,
        what=what,
        sentence=sentence,
        subject_id=subscription.public_id,
        now=now,
        details=details or {},
    )
