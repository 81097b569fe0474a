"""Thin: load, call one operation. Jobs carry ids only; the rows are the truth."""

from django.utils import timezone
from procrastinate.contrib.django import app

from tenants.tenancy import every_tenant


@app.task(queue="letters")
def send_letter(letter_id: int) -> None:
    """Sends a letter, unless it is sent already or in another worker's hands."""
    from tenants import letters

    with every_tenant():
        letters.send(letter_id=letter_id, now=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(queue="letters", queueing_lock="tenants.sweep_letters")
def sweep_letters(timestamp: int) -> None:
    """Every minute: finds the letters that a dead worker or a lost job left behind."""
    from tenants import letters

    with every_tenant():
        letters.sweep(now=timezone.now())


@app.task(queue="personal_data", retry=3)
def make_data_copy(copy_id: int) -> None:
    """Makes the copy of a person's data that she asked for."""
    from tenants.personal_data import copies

    with every_tenant():
        copies.make_copy(copy_id=copy_id, now=timezone.now())


@app.task(queue="personal_data", retry=3)
def erase_traces(person_id: int) -> None:
    """Empties what was addressed to an erased person."""
    from tenants.personal_data import erasure

    with every_tenant():
        erasure.clear_traces(person_id=person_id, now=timezone.now())


@app.periodic(cron="7 4 * * *")
@app.task(queue="personal_data", queueing_lock="tenants.apply_retention", retry=3)
def apply_retention(timestamp: int) -> None:
    """Every night: forgets what has been kept long enough."""
    from tenants.personal_data import retention

    with every_tenant():
        retention.apply_retention(now=timezone.now())


@app.task(queue="member_imports", retry=3)
def read_import(import_id: int) -> None:
    """Reads an operator's file of members."""
    from tenants.member_imports import operations

    with every_tenant():
        operations.read(import_id=import_id, now=timezone.now())


@app.task(queue="member_imports", retry=3)
def apply_import(import_id: int) -> None:
    """Applies a file of members that somebody has confirmed."""
    from tenants.member_imports import operations

    with every_tenant():
        operations.apply(import_id=import_id, now=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(queue="member_imports", queueing_lock="tenants.sweep_member_imports")
def sweep_member_imports(timestamp: int) -> None:
    """Every minute: finds the imports that a dead worker or a lost job left behind."""
    from tenants.member_imports import operations

    with every_tenant():
        operations.sweep(now=timezone.now())


@app.periodic(cron="2 0 * * *")
@app.task(queue="head_offices", queueing_lock="tenants.apply_seat_moves", retry=3)
def apply_seat_moves(timestamp: int) -> None:
    """Every night: head offices that move today have moved."""
    from tenants import head_offices

    with every_tenant():
        head_offices.apply_due(now=timezone.now())
