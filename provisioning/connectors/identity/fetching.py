"""What a member's provider publishes, fetched as a vendor's system is: within bounds."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from django.conf import settings

from provisioning.connectors.calling import AddressRefused, Answer, call
from provisioning.connectors.outcomes import Retry
from provisioning.models.run import Cause
from tenants import addresses

SECONDS = 10.0


class Unfit(Exception):
    """The provider cannot be used as it is. `str()` is a French sentence that says what to mend."""


def ask(method: str, url: str, *, headers: Mapping[str, str], content: bytes = b"") -> Answer:
    """Its answer, below 300. Raises Unfit."""
    check_address(url)
    try:
        answer = call(method, url, headers=headers, content=content, seconds=SECONDS)
    except AddressRefused:
        raise Unfit(f"L’adresse {url} ne peut pas être lue : elle mène à un réseau privé.") from None
    except Retry as problem:
        raise Unfit(_SENTENCES.get(problem.cause, _SENTENCES[Cause.UNREACHABLE]).format(url=url)) from None
    if 300 <= answer.status < 400:
        raise Unfit(f"L’adresse {url} renvoie ailleurs : écrivez l’adresse définitive.")
    return answer


def check_address(url: object) -> str:
    """An address that a browser or Keycloak may be sent to: https, of the public Internet. Asks the DNS, so a
    worker calls it. Raises Unfit."""
    whole = shaped(url)
    parts = urlsplit(whole)
    try:
        addresses.resolve(parts.hostname or "", parts.port or 443)
    except addresses.PrivateAddress:
        raise Unfit(f"L’adresse {url} ne peut pas être lue : elle mène à un réseau privé.") from None
    except addresses.NameUnknown:
        raise Unfit(_SENTENCES[Cause.UNREACHABLE].format(url=url)) from None
    return whole


def shaped(url: object) -> str:
    """The same address as far as it can be judged as it is written. Raises Unfit."""
    if not isinstance(url, str) or len(url) > 500 or not url.isprintable():
        raise Unfit("Le fournisseur donne une adresse illisible.")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # read for what they refuse
    except ValueError:
        raise Unfit(f"Le fournisseur donne une adresse illisible : {url}") from None
    schemes = ("https", "http") if settings.ALLOW_PRIVATE_ADDRESSES else ("https",)
    if parts.scheme not in schemes or not host or parts.username is not None:
        raise Unfit(f"L’adresse {url} doit commencer par https:// et ne contenir aucun mot de passe.")
    return url


_SENTENCES = {
    Cause.UNREACHABLE: "Rien ne répond à l’adresse {url}. Vérifiez-la, et qu’elle est ouverte à Internet.",
    Cause.TIMEOUT: "L’adresse {url} met trop de temps à répondre. Recommencez dans quelques minutes.",
    Cause.UNTRUSTED: "Le certificat de {url} n’est pas valable : faites-le renouveler.",
    Cause.UNREADABLE: "L’adresse {url} répond par une page sans fin : ce n’est pas celle d’un fournisseur.",
}
