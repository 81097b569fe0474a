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
