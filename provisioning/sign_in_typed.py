"""What a vendor types to have people enter its service through Halle, judged before anything is written."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

from provisioning.models import Protocol
from provisioning.models.sign_in import MAX_ADDRESS, MAX_ENTITY_ID, SIREN, SUBSCRIPTION
from tenants.refusals import Refused

MOST_ADDRESSES = 10
MAX_CERTIFICATE = 10_000
LEAST_BITS = 2048  # RGS v2, annex B1: of an RSA key, until 2030
PRIVATE = "PRIVATE KEY"
_WHOLE = "Écrivez l’adresse en entier, sans « * » ni « # » : https://…"
_EACH = (
    f"Chaque abonnement a son propre client, et deux clients ne portent pas le même nom : mettez {SIREN} ou "
    f"{SUBSCRIPTION} dans l’identifiant, par exemple à la fin."
)
_BRACES = f"Halle ne remplace que {SIREN} et {SUBSCRIPTION} : ôtez les autres accolades."
_ENTITY = "Écrivez une adresse (https://…) ou un nom (urn:…), sans espace, accent ni guillemet."
_CERTIFICATE = "Ce certificat est illisible. Collez-le en entier, de BEGIN CERTIFICATE à END CERTIFICATE."
_KEY = f"Il faut une clé RSA de {LEAST_BITS} bits au moins : faites-en une autre."
_PRIVATE = (
    "Ceci contient une clé privée : elle ne doit pas quitter votre service. Halle ne l’a pas gardée. Collez "
    "le certificat seul."
)
_URI = re.compile(r"[A-Za-z0-9:/?@!$&'()+,;=._~%-]+")  # RFC 3986, §2.2 and §2.3, without [ ] # and *
_NAMED = re.compile(r"urn:[A-Za-z0-9][A-Za-z0-9-]{1,30}:.+", re.IGNORECASE)  # RFC 8141, §2


@dataclass(frozen=True)
class Typed:
    """As it comes from the form. What the chosen protocol does not use is left out."""

    redirect_uris: list[str]
    protocol: str = Protocol.OPENID
    signed_out_uri: str = ""
    logout_uri: str = ""
    entity_id: str = ""
    certificate: str = ""


def judged(typed: Typed, *, now: datetime) -> dict:
    """The fields of `SignIn`, with nothing in them when there is no address: nobody enters. Raises Refused,
    with its field."""
    addresses = list(dict.fromkeys(one.strip() for one in typed.redirect_uris if one.strip()))
    if not addresses:
        typed = Typed([])
    if typed.protocol not in Protocol:
        raise Refused("Choisissez OpenID Connect ou SAML 2.0.", "protocol")
    by_saml = typed.protocol == Protocol.SAML
    said = {
        "protocol": Protocol(typed.protocol),
        "redirect_uris": [_address(one, "redirect_uris") for one in addresses],
        "signed_out_uri": "" if by_saml else _address(typed.signed_out_uri, "signed_out_uri"),
        "logout_uri": _address(typed.logout_uri, "logout_uri"),
        "entity_id": _entity_id(typed.entity_id) if by_saml else "",
        "certificate": _certificate(typed.certificate, now=now) if by_saml else "",
    }
    if len(addresses) > MOST_ADDRESSES:
        raise Refused(f"{MOST_ADDRESSES} adresses de retour au plus.", "redirect_uris")
    return said


def fingerprint(pem: str) -> str:
    """By which people compare certificates: SHA-256, in hexadecimal; "" of none."""
    return certificate_of(pem).fingerprint(hashes.SHA256()).hex(":") if pem else ""


def certificate_of(text: str) -> x509.Certificate:
    """A certificate in PEM, or its base64 alone. Raises ValueError."""
    body = text.strip()
    if "-----" not in body:
        return x509.load_der_x509_certificate(base64.b64decode("".join(body.split()), validate=True))
    return x509.load_pem_x509_certificate(body.encode())


def _address(address: str, field: str) -> str:
    """As it is; "" stays so. Raises Refused."""
    address = address.strip()
    if not address:
        return ""
    schemes = ("https", "http") if settings.ALLOW_PRIVATE_ADDRESSES else ("https",)
    try:
        parts = urlsplit(address)
        right = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        right = right and "@" not in parts.netloc
    except ValueError:
        right = False
    if not right or not address.isprintable() or set(address) & set("*#\\ ") or len(address) > MAX_ADDRESS:
        raise Refused(_WHOLE, field)
    return address


def _entity_id(text: str) -> str:
    """A name that is another for each subscription, as an URI (saml-core-2.0-os, §8.3.6). Raises Refused."""
    text = text.strip()
    if not text:
        raise Refused("Écrivez l’identifiant d’entité (entityID) de votre service.", "entity_id")
    if len(text) > MAX_ENTITY_ID:
        raise Refused(f"{MAX_ENTITY_ID} caractères au plus.", "entity_id")
    bare = text.replace(SIREN, "0").replace(SUBSCRIPTION, "0")
    if "{" in bare or "}" in bare:
        raise Refused(_BRACES, "entity_id")
    if not _URI.fullmatch(bare) or not (_NAMED.fullmatch(bare) or _is_web(bare)):
        raise Refused(_ENTITY, "entity_id")
    if bare == text:
        raise Refused(_EACH, "entity_id")
    return text


def _is_web(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("https", "http") and bool(parts.hostname)
    except ValueError:
        return False


def _certificate(text: str, *, now: datetime) -> str:
    """In PEM; "" stays so. Raises Refused."""
    if not text.strip():
        return ""
    if PRIVATE in text.upper():
        raise Refused(_PRIVATE, "certificate")
    try:
        certificate = certificate_of(text)
        key = certificate.public_key()
    except (ValueError, binascii.Error):
        raise Refused(_CERTIFICATE, "certificate") from None
    if certificate.not_valid_after_utc <= now:
        raise Refused("Ce certificat est périmé : collez celui qui signe aujourd’hui.", "certificate")
    # RSA: Keycloak checks no other signature of SAML.
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < LEAST_BITS:
        raise Refused(_KEY, "certificate")
    return certificate.public_bytes(Encoding.PEM).decode()
