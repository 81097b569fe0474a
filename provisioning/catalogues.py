"""Brokers' catalogues: read every night, kept, and compared with what endpoints use.

What no longer fits is never guessed: a service whose identifier has changed may be another service. Openings
through it stop, and a person is asked.
"""

from collections import defaultdict
from datetime import datetime

from django.db import transaction
from pydantic import ValidationError

from provisioning.connectors.calling import AddressRefused
from provisioning.connectors.osb.broker import Broker, BrokerConfig
from provisioning.connectors.osb.catalogue import CatalogueInvalid, Read, Service, offered_in
from provisioning.connectors.outcomes import Retry
from provisioning.models import BrokerCatalogue, Endpoint
from provisioning.models.endpoint import ConnectorKind
from tenants.models import Operator

LISTED = 50

Uses = list[tuple[Endpoint, BrokerConfig]]


def read_catalogues(*, now: datetime) -> None:
    """Reads again the catalogue of every broker that an endpoint asks, one call each, and judges what uses
    it. From a worker only; must run outside a transaction."""
    brokers: dict[tuple[str, str, str], Uses] = defaultdict(list)
    for endpoint in Endpoint.objects.filter(connector=ConnectorKind.OSB).order_by("pk"):
        try:
            config = BrokerConfig.model_validate(endpoint.config)
        except ValidationError:
            continue  # whoever opens through it is told so
        brokers[str(config.url), config.username, config.password_variable].append((endpoint, config))
    for uses in brokers.values():
        _read(uses, now=now)


def _read(uses: Uses, *, now: datetime) -> None:
    config = uses[0][1]
    kept, _ = BrokerCatalogue.objects.get_or_create(url=str(config.url), username=config.username)
    try:
        read = Broker(config).catalogue(etag=kept.etag)
    except (Retry, AddressRefused, CatalogueInvalid) as problem:
        # What was known stays: an outage changes no offer.
        BrokerCatalogue.objects.filter(pk=kept.pk).update(problem=str(problem))
        return
    with transaction.atomic():
        services = _keep(kept, read, now=now)
        for endpoint, use in uses:
            _judge(endpoint, use, services)


def _keep(kept: BrokerCatalogue, read: Read, *, now: datetime) -> list[Service]:
    kept.read_at, kept.problem, kept.etag = now, "", read.etag
    if read.services is not None:
        kept.services = [service.model_dump() for service in read.services]
    kept.save()
    return [Service.model_validate(service) for service in kept.services]


def _judge(endpoint: Endpoint, config: BrokerConfig, services: list[Service]) -> None:
    offered = offered_in(services, service_id=config.service_id, plan_id=config.plan_id)
    mismatch = ""
    if offered is None:
        known = any(service.id == config.service_id for service in services)
        mismatch = (
            "L’éditeur a retiré cette formule de son catalogue, ou en a changé l’identifiant."
            if known
            else "L’éditeur a retiré ce service de son catalogue, ou en a changé l’identifiant."
        )
    elif config.bindable and not offered.bindable:
        mismatch = "L’éditeur ne donne plus d’identifiants d’accès pour cette formule."
    # What is open goes on as it was promised: the last word on a plan stays when it is withdrawn.
    promised = offered.model_dump() if offered else endpoint.offered
    Endpoint.objects.filter(pk=endpoint.pk).update(offered=promised, mismatch=mismatch)


def mismatches(*, operator: Operator) -> list[Endpoint]:
    """The endpoints of this operator's services that no longer fit their vendor's catalogue: the first of
    them, with their service's name and vendor. One query."""
    found = Endpoint.objects.exclude(mismatch="").filter(offer__listings__operator=operator).distinct()
    found = found.select_related("offer__product__sheet__vendor__organisation")
    return list(found.order_by("pk")[:LISTED])
