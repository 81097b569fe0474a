"""What publiccode.yml says, of what a catalogue needs. Unknown and deprecated keys are passed over.

The people named in ``maintenance/contacts`` and the contractors' e-mail addresses are personal: never kept.
"""

import datetime
import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from .licences import LicenceInvalid, spdx_expression
from .sheet import SheetFields, sheet_fields

SUPPORTED = ("0.2", "0.3", "0.4", "0.5", "0.6", "0.7")

_VERSION = re.compile(r"0(\.[2-7](\.[0-9]{1,3})?)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}:\S+")
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]+")
_ALIASES = {"gdpr", "eidas", "nis2", "cra", "spid", "cie", "anpr", "pagopa", "io"}


def _wrong(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("publiccode", "{sentence}", {"sentence": sentence})


def _text(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _address(value: Any, schemes: tuple[str, ...]) -> str:
    text = _text(value)
    if not isinstance(text, str):
        raise _wrong("écrivez une adresse.")
    starts = " ou ".join(f"{scheme}://" for scheme in schemes)
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _wrong("cette adresse est mal formée.") from None
    if parts.scheme not in schemes or not host:
        raise _wrong(f"écrivez une adresse complète qui commence par {starts}.")
    if parts.username is not None or parts.password is not None:
        raise _wrong("l’adresse ne doit contenir ni identifiant ni mot de passe.")
    if len(text) > 500 or not text.isprintable() or " " in text or not _HOST.fullmatch(host):
        raise _wrong("cette adresse est mal formée.")
    return text


def _date(value: Any) -> datetime.date:
    if type(value) is datetime.date:
        return value
    if isinstance(value, str) and _DATE.fullmatch(value.strip()):
        try:
            return datetime.date.fromisoformat(value.strip())
        except ValueError:
            pass
    raise _wrong("écrivez une date AAAA-MM-JJ, par exemple 2027-06-30.")


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _nothing(value: Any) -> Any:
    return () if value is None else value


def _flag(value: Any) -> bool:
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise _wrong("répondez par true ou false.")


def _length(most: int, least: int = 1):
    return Field(min_length=least, max_length=most)


Text = Annotated[str, _length(200), BeforeValidator(_text)]
RepositoryAddress = Annotated[str, BeforeValidator(lambda value: _address(value, ("https",)))]
WebAddress = Annotated[str, BeforeValidator(lambda value: _address(value, ("https", "http")))]
Day = Annotated[datetime.date, BeforeValidator(_date)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_nothing), Field(max_length=200)]


class Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Contractor(Part):
    """Who is paid to maintain the software, and until which day."""

    name: Text
    until: Day
    website: WebAddress | None = None


class Organisation(Part):
    uri: Annotated[str, _length(500), BeforeValidator(_text)]
    name: Text | None = None

    @field_validator("uri")
    @classmethod
    def _is_uri(cls, uri: str) -> str:
        if not _SCHEME.fullmatch(uri):
            raise _wrong("écrivez un identifiant complet, par exemple https://exemple.fr ou urn:x-siren:123.")
        return uri


class Description(Part):
    """The words about the software in one language, as written: possibly with Markdown or HTML in them."""

    localised_name: Text | None = Field(None, alias="localisedName")
    short: Annotated[str, _length(150), BeforeValidator(_text)] = Field(alias="shortDescription")
    long: Annotated[str, _length(10_000, 150), BeforeValidator(_text)] | None = Field(
        None, alias="longDescription"
    )
    features: Annotated[
        tuple[Annotated[str, _length(1_000), BeforeValidator(_text)], ...],
        BeforeValidator(_nothing),
        Field(max_length=200),
    ] = ()
    documentation: WebAddress | None = None
    api_documentation: WebAddress | None = Field(None, alias="apiDocumentation")


class Legal(Part):
    license: Annotated[str, BeforeValidator(_text)]

    @field_validator("license")
    @classmethod
    def _spdx(cls, text: str) -> str:
        try:
            return spdx_expression(text)
        except LicenceInvalid as error:
            raise _wrong(str(error)) from error


class Maintenance(Part):
    type: Literal["internal", "contract", "community", "none"]
    contractors: Annotated[tuple[Contractor, ...], BeforeValidator(_nothing), Field(max_length=50)] = ()
    # Only whether somebody can be reached: see the head of this module.
    contacts: Annotated[bool, BeforeValidator(lambda value: isinstance(value, list) and bool(value))] = False

    @model_validator(mode="after")
    def _somebody_answers(self) -> "Maintenance":
        if self.type == "contract" and not self.contractors:
            raise _wrong("la maintenance est sous contrat, indiquez au moins un prestataire (contractors).")
        if self.type in ("internal", "community") and not self.contacts:
            raise _wrong("indiquez au moins un contact (contacts) pour cette sorte de maintenance.")
        return self


class Localisation(Part):
    ready: Annotated[bool, BeforeValidator(_flag)] = Field(alias="localisationReady")
    languages: Annotated[tuple[Text, ...], Field(min_length=1, max_length=200)] = Field(
        alias="availableLanguages"
    )


class Supported(Part):
    id: Annotated[str, _length(500), BeforeValidator(_text)]

    @field_validator("id")
    @classmethod
    def _known(cls, text: str) -> str:
        name = text.removeprefix("alias:")
        if (text.startswith("alias:") and name not in _ALIASES) or not _SCHEME.fullmatch(text):
            raise _wrong(f"«\u00a0{text[:60]}\u00a0» n’est ni un alias connu ni une adresse.")
        return text


class Audience(Part):
    scope: Texts = ()
    countries: Texts = ()


class PublicCode(Part):
    """A publiccode.yml that was read and found right. ``description`` keys are language tags."""

    version: Annotated[str, BeforeValidator(_text)] = Field(alias="publiccodeYmlVersion")
    name: Text
    url: RepositoryAddress
    landing_url: WebAddress | None = Field(None, alias="landingURL")
    software_version: Text | None = Field(None, alias="softwareVersion")
    release_date: Day | None = Field(None, alias="releaseDate")
    platforms: Annotated[tuple[Text, ...], BeforeValidator(_one_or_many), Field(min_length=1, max_length=200)]
    categories: Texts = ()
    used_by: Texts = Field((), alias="usedBy")
    status: Literal["concept", "development", "beta", "stable", "obsolete"] = Field(alias="developmentStatus")
    software_type: Literal[
        "standalone/mobile",
        "standalone/iot",
        "standalone/desktop",
        "standalone/web",
        "standalone/backend",
        "standalone/other",
        "addon",
        "library",
        "configurationFiles",
    ] = Field(alias="softwareType")
    audience: Audience = Field(Audience(), alias="intendedAudience")
    description: dict[str, Description]
    legal: Legal
    maintenance: Maintenance
    localisation: Localisation
    organisation: Organisation | None = None
    supports: Annotated[tuple[Supported, ...], BeforeValidator(_nothing), Field(max_length=200)] = ()

    @field_validator("audience", mode="before")
    @classmethod
    def _no_audience(cls, value: Any) -> Any:
        return {} if value is None else value

    @field_validator("version")
    @classmethod
    def _supported(cls, version: str) -> str:
        if not _VERSION.fullmatch(version):
            raise _wrong(
                f"la version «\u00a0{version[:20]}\u00a0» n’est pas lue, indiquez une version de "
                f"{SUPPORTED[0]} à {SUPPORTED[-1]}."
            )
        return version

    @field_validator("description")
    @classmethod
    def _complete(cls, languages: dict[str, Description]) -> dict[str, Description]:
        if not languages:
            raise _wrong("décrivez le logiciel dans au moins une langue, de préférence «\u00a0fr\u00a0».")
        for tag in languages:
            if not _LANGUAGE.fullmatch(tag):
                raise _wrong(
                    f"«\u00a0{tag[:20]}\u00a0» n’est pas un code de langue, par exemple «\u00a0fr\u00a0»."
                )
        if not any(words.long for words in languages.values()):
            raise _wrong("il manque une description longue (longDescription) dans au moins une langue.")
        if not any(words.features for words in languages.values()):
            raise _wrong("il manque la liste des fonctions (features) dans au moins une langue.")
        return languages

    def for_sheet(self, *, publiccode_url: str = "") -> SheetFields:
        """What a service sheet takes from the file, read at `publiccode_url` ("" when it was typed in)."""
        return sheet_fields(self, publiccode_url=publiccode_url)
