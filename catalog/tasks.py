"""Thin: load, call one operation. Jobs carry ids only; the rows are the truth."""

from django.utils import timezone
from procrastinate.contrib.django import app

from tenants.tenancy import every_tenant


@app.task(queue="simulations", retry=3)
def run_simulation(simulation_id: int) -> None:
    """Prices a draft over all real members."""
    from catalog.grids import simulations

    with every_tenant():
        simulations.run(simulation_id=simulation_id, now=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(queue="simulations", queueing_lock="catalog.sweep_simulations")
def sweep_simulations(timestamp: int) -> None:
    """Every minute: finds the simulations that a dead worker or a lost job left behind."""
    from catalog.grids import simulations

    with every_tenant():
        simulations.sweep(now=timezone.now())


@app.periodic(cron="12 6 * * *")
@app.task(queue="claims", queueing_lock="catalog.remind_of_claims", retry=3)
def remind_of_claims(timestamp: int) -> None:
    """Every morning: tells vendors of their claims that end soon or have ended."""
    from catalog.claims import reminders

    with every_tenant():
        reminders.send_reminders(now=timezone.now())
