"""The file of a choice: a PDF made once by a worker, and kept with its hash."""

import hashlib
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.timezone import localdate

from catalog import tasks
from catalog.models import Shortlist, ShortlistState
from catalog.models.shortlist import choice_path
from catalog.shortlists.choice_page import page
from tenants import jobs
from tenants.documents.typesetting import typeset

# Younger than this, a job is most likely on its way.
PATIENCE = timedelta(seconds=30)


def make_file(*, shortlist_id: int) -> None:
    """Makes and stores the file of a decided shortlist; does nothing when it has one.

    The same choice always gives the same bytes, so that a worker killed between the storage and the row only
    writes the same file again.
    """
    shortlist = (
        Shortlist.objects.select_related("tenant", "operator__organisation")
        .filter(pk=shortlist_id, state=ShortlistState.DECIDED, file="")
        .first()
    )
    if shortlist is None:
        return
    content = render(shortlist)
    path = choice_path(shortlist, "")
    if default_storage.exists(path):
        default_storage.delete(path)
    default_storage.save(path, ContentFile(content))
    Shortlist.objects.filter(pk=shortlist.pk, file="").update(
        file=path, sha256=hashlib.sha256(content).hexdigest()
    )


def render(shortlist: Shortlist) -> bytes:
    """The PDF (PDF/A-3a, PDF/UA-1), dated from the day of the choice."""
    items = list(shortlist.items.order_by("added_at", "pk"))
    return typeset(
        template=_template(), content=page(shortlist, items), dated=localdate(shortlist.decided_at)
    )


def sweep(*, now: datetime) -> None:
    """Enqueues again the files that a dead worker or a lost job left unmade."""
    waiting = jobs.waiting(tasks.make_choice_file, "shortlist_id")
    left = Shortlist.objects.filter(state=ShortlistState.DECIDED, file="", decided_at__lt=now - PATIENCE)
    for pk in left.order_by("pk").values_list("pk", flat=True):
        if pk not in waiting:
            tasks.make_choice_file.defer(shortlist_id=pk)


@cache
def _template() -> bytes:
    return files("catalog.shortlists").joinpath("choice.typ").read_bytes()
