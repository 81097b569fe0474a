"""Thin: load, call one operation."""

from django.utils import timezone
from django.utils.timezone import localdate
from procrastinate.contrib.django import app

from tenants.tenancy import every_tenant


@app.periodic(cron="41 3 * * *")
@app.task(queue="provisioning", queueing_lock="provisioning.count_track_records", retry=3)
def count_track_records(timestamp: int) -> None:
    """Every night: how each vendor opened what it was asked for."""
    from provisioning import track_records

    with every_tenant():
        track_records.count_track_records(on=localdate(timezone.now()))


@app.task(queue="provisioning", retry=3)
def send_again(step_id: int) -> None:
    """A message of a finished step, once more."""
    from provisioning.engine.resending import resend

    with every_tenant():
        resend(step_id=step_id, now=timezone.now())
