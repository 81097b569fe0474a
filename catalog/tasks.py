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


@app.task(queue="feeds", retry=1)
def read_feed(feed_id: int) -> None:
    """Reads a source of services on the network."""
    from catalog.feeds import reading

    with every_tenant():
        reading.read(feed_id=feed_id, now=timezone.now())


@app.periodic(cron="41 2 * * *")
@app.task(queue="feeds", queueing_lock="catalog.read_all_feeds")
def read_all_feeds(timestamp: int) -> None:
    """Every night: reads every source again."""
    from catalog.feeds import operations

    operations.enqueue_all(now=timezone.now())


@app.periodic(cron="*/5 * * * *")
@app.task(queue="feeds", queueing_lock="catalog.sweep_feeds")
def sweep_feeds(timestamp: int) -> None:
    """Every five minutes: finds the readings that a dead worker or a lost job left behind."""
    from catalog.feeds import operations

    operations.sweep(now=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(queue="publications", queueing_lock="catalog.publish_due")
def publish_due(timestamp: int) -> None:
    """Every minute: publishes and submits the sheets whose day has come."""
    from catalog.sheets import publishing

    with every_tenant():
        publishing.publish_due(now=timezone.now())


@app.task(queue="choices", retry=3)
def make_choice_file(shortlist_id: int) -> None:
    """Makes the file of a choice."""
    from catalog.shortlists import choice_file

    with every_tenant():
        choice_file.make_file(shortlist_id=shortlist_id)


@app.periodic(cron="* * * * *")
@app.task(queue="choices", queueing_lock="catalog.sweep_choice_files")
def sweep_choice_files(timestamp: int) -> None:
    """Every minute: finds the files that a dead worker or a lost job left unmade."""
    from catalog.shortlists import choice_file

    with every_tenant():
        choice_file.sweep(now=timezone.now())


@app.periodic(cron="42 5 * * *")
@app.task(queue="searches", queueing_lock="catalog.tell_of_new_matches", retry=3)
def tell_of_new_matches(timestamp: int) -> None:
    """Every morning: tells whoever saved a search of the services listed since."""
    from catalog.shortlists import alerts

    with every_tenant():
        alerts.send_alerts(now=timezone.now())


@app.periodic(cron="21 3 * * *")
@app.task(queue="shelves", queueing_lock="catalog.mend_shelves", retry=3)
def mend_shelves(timestamp: int) -> None:
    """Every night: brings what is searched and filtered back to the truth; unused words go."""
    from catalog.finding import indexing

    with every_tenant():
        indexing.rebuild()
