"""What vendors said by themselves is acted on here, by a worker: one transaction each."""

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from provisioning.connectors.webhook.words import failure
from provisioning.engine.finishing import finish
from provisioning.models import Callback, Said, Step, StepState
from subscriptions.exceptions import WrongState

logger = logging.getLogger(__name__)

AT_ONCE = 100


def settle_callbacks(*, now: datetime, run_id: int | None = None) -> int:
    """Acts on what vendors said (of one run only, when it is named); how many it settled.

    A step whose vendor is being asked at this moment is left until that answer is recorded. Must run outside
    a transaction.
    """
    waiting = Callback.objects.filter(_free(now, "step__"), settled_at__isnull=True)
    if run_id:
        waiting = waiting.filter(step__run=run_id)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    return sum(_settle(callback_id, now=now) for callback_id in ids)


def _free(now: datetime, prefix: str = "") -> Q:
    """Of a step: no living worker holds it."""
    return ~Q(**{f"{prefix}state": StepState.RUNNING}) | Q(**{f"{prefix}lease_until__lte": now})


@transaction.atomic
def _settle(callback_id: int, *, now: datetime) -> bool:
    callback = _locked(Callback.objects.filter(pk=callback_id, settled_at__isnull=True))
    step = callback and _locked(Step.objects.filter(_free(now), pk=callback.step_id).select_related("run"))
    if step is None:
        return False  # another worker has it
    try:
        with transaction.atomic():
            applied = _apply(callback, step, now=now)
    except WrongState:
        # The subscription has moved on: the plan has no purpose any more.
        logger.warning("step %s was called back too late for its subscription", step.pk)
        applied = False
    callback.settled_at = now
    callback.settled_as = Callback.Settled.APPLIED if applied else Callback.Settled.TOO_LATE
    callback.save(update_fields=["settled_at", "settled_as"])
    return True


def _locked(rows: QuerySet):
    return rows.select_for_update(of=("self",), no_key=True, skip_locked=True).first()


def _apply(callback: Callback, step: Step, *, now: datetime) -> bool:
    """Whether there was still something to do of it. While a doubt of another connector is being cleared,
    what the vendor says may be of the deletion: the engine goes on asking."""
    if step.state in (StepState.LATER, StepState.DONE, StepState.MOOT) or step.doubtful:
        return False
    fields = {"url": callback.url or step.url}
    match callback.said:
        case Said.DONE:
            fields |= {"state": StepState.DONE, "done_at": now, "problem": "", "cause": "", "operation": ""}
        case Said.FAILED:
            fields |= {"state": StepState.NEEDS_PERSON, "problem": failure(callback.message), "operation": ""}
        case Said.IN_PROGRESS:
            pass  # what is awaited stays so, no longer than was said
    if step.state == StepState.RUNNING and callback.said != Said.IN_PROGRESS:
        # Its worker is dead, or late: what it brings back is no longer awaited.
        fields |= {"lease_until": None, "turn": step.turn + 1}
    Step.objects.filter(pk=step.pk).update(**fields)
    if callback.said == Said.DONE:
        finish([step.run], now=now)
    return True
