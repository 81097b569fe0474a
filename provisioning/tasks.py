"""Thin: load, call one operation. What asks vendors is on the queue `vendors`, of a worker of its own."""

from django.utils import timezone
from django.utils.timezone import localdate
from procrastinate.contrib.django import app

from tenants.tenancy import every_tenant


@app.periodic(cron="* * * * *")
@app.task(queue="provisioning", queueing_lock="provisioning.ask_people", retry=3)
def ask_people(timestamp: int) -> None:
    """Every minute: somebody is named for what waits for a person, and written to."""
    from provisioning import errands

    with every_tenant():
        errands.ask_people(now=timezone.now())


@app.periodic(cron="47 6 * * *")
@app.task(queue="letters", queueing_lock="provisioning.remind_people", retry=3)
def remind_people(timestamp: int) -> None:
    """Every morning: whoever is late with what she was asked is reminded."""
    from provisioning import errands

    with every_tenant():
        errands.remind_due(now=timezone.now())


@app.periodic(cron="17 2 * * *")
@app.task(queue="vendors", queueing_lock="provisioning.look_at_all", retry=3)
def look_at_all(timestamp: int) -> None:
    """Every night: what vendors say there is, against what Halle believes."""
    from provisioning import drift

    with every_tenant():
        drift.look_at_all(now=timezone.now())


@app.periodic(cron="37 2 * * *")
@app.task(queue="vendors", queueing_lock="provisioning.look_at_keycloak", retry=3)
def look_at_keycloak(timestamp: int) -> None:
    """Every night: the clients of services that Keycloak has, against what Halle believes."""
    from provisioning import client_drift

    with every_tenant():
        client_drift.look_at_keycloak(now=timezone.now())


@app.periodic(cron="41 3 * * *")
@app.task(queue="provisioning", queueing_lock="provisioning.count_track_records", retry=3)
def count_track_records(timestamp: int) -> None:
    """Every night: how each vendor opened what it was asked for."""
    from provisioning import track_records

    with every_tenant():
        track_records.count_track_records(on=localdate(timezone.now()))


@app.task(queue="vendors", retry=3)
def send_again(step_id: int) -> None:
    """A message of a finished step, once more."""
    from provisioning.engine.resending import resend

    with every_tenant():
        resend(step_id=step_id, now=timezone.now())


