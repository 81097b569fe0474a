"""GET /v2/catalog: what a broker offers, read strictly, and what one plan of it promises."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator

from provisioning.connectors.calling import Answer, plain_text
from provisioning.connectors.outcomes import Retry
from provisioning.models.run import Cause

MAX_ETAG = MAX_TEXT = 200


def _that_can_be_kept(text: str) -> str:
    if text and not plain_text(text, longest=MAX_TEXT):
        raise ValueError("too long, or of characters that no database keeps")
    return text


Text = Annotated[str, AfterValidator(_that_can_be_kept)]
Identifier = Annotated[Text, Field(min_length=1)]


class CatalogueInvalid(Exception):
    """It is not a catalogue. `str()` is a French sentence."""


class MaintenanceInfo(BaseModel):
    version: Text


class Plan(BaseModel):
    id: Identifier
    name: Text
    bindable: bool | None = None
    binding_rotatable: bool | None = None
    maximum_polling_duration: int | None = None
    maintenance_info: MaintenanceInfo | None = None


class Service(BaseModel):
    """Only these fields are kept: `dashboard_client` holds a secret."""

    id: Identifier
    name: Text
    bindable: bool
    binding_rotatable: bool = False
    instances_retrievable: bool = False
    bindings_retrievable: bool = False
    plans: list[Plan] = Field(max_length=1_000)


class _Catalogue(BaseModel):
    services: list[Service] = Field(max_length=1_000)

    @model_validator(mode="after")
    def _identifiers_are_unique(self):
        ids = [service.id for service in self.services]
        ids += [plan.id for service in self.services for plan in service.plans]
        if len(set(ids)) < len(ids):
            raise ValueError("the same identifier twice")
        return self


class Offered(BaseModel):
    """What the catalogue says of the plan that an endpoint uses. A plan's word goes before its service's."""

    bindable: bool
    binding_rotatable: bool
    instances_retrievable: bool
    bindings_retrievable: bool
    polling_seconds: int | None = None
    maintenance_version: str = ""


@dataclass(frozen=True)
class Read:
    """A catalogue as it was read; `services` None: the same as the one of that `etag`."""

    etag: str
    services: list[Service] | None


def catalogue_in(answer: Answer, *, etag: str) -> Read:
    """What an answer to GET /v2/catalog says; `etag` is that of the request. Raises Retry and
    CatalogueInvalid."""
    if answer.status == 304 and etag:
        return Read(etag=etag, services=None)
    if answer.status != 200:
        raise Retry(
            f"L’éditeur ne donne pas son catalogue (code {answer.status}).",
            cause=Cause.BUSY if answer.status == 429 else Cause.BROKEN,
            after=answer.retry_after,
        )
    try:
        said = _Catalogue.model_validate(answer.json_object())
    except ValidationError:
        # Its own words are not repeated: they quote what the broker wrote.
        raise CatalogueInvalid("Le catalogue de l’éditeur ne suit pas la norme : le lui signaler.") from None
    return Read(etag=plain_text(answer.headers.get("etag", ""), longest=MAX_ETAG), services=said.services)


def offered_in(services: list[Service], *, service_id: str, plan_id: str) -> Offered | None:
    """What it promises of that plan; None when it does not have it."""
    for service in services:
        for plan in service.plans:
            if (service.id, plan.id) == (service_id, plan_id):
                return _offered(service, plan)
    return None


def _offered(service: Service, plan: Plan) -> Offered:
    bindable = service.bindable if plan.bindable is None else plan.bindable
    rotatable = service.binding_rotatable if plan.binding_rotatable is None else plan.binding_rotatable
    return Offered(
        bindable=bindable,
        binding_rotatable=rotatable,
        instances_retrievable=service.instances_retrievable,
        bindings_retrievable=service.bindings_retrievable,
        polling_seconds=plan.maximum_polling_duration,
        maintenance_version=plan.maintenance_info.version if plan.maintenance_info else "",
    )
