"""The verbs of an organisation: register it, say where Chorus Pro finds it, close it.

Each writes in the organisation's own log; except for `register_organisation`, the caller's tenant scope
holds it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction

from tenants import audit
from tenants.constraints import violated
from tenants.identifiers import clean_siren, clean_siret, grouped
from tenants.models import ChorusService, Establishment, Organisation, Territory, User
from tenants.models.organisation import OrganisationKind
from tenants.models.territory import TerritoryKind
from tenants.refusals import Refused
from tenants.signals import organisation_closed
from tenants.tenancy import tenant_scope

# INSEE, « catégories juridiques », level III.
CATEGORY_OF_COMMUNES, CATEGORY_OF_DEPARTEMENTS, CATEGORY_OF_REGIONS = "7210", "7220", "7230"
CATEGORIES_OF_EPCI = {"CC": "7346", "CA": "7348", "CU": "7343", "METRO": "7344"}
LEGAL_CATEGORY = re.compile(r"[0-9]{4}")
MAX_CODE = 100  # ChorusService.code
_KINDS = {
    TerritoryKind.COMMUNE: OrganisationKind.COMMUNE,
    TerritoryKind.EPCI: OrganisationKind.EPCI,
    TerritoryKind.DEPARTEMENT: OrganisationKind.DEPARTEMENT,
    TerritoryKind.REGION: OrganisationKind.REGION,
}


class OrganisationRefused(Refused):
    """Base of all refusals here."""


class AlreadyRegistered(OrganisationRefused):
    """Somebody registered this SIREN or this territory before."""

    field = "siren"


class BadLegalCategory(OrganisationRefused):
    """Not four digits."""

    field = "legal_category"


class ForeignSiret(OrganisationRefused):
    """The SIRET is not one of this organisation's SIREN."""

    field = "siret"


class SeatTaken(OrganisationRefused):
    """The head office is known: it changes with a date and its evidence only (tenants.head_offices)."""

    field = "is_seat"


class BadServices(OrganisationRefused):
    """A Chorus Pro code is empty, too long or given twice, or the default is none of them."""

    field = "services"


class AlreadyClosed(OrganisationRefused):
    """The organisation was closed before."""


@dataclass(frozen=True)
class Service:
    """A service that receives invoices through Chorus Pro."""

    code: str
    name: str = ""


@transaction.atomic
def register_organisation(
    *,
    siren: str,
    name: str,
    kind: str,
    by: User | None,
    now: datetime,
    legal_category: str = "",
    territory: Territory | None = None,
    siret: str = "",
    address: str = "",
    postcode: str = "",
    city: str = "",
) -> Organisation:
    """Makes Halle know a body by its SIREN; with `siret`, its head office too.

    Raises BadIdentifier (tenants.identifiers), AlreadyRegistered, BadLegalCategory or ForeignSiret.
    """
    if legal_category and not LEGAL_CATEGORY.fullmatch(legal_category):
        raise BadLegalCategory("La catégorie juridique compte 4 chiffres, par exemple 7361 pour un CCAS.")
    organisation = Organisation(
        siren=clean_siren(siren),
        name=name,
        kind=kind,
        legal_category=legal_category,
        territory=territory,
        address=address,
        postcode=postcode,
        city=city,
    )
    try:
        with transaction.atomic():
            organisation.save(force_insert=True)
    except IntegrityError as error:
        if violated(error) not in ALREADY:
            raise
        raise AlreadyRegistered(
            f"L’organisation de SIREN {grouped(organisation.siren)} est déjà enregistrée. "
            "Cherchez-la par son SIREN."
        ) from None
    with tenant_scope([organisation.pk]):
        _record(
            organisation,
            by=by,
            now=now,
            what="organisation.registered",
            sentence=f"{{actor}} a enregistré {name} (SIREN {grouped(organisation.siren)}).",
            changes={"name": [None, name], "kind": [None, str(kind)]},
        )
        if siret:
            set_establishment(organisation=organisation, siret=siret, name="", is_seat=True, by=by, now=now)
    return organisation


ALREADY = {"tenants_organisation_siren_key", "tenants_organisation_territory_id_key"}


