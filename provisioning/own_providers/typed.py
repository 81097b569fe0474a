"""What a person types of a provider or a domain, cleaned. Pure."""

import re
from dataclasses import dataclass, field

from django.conf import settings

from provisioning.models import ProviderKind
from tenants.people.domains import is_free_mail
from tenants.refusals import Refused

MAX_TEXT = 200
MAX_URL = 400
MAX_SECRET = 1000
# How providers name people's e-mail, first name and last name in SAML.
ATTRIBUTES = {
    "oid": {  # eduPerson and LDAP (RFC 4519), as Shibboleth and most French providers say them
        "email": "urn:oid:0.9.2342.19200300.100.1.3",
        "firstName": "urn:oid:2.5.4.42",
        "lastName": "urn:oid:2.5.4.4",
    },
    "claims": {  # AD FS and Microsoft Entra
        "email": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        "firstName": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
        "lastName": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
    },
    "plain": {"email": "mail", "firstName": "givenName", "lastName": "sn"},
}
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


@dataclass(frozen=True)
class Typed:
    """As it was typed. An empty `secret` keeps the one that is known; `metadata` is the file's content."""

    kind: str
    name: str
    issuer: str = ""
    client_id: str = ""
    secret: str = field(default="", repr=False)
    metadata_url: str = ""
    metadata: bytes = b""
    attributes: str = ""


def clean(typed: Typed) -> dict[str, str]:
    """What is kept of it, without the secret and the file. Raises Refused, naming the field."""
    if typed.kind not in ProviderKind.values:
        raise Refused("Choisissez comment ce fournisseur parle.", "kind")
    _text(typed.name, "name", "Écrivez un nom que les agents reconnaîtront.", 100)
    if typed.kind == ProviderKind.OIDC:
        issuer = _address(typed.issuer, "issuer")
        if "?" in issuer or "#" in issuer:
            raise Refused("Un émetteur ne contient ni « ? » ni « # ».", "issuer")
        client_id = _text(
            typed.client_id, "client_id", "Écrivez l’identifiant de client donné à Halle.", MAX_TEXT
        )
        if len(typed.secret) > MAX_SECRET or not typed.secret.isprintable():
            raise Refused("Ce secret est trop long, ou contient un caractère illisible.", "secret")
        return {"issuer": issuer, "client_id": client_id}
    if typed.attributes not in ATTRIBUTES:
        raise Refused("Dites comment ce fournisseur nomme le courriel et les noms.", "attributes")
    url = _address(typed.metadata_url, "metadata_url") if typed.metadata_url.strip() else ""
    return {"metadata_url": url, "attributes": typed.attributes}


def clean_domain(typed: str) -> str:
    """The domain in ASCII, lower case (IDNA). Raises Refused for what is none, or everybody's."""
    value = typed.strip().rstrip(".").lower().removeprefix("@")
    try:
        domain = value.encode("idna").decode("ascii") if value else ""
    except UnicodeError:
        domain = ""
    labels = domain.split(".")
    if len(labels) < 2 or len(domain) > 230 or not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        raise Refused("Écrivez ce qui suit l’arobase des adresses, par exemple mairie-exemple.fr.", "domain")
    if is_free_mail(domain):
        raise Refused(
            f"{domain} est une messagerie grand public : tout le monde peut y avoir une adresse. Donnez un "
            "domaine qui n’est qu’à cet adhérent.",
            "domain",
        )
    return domain


def _text(value: str, name: str, missing: str, longest: int) -> str:
    value = value.strip()
    if not value:
        raise Refused(missing, name)
    if len(value) > longest or not value.isprintable():
        raise Refused("Cette valeur est trop longue, ou contient un caractère illisible.", name)
    return value


def _address(value: str, name: str) -> str:
    value = value.strip()
    schemes = ("https://", "http://") if settings.ALLOW_PRIVATE_ADDRESSES else ("https://",)
    whole = value.startswith(schemes) and len(value) <= MAX_URL and value.isprintable() and " " not in value
    if not whole:
        raise Refused("Écrivez l’adresse en entier : https://…", name)
    return value
