"""The queue's own housekeeping: what a killed worker held, what was done long ago."""

import logging

from django.core.management import call_command
from procrastinate.contrib.django import app
from procrastinate.jobs import Status
from procrastinate.utils import utcnow

logger = logging.getLogger(__name__)

# A job that was held by so many killed workers may be what kills them.
MAX_ATTEMPTS = 5
KEPT_HOURS = 7 * 24


@app.periodic(cron="* * * * *")
@app.task(queue="housekeeping", queueing_lock="marketplace.rescue", priority=10, pass_context=True)
async def rescue(context, timestamp: int) -> None:
    """Every minute: jobs whose worker has given no sign of life for thirty seconds are done again.

    Every task may be done twice; the rooms' own sweeps look at the rows, not at the jobs.
    """
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        # A periodic job comes back by itself, and its queueing lock may be taken by its successor.
        if job.queueing_lock or job.attempts + 1 >= MAX_ATTEMPTS:
            logger.warning("%s (job %s) was left by a killed worker, for good", job.task_name, job.id)
            await manager.finish_job(job, status=Status.FAILED, delete_job=False)
        else:
            logger.warning("%s (job %s) was left by a killed worker: done again", job.task_name, job.id)
            await manager.retry_job(job, retry_at=utcnow())


@app.periodic(cron="*/5 * * * *")
@app.task(queue="housekeeping", queueing_lock="marketplace.publish")
def publish_when_due(timestamp: int) -> None:
    """Every five minutes: editors' pages whose hour to appear or to end has come."""
    call_command("publish_scheduled", verbosity=0)


@app.periodic(cron="17 3 * * *")
@app.task(queue="housekeeping", queueing_lock="marketplace.forget", pass_context=True)
async def forget(context, timestamp: int) -> None:
    """Every night: jobs that succeeded more than a week ago leave the queue's table. Failed ones stay."""
    await context.app.job_manager.delete_old_jobs(nb_hours=KEPT_HOURS)
