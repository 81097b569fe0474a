"""An operator's logo: a picture sent, drawn again (tenants.pictures), and kept in the file storage."""

from datetime import datetime

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from tenants import audit
from tenants.models import Operator, User
from tenants.pictures import redrawn

MAX_MEGABYTES = 1
MAX_SIDE = 4000  # pixels
SHOWN = (400, 160)  # pixels: twice what the header shows, for fine screens


@transaction.atomic
def set_logo(*, operator: Operator, file: UploadedFile, by: User, now: datetime) -> Operator:
    """Replaces the operator's logo by this picture (PNG, JPEG or WebP, up to 1 MB and 4,000 pixels a side),
    reduced to 400 × 160 at most. Raises PictureRefused."""
    picture = redrawn(file, max_megabytes=MAX_MEGABYTES, max_side=MAX_SIDE, shown=SHOWN)
    operator = _locked(operator)
    before = operator.logo.name
    operator.logo.save("logo.png", ContentFile(picture.png), save=False)
    _save(operator, before, by, now, "operator.logo_set", "a changé le logo")
    return operator


@transaction.atomic
def remove_logo(*, operator: Operator, by: User, now: datetime) -> Operator:
    """Takes the logo away; nothing is written when there is none."""
    operator = _locked(operator)
    before = operator.logo.name
    if before:
        operator.logo = ""
        _save(operator, before, by, now, "operator.logo_removed", "a retiré le logo")
    return operator


def logo_version(operator: Operator) -> str:
    """What changes with each logo, "" without one: for addresses and caches."""
    return operator.logo.name.rpartition("/")[2].removesuffix(".png") if operator.logo else ""


def _locked(operator: Operator) -> Operator:
    return Operator.objects.select_for_update(no_key=True).get(pk=operator.pk)


def _save(operator: Operator, before: str, by: User, now: datetime, what: str, verb: str) -> None:
    operator.save(update_fields=["logo"])
    audit.record(
        tenant=operator.organisation,
        actor=by,
        what=what,
        sentence=f"{{actor}} {verb} de {operator.short_name}.",
        subject_id=operator.pk,
        now=now,
        changes={"logo": [before or None, operator.logo.name or None]},
    )
    if before:
        # A storage that is down must not turn a change that is made into an error.
        transaction.on_commit(lambda: default_storage.delete(before), robust=True)
