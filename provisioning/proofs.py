"""Connections that no report of the kit speaks for: their vendor is written to, and they are listed."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse

from catalog.models import ListingState, Vendor
from provisioning.models import Endpoint
from provisioning.models.endpoint import PROOF_LASTS, ConnectorKind
from tenants import letters
from tenants.models import Operator, Role
from tenants.people.telling import people_to_tell

LISTED = 50


def unproved_at(*, vendor: Vendor) -> list[Endpoint]:
    """The brokers of this vendor that have not passed the kit as they are now, each with its service. One
    query."""
    return _unproved(_brokers().filter(offer__partner__vendor=vendor))


def unproved_of(*, operator: Operator) -> list[tuple[Endpoint, int]]:
    """The same for the services on the shelf of an operator, each with the number of its listing. One
    query."""
    found = _brokers().filter(offer__listings__operator=operator, offer__listings__state=ListingState.LISTED)
    rows = found.annotate(listing_id=F("offer__listings"))
    return [(one, one.listing_id) for one in _unproved(rows)]


def tell_losses(*, now: datetime) -> int:
    """Writes to the vendor of each broker whose proof is lost or too old; how many letters were meant. May be
    called any number of times. For a worker, which sees every tenant."""
    proved_once = _brokers().filter(proof__isnull=False)
    return sum(tell_loss(endpoint=one, now=now) for one in proved_once.iterator(chunk_size=500))


@transaction.atomic
def tell_loss(*, endpoint: Endpoint, now: datetime) -> int:
    """One letter to each of the vendor's administrators where the broker has lost its proof: it was set
    otherwise since, or the report is older than PROOF_LASTS. The same loss is told once. How many were
    meant."""
    if endpoint.connector != ConnectorKind.OSB or endpoint.proof is None:
        return 0
    if not endpoint.is_proved:
        loss, why = endpoint.configuration[:16], CHANGED
    elif endpoint.proof.at + PROOF_LASTS <= now:
        loss, why = "old", OUTDATED
    else:
        return 0
    sheet = endpoint.offer.product.sheet
    organisation = endpoint.offer.partner.vendor.organisation
    url = reverse("vendor_connection", args=[organisation.siren, sheet.slug])
    told = people_to_tell(organisations=[organisation.pk], roles=[Role.VENDOR_ADMIN])
    for mandate in told:
        letters.write(
            tenant=organisation,
            key=f"proof:{endpoint.proof_id}:{loss}:{mandate.user_id}",
            to=mandate.user.email,
            subject=f"Banc d’essai à refaire : {sheet.name}",
            body=BODY.format(service=sheet.name, why=why, url=f"{settings.BASE_URL.rstrip('/')}{url}"),
            now=now,
        )
    return len(told)


def _brokers():
    rows = Endpoint.objects.filter(connector=ConnectorKind.OSB)
    return rows.select_related(
        "proof", "offer__product__sheet", "offer__partner__vendor__organisation"
    ).order_by("pk")


def _unproved(endpoints: Iterable[Endpoint]) -> list[Endpoint]:
    return [one for one in endpoints if not one.is_proved][:LISTED]


CHANGED = (
    "Le raccordement a été réglé autrement depuis son dernier banc d’essai réussi. En attendant qu’il "
    "réussisse de nouveau, les ouvertures se font à la main."
)
OUTDATED = (
    "Le dernier banc d’essai réussi a plus de trois mois. Ce qui est au catalogue s’ouvre toujours seul ; "
    "ce qui y sera mis s’ouvrira à la main, en attendant un nouveau banc d’essai réussi."
)
BODY = """\
Bonjour,

Votre service « {service} » est raccordé à Halle par un courtier.

{why}

Que faire : lancez le banc d’essai, il prend quelques minutes.
{url}
"""
