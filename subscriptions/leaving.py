"""Leaving a service, even with a term in progress: notice, transition, retrieval, erasure, in that order.

Regulation (EU) 2023/2854 (Data Act), article 25: whoever buys a service may leave it with a notice of two
months at most, is helped to move within thirty days at most, may fetch its data for thirty days at least,
and is then told that they are erased. What the law limits is in dated rows (`catalog.claims`, topic
`data_act`); what the vendor declared for the service may be better, never worse.
"""

import uuid
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from catalog.claims.checks import after_months
from subscriptions import signals, tasks
from subscriptions.contract_letters import tell_both
from subscriptions.exceptions import ExitRefused, WrongState
from subscriptions.leaving_terms import FARTHEST_MONTHS, calendar_of, terms_of
from subscriptions.models import RUNNING, Destination, Exit, ExitMove, ExitState, State, Subscription
from subscriptions.models.exit import EXIT_TRANSITIONS, OVER
from subscriptions.operations import move
from tenants import audit
from tenants.days import in_words, working_days_after
from tenants.models import User
from tenants.uploads import problem_with_pdf

ANSWER_DAYS = 14  # working days in which a longer transition is said necessary (article 25, 4)


@transaction.atomic
def request_exit(
    *,
    subscription: Subscription,
    by: User,
    destination: str,
    leaves_on: date,
    reason: str,
    now: datetime,
) -> Exit:
    """Gives notice. Sent twice, it is one departure.

    Raises WrongState when there is nothing to leave, or ExitRefused.
    """
    if subscription.is_trial:
        raise WrongState("Un essai gratuit s’arrête quand vous le voulez, sans préavis, depuis sa page.")
    if under_way := open_exit(subscription=subscription):
        return under_way
    # Locked: the service is not taken over or ended meanwhile.
    current = Subscription.objects.select_for_update(of=("self",), no_key=True).get(pk=subscription.pk)
    if current.state not in RUNNING:
        raise WrongState(f"Impossible : cet abonnement est « {current.get_state_display()} ».")
    today = localdate(now)
    terms = terms_of(subscription=subscription, on=today)
    days = calendar_of(terms=terms, destination=destination, today=today, leaves_on=leaves_on)
    try:
        with transaction.atomic():
            leaving = Exit.objects.create(
                tenant_id=subscription.tenant_id,
                subscription=subscription,
                destination=destination,
                reason=reason.strip(),
                requested_by=by,
                requested_at=now,
                **vars(days),
            )
    except IntegrityError:
        if under_way := open_exit(subscription=subscription):
            return under_way
        raise
    _log(leaving, before="", by=by, now=now)
    _audit(leaving, by, now, "exit.requested", "{actor} a demandé à quitter")
    return leaving


@transaction.atomic
def stop_at_term(
    *, subscription: Subscription, on: date, now: datetime, reason: str = "", by: User | None = None
) -> Exit:
    """The last term of a contract is over on `on`, the first day without it, or nobody needs it any more:
    nothing is billed from then on, and the data are fetched, from today at the earliest, and erased as in any
    departure. One under way goes on, on its own days. `by`: who said so, if anybody. Raises ExitRefused when
    the rules are not known."""
    if under_way := open_exit(subscription=subscription):
        return under_way
    first = max(on, localdate(now))
    retrieval = timedelta(days=terms_of(subscription=subscription, on=first).retrieval_days)
    leaving = Exit.objects.create(
        tenant_id=subscription.tenant_id,
        subscription=subscription,
        requested_by=by,
        requested_at=now,
        notice_from=on,
        transition_from=on,
        retrieval_from=on,
        erasure_from=first + retrieval,
        reason=reason[:500],
    )
    _log(leaving, before="", by=by, now=now)
    while advance(exit_id=leaving.pk, now=now):
        pass
    return leaving


def open_exit(*, subscription: Subscription) -> Exit | None:
    """The departure under way, or None."""
    return Exit.objects.filter(subscription=subscription).exclude(state__in=OVER).first()


