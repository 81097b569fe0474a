"""Thin: load, call one operation. Jobs carry ids only; the rows are the truth."""

from django.utils import timezone
from procrastinate.contrib.django import app

from tenants.tenancy import every_tenant


@app.task(queue="letters", retry=3)
def write_suspension_letters(move_id: int) -> None:
    """Writes to the subscribers of a listing that its operator suspended."""
    from subscriptions import suspension_letters

    with every_tenant():
        suspension_letters.write_letters(move_id=move_id, now=timezone.now())
