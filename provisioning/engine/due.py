"""Which steps are due, in the database's own words: asked several times a second by every worker, they are
not composed anew each time."""

from datetime import datetime

from django.db import connection

# Of plans that still have a purpose: those of a subscription that has gone elsewhere wait for ever. One plan
# of a subscription, and of the one that it took over, at a time, in their order; a closing waits for what is
# at the vendor's alone. Credentials, agents and clients are beside them: nothing of the service itself, they
# wait for nobody, nobody for them.
_DUE = """
FROM provisioning_step AS step
JOIN provisioning_run AS run ON run.id = step.run_id
JOIN subscriptions_subscription AS mine ON mine.id = run.subscription_id
WHERE step.run_after <= %(until)s
  AND step.state IN ('pending', 'running', 'waiting')
  AND NOT (step.state = 'running' AND step.lease_until > %(now)s)
  AND run.finished_at IS NULL
  AND (%(run)s::bigint IS NULL OR run.id = %(run)s)
  AND CASE run.event
        WHEN 'activate' THEN mine.state = 'provisioning'
        WHEN 'close' THEN mine.state = 'terminating'
        WHEN 'rotate' THEN mine.state IN ('active', 'suspended')
        ELSE true
      END
  AND (
    run.event IN ('rotate', 'agents', 'client')
    OR NOT EXISTS (
      SELECT FROM provisioning_run AS earlier
      -- The same service at the vendor's: what is unfinished of it comes before what its successor is told.
      WHERE earlier.subscription_id IN (mine.id, mine.follows_id, mine.after_trial_id)
        AND (earlier.starts_at, earlier.id) < (run.starts_at, run.id)
        AND earlier.finished_at IS NULL
        AND earlier.event NOT IN ('rotate', 'agents', 'client')
        AND (run.event <> 'close' OR EXISTS (
          SELECT FROM provisioning_step AS asked
          WHERE asked.run_id = earlier.id AND asked.state IN ('running', 'waiting')
        ))
    )
  )
  -- What its client is to be was read for the one before: what is read next comes after it.
  AND (run.event <> 'client' OR NOT EXISTS (
    SELECT FROM provisioning_run AS told
    JOIN provisioning_step AS telling ON telling.run_id = told.id
    WHERE told.subscription_id = run.subscription_id
      AND told.event = 'client'
      AND told.starts_at <= run.starts_at AND told.id < run.id
      AND telling.state IN ('pending', 'running', 'waiting')
  ))
"""
LANES = f"""
SELECT id FROM provisioning_lane
WHERE (cut_until IS NULL OR cut_until <= %(now)s) AND id IN (SELECT step.lane_id {_DUE})
ORDER BY id
"""  # noqa: S608 – of constants of this module only
BUSY = """
SELECT count(*) FILTER (WHERE state = 'running' AND lease_until > %(now)s),
       count(*) FILTER (WHERE state IN ('running', 'waiting'))
FROM provisioning_step WHERE lane_id = %(lane)s AND state IN ('pending', 'running', 'waiting')
"""
# What has begun goes first.
TAKEN = f"""
SELECT step.id, step.state <> 'pending' {_DUE} AND step.lane_id = %(lane)s
ORDER BY step.state = 'pending', step.run_after, step.id
LIMIT %(limit)s FOR NO KEY UPDATE OF step SKIP LOCKED
"""


def lanes_with_work(*, now: datetime, until: datetime, run_id: int | None) -> list[int]:
    """The lanes, not cut now, where something is due by then (of one run only, when it is named)."""
    return [lane for (lane,) in _rows(LANES, now=now, until=until, run=run_id)]


def busy(lane_id: int, *, now: datetime) -> tuple[int, int]:
    """How many steps of a lane a living worker asks about now, and how many are under way at the vendor's."""
    [(running, begun)] = _rows(BUSY, lane=lane_id, now=now)
    return running, begun


def taken(
    lane_id: int, *, now: datetime, until: datetime, run_id: int | None, limit: int
) -> list[tuple[int, bool]]:
    """The steps of a lane due by then that nobody holds, at most `limit`, held from now on: those that have
    begun first, then in their order, and whether each has."""
    return _rows(TAKEN, lane=lane_id, now=now, until=until, run=run_id, limit=limit)


def _rows(statement: str, **given) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall()
