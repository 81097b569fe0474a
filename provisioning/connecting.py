"""A vendor says where its broker is. Who opens its services follows from the kit, never from this alone."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from catalog.models import ServiceSheet
from catalog.sheets.offers import offer_of
from provisioning.models import Endpoint
from provisioning.models.endpoint import ConnectorKind
from provisioning.proofs import tell_loss
from tenants import audit
from tenants.models import User
from tenants.refusals import Refused

MAX_TEXT = 200
MAX_URL = 400
TYPED = ("url", "username", "service_id", "plan_id")
# What a vendor says that its broker does, and what is believed until it does (connectors.osb.BrokerConfig).
SWITCHES = {"bindable": False, "changes": True, "suspends": False}


class ConnectionRefused(Refused):
    """One of TYPED cannot be kept as typed, or the service is connected another way."""


def endpoint_of(sheet: ServiceSheet) -> Endpoint | None:
    """How the services of this sheet are opened, as it stands; None when nothing was ever said. One query."""
    return (
        Endpoint.objects.filter(offer__product__sheet=sheet, offer__partner__vendor=sheet.vendor_id)
        .select_related("proof")
        .first()
    )


def said_of(endpoint: Endpoint | None) -> dict[str, str | bool]:
    """TYPED and SWITCHES as they stand."""
    config = endpoint.config if endpoint and endpoint.connector == ConnectorKind.OSB else {}
    return {name: config.get(name, "") for name in TYPED} | {
        name: config.get(name, default) for name, default in SWITCHES.items()
    }


@transaction.atomic
def connect(*, sheet: ServiceSheet, typed: dict[str, str | bool], by: User, now: datetime) -> Endpoint:
    """Keeps where the vendor's broker is (TYPED) and what it does (SWITCHES, as they stand where nothing is
    said): its services are opened there by themselves once the kit passes, by hand until then. The same again
    writes nothing.

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
    before = said_of(endpoint)
    switched = {name for name in SWITCHES if name in typed and typed[name] != before[name]}
    # What goes without saying is not written: said again as before, a report of the kit speaks of it again.
    kept = {name: value for name, value in known.items() if name not in switched}
    said = {name: typed[name] for name in switched if typed[name] != SWITCHES[name]}
    config = kept | clean | said | {"password_variable": variable}
    if (endpoint.connector, endpoint.config) == (ConnectorKind.OSB, config):
        return endpoint
    endpoint.connector, endpoint.config = ConnectorKind.OSB, config
    endpoint.offered, endpoint.mismatch = {}, ""  # of what it was before
    endpoint.save()
    tell_loss(endpoint=endpoint, now=now)
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