@transaction.atomic
def withdraw(*, leaving: Exit, by: User, now: datetime) -> None:
    """The subscriber stays after all: until its notice ends. Raises WrongState."""
    if localdate(now) >= leaving.transition_from:
        raise WrongState("Le préavis est terminé : ce départ ne s’annule plus.")
    move_exit(leaving=leaving, to=ExitState.WITHDRAWN, by=by, now=now)
    _audit(leaving, by, now, "exit.withdrawn", "{actor} a annulé le départ de")


def extend_until(leaving: Exit) -> date:
    """The last day to say that the transition cannot be done in time: fourteen working days after the request
    (article 25, 4)."""
    return working_days_after(leaving.notice_from, ANSWER_DAYS)


def may_extend(leaving: Exit, *, on: date) -> bool:
    """Whether a longer transition may still be said necessary that day."""
    return leaving.state in (ExitState.NOTICE, ExitState.TRANSITION) and on <= extend_until(leaving)


@transaction.atomic
def extend(*, leaving: Exit, until: date, reason: str, by: User, now: datetime) -> None:
    """A longer transition, because a shorter one is technically impossible (article 25, 4): until the day
    `until`, excluded; said within fourteen working days of the request. Raises ExitRefused or WrongState."""
    if localdate(now) > (last_day := extend_until(leaving)):
        raise WrongState(
            f"Une transition plus longue se demandait au plus tard le {in_words(last_day)}, quatorze jours "
            "ouvrés après la demande de départ."
        )
    terms = terms_of(subscription=leaving.subscription, on=localdate(now))
    last = after_months(leaving.transition_from, terms.longest_transition_months)
    if not reason.strip():
        raise ExitRefused("reason", "Dites pourquoi la transition ne peut pas se faire dans les délais.")
    if not leaving.retrieval_from < until <= last:
        raise ExitRefused(
            "until",
            f"Choisissez une date après le {leaving.retrieval_from:%d/%m/%Y} et jusqu’au {last:%d/%m/%Y}.",
        )
    later = leaving.erasure_from + (until - leaving.retrieval_from)
    extendable = Exit.objects.filter(
        pk=leaving.pk,
        state__in=(ExitState.NOTICE, ExitState.TRANSITION),
        retrieval_from=leaving.retrieval_from,
    )
    changed = extendable.update(
        retrieval_from=until,
        erasure_from=later,
        extended_at=now,
        extended_by=by,
        extension_reason=reason.strip(),
    )
    if changed != 1:
        raise WrongState("La transition est terminée, ou vient d’être prolongée. Rechargez la page.")
    leaving.refresh_from_db()
    _audit(leaving, by, now, "exit.extended", "{actor} a prolongé la transition de")


def may_take_longer(leaving: Exit) -> bool:
    """Whether the subscriber may still take a longer transition: once, while there is one to come or under
    way (article 25, 5)."""
    return (
        leaving.state in (ExitState.NOTICE, ExitState.TRANSITION)
        and leaving.destination != Destination.ERASURE
        and leaving.member_extended_at is None
    )


@transaction.atomic
def take_longer(*, leaving: Exit, until: date, by: User, now: datetime) -> None:
    """The subscriber takes the transition it needs, once and without a reason (article 25, 5): until the day
    `until`, excluded, a year later at most. Billed to that day. Raises ExitRefused or WrongState."""
    last = after_months(leaving.retrieval_from, FARTHEST_MONTHS)
    if not leaving.retrieval_from < until <= last:
        raise ExitRefused(
            "until",
            f"Choisissez une date après le {leaving.retrieval_from:%d/%m/%Y} et jusqu’au {last:%d/%m/%Y}.",
        )
    takes = Exit.objects.filter(
        pk=leaving.pk,
        state__in=(ExitState.NOTICE, ExitState.TRANSITION),
        retrieval_from=leaving.retrieval_from,
        member_extended_at=None,
    ).exclude(destination=Destination.ERASURE)
    changed = takes.update(
        retrieval_from=until,
        erasure_from=leaving.erasure_from + (until - leaving.retrieval_from),
        member_extended_at=now,
        member_extended_by=by,
    )
    if changed != 1:
        raise WrongState("Ce départ n’a plus de transition à prolonger, ou l’a déjà été. Rechargez la page.")
    leaving.refresh_from_db()
    _audit(leaving, by, now, "exit.taken_longer", "{actor} a pris une transition plus longue pour")
    tell_both(
        leaving.subscription,
        f"exit-longer:{leaving.pk}",
        f"{leaving.subscription.service_name} : la transition dure plus longtemps",
        f"{leaving.subscription.tenant.name} a choisi une transition plus longue : le service reste ouvert, "
        f"et facturé, jusqu’au {in_words(until - timedelta(days=1))}.",
        now,
    )


