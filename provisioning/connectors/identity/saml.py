"""The metadata of a SAML 2.0 identity provider, read without believing it (OASIS saml-metadata-2.0-os)."""

import base64
import binascii
from datetime import UTC, datetime

from cryptography import x509
from lxml import etree

from provisioning.connectors.identity.fetching import Unfit, ask, check_address, shaped

MAX_BYTES = 1024 * 1024
METADATA = "{urn:oasis:names:tc:SAML:2.0:metadata}"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
ACCEPTED = {"Accept": "application/samlmetadata+xml, application/xml, text/xml"}


def fetch(url: str) -> bytes:
    """The metadata at that address. Raises Unfit."""
    answer = ask("GET", url, headers=ACCEPTED)
    if answer.status != 200:
        raise Unfit(f"L’adresse {url} ne donne pas de métadonnées (réponse {answer.status}).")
    return answer.body


def check_places(read: dict) -> None:
    """Where people are sent is of the public Internet. Asks the DNS. Raises Unfit."""
    for url in (read["sign_on_url"], read["logout_url"]):
        if url:
            check_address(url)


def read(metadata: bytes, *, now: datetime) -> dict:
    """What is believed of them, as JSON: `entity_id`, `sign_on_url`, `by_post`, `logout_url`,
    `certificates`. Raises Unfit.

    No DTD, so no entity: neither a file nor an address is read for them, nor a page without end made.
    """
    root = _parsed(metadata)
    if root.tag != f"{METADATA}EntityDescriptor" or not root.get("entityID"):
        raise Unfit("Ces métadonnées ne décrivent pas un fournisseur, et un seul (EntityDescriptor).")
    described = [
        one
        for one in root.findall(f"{METADATA}IDPSSODescriptor")
        if PROTOCOL in one.get("protocolSupportEnumeration", "").split()
    ]
    if len(described) != 1:
        raise Unfit("Ces métadonnées ne sont pas celles d’un fournisseur d’identité SAML 2.0.")
    (provider,) = described
    for one in (root, provider):
        _check_validity(one.get("validUntil"), now=now)
    sign_on = _services(provider, "SingleSignOnService")
    if not sign_on:
        raise Unfit("Ces métadonnées ne disent pas où se connecter (SingleSignOnService).")
    logout = _services(provider, "SingleLogoutService")
    by_post = POST in sign_on
    binding = POST if by_post else REDIRECT
    return {
        "entity_id": root.get("entityID"),
        "sign_on_url": shaped(sign_on[binding]),
        "by_post": by_post,
        "logout_url": shaped(logout[binding]) if binding in logout else "",
        "certificates": _certificates(provider, now=now),
    }


def _parsed(metadata: bytes):
    if len(metadata) > MAX_BYTES:
        raise Unfit("Ces métadonnées dépassent 1 Mo.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(metadata, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Unfit("Ces métadonnées ne sont pas du XML bien formé.") from None
    if root.getroottree().docinfo.doctype:
        raise Unfit("Ces métadonnées contiennent une déclaration DOCTYPE : elle est refusée.")
    return root


def _check_validity(until: str | None, *, now: datetime) -> None:
    if until is None:
        return
    try:
        day = datetime.fromisoformat(until)
    except ValueError:
        raise Unfit("La fin de validité de ces métadonnées est illisible.") from None
    if (day if day.tzinfo else day.replace(tzinfo=UTC)) <= now:
        raise Unfit("Ces métadonnées ne sont plus valables : demandez les nouvelles.")


def _services(provider, name: str) -> dict[str, str]:
    found = provider.findall(f"{METADATA}{name}")
    return {
        one.get("Binding"): one.get("Location") for one in found if one.get("Binding") in (POST, REDIRECT)
    }


def _certificates(provider, *, now: datetime) -> list[str]:
    """Those that sign and are in force, in base64."""
    kept, expired = [], False
    for key in provider.findall(f"{METADATA}KeyDescriptor"):
        if key.get("use", "signing") != "signing":
            continue
        for one in key.iter(f"{SIGNATURE}X509Certificate"):
            text = "".join((one.text or "").split())
            try:
                certificate = x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
            except (binascii.Error, ValueError):
                raise Unfit("Un certificat de ces métadonnées est illisible.") from None
            if certificate.not_valid_after_utc <= now:
                expired = True
            elif text not in kept:
                kept.append(text)
    if not kept and expired:
        raise Unfit("Le certificat de signature de ces métadonnées est périmé : demandez les nouvelles.")
    if not kept:
        raise Unfit("Ces métadonnées ne donnent aucun certificat de signature.")
    return kept
