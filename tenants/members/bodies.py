"""Finding a body to make a member of: one that Halle knows, one of the register, or neither."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Value

from tenants.identifiers import SIREN_DIGITS, SIRET_DIGITS, clean_siren, clean_siret
from tenants.models import Organisation, Territory
from tenants.models.organisation import OrganisationKind, PlainName
from tenants.models.territory import TerritoryKind
from tenants.organisations import identity_of
from tenants.territories.search import WHOLES, find_communes, find_territories


@dataclass(frozen=True)
class Body:
    """`identity` as `register_organisation` takes it. With neither organisation nor territory, only its SIREN
    is known."""

    identity: dict
    organisation: Organisation | None = None
    territory: Territory | None = None

    @property
    def siren(self) -> str:
        return self.identity["siren"]

    @property
    def is_known(self) -> bool:
        """Whether its name and kind need not be asked."""
        return self.organisation is not None or self.territory is not None

    @property
    def is_epci(self) -> bool:
        return self.identity.get("kind") == OrganisationKind.EPCI and self.territory is not None


def body_of(siren: str) -> Body:
    """The body of a SIREN. Raises BadIdentifier when it is none."""
    siren = clean_siren(siren)
    organisation = Organisation.objects.select_related("territory").filter(siren=siren).first()
    if organisation is not None:
        return _known(organisation)
    territory = (
        Territory.objects.filter(siren=siren, ended_on__isnull=True, current__isnull=True)
        .filter(kind__in=(TerritoryKind.COMMUNE, *WHOLES))
        .order_by("kind")
        .first()
    )
    return _of_register(territory) if territory else Body({"siren": siren})


def find_bodies(*, query: str, on: date, limit: int = 12) -> list[Body]:
    """Bodies for what a person types: a SIREN or a SIRET; else the name of a commune, of an intercommunality
    or of any organisation that Halle knows. Best first; empty when nothing answers.

    Raises BadIdentifier for digits that are no SIREN and no SIRET.
    """
    digits = "".join(query.split())
    if digits.isdigit() and len(digits) > 5:
        siren = clean_siret(digits)[:SIREN_DIGITS] if _is_siret(digits) else clean_siren(digits)
        return [body_of(siren)]
    places = [match.commune for match in find_communes(query=query, on=on, limit=limit)]
    places += [match.territory for match in find_territories(query=query, on=on, limit=limit)]
    named = Organisation.objects.filter(territory__isnull=True, plain_name__contains=PlainName(Value(query)))
    bodies = [
        *(_known(organisation) for organisation in named.order_by("plain_name", "pk")[:limit]),
        *(_of_register(place) for place in places if place.siren),
    ]
    known = {
        organisation.siren: organisation
        for organisation in Organisation.objects.select_related("territory").filter(
            siren__in=[body.siren for body in bodies]
        )
    }
    return [_known(known[body.siren]) if body.siren in known else body for body in bodies][:limit]


def _is_siret(digits: str) -> bool:
    """Nearer to a SIRET than to a SIREN, so that what is said of a mistake is of the right number."""
    return len(digits) > (SIREN_DIGITS + SIRET_DIGITS) // 2


def _known(organisation: Organisation) -> Body:
    identity = {"siren": organisation.siren, "name": organisation.name, "kind": organisation.kind}
    return Body(identity, organisation, organisation.territory)


def _of_register(territory: Territory) -> Body:
    return Body(identity_of(territory), None, territory)