@transaction.atomic
def say_retrieved(*, leaving: Exit, by: User, now: datetime) -> None:
    """The subscriber has its data: said from the transition on, and nothing is erased any sooner. Raises
    WrongState."""
    changed = (
        Exit.objects.filter(pk=leaving.pk, retrieved_at__isnull=True)
        .exclude(state__in=(ExitState.NOTICE, *OVER))
        .update(retrieved_at=now, retrieved_by=by)
    )
    if changed != 1:
        raise WrongState("C’est déjà noté, ou ce départ n’a pas commencé, ou il est terminé.")
    _audit(leaving, by, now, "exit.retrieved", "{actor} a noté les données récupérées de")


def advance_exits(*, now: datetime) -> int:
    """Moves every departure whose day has come, each in its own transaction; how many moves were made. May
    be called any number of times."""
    moves = 0
    due = Exit.objects.filter(state__in=(ExitState.NOTICE, ExitState.TRANSITION, ExitState.RETRIEVAL))
    for pk in due.order_by("pk").values_list("pk", flat=True):
        while advance(exit_id=pk, now=now):
            moves += 1
    return moves


@transaction.atomic
def advance(*, exit_id: int, now: datetime) -> bool:
    """Moves a departure one phase on, if its day has come."""
    # The subscription first, as whoever ends it or goes on with it.
    Subscription.objects.select_for_update(of=("self",), no_key=True).get(exits=exit_id)
    leaving = (
        Exit.objects.select_for_update(of=("self",), no_key=True)
        .select_related("subscription__tenant", "subscription__operator")
        .get(pk=exit_id)
    )
    today = localdate(now)
    match leaving.state:
        case ExitState.NOTICE if leaving.transition_from <= today:
            move_exit(leaving=leaving, to=ExitState.TRANSITION, by=None, now=now)
        case ExitState.TRANSITION if leaving.retrieval_from <= today:
            move_exit(leaving=leaving, to=ExitState.RETRIEVAL, by=None, now=now)
            _stop(leaving, now)
        case ExitState.RETRIEVAL if leaving.erasure_from <= today:
            move_exit(leaving=leaving, to=ExitState.ERASURE, by=None, now=now)
            signals.erasure_due.send(sender=Exit, subscription=leaving.subscription, now=now)
        case _:
            return False
    return True


def _stop(leaving: Exit, now: datetime) -> None:
    """The contract is over: nothing is billed from `retrieval_from` on, the data can still be fetched."""
    subscription, on = leaving.subscription, leaving.retrieval_from
    move(subscription=subscription, to=State.TERMINATING, by=None, now=now, ended_on=on)
    signals.subscription_closed.send(sender=Subscription, subscription=subscription, on=on, now=now)


@transaction.atomic
def closed_at_vendor(*, subscription: Subscription, now: datetime) -> None:
    """The vendor's side is closed: the departure ends once its certificate is there too."""
    leaving = Exit.objects.get(subscription=subscription, state=ExitState.ERASURE)
    Exit.objects.filter(pk=leaving.pk, closed_at__isnull=True).update(closed_at=now)
    _finish(leaving, by=None, now=now)


