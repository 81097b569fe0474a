"""The two addresses of an operator: its word in Halle's addresses, and a domain name of its own."""

import re
from urllib.parse import urlsplit

from django.conf import settings

# Words that are, or could become, an address of the platform itself.
RESERVED_SLUGS = frozenset({
    "accessibilite", "admin", "aide", "api", "assets", "catalogue", "cms", "collectivites", "communes",
    "compte", "connexion", "contact", "deconnexion", "donnees", "donnees-ouvertes", "editeurs", "engagements",
    "fichiers", "halle", "halles", "health",
    "images", "invitations", "mentions-legales", "mes-applications", "mes-donnees", "mes-places", "metrics",
    "nouveau", "oidc", "operateurs", "organisations", "plateforme", "rattachements", "recherche",
    "services", "static", "statut", "stripe",
    "styleguide", "support", "territoires", "www",
})  # fmt: skip
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MAX_SLUG = 50  # Operator.slug
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
MAX_HOSTNAME = 253  # RFC 1035, in its written form


class BadAddress(ValueError):
    """The slug or the hostname cannot be used; `str()` says in French what is wrong."""


def clean_slug(text: str) -> str:
    """Return the slug in lower case. Raises BadAddress when it is malformed or reserved (not when taken)."""
    slug = text.strip().lower()
    if not SLUG.fullmatch(slug):
        raise BadAddress(
            "Écrivez cette adresse en lettres sans accent, chiffres et tirets, par exemple syndicat-brumelle."
        )
    if len(slug) > MAX_SLUG:
        raise BadAddress(f"Cette adresse est trop longue : {MAX_SLUG} caractères au plus.")
    if slug in RESERVED_SLUGS:
        raise BadAddress(f"« {slug} » est un mot réservé par la plateforme. Choisissez-en un autre.")
    return slug


def clean_hostname(text: str) -> str:
    """Return the domain name in lower case, "" for none.

    Raises BadAddress when it is no DNS name of two labels at least (RFC 1035, RFC 1123), is an IP address,
    or is the platform's own. Whether another operator has it is asked of the database.
    """
    hostname = text.strip().lower().removesuffix(".")
    if not hostname:
        return ""
    if "/" in hostname or ":" in hostname:
        raise BadAddress(
            "Écrivez le nom de domaine seul, sans https:// ni barre oblique, par exemple services.exemple.fr."
        )
    if not hostname.isascii():
        raise BadAddress(
            "Un nom de domaine s’écrit ici sans accent. S’il en a un, donnez sa forme technique, "
            "qui commence par xn-- (votre prestataire la connaît)."
        )
    labels = hostname.split(".")
    if (
        len(hostname) > MAX_HOSTNAME
        or len(labels) < 2
        or labels[-1].isdigit()
        or not all(LABEL.fullmatch(label) for label in labels)
    ):
        raise BadAddress(
            "Ce n’est pas un nom de domaine. Il s’écrit en lettres, chiffres et tirets, avec au moins un "
            "point, par exemple services.exemple.fr."
        )
    if hostname == urlsplit(settings.BASE_URL).hostname:
        raise BadAddress("Ce nom de domaine est celui de la plateforme. Donnez celui de l’opérateur.")
    return hostname
