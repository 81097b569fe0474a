"""Brokers' catalogues: read every night, kept, and compared with what endpoints use.

What no longer fits is never guessed: a service whose identifier has changed may be another service. Openings
through it stop, and a person is asked.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from pydantic import ValidationError

from provisioning.catalogue_changes import changes_between
from provisioning.connectors.calling import AddressRefused
from provisioning.connectors.osb.broker import Broker, BrokerConfig
from provisioning.connectors.osb.catalogue import CatalogueInvalid, Read, Service, offered_in
from provisioning.connectors.outcomes import Retry
from provisioning.models import BrokerCatalogue, Endpoint
from provisioning.models.endpoint import ConnectorKind
from tenants.models import Operator

LISTED = 50
INCOMPLETE = "Le raccordement est incomplet."
CHANGED_MEANWHILE = "Le raccordement a changé pendant la lecture : relisez le catalogue."

Uses = list[tuple[Endpoint, BrokerConfig]]


@dataclass(frozen=True)
class Found:
    """What a reading came to for one endpoint, in French: `problem`, why nothing could be read; `changes`,
    what of its plan is not as it was."""

    problem: str = ""
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What a broker answered to whoever uses it: its catalogue, or why there is none."""

    uses: Uses
    kept: BrokerCatalogue
    answer: Read | str


def read_catalogues(*, now: datetime) -> None:
    """Reads again the catalogue of every broker that an endpoint asks, one call each, and judges what uses
    it. From a worker only; must run outside a transaction."""
    for uses in _brokers().values():
        record(_ask(uses), now=now)


def ask_for(endpoint: Endpoint) -> Asked | None:
    """Asks the broker of this endpoint, for all that use it; None when its connection is incomplete. As
    `read_catalogues`: the answer is to be recorded."""
    for uses in _brokers().values():
        if any(use.pk == endpoint.pk for use, _ in uses):
            return _ask(uses)
    return None


@transaction.atomic
def record(asked: Asked, *, now: datetime) -> dict[int, Found]:
    """Keeps what a broker answered and judges what uses it; by endpoint, what came of it."""
    kept, answer = asked.kept, asked.answer
    if isinstance(answer, str):
        # What was known stays: an outage changes no offer.
        BrokerCatalogue.objects.filter(pk=kept.pk).update(problem=answer)
        return {endpoint.pk: Found(problem=answer) for endpoint, _ in asked.uses}
    services = _keep(kept, answer, now=now)
    return {endpoint.pk: _judge(endpoint, config, services) for endpoint, config in asked.uses}


def kept_for(endpoint: Endpoint) -> BrokerCatalogue | None:
    """The catalogue of its broker as it was read last; None when it never was. One query."""
    config = _config(endpoint)
    return config and BrokerCatalogue.objects.filter(url=str(config.url), username=config.username).first()


def mismatches(*, operator: Operator) -> list[Endpoint]:
    """The endpoints of this operator's services that no longer fit their vendor's catalogue: the first of
    them, with their service's name and vendor. One query."""
    found = Endpoint.objects.exclude(mismatch="").filter(offer__listings__operator=operator).distinct()
    found = found.select_related("offer__product__sheet__vendor__organisation")
    return list(found.order_by("pk")[:LISTED])


def _brokers() -> dict[tuple[str, str, str], Uses]:
    brokers: dict[tuple[str, str, str], Uses] = defaultdict(list)
    for endpoint in Endpoint.objects.filter(connector=ConnectorKind.OSB).order_by("pk"):
        if config := _config(endpoint):  # whoever opens through another one is told so
            brokers[str(config.url), config.username, config.password_variable].append((endpoint, config))
    return brokers


def _config(endpoint: Endpoint) -> BrokerConfig | None:
    try:
        return BrokerConfig.model_validate(endpoint.config)
    except ValidationError:
        return None


def _ask(uses: Uses) -> Asked:
    config = uses[0][1]
    kept, _ = BrokerCatalogue.objects.get_or_create(url=str(config.url), username=config.username)
    try:
        return Asked(uses, kept, Broker(config).catalogue(etag=kept.etag))
    except (Retry, AddressRefused, CatalogueInvalid) as problem:
        return Asked(uses, kept, str(problem))


def _keep(kept: BrokerCatalogue, read: Read, *, now: datetime) -> list[Service]:
    kept.read_at, kept.problem, kept.etag = now, "", read.etag
    if read.services is not None:
        kept.services = [service.model_dump() for service in read.services]
    kept.save()
    return [Service.model_validate(service) for service in kept.services]


def _judge(endpoint: Endpoint, config: BrokerConfig, services: list[Service]) -> Found:
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
    as_it_was = Endpoint.objects.filter(
        pk=endpoint.pk, connector=ConnectorKind.OSB, config=endpoint.config
    )  # its vendor may have changed it meanwhile
    if not as_it_was.update(offered=promised, mismatch=mismatch):
        return Found(problem=CHANGED_MEANWHILE)
    changes = changes_between(endpoint.offered, promised, was=endpoint.mismatch, mismatch=mismatch)
    return Found(changes=tuple(changes))
