"""Thin: load, call one operation. Jobs carry ids only; the rows are the truth."""

from django.utils import timezone
from django.utils.timezone import localdate
from procrastinate.contrib.django import app

from tenants.tenancy import every_tenant


@app.task(queue="letters", retry=3)
def write_suspension_letters(move_id: int) -> None:
    """Writes to the subscribers of a listing that its operator suspended."""
    from subscriptions import suspension_letters

    with every_tenant():
        suspension_letters.write_letters(move_id=move_id, now=timezone.now())


@app.periodic(cron="37 3 * * *")
@app.task(queue="shelves", queueing_lock="subscriptions.count_usage", retry=3)
def count_usage(timestamp: int) -> None:
    """Every night: counts how many communes of each size use each listing, the pooled groups, and what
    requests took to be opened."""
    from subscriptions import expecting, pooling, usage

    today = localdate(timezone.now())
    with every_tenant():
        usage.count_usage(on=today)
        pooling.record_groups(on=today)
        expecting.record_delays(on=today)


@app.task(queue="letters", retry=3)
def write_coverage_letters(campaign_id: int) -> None:
    """Writes to the members of an operator that lack a service."""
    from subscriptions import coverage_letters

    with every_tenant():
        coverage_letters.write_letters(campaign_id=campaign_id, now=timezone.now())


@app.periodic(cron="23 6 * * *")
@app.task(queue="letters", queueing_lock="subscriptions.write_lot_alerts", retry=3)
def write_lot_alerts(timestamp: int) -> None:
    """Every morning: writes to operators whose lots near their maximum or their end."""
    from subscriptions import lot_letters

    now = timezone.now()
    with every_tenant():
        lot_letters.write_alerts(on=localdate(now), now=now)


@app.periodic(cron="13 5 * * *")
@app.task(queue="letters", queueing_lock="subscriptions.follow_terms", retry=3)
def follow_terms(timestamp: int) -> None:
    """Every morning: terms that are over are followed by the next; those that near their end are told of."""
    from subscriptions import renewing, term_letters

    now = timezone.now()
    with every_tenant():
        renewing.renew_due(on=localdate(now), now=now)
        term_letters.write_reminders(on=localdate(now), now=now)


@app.periodic(cron="53 4 * * *")
@app.task(queue="letters", queueing_lock="subscriptions.follow_trials", retry=3)
def follow_trials(timestamp: int) -> None:
    """Every morning: free trials whose days are over end; those that near their end are told of."""
    from subscriptions import trial_letters, trials

    now = timezone.now()
    with every_tenant():
        trials.end_due(now=now)
        trial_letters.write_reminders(on=localdate(now), now=now)


@app.periodic(cron="29 6 * * *")
@app.task(queue="letters", queueing_lock="subscriptions.remind_approvers", retry=3)
def remind_approvers(timestamp: int) -> None:
    """Every morning: writes to whoever a request has been waiting for."""
    from subscriptions import reminding

    now = timezone.now()
    with every_tenant():
        reminding.remind_due(on=localdate(now), now=now)


@app.periodic(cron="47 3 * * *")
@app.task(queue="shelves", queueing_lock="subscriptions.count_seats", retry=3)
def count_seats(timestamp: int) -> None:
    """Every night: counts the agents of the subscriptions whose price goes by agent, once a month each."""
    from subscriptions.agents import seats

    with every_tenant():
        seats.count_seats(now=timezone.now())


@app.periodic(cron="17 5 * * *")
@app.task(queue="letters", queueing_lock="subscriptions.follow_access_reviews", retry=3)
def follow_access_reviews(timestamp: int) -> None:
    """Every morning: yearly reviews of accesses open, are reminded of, and are told of when they are late."""
    from subscriptions.reviews import yearly

    with every_tenant():
        yearly.follow(now=timezone.now())


@app.periodic(cron="43 4 * * *")
@app.task(queue="letters", queueing_lock="subscriptions.recount_cost_keys", retry=3)
def recount_cost_keys(timestamp: int) -> None:
    """Every night: the keys by inhabitants whose year has new populations are counted again."""
    from subscriptions import recounting

    now = timezone.now()
    with every_tenant():
        recounting.recount_due(on=localdate(now), now=now)