@app.task(queue="vendors", retry=3)
def run_kit(run_id: int) -> None:
    """Plays the vendors' kit against an endpoint."""
    from provisioning import kit_runs

    with every_tenant():
        kit_runs.carry_out(run_id=run_id, now=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(queue="provisioning", queueing_lock="provisioning.sweep_kit_runs")
def sweep_kit_runs(timestamp: int) -> None:
    """Every minute: finds the runs of the kit that a dead worker or a lost job left behind."""
    from provisioning import kit_runs

    with every_tenant():
        kit_runs.sweep(now=timezone.now())


@app.task(queue="vendors", retry=3)
def try_directory(directory_id: int) -> None:
    """Reads a vendor's directory of agents once; the first time it goes well, agents are told of."""
    from provisioning import directory_trials

    with every_tenant():
        directory_trials.carry_out(directory_id=directory_id, now=timezone.now())


@app.task(queue="provisioning", retry=3)
def tell_subscribers(directory_id: int) -> None:
    """Tells a vendor's new directory of the agents of all who subscribe already."""
    from provisioning import directory_trials

    with every_tenant():
        directory_trials.tell_subscribers(directory_id=directory_id, now=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(queue="provisioning", queueing_lock="provisioning.sweep_directories")
def sweep_directories(timestamp: int) -> None:
    """Every minute: finds the trials that a dead worker or a lost job left behind."""
    from provisioning import directory_trials

    with every_tenant():
        directory_trials.sweep(now=timezone.now())


@app.task(queue="provisioning", retry=3)
def tell_clients(sign_in_id: int) -> None:
    """Brings to what their vendor says the clients of all who subscribe already."""
    from provisioning import sign_ins

    with every_tenant():
        sign_ins.tell_subscribers(sign_in_id=sign_in_id, now=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(queue="provisioning", queueing_lock="provisioning.sweep_sign_ins")
def sweep_sign_ins(timestamp: int) -> None:
    """Every minute: finds what a dead worker or a lost job left behind."""
    from provisioning import sign_ins

    sign_ins.sweep(now=timezone.now())


@app.task(queue="vendors", retry=3)
def end_provider_sessions(closing_id: int) -> None:
    """Signs somebody who leaves out at the identity provider, and so everywhere."""
    from provisioning import departures

    with every_tenant():
        departures.end_provider_sessions(closing_id=closing_id, now=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(queue="provisioning", queueing_lock="provisioning.sweep_departures")
def sweep_departures(timestamp: int) -> None:
    """Every minute: finds the departures that a dead worker or a lost job left behind."""
    from provisioning import departures

    with every_tenant():
        departures.sweep(now=timezone.now())


@app.periodic(cron="17 2 * * *")
@app.task(queue="vendors", queueing_lock="provisioning.read_catalogues", retry=3)
def read_catalogues(timestamp: int) -> None:
    """Every night: what brokers offer, compared with what is used of it."""
    from provisioning import catalogues

    catalogues.read_catalogues(now=timezone.now())


@app.task(queue="vendors", retry=3)
def read_catalogue(reading_id: int) -> None:
    """The catalogue of one broker, because its vendor asks for it."""
    from provisioning import catalogue_readings

    with every_tenant():
        catalogue_readings.carry_out(reading_id=reading_id, now=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(queue="provisioning", queueing_lock="provisioning.sweep_catalogue_readings")
def sweep_catalogue_readings(timestamp: int) -> None:
    """Every minute: finds the readings that a dead worker or a lost job left behind."""
    from provisioning import catalogue_readings

    catalogue_readings.sweep(now=timezone.now())


@app.periodic(cron="53 6 * * *")
@app.task(queue="letters", queueing_lock="provisioning.tell_losses", retry=3)
def tell_losses(timestamp: int) -> None:
    """Every morning: vendors whose broker has lost its proof, or whose report is too old."""
    from provisioning import proofs

    with every_tenant():
        proofs.tell_losses(now=timezone.now())


@app.task(queue="vendors", retry=3)
def try_own_provider(provider_id: int) -> None:
    """Reads a member's own identity provider."""
    from provisioning.own_providers import trials

    with every_tenant():
        trials.carry_out(provider_id=provider_id, now=timezone.now())


@app.task(queue="vendors", retry=3)
def apply_own_provider(provider_id: int) -> None:
    """Tells Keycloak of a member's own identity provider."""
    from provisioning.own_providers import applying

    with every_tenant():
        applying.carry_out(provider_id=provider_id, now=timezone.now())


@app.task(queue="vendors", retry=3)
def check_domain(domain_id: int) -> None:
    """Looks at the DNS of a member's domain."""
    from provisioning.own_providers import proving

    with every_tenant():
        proving.carry_out(domain_id=domain_id, now=timezone.now())


@app.periodic(cron="23 4 * * *")
@app.task(queue="provisioning", queueing_lock="provisioning.check_domains", retry=3)
def check_domains(timestamp: int) -> None:
    """Every night: the proofs of all domains are looked at again."""
    from provisioning.own_providers import proving

    with every_tenant():
        proving.ask_all(now=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(queue="provisioning", queueing_lock="provisioning.sweep_own_providers")
def sweep_own_providers(timestamp: int) -> None:
    """Every minute: what Keycloak did not take, and what a dead worker or a lost job left behind."""
    from provisioning.own_providers import applying

    with every_tenant():
        applying.sweep(now=timezone.now())


@app.task(queue="vendors", retry=3)
def tell_organisation(organisation_id: int) -> None:
    """Tells Keycloak of an organisation and its members."""
    from provisioning.at_keycloak import telling

    with every_tenant():
        telling.carry_out(organisation_id=organisation_id, now=timezone.now())


@app.task(queue="vendors", retry=3)
def go_on_telling(round_id: int) -> None:
    """Some more of a round that tells Keycloak of all organisations."""
    from provisioning.at_keycloak import rounds

    with every_tenant():
        rounds.go_on(round_id=round_id, now=timezone.now())


@app.periodic(cron="7 3 * * *")
@app.task(queue="vendors", queueing_lock="provisioning.look_at_accounts", retry=3)
def look_at_accounts(timestamp: int) -> None:
    """Every night: the organisations and agents that Keycloak has, against what Halle believes."""
    from provisioning.at_keycloak import looking

    with every_tenant():
        looking.look(now=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(queue="provisioning", queueing_lock="provisioning.sweep_at_keycloak")
def sweep_at_keycloak(timestamp: int) -> None:
    """Every minute: what Keycloak was not told of, and rounds that nobody goes on with."""
    from provisioning.at_keycloak import rounds, telling

    with every_tenant():
        telling.sweep(now=timezone.now())
        rounds.sweep(now=timezone.now())
