"""Letters written while jobs were forgotten: left to the worker after all."""

from tenants import tasks
from tenants.models import Letter


def send_later(*, kind: str) -> None:
    """Leaves every letter whose key begins with `kind` to the worker."""
    letters = Letter.objects.filter(key__startswith=f"{kind}:").order_by("pk")
    for pk in letters.values_list("pk", flat=True):
        tasks.send_letter.defer(letter_id=pk)