def identity_of(territory: Territory) -> dict:
    """What the register says of a territory's body, as `register_organisation` takes it.

    The register has no address: its first postcode and its name stand in, for a commune.
    """
    if territory.kind == TerritoryKind.COMMUNE:
        category = CATEGORY_OF_COMMUNES
    elif territory.kind == TerritoryKind.EPCI:
        category = CATEGORIES_OF_EPCI.get(territory.nature, "")
    elif territory.kind == TerritoryKind.DEPARTEMENT:
        category = CATEGORY_OF_DEPARTEMENTS
    else:
        category = CATEGORY_OF_REGIONS if territory.kind == TerritoryKind.REGION else ""
    is_commune = territory.kind == TerritoryKind.COMMUNE
    return {
        "siren": territory.siren,
        "name": commune_name(territory.name) if is_commune else territory.name,
        "kind": _KINDS.get(TerritoryKind(territory.kind), OrganisationKind.OTHER),
        "legal_category": category,
        "territory": territory,
        "address": "Mairie" if is_commune else "",
        "postcode": territory.postcodes[0] if territory.postcodes else "",
        "city": territory.name if is_commune else "",
    }


def commune_name(name: str) -> str:
    """« Commune du Chambon », « Commune d’Ailleux »: French joins the article to « de »."""
    name = name.replace("'", "’")
    for article, joined in (("Le ", "du "), ("Les ", "des "), ("L’", "de L’")):
        if name.startswith(article):
            return f"Commune {joined}{name.removeprefix(article)}"
    return f"Commune {'d’' if name[:1] in 'AEIOUÉÈÊÎÔŒH' else 'de '}{name}"


@transaction.atomic
def set_establishment(
    *, organisation: Organisation, siret: str, name: str, is_seat: bool, by: User | None, now: datetime
) -> Establishment:
    """Adds an establishment, or names it again; `is_seat` makes it the head office where none is known.

    Raises BadIdentifier (tenants.identifiers), ForeignSiret (the first nine digits of a SIRET are the SIREN),
    or SeatTaken: a head office moves by `tenants.head_offices.declare`.
    """
    siret = clean_siret(siret)
    if not siret.startswith(organisation.siren):
        raise ForeignSiret(
            f"Ce SIRET n’est pas celui de {organisation.name} : il doit commencer par "
            f"{grouped(organisation.siren)}."
        )
    # Two people at once: the second waits here, and finds what the first one wrote.
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    places = {place.siret: place for place in organisation.establishments.order_by("pk")}
    place = places.get(siret)
    changes = {}
    seat = next((one for one in places.values() if one.is_seat), None)
    if is_seat and seat is not None and seat != place:
        raise SeatTaken(
            f"Le siège de {organisation.name} est déjà connu ({grouped(seat.siret)}). Pour en changer, "
            "enregistrez un changement de SIRET, avec sa date et un justificatif."
        )
    if place is None:
        place = Establishment.objects.create(
            organisation=organisation, siret=siret, name=name, is_seat=is_seat
        )
        changes = {"siret": [None, siret], "name": [None, name]}
        verb = "a ajouté"
    else:
        if place.name != name:
            changes["name"] = [place.name, name]
        place.name, place.is_seat = name, is_seat or place.is_seat
        place.save(update_fields=["name", "is_seat"])
        verb = "a modifié"
    if changes:
        _record(
            organisation,
            by=by,
            now=now,
            what="organisation.establishment_set",
            sentence=f"{{actor}} {verb} l’établissement {grouped(siret)} de {organisation.name}.",
            changes=changes,
        )
    return place


