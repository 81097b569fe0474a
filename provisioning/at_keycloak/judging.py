"""What of an organisation at Keycloak is not as Halle wants it, in words. Pure."""

from dataclasses import dataclass

from provisioning.at_keycloak.accounts import Difference, K, kept, lost
from provisioning.at_keycloak.wanted import Wanted
from sso.keycloak.marks import ORGANISATION
from sso.keycloak.members import Member
from sso.keycloak.organisations import OrganisationSeen, unlike

CHANGED = "Chez Keycloak, elle a été changée à la main : {}. Halle la remet en place."
OVER = "Elle est encore chez Keycloak, alors qu’elle n’existe plus. Halle l’en retire."
STRANGER = "Chez Keycloak, un compte en est membre sans en être agent. Halle l’en retire."
MISSING = "Chez Keycloak, cet agent n’en est pas membre. Halle l’y remet."
DISABLED = (
    "Son compte est désactivé chez Keycloak, alors que ses mandats sont en vigueur : elle ne peut plus se "
    "connecter. Faites-le réactiver par l’équipe de la plateforme, ou mettez fin à ses mandats."
)
ABSENT = Difference(K.ABSENT, "Elle n’est pas chez Keycloak. Halle l’y remet avec ses agents.")
IN_WORDS = {
    "name": "nom",
    "enabled": "ouverte ou fermée",
    "domains": "domaines",
    f"attributes.{ORGANISATION}": "marque de Halle",
    "identityProviders": "fournisseur d’identité",
}


@dataclass(frozen=True)
class Seen:
    """What Keycloak has: an organisation, its members by their `sub`, and who of those wanted has no account
    at all."""

    organisation: OrganisationSeen
    members: dict[str, Member]
    unknown: frozenset[str]


def judged(what: Wanted, seen: Seen) -> list[Difference]:
    """All that differs."""
    told, held = what.told, seen.members
    found: list[Difference] = []
    if told.organisation is not None:
        names = unlike(seen.organisation, told.organisation)
        if names:
            said = dict.fromkeys(IN_WORDS.get(name, name) for name in names)
            found.append(Difference(K.ORGANISATION, CHANGED.format(", ".join(said))))
    excess = sorted(held.keys() - told.members)
    managed = [sub for sub in excess if held[sub].managed]
    if told.gone and not managed:
        found.append(Difference(K.LEFT, OVER))
    found += [Difference(K.LEFT, STRANGER, account=sub) for sub in excess if not held[sub].managed]
    found += kept(managed)
    for sub in sorted(told.members - held.keys() - seen.unknown):
        found.append(Difference(K.MEMBER, MISSING, account=sub, user=what.people[sub]))
    found += lost(what, seen.unknown)
    for sub in sorted(told.members & held.keys()):
        if not held[sub].enabled:
            found.append(Difference(K.DISABLED, DISABLED, account=sub, user=what.people[sub]))
    return found
