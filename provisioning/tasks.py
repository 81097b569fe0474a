"""Thin: load, call one operation. Jobs carry ids only; the rows are the truth."""

from django.utils import timezone
from procrastinate.contrib.django import app

from tenants.tenancy import every_tenant


@app.task(queue="provisioning")
def run_next_step(run_id: int) -> None:
    """Takes the next step of a run."""
    from provisioning import operations

    with every_tenant():
        operations.run_next_step(run_id=run_id, now=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(queue="provisioning", queueing_lock="provisioning.sweep")
def sweep(timestamp: int) -> None:
    """Every minute: finds what a dead worker left behind."""
    from provisioning import operations

    with every_tenant():
        operations.sweep(now=timezone.now())