@transaction.atomic
def set_chorus(
    *,
    establishment: Establishment,
    service_code_required: bool,
    commitment_required: bool,
    services: Sequence[Service],
    default: str,
    by: User | None,
    now: datetime,
) -> None:
    """Says what Chorus Pro asks of invoices sent to an establishment, and the services that receive them.

    `services` replaces those known; `default` is the code of the one that receives invoices unless somebody
    says otherwise, "" for none. Raises BadServices.
    """
    _check_services(services, default)
    place = (
        Establishment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("organisation")
        .get(pk=establishment.pk)
    )
    known = {service.code: service for service in place.services.order_by("pk")}
    before = _chorus_facts(place, [Service(one.code, one.name) for one in known.values()], _default(known))
    place.service_code_required = service_code_required
    place.commitment_required = commitment_required
    after = _chorus_facts(place, services, default)
    changes = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if not changes:
        return
    place.save(update_fields=["service_code_required", "commitment_required"])
    # Nothing refers to a service's row: invoices copy its code.
    place.services.all().delete()
    ChorusService.objects.bulk_create(
        ChorusService(
            establishment=place, code=service.code, name=service.name, is_default=service.code == default
        )
        for service in services
    )
    _record(
        place.organisation,
        by=by,
        now=now,
        what="organisation.chorus_set",
        sentence=f"{{actor}} a modifié les codes Chorus Pro de l’établissement {grouped(place.siret)}.",
        changes=changes,
    )


@transaction.atomic
def close(
    *,
    organisation: Organisation,
    on: date,
    successor: Organisation | None,
    by: User | None,
    now: datetime,
) -> None:
    """Says that an organisation no longer exists from the day `on` (merged, dissolved), and who took over.

    It keeps all its history, its adhesions included. Raises AlreadyClosed, or OrganisationRefused when
    it would succeed to itself.
    """
    if successor == organisation:
        raise OrganisationRefused("Une organisation ne se succède pas à elle-même.", "successor")
    closed = Organisation.objects.filter(pk=organisation.pk, closed_on__isnull=True).update(
        closed_on=on, successor=successor
    )
    if closed != 1:
        raise AlreadyClosed(f"{organisation.name} est déjà fermée.")
    organisation.closed_on, organisation.successor = on, successor
    heir = f", remplacée par {successor.name}" if successor else ""
    _record(
        organisation,
        by=by,
        now=now,
        what="organisation.closed",
        sentence=f"{{actor}} a fermé {organisation.name} à partir du {on:%d/%m/%Y}{heir}.",
        changes={
            "closed_on": [None, on.isoformat()],
            "successor": [None, successor.siren if successor else None],
        },
    )
    organisation_closed.send(Organisation, organisation=organisation, on=on, now=now)


@transaction.atomic
def name_successor(
    *, organisation: Organisation, successor: Organisation, by: User | None, now: datetime
) -> None:
    """Says who took over from an organisation closed before anybody knew. Done twice, it is done once."""
    named = Organisation.objects.filter(
        pk=organisation.pk, closed_on__isnull=False, successor__isnull=True
    ).update(successor=successor)
    if named:
        organisation.successor = successor
        _record(
            organisation,
            by=by,
            now=now,
            what="organisation.succeeded",
            sentence=f"{{actor}} a indiqué que {successor.name} remplace {organisation.name}.",
            changes={"successor": [None, successor.siren]},
        )


def _check_services(services: Sequence[Service], default: str) -> None:
    codes = [service.code for service in services]
    for code in codes:
        if not code:
            raise BadServices("Chaque service a un code : il est écrit dans l’annuaire de Chorus Pro.")
        if len(code) > MAX_CODE:
            raise BadServices(f"Le code « {code[:20]}… » est trop long : {MAX_CODE} caractères au plus.")
        if codes.count(code) > 1:
            raise BadServices(f"Le code « {code} » est donné deux fois. Gardez une seule ligne.")
    if default and default not in codes:
        raise BadServices(f"Le service par défaut « {default} » n’est pas dans la liste.")


def _default(services: dict[str, ChorusService]) -> str:
    return next((code for code, service in services.items() if service.is_default), "")


def _chorus_facts(place: Establishment, services: Sequence[Service], default: str) -> dict:
    return {
        "service_code_required": place.service_code_required,
        "commitment_required": place.commitment_required,
        "services": [f"{service.code} {service.name}".strip() for service in services],
        "default": default,
    }


def _record(
    organisation: Organisation, *, by: User | None, now: datetime, what: str, sentence: str, changes: dict
) -> None:
    audit.record(
        tenant=organisation,
        actor=by,
        what=what,
        sentence=sentence,
        subject_id=organisation.siren,
        now=now,
        changes=changes,
    )
