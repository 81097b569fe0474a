"""A run moves along one table of transitions; each move is kept."""

from datetime import datetime

from billing.exceptions import WrongRunState
from billing.models import BillingRun, RunMove, RunState
from billing.models.run import RUN_TRANSITIONS
from tenants.models import User

LONGEST = 200  # RunMove.reason, and whatever else a person writes beside a run


def one_line(text: str) -> str:
    """A reason or a note as it is kept: on one line, without what PostgreSQL refuses, cut where it ends."""
    return " ".join(text.replace("\0", "").split())[:LONGEST]


def move(
    run: BillingRun, *, to: RunState, by: User | None, now: datetime, reason: str = "", **fields
) -> None:
    """Conditional update along the table of transitions, with its row in the log. Raises WrongRunState."""
    if (run.state, to) not in RUN_TRANSITIONS or (
        BillingRun.objects.filter(pk=run.pk, state=run.state).update(state=to, **fields) != 1
    ):
        raise WrongRunState("Cette campagne a changé d’état. Rechargez la page.")
    RunMove.objects.create(
        tenant_id=run.tenant_id, run=run, before=run.state, after=to, at=now, by=by, reason=reason
    )
    run.state = to
    for name, value in fields.items():
        setattr(run, name, value)


def locked(run: BillingRun) -> BillingRun:
    """The run as it now is, locked: no draft of it is drawn again, seen or issued meanwhile."""
    runs = BillingRun.objects.select_for_update(of=("self",), no_key=True)
    return runs.select_related("operator__organisation").get(pk=run.pk)