@transaction.atomic
def certify(*, leaving: Exit, on: date, file, by: User, now: datetime) -> None:
    """Puts the certificate that the data are erased on record: an uploaded PDF, dated `on`.

    Raises ExitRefused or WrongState.
    """
    if on > localdate(now):
        raise ExitRefused("on", "La date du certificat est dans le futur. Vérifiez le jour et l’année.")
    if on < leaving.erasure_from:
        raise ExitRefused(
            "on",
            f"Un certificat d’avant le {leaving.erasure_from:%d/%m/%Y} n’est pas valable : les données "
            "pouvaient encore être récupérées.",
        )
    if problem := problem_with_pdf(file, what="le certificat"):
        raise ExitRefused("file", problem)
    locked = Exit.objects.select_for_update(of=("self",), no_key=True).get(pk=leaving.pk)
    if locked.state != ExitState.ERASURE or locked.certificate:
        raise WrongState("Ce départ n’attend pas de certificat, ou en a déjà un. Rechargez la page.")
    locked.certificate, locked.certified_on, locked.certified_by = file, on, by
    locked.save(update_fields=["certificate", "certified_on", "certified_by"])
    _audit(leaving, by, now, "exit.certified", "{actor} a déposé le certificat d’effacement de")
    _finish(leaving, by=by, now=now)


def _finish(leaving: Exit, *, by: User | None, now: datetime) -> None:
    """Ends the departure, and with it the subscription, once both its proofs are there."""
    leaving.refresh_from_db()
    if not leaving.closed_at or not leaving.certificate:
        return
    move_exit(leaving=leaving, to=ExitState.DONE, by=by, now=now)
    subscription = leaving.subscription
    move(subscription=subscription, to=State.ENDED, by=by, now=now)
    audit.record(
        tenant=subscription.tenant,
        actor=None,
        what="subscription.ended",
        sentence=f"L’abonnement à {subscription.service_name} est terminé, les données sont effacées.",
        subject_id=subscription.public_id,
        now=now,
    )


@transaction.atomic
def carry_over(*, old: Subscription, new: Subscription | None, by: User, now: datetime) -> None:
    """A merged commune was leaving: the commune nouvelle goes on leaving, on the same days. Where its own
    subscription goes on instead (`new` None), the departure is over: `stop_at_term` closes the service."""
    leaving = open_exit(subscription=old)
    if leaving is None or leaving.state not in (ExitState.NOTICE, ExitState.TRANSITION):
        return
    state = leaving.state
    move_exit(leaving=leaving, to=ExitState.CARRIED, by=by, now=now)
    if new is None:
        return
    copied = (
        "destination", "reason", "requested_by", "requested_at", "notice_from", "transition_from",
        "retrieval_from", "erasure_from", "extended_at", "extended_by", "extension_reason",
        "member_extended_at", "member_extended_by",
    )  # fmt: skip
    followed = Exit.objects.create(
        tenant_id=new.tenant_id,
        subscription=new,
        public_id=uuid.uuid5(leaving.public_id, str(new.public_id)),
        state=state,
        **{name: getattr(leaving, name) for name in copied},
    )
    _log(followed, before="", by=by, now=now)


def move_exit(*, leaving: Exit, to: ExitState, by: User | None, now: datetime) -> None:
    """Moves a departure along the table of transitions, logs it and has the people concerned written to.

    Raises WrongState; of two people at once, the second gets it.
    """
    before = leaving.state
    if (before, to) not in EXIT_TRANSITIONS:
        raise WrongState(f"Impossible : ce départ est « {leaving.get_state_display()} ».")
    if Exit.objects.filter(pk=leaving.pk, state=before).update(state=to) != 1:
        raise WrongState("Ce départ vient d’être modifié par quelqu’un d’autre. Rechargez la page.")
    leaving.state = to
    _log(leaving, before=before, by=by, now=now)


def _log(leaving: Exit, *, before: str, by: User | None, now: datetime) -> None:
    moved = ExitMove.objects.create(
        tenant_id=leaving.tenant_id, exit=leaving, before=before, after=leaving.state, at=now, by=by
    )
    tasks.write_exit_letters.defer(move_id=moved.pk)


def _audit(leaving: Exit, by: User, now: datetime, what: str, verb: str) -> None:
    subscription = leaving.subscription
    audit.record(
        tenant=subscription.tenant,
        actor=by,
        what=what,
        sentence=f"{verb} {subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
        details={
            "transition_from": leaving.transition_from.isoformat(),
            "retrieval_from": leaving.retrieval_from.isoformat(),
            "erasure_from": leaving.erasure_from.isoformat(),
        },
    )
