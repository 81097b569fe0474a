"""Connectors: one folder per way of opening a service at a vendor's.

A connector is an "ensure" operation: asked twice with the same key, it does the thing once. It never
touches the database; the engine (provisioning.operations) records what it says.

To add one: a folder here with `connector.py`, a line in `CONNECTORS`, its kind in
`models/endpoint.py`, its tests in `tests/provisioning/`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from pydantic import ValidationError

from provisioning.connectors.manual.connector import ManualConnector
from provisioning.connectors.osb.connector import OsbConnector
from provisioning.connectors.outcomes import Absent, Done, InProgress, NeedsPerson, Seen, Way
from provisioning.connectors.terraform.connector import TerraformConnector
from provisioning.connectors.webhook.connector import WebhookConnector
from provisioning.models import Event
from provisioning.models.endpoint import ConnectorKind


@dataclass(frozen=True)
class ServiceRequest:
    """What a vendor is told. `key` is the idempotency key: the same at every attempt. `options`: the codes of
    those chosen; `counts`: what the organisation says of itself, by `Counted.name`. `url` is what the vendor
    said before of where the service will be, "" if nothing. `suspended`: it is, for the time being.
    `delivery` is the key of this step alone, where `key` names the vendor's instance; `callback` the address
    where the vendor may say what became of it. `binding` names the credentials that it is about,
    `predecessor` those that they replace. `identity` names this one attempt. `agreed_plan`: the file, in the
    storage, of what a person has read and agreed to, "" if nothing."""

    key: str
    subscription_id: str
    organisation_name: str
    siren: str
    insee_code: str
    operator_name: str
    options: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    url: str = ""
    suspended: bool = False
    delivery: str = ""
    callback: str = ""
    binding: str = ""
    agreed_plan: str = ""
    predecessor: str = ""
    identity: str = ""


class Connector(Protocol):
    def way_of(self, event: Event) -> Way:
        """How this event is carried out at this vendor's; pages say it beforehand."""

    def ensure_open(self, request: ServiceRequest) -> Done | InProgress | NeedsPerson:
        """Makes sure the service is open. Raises `Retry` when it may work later."""

    def ensure_changed(self, request: ServiceRequest) -> Done | InProgress | NeedsPerson:
        """Makes sure that the service is what `options` and `counts` say. Raises `Retry` when it may work
        later."""

    def ensure_suspended(self, request: ServiceRequest) -> Done | InProgress | NeedsPerson:
        """Makes sure that nobody uses the service, with all its data kept. Raises `Retry` when it may work
        later. Never asked where `way_of` says that it is never done; its progress is asked by
        `poll_changing`."""

    def ensure_resumed(self, request: ServiceRequest) -> Done | InProgress | NeedsPerson:
        """Makes sure that the service is used again, as `ensure_suspended`."""

    def poll_changing(self, request: ServiceRequest, operation: str) -> Done | InProgress | NeedsPerson:
        """How far an asynchronous change has come. Raises `Retry` when the vendor does not answer."""

    def ensure_closed(self, request: ServiceRequest) -> Done | InProgress | NeedsPerson:
        """Makes sure the service is closed and its data erased. Raises `Retry` when it may work later."""

    def poll_closing(self, request: ServiceRequest, operation: str) -> Done | InProgress | NeedsPerson:
        """How far an asynchronous closing has come. Raises `Retry` when the vendor does not answer."""

    def poll(self, request: ServiceRequest, operation: str) -> Done | InProgress | NeedsPerson:
        """How far an asynchronous opening has come. Raises `Retry` when the vendor does not answer."""


@runtime_checkable
class Lookable(Protocol):
    """A connector whose vendor can be asked what it has."""

    def look(self, request: ServiceRequest) -> Seen | Absent | None:
        """What the vendor says of the service; None where it does not say. Raises `Retry` when it may answer
        later."""


CONNECTORS = {
    ConnectorKind.OSB: OsbConnector,
    ConnectorKind.WEBHOOK: WebhookConnector,
    ConnectorKind.TERRAFORM: TerraformConnector,
    ConnectorKind.MANUAL: ManualConnector,
}


def connector_for(endpoint) -> Connector:
    """The connector of an endpoint, with its typed configuration.

    Raises pydantic.ValidationError when the configuration is not valid.
    """
    kind = CONNECTORS[ConnectorKind(endpoint.connector)]
    known = {"offered": endpoint.offered} if endpoint.offered else {}
    return kind(kind.Config.model_validate(endpoint.config | known))


def way_of(endpoint, event: Event) -> Way:
    """How an event is carried out through an endpoint: by a person where there is none, or a wrong one."""
    if endpoint is None:
        return Way.PERSON
    try:
        return connector_for(endpoint).way_of(event)
    except ValidationError:
        return Way.PERSON
