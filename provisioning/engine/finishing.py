"""What follows a step that is done: the next one of its plan, or what the whole plan was for."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from provisioning.agents import plan_agents
from provisioning.engine.claiming import WHILE_OPEN, last_of
from provisioning.models import Errand, Event, Run, Settled, Step, StepState
from subscriptions import giving_up, leaving
from subscriptions.models import State
from subscriptions.opening import Opened, activate_together, note_address


def finish(runs: Sequence[Run], *, now: datetime) -> None:
    """A step of each of these is done: the next one of its plan is due. After the last, the plan is carried
    out: the subscription is active, or its departure one proof further; of a change, the address if its
    vendor said another; of a rotation, nothing else. In the caller's transaction; three queries, besides what
    carrying them out takes.

    Raises subscriptions.exceptions.WrongState when a subscription has moved on.
    """
    if not runs:
        return
    following, over, urls = _what_follows(runs)
    for pause, ids in following.items():
        Step.objects.filter(pk__in=ids).update(state=StepState.PENDING, run_after=now + pause)
    if over:
        ids = [run.pk for run in over]
        Run.objects.filter(pk__in=ids, finished_at__isnull=True).update(finished_at=now)
    opened = [run for run in over if run.event == Event.ACTIVATE]
    activate_together(opened=[Opened(run.subscription, urls[run.pk]) for run in opened], now=now)
    for run in over:
        _carried_out(run, url=urls[run.pk], now=now)


def _what_follows(runs: Sequence[Run]) -> tuple[dict, list[Run], dict[int, str]]:
    """The ids of the steps that are due next, by the pause before them; the plans that have none; and by
    plan, where its vendor says that the service is."""
    steps = defaultdict(list)
    # With `run`: without it, each row asks for it again.
    found = Step.objects.filter(run__in=[run.pk for run in runs]).order_by("position")
    for step in found.only("run", "state", "pause", "url"):
        steps[step.run_id].append(step)
    following, over = defaultdict(list), []
    for run in runs:
        later = next((step for step in steps[run.pk] if step.state == StepState.LATER), None)
        if later is None:
            over.append(run)
        else:
            following[later.pause].append(later.pk)
    urls = {run: next((step.url for step in mine if step.url), "") for run, mine in steps.items()}
    return following, over, urls


def _carried_out(run: Run, *, url: str, now: datetime) -> None:
    if run.event == Event.ACTIVATE:
        if hasattr(run.subscription.listing.offer, "agent_directory"):
            plan_agents(organisation=run.subscription.tenant, now=now)
    elif run.event in WHILE_OPEN and url:
        note_address(subscription=last_of(run.subscription), url=url, now=now)
    elif run.event == Event.CLOSE:
        leaving.closed_at_vendor(subscription=run.subscription, now=now)
    elif run.event == Event.UNDO and run.subscription.state == State.PROVISIONING:
        given_up = Errand.objects.select_related("settled_by").filter(
            step__run__subscription=run.subscription, settled_as=Settled.GIVEN_UP
        )
        why = given_up.latest("pk")
        giving_up.called_off(subscription=run.subscription, by=why.settled_by, reason=why.evidence, now=now)
