"""A suspension that is decided for a later day: carried out on it, unless it is called off before.

Both sides are written to when it is decided, when it is called off, and on its day (`suspending.suspend`).
"""

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from subscriptions import suspending
from subscriptions.contract_letters import tell_both
from subscriptions.exceptions import SuspensionRefused, WrongState
from subscriptions.models import PlannedSuspension, State, Subscription
from tenants import audit
from tenants.days import in_words
from tenants.models import User

FURTHEST = timedelta(days=366)
NONE_LEFT = "Cette suspension n’est plus prévue. Rechargez la page."


@transaction.atomic
def plan(
    *, subscription: Subscription, on: date, ground: str, words: str, by: User, now: datetime
) -> PlannedSuspension:
    """Has an open service suspended on a later day, a year from now at most.

    Raises WrongState, or SuspensionRefused for a day that is not to come, without words, or when one is
    planned already.
    """
    words = suspending.checked(words)
    today = localdate(now)
    if on <= today or on > today + FURTHEST:
        raise SuspensionRefused(
            "Choisissez un jour à venir, d’ici un an ; ou aucun, pour suspendre tout de suite."
        )
    if subscription.state != State.ACTIVE:
        raise WrongState(f"Impossible : cet abonnement est « {subscription.get_state_display()} ».")
    try:
        with transaction.atomic():
            planned = PlannedSuspension.objects.create(
                tenant_id=subscription.tenant_id,
                subscription=subscription,
                on_date=on,
                ground=suspending.Ground(ground),
                words=words,
                decided_by=by,
                decided_at=now,
            )
    except IntegrityError as error:
        raise SuspensionRefused(
            "Une suspension est déjà prévue. Annulez-la pour en prévoir une autre."
        ) from error
    subject = f"{subscription.service_name} sera suspendu le {in_words(on)}"
    sentence = (
        f"Le service sera suspendu le {in_words(on)}. {suspending.Ground(ground).label} : {words}\n\n{BEFORE}"
    )
    tell_both(subscription, f"suspension-planned:{planned.public_id}", subject, sentence, now)
    _audit(planned, by, now, "planned", f"a prévu pour le {in_words(on)} la suspension du")
    return planned


@transaction.atomic
def call_off(*, planned: PlannedSuspension, by: User, now: datetime) -> None:
    """Nothing will be suspended on that day. Raises WrongState when it is over already."""
    if _open_ones().filter(pk=planned.pk).update(called_off_at=now, called_off_by=by) != 1:
        raise WrongState(NONE_LEFT)
    subscription = planned.subscription
    subject = f"{subscription.service_name} ne sera pas suspendu"
    sentence = f"La suspension du service, prévue le {in_words(planned.on_date)}, est annulée."
    tell_both(subscription, f"suspension-called-off:{planned.public_id}", subject, sentence, now)
    _audit(planned, by, now, "called_off", "a annulé la suspension prévue du")


def planned_of(subscription: Subscription) -> PlannedSuspension | None:
    """The one that is to come. One query."""
    return _open_ones().filter(subscription=subscription).select_related("decided_by").first()


def carry_out_due(*, now: datetime) -> int:
    """Suspends what is due; what is open no more is called off. How many were suspended. May be called any
    number of times. For a worker, which sees every tenant."""
    due = _open_ones().filter(on_date__lte=localdate(now)).order_by("on_date", "pk")
    return sum(_carry_out(pk, now=now) for pk in list(due.values_list("pk", flat=True)))


@transaction.atomic
def _carry_out(pk: int, *, now: datetime) -> bool:
    locked = _open_ones().select_for_update(of=("self",), no_key=True)
    planned = locked.select_related("decided_by").filter(pk=pk).first()
    if planned is None:
        return False
    subscription = Subscription.objects.select_related(
        "tenant", "operator__organisation", "listing__offer__endpoint"
    ).get(pk=planned.subscription_id)
    try:
        with transaction.atomic():
            suspending.suspend(
                subscription=subscription,
                ground=planned.ground,
                words=planned.words,
                by=planned.decided_by,
                now=now,
            )
    except WrongState:
        PlannedSuspension.objects.filter(pk=pk).update(called_off_at=now)
        return False
    PlannedSuspension.objects.filter(pk=pk).update(carried_out_at=now)
    return True


def _open_ones():
    return PlannedSuspension.objects.filter(carried_out_at__isnull=True, called_off_at__isnull=True)


def _audit(planned: PlannedSuspension, by: User, now: datetime, did: str, verb: str) -> None:
    subscription = planned.subscription
    audit.record(
        tenant=subscription.tenant,
        actor=by,
        what=f"subscription.suspension_{did}",
        sentence=f"{{actor}} {verb} service {subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
    )


BEFORE = "Jusque-là, rien ne change. Écrivez à votre opérateur pour en parler."
