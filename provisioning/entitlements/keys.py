"""A service's keys: made, known again, ended."""

import hashlib
import secrets
from datetime import date, datetime

from django.db import transaction

from catalog.models import ServiceSheet
from provisioning.models import ServiceKey
from tenants import audit
from tenants.models import User
from tenants.refusals import Refused

PREFIX = "halle_"
MOST = 2


@transaction.atomic
def create_key(*, sheet: ServiceSheet, by: User, now: datetime) -> tuple[ServiceKey, str]:
    """A new key, and its secret: it is kept nowhere, so it can be shown this once only.

    Raises Refused when two are valid already.
    """
    ServiceSheet.objects.select_for_update(of=("self",), no_key=True).get(pk=sheet.pk)
    taken = set(_valid(sheet).values_list("place", flat=True))
    free = next((place for place in range(1, MOST + 1) if place not in taken), None)
    if free is None:
        raise Refused(
            "Deux clés sont déjà valables. Supprimez celle qui ne sert plus, puis créez la nouvelle."
        )
    secret = PREFIX + secrets.token_urlsafe(32)
    key = ServiceKey.objects.create(
        sheet=sheet, place=free, digest=_digest(secret), ending=secret[-4:], created_at=now, created_by=by
    )
    _audit(key, sheet, by, now, "created", f"{{actor}} a créé une clé d’accès pour {sheet.name}.")
    return key, secret


@transaction.atomic
def end_key(*, key: ServiceKey, by: User, now: datetime) -> None:
    """From now on the key opens nothing. Raises Refused when it is ended already."""
    if ServiceKey.objects.filter(pk=key.pk, ended_at__isnull=True).update(ended_at=now, ended_by=by) != 1:
        raise Refused("Cette clé est déjà supprimée.")
    sheet = key.sheet
    _audit(key, sheet, by, now, "ended", f"{{actor}} a supprimé une clé d’accès de {sheet.name}.")


def keys_of(*, sheet: ServiceSheet) -> list[ServiceKey]:
    """Its valid keys, the oldest first. One query."""
    return list(_valid(sheet).order_by("created_at", "pk"))


def service_with(*, secret: str, on: date) -> ServiceSheet | None:
    """The service that has this key; None when nobody has. One query, and a write a key and day."""
    found = (
        ServiceKey.objects.filter(digest=_digest(secret), ended_at__isnull=True)
        .select_related("sheet")
        .only("last_used_on", "sheet__slug", "sheet__name", "sheet__product")
        .first()
    )
    if found is None:
        return None
    if found.last_used_on != on:
        ServiceKey.objects.filter(pk=found.pk).update(last_used_on=on)
    return found.sheet


def _valid(sheet: ServiceSheet):
    return ServiceKey.objects.filter(sheet=sheet, ended_at__isnull=True)


def _digest(secret: str) -> str:
    # 256 bits drawn at random: nothing to guess, so no slow function is needed.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _audit(key: ServiceKey, sheet: ServiceSheet, by: User, now: datetime, did: str, sentence: str) -> None:
    audit.record(
        tenant=sheet.vendor.organisation,
        actor=by,
        what=f"service_key.{did}",
        sentence=sentence,
        subject_id=key.pk,
        now=now,
        details={"key": key.ending},
    )