@app.task(queue="letters", retry=3)
def write_exit_letters(move_id: int) -> None:
    """Writes to the people concerned by a departure that moved."""
    from subscriptions import leaving_letters

    with every_tenant():
        leaving_letters.write_letters(move_id=move_id, now=timezone.now())


@app.periodic(cron="11 4 * * *")
@app.task(queue="shelves", queueing_lock="subscriptions.advance_exits", retry=3)
def advance_exits(timestamp: int) -> None:
    """Every night: moves the departures whose day has come."""
    from subscriptions import leaving

    with every_tenant():
        leaving.advance_exits(now=timezone.now())


@app.periodic(cron="7 5 * * *")
@app.task(queue="letters", queueing_lock="subscriptions.end_lapsed_covers", retry=3)
def end_lapsed_covers(timestamp: int) -> None:
    """Every morning: ends the covers of communes that left their intercommunality, or merged."""
    from subscriptions import sharing

    with every_tenant():
        sharing.end_lapsed(now=timezone.now())


@app.task(queue="bulk", retry=3)
def run_bulk(bulk_id: int) -> None:
    """Makes, or approves, the requests of a list."""
    from subscriptions import bulk

    with every_tenant():
        bulk.run(bulk_id=bulk_id, now=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(queue="bulk", queueing_lock="subscriptions.sweep_bulk")
def sweep_bulk(timestamp: int) -> None:
    """Every minute: finds the lists that a dead worker or a lost job left behind."""
    from subscriptions import bulk

    with every_tenant():
        bulk.sweep(now=timezone.now())


@app.periodic(cron="43 5 * * *")
@app.task(queue="letters", queueing_lock="subscriptions.revise_prices", retry=3)
def revise_prices(timestamp: int) -> None:
    """Every morning: prices are revised by their index, a month ahead; missing values are asked for."""
    from subscriptions import indexing

    now = timezone.now()
    with every_tenant():
        indexing.apply_due(on=localdate(now), now=now)


@app.task(queue="letters", retry=3)
def write_message_letters(message_id: int) -> None:
    """Writes to the parties of a request that somebody wrote a message to."""
    from subscriptions import message_letters

    with every_tenant():
        message_letters.write_letters(message_id=message_id, now=timezone.now())


@app.periodic(cron="9 0 * * *")
@app.task(queue="transfers", queueing_lock="subscriptions.take_up_transfers", retry=3)
def take_up_transfers(timestamp: int) -> None:
    """Every night: the signed transfers of contract whose day has come take effect."""
    from subscriptions.transfers import taking_effect

    with every_tenant():
        taking_effect.apply_due(now=timezone.now())


@app.task(queue="transfers", retry=3)
def apply_transfers() -> None:
    """The same, as soon as one is signed."""
    from subscriptions.transfers import taking_effect

    with every_tenant():
        taking_effect.apply_due(now=timezone.now())


@app.task(queue="letters", retry=3)
def tell_transfer(transfer_id: int) -> None:
    """Writes to whoever a transfer of contract concerns."""
    from subscriptions.transfers import letters

    with every_tenant():
        letters.write_letters(transfer_id=transfer_id, now=timezone.now())


@app.periodic(cron="19 6 * * *")
@app.task(queue="letters", queueing_lock="subscriptions.suspend_planned", retry=3)
def suspend_planned(timestamp: int) -> None:
    """Every morning: the suspensions that were decided for today."""
    from subscriptions import planned_suspensions

    with every_tenant():
        planned_suspensions.carry_out_due(now=timezone.now())


@app.task(queue="bulk", retry=3)
def send_agent_import(import_id: int) -> None:
    """Makes the invitations of a file of agents that somebody has confirmed."""
    from subscriptions.agents.imports import operations

    with every_tenant():
        operations.send(import_id=import_id, now=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(queue="bulk", queueing_lock="subscriptions.sweep_agent_imports")
def sweep_agent_imports(timestamp: int) -> None:
    """Every minute: finds the files of agents that a dead worker or a lost job left behind."""
    from subscriptions.agents.imports import operations

    with every_tenant():
        operations.sweep(now=timezone.now())
