"""The loop of a worker process: it claims and records; threads of each lane ask, and touch no database.

Several processes may run it at once. Any may be killed at any moment.
"""

import logging
import queue
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event as Flag

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from provisioning.engine.asking import Outcome, ask
from provisioning.engine.claiming import LEASE, Claim, claim_due
from provisioning.engine.inbox import settle_callbacks
from provisioning.engine.recording import record
from provisioning.models import Step, StepState

logger = logging.getLogger(__name__)

# The longest that a worker goes without looking for what is due. What falls due meanwhile is claimed before.
TURN = timedelta(seconds=0.5)
# From the first answer of a turn on, the others are gathered for that long, and recorded together: what a
# worker costs is counted in turns, not in answers.
GATHERING_SECONDS = 0.1
# The moment of an answer is rounded up to it: what came back at about the same one is written together.
BEAT = timedelta(milliseconds=50)
LAST_WORDS_SECONDS = 35.0  # longer than a call to a vendor may last


class Worker:
    def __init__(self, *, lease: timedelta = LEASE):
        self.lease = lease
        self.held: dict[int, Claim] = {}
        self.answers: queue.SimpleQueue[tuple[Claim, Outcome | None, datetime]] = queue.SimpleQueue()
        # A pool for each lane: the calls of a vendor that hangs fill its own only.
        self.hands: dict[int, ThreadPoolExecutor] = {}
        self.renewed = time.monotonic()

    def run(self, stop: Flag) -> None:
        """Works until `stop` is set, then lets what was asked be answered and recorded."""
        while not stop.is_set():
            self._survive(self._turn)
        deadline = time.monotonic() + LAST_WORDS_SECONDS
        while self.held and time.monotonic() < deadline:
            self._survive(self._record_answers)
        for hands in self.hands.values():
            hands.shutdown(wait=False, cancel_futures=True)

    def _survive(self, turn) -> None:
        """A database that is away for a moment stops nothing: leases tell what became of what was held."""
        try:
            turn()
        except (OperationalError, InterfaceError):
            logger.exception("the database did not answer")
            connection.close()
            time.sleep(1)

    def _turn(self) -> None:
        for claim in claim_due(now=timezone.now(), within=TURN, lease=self.lease):
            self.held[claim.step.pk] = claim
            lane = claim.step.lane_id
            hands = self.hands.setdefault(lane, ThreadPoolExecutor(200, thread_name_prefix=f"lane-{lane}"))
            hands.submit(self._ask, claim)
        self._record_answers()
        settle_callbacks(now=timezone.now())
        if time.monotonic() - self.renewed > self.lease.total_seconds() / 3:
            self._renew()

    def _ask(self, claim: Claim) -> None:
        time.sleep(max(0.0, (claim.step.run_after - timezone.now()).total_seconds()))
        try:
            outcome = ask(claim)
        except Exception:
            # A fault of ours, in a thread that nobody waits for: it is said, the lease runs out, and the step
            # is tried again by the rule.
            logger.exception("step %s failed in an unforeseen way", claim.step.pk)
            outcome = None
        self.answers.put((claim, outcome, _beat(timezone.now())))

    def _record_answers(self) -> None:
        """What comes back within a turn, together."""
        end, came = time.monotonic() + TURN.total_seconds(), []
        while (left := end - time.monotonic()) > 0:
            try:
                claim, outcome, at = self.answers.get(timeout=left)
            except queue.Empty:
                break
            self.held.pop(claim.step.pk, None)
            if outcome is not None:
                came.append((claim, outcome, at))
            # With nothing in hand any more, nothing else can come.
            end = min(end, time.monotonic() + GATHERING_SECONDS) if self.held else 0
        if came:
            self._record(came)

    def _record(self, answers: list[tuple[Claim, Outcome, datetime]]) -> None:
        """What cannot be recorded together is recorded one by one, so that one answer that nobody foresaw
        holds up no other vendor's: it is said, and its lease runs out."""
        try:
            record(answers, now=timezone.now())
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("could not be recorded: steps %s", [claim.step.pk for claim, *_ in answers])
            if len(answers) > 1:
                for answer in answers:
                    self._record([answer])

    def _renew(self) -> None:
        self.renewed = time.monotonic()
        if self.held:
            held = Step.objects.filter(pk__in=self.held, state=StepState.RUNNING)
            held.update(lease_until=timezone.now() + self.lease)


def _beat(moment: datetime) -> datetime:
    return moment + (datetime.min - moment.replace(tzinfo=None)) % BEAT
