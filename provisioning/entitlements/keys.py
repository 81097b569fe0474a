"""A service's keys: made, known again, ended."""

import hashlib
import secrets
from datetime import date, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from catalog.models import ServiceSheet
from provisioning.models import ServiceKey
from tenants import audit
from tenants.models import User
from tenants.refusals import Refused

PREFIX = "halle_"
MOST = 2
MAX_ISSUER = 255


@transaction.atomic
def create_key(*, sheet: ServiceSheet, by: User, now: datetime, issuer: str = "") -> tuple[ServiceKey, str]:
    """A new key, and its secret: it is kept nowhere, so it can be shown this once only. `issuer`: who gives
    the `sub` by which the service knows its agents (OpenID Connect Core 1.0, 2), Halle's own without.

    Raises Refused when two are valid already, or for what is no issuer.
    """
    issuer = _issuer(issuer)
    ServiceSheet.objects.select_for_update(of=("self",), no_key=True).get(pk=sheet.pk)
    taken = set(_valid(sheet).values_list("place", flat=True))
    free = next((place for place in range(1, MOST + 1) if place not in taken), None)
    if free is None:
        raise Refused(
            "Deux clés sont déjà valables. Supprimez celle qui ne sert plus, puis créez la nouvelle."
        )
    secret = PREFIX + secrets.token_urlsafe(32)
    key = ServiceKey.objects.create(
        sheet=sheet,
        place=free,
        digest=digest_of(secret),
        ending=secret[-4:],
        issuer=issuer,
        created_at=now,
        created_by=by,
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


def served(*, key: int, on: date) -> None:
    """Writes that the key served that day."""
    ServiceKey.objects.filter(pk=key).update(last_used_on=on)


def digest_of(secret: str) -> str:
    """What is kept of a key, and looked up."""
    # 256 bits drawn at random: nothing to guess, so no slow function is needed.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _issuer(typed: str) -> str:
    """As it is compared with the claim `iss`, to the letter; "" for Halle's own."""
    issuer = typed.strip()
    if issuer in ("", settings.OIDC_ISSUER):
        return ""
    try:
        where = urlsplit(issuer)
    except ValueError:
        where = urlsplit("")
    right = where.scheme == "https" and where.hostname and not where.query and not where.fragment
    if not right or len(issuer) > MAX_ISSUER or not issuer.isprintable() or " " in issuer:
        raise Refused("Écrivez l’adresse en entier, telle que le fournisseur l’annonce : https://…", "issuer")
    return issuer


def _valid(sheet: ServiceSheet):
    return ServiceKey.objects.filter(sheet=sheet, ended_at__isnull=True)


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
