"""A vendor says where its broker is. Who opens its services follows from the kit, never from this alone."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from catalog.models import ServiceSheet
from catalog.sheets.offers import offer_of
from provisioning.models import Endpoint
from provisioning.models.endpoint import ConnectorKind
from tenants import audit
from tenants.models import User
from tenants.refusals import Refused

MAX_TEXT = 200
MAX_URL = 400
TYPED = ("url", "username", "service_id", "plan_id")


class ConnectionRefused(Refused):
    """One of TYPED cannot be kept as typed, or the service is connected another way."""


def endpoint_of(sheet: ServiceSheet) -> Endpoint | None:
    """How the services of this sheet are opened, as it stands; None when nothing was ever said. One query."""
    return (
        Endpoint.objects.filter(offer__product__sheet=sheet, offer__partner__vendor=sheet.vendor_id)
        .select_related("proof")
        .first()
    )


@transaction.atomic
def connect(*, sheet: ServiceSheet, typed: dict[str, str], by: User, now: datetime) -> Endpoint:
    """Keeps where the vendor's broker is (TYPED): its services are opened there by themselves once the kit
    passes, by hand until then. The same again writes nothing.

    The password is not typed here: the environment variable that holds it bears the vendor's SIREN, so that
    no vendor has another one's password, or one of Halle's, sent to a machine of its own. Raises
    ConnectionRefused.
    """
    clean = {name: typed[name].strip() for name in TYPED}
    for name, value in clean.items():
        if not value:
            raise ConnectionRefused("Écrivez cette valeur.", name)
        if len(value) > (MAX_URL if name == "url" else MAX_TEXT) or not value.isprintable():
            raise ConnectionRefused("Cette valeur est trop longue, ou contient un caractère illisible.", name)
    if ":" in clean["username"]:
        raise ConnectionRefused("Un identifiant ne contient pas de deux-points.", "username")
    schemes = ("https://", "http://") if settings.ALLOW_PRIVATE_ADDRESSES else ("https://",)
    if not clean["url"].startswith(schemes):
        raise ConnectionRefused("Écrivez l’adresse en entier : https://…", "url")
    offer = offer_of(sheet)
    endpoint = Endpoint.objects.select_for_update(no_key=True).filter(offer=offer).first()
    if endpoint is None:
        endpoint = Endpoint(offer=offer, connector=ConnectorKind.MANUAL)
    if endpoint.connector not in (ConnectorKind.MANUAL, ConnectorKind.OSB):
        raise ConnectionRefused("Ce service est raccordé d’une autre façon : écrivez à la plateforme.", "url")
    known = endpoint.config if endpoint.connector == ConnectorKind.OSB else {}
    variable = known.get("password_variable") or f"BROKER_PASSWORD_{sheet.vendor.organisation.siren}"
    config = known | clean | {"password_variable": variable}
    if (endpoint.connector, endpoint.config) == (ConnectorKind.OSB, config):
        return endpoint
    endpoint.connector, endpoint.config = ConnectorKind.OSB, config
    endpoint.offered, endpoint.mismatch = {}, ""  # of what it was before
    endpoint.save()
    audit.record(
        tenant=sheet.vendor.organisation,
        actor=by,
        what="endpoint.changed",
        sentence=f"{{actor}} a changé le raccordement du service « {sheet.name} ».",
        subject_id=endpoint.pk,
        now=now,
        details={"url": clean["url"]},
    )
    return endpoint
