"""What another Halle says of its services, checked: it is a stranger, whatever it calls itself. Pure."""

import json
import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.models import Connector, Family
from tenants.models.organisation import OrganisationKind

PAGE_SIZE = 100
ID = re.compile(r"[a-z0-9-]{1,140}")


class NotHalle(ValueError):
    """The answer is not that of a Halle; `str()` is a French sentence."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


def _text(most: int):
    return Annotated[str, Field(max_length=most, pattern=r"^[^\x00]*$")]


class RemoteVendor(_Part):
    siren: Annotated[str, Field(pattern=r"^[0-9]{9}$")]
    name: _text(255)


class RemoteContractor(_Part):
    name: _text(200)
    until: _text(10) | None = None
    website: _text(300) | None = None


class RemoteOption(_Part):
    code: _text(40)
    name: _text(120)
    summary: _text(300) = ""


class RemoteService(_Part):
    """`/api/v1/services/{id}`, of what a sheet takes."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,140}$")]
    name: Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00]*$")]
    summary: _text(220)
    description: _text(10_000)
    family: str
    audience: _text(200) = ""
    body_types: Annotated[list[str], Field(max_length=50)] = []
    population_min: Annotated[int, Field(ge=0, le=100_000_000)] | None = None
    population_max: Annotated[int, Field(ge=0, le=100_000_000)] | None = None
    personal_data: bool = True
    hosting: _text(200) = ""
    connector: str = Connector.MANUAL
    licence: _text(120) | None = None
    website: _text(300) | None = None
    repository_url: _text(300) | None = None
    publiccode_url: _text(300) | None = None
    contractors: Annotated[list[RemoteContractor], Field(max_length=20)] = []
    options: Annotated[list[RemoteOption], Field(max_length=20)] = []
    vendor: RemoteVendor

    def values(self) -> dict[str, Any]:
        """The fields of a sheet. What this Halle does not know (a family, a kind of body) is left out."""
        return {
            "name": self.name,
            "summary": self.summary,
            "description": self.description,
            "audience": self.audience,
            "body_types": [kind for kind in self.body_types if kind in OrganisationKind.values],
            "population_min": self.population_min,
            "population_max": self.population_max,
            "personal_data": self.personal_data,
            "hosting": self.hosting,
            "licence_spdx": self.licence or "",
            "website": self.website or "",
            "repository_url": self.repository_url or "",
            "publiccode_url": self.publiccode_url or "",
            "contractors": [
                {"name": one.name, "until": one.until or "", "website": one.website or ""}
                for one in self.contractors
            ],
            "options": [one.model_dump() for one in self.options],
            **({"family": self.family} if self.family in Family.values else {}),
        }


def page_of(body: bytes) -> tuple[list[dict], int]:
    """The items of a page of `/api/v1/services`, each with an "id", and how many there are in all.

    Raises NotHalle.
    """
    content = _object(body)
    items, total = content.get("items"), content.get("total")
    if not isinstance(items, list) or not isinstance(total, int) or len(items) > PAGE_SIZE:
        raise NotHalle("Cette adresse ne répond pas comme l’interface d’une Halle.")
    if not all(isinstance(item, dict) and isinstance(item.get("id"), str) for item in items):
        raise NotHalle("Cette adresse ne répond pas comme l’interface d’une Halle.")
    return items, total


def service_of(body: bytes) -> RemoteService:
    """One service. Raises NotHalle, which names the first field that is wrong."""
    try:
        return RemoteService.model_validate(_object(body))
    except ValidationError as error:
        places = [".".join(map(str, one["loc"])) for one in error.errors(include_url=False)]
        raise NotHalle(f"La fiche reçue est mal formée (champ {', '.join(places[:3])}).") from error


def _object(body: bytes) -> dict:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotHalle("Cette adresse ne répond pas en JSON.") from error
    if not isinstance(content, dict):
        raise NotHalle("Cette adresse ne répond pas comme l’interface d’une Halle.")
    return content
