"""No path skips an approval; every path to the end leaves nothing billed after it and nothing closed at the
vendor's before it. Of the tables of moves, and of whatever people, workers and time do in any order."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from subscriptions.models import ExitState, State
from subscriptions.models.exit import EXIT_TRANSITIONS
from subscriptions.models.subscription import TRANSITIONS
from tests.subscriptions.lives import Lives, World


def reachable(table, start, *, without=()):
    """The states that moves lead to from `start`, never through those of `without`."""
    seen, ahead = set(), {start}
    while ahead:
        seen |= ahead
        ahead = {after for before, after in table if before in ahead and after not in without} - seen
    return seen


@pytest.mark.parametrize(
    ("table", "start", "door", "beyond"),
    [
        (TRANSITIONS, State.REQUESTED, State.APPROVED, {State.REQUESTED, State.REFUSED, State.CANCELLED}),
        (TRANSITIONS, State.REQUESTED, State.PROVISIONING,
         {State.REQUESTED, State.REFUSED, State.CANCELLED, State.APPROVED}),
        (EXIT_TRANSITIONS, ExitState.NOTICE, ExitState.RETRIEVAL,
         {ExitState.NOTICE, ExitState.WITHDRAWN, ExitState.TRANSITION, ExitState.CARRIED}),
        (EXIT_TRANSITIONS, ExitState.NOTICE, ExitState.ERASURE,
         {ExitState.NOTICE, ExitState.WITHDRAWN, ExitState.TRANSITION, ExitState.CARRIED,
          ExitState.RETRIEVAL}),
    ],
)  # fmt: skip
def test_no_move_goes_round(table, start, door, beyond):
    assert reachable(table, start, without=[door]) == beyond


@pytest.mark.hypothesis  # of `make explore` too
@pytest.mark.django_db
def test_whatever_happens_nothing_is_skipped_billed_late_or_closed_early():
    world, reached = World(), set()
    run_state_machine_as_test(
        lambda: Lives(world, reached),
        settings=settings(
            max_examples=14,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
    assert reached >= {State.ENDED, ExitState.DONE, "went on"}  # lives were long enough
