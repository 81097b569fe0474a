"""Registering organisations, their establishments, what Chorus Pro asks there."""

from datetime import UTC, date, datetime

import pytest

from tenants import organisations as operations
from tenants.identifiers import WrongKey
from tenants.models import AuditEvent, Establishment, Organisation
from tenants.organisations import Service, commune_name, identity_of
from tenants.tenancy import tenant_scope
from tests.factories import (
    ChorusServiceFactory,
    EpciFactory,
    EstablishmentFactory,
    OrganisationFactory,
    TerritoryFactory,
)
from tests.factories.tenants import siren, siret
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 1, 9, tzinfo=UTC)


def register(number=800_001, **changes):
    identity = {"siren": siren(number), "name": "SIVU d’Essai", "kind": "syndicat"} | changes
    return operations.register_organisation(**identity, by=None, now=NOW)


def establish(organisation, number, *, name="", is_seat=False):
    with tenant_scope([organisation.pk]):
        return operations.set_establishment(
            organisation=organisation, siret=number, name=name, is_seat=is_seat, by=None, now=NOW
        )


def chorus(place, *services, default="", code=False, commitment=False):
    with tenant_scope([place.organisation_id]):
        operations.set_chorus(
            establishment=place,
            service_code_required=code,
            commitment_required=commitment,
            services=services,
            default=default,
            by=None,
            now=NOW,
        )
    return Establishment.objects.prefetch_related("services").get(pk=place.pk)


def events(organisation) -> list[AuditEvent]:
    with as_worker():
        return list(AuditEvent.objects.filter(tenant=organisation).order_by("pk"))


def other_siret(organisation, number=2) -> str:
    from stdnum import luhn

    digits = f"{organisation.siren}{number:04d}"
    return digits + luhn.calc_check_digit(digits)


def test_the_log_of_an_organisation_begins_with_its_registration():
    organisation = register(siret=siret(siren(800_001)))
    assert organisation.siret == siret(siren(800_001))
    assert [event.what for event in events(organisation)] == [
        "organisation.registered",
        "organisation.establishment_set",
    ]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"siren": "213500011"}, WrongKey),
        ({"legal_category": "73"}, operations.BadLegalCategory),
        ({"legal_category": "736A"}, operations.BadLegalCategory),
        ({"siret": siret(siren(800_009))}, operations.ForeignSiret),
    ],
)
def test_a_mistake_keeps_nothing(changes, refusal):
    with pytest.raises(refusal):
        register(**changes)
    assert not Organisation.objects.exists()


def test_a_siren_and_a_territory_are_registered_once():
    organisation = OrganisationFactory()
    with pytest.raises(operations.AlreadyRegistered):
        register(siren=organisation.siren)
    with pytest.raises(operations.AlreadyRegistered):
        register(territory=organisation.territory)


def test_the_register_says_who_a_territory_is():
    commune = TerritoryFactory(name="L'Île-d'Yeu", siren=siren(800_004))
    identity = identity_of(commune)
    organisation = operations.register_organisation(**identity, by=None, now=NOW)
    assert organisation.name == "Commune de L’Île-d’Yeu"
    assert (organisation.kind, organisation.legal_category) == ("commune", "7210")
    assert (organisation.territory, organisation.postcode) == (commune, "35360")
    epci = identity_of(EpciFactory(name="CC du Pays"))
    assert (epci["name"], epci["kind"], epci["legal_category"]) == ("CC du Pays", "epci", "7346")


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("Le Chambon", "Commune du Chambon"),
        ("Les Salles", "Commune des Salles"),
        ("La Côte", "Commune de La Côte"),
        ("L'Horme", "Commune de L’Horme"),
        ("Ailleux", "Commune d’Ailleux"),
        ("Évreux", "Commune d’Évreux"),
        ("Boën", "Commune de Boën"),
    ],
)
def test_french_joins_the_article(name, whole):
    assert commune_name(name) == whole


def test_a_siret_begins_with_the_siren():
    organisation = OrganisationFactory(seat=False)
    with pytest.raises(operations.ForeignSiret):
        establish(organisation, OrganisationFactory().siret)
    assert not organisation.establishments.exists()


def test_an_establishment_is_added_then_named():
    organisation = OrganisationFactory()
    number = other_siret(organisation)
    establish(organisation, f"{number[:9]} {number[9:]}", name="École")
    place = establish(organisation, number, name="Groupe scolaire")
    assert organisation.establishments.count() == 2
    assert (place.siret, place.name, place.is_seat) == (number, "Groupe scolaire", False)
    assert events(organisation)[-1].changes == {"name": ["École", "Groupe scolaire"]}


def test_the_head_office_is_named_once_and_never_moves_in_passing():
    organisation = OrganisationFactory(seat=False)
    first, second = other_siret(organisation, 1), other_siret(organisation, 2)
    establish(organisation, first, is_seat=True)
    with pytest.raises(operations.SeatTaken):
        establish(organisation, second, is_seat=True)
    establish(organisation, first, name="Mairie", is_seat=False)
    found = Organisation.objects.get(pk=organisation.pk)
    assert (found.siret, found.establishments.count()) == (first, 1)


def test_chorus_pro_s_services_are_replaced():
    place = EstablishmentFactory(is_seat=True)
    ChorusServiceFactory(establishment=place, code="OLD", is_default=True)
    changed = chorus(place, Service("FIN", "Finances"), Service("TECH"), default="FIN", code=True)
    assert [(one.code, one.name) for one in changed.services.all()] == [("FIN", "Finances"), ("TECH", "")]
    assert changed.default_service.code == "FIN"
    (event,) = events(place.organisation)
    assert event.changes == {
        "service_code_required": [False, True],
        "services": [["OLD"], ["FIN Finances", "TECH"]],
        "default": ["OLD", "FIN"],
    }


def test_nothing_changed_is_nothing_recorded():
    place = chorus(EstablishmentFactory(), Service("FIN"), default="FIN")
    chorus(place, Service("FIN"), default="FIN")
    assert len(events(place.organisation)) == 1


@pytest.mark.parametrize(
    ("services", "default"),
    [
        ([Service("")], ""),
        ([Service("A" * 101)], ""),
        ([Service("A"), Service("A", "Deux fois")], "A"),
        ([Service("A")], "B"),
    ],
)
def test_bad_services_change_nothing(services, default):
    place = EstablishmentFactory()
    with pytest.raises(operations.BadServices):
        chorus(place, *services, default=default, code=True)
    assert not Establishment.objects.get(pk=place.pk).service_code_required


def test_an_organisation_closes_once_with_its_successor():
    gone, heir = OrganisationFactory(), OrganisationFactory()
    with tenant_scope([gone.pk]):
        operations.close(organisation=gone, on=date(2027, 1, 1), successor=heir, by=None, now=NOW)
        with pytest.raises(operations.AlreadyClosed):
            operations.close(organisation=gone, on=date(2027, 1, 1), successor=None, by=None, now=NOW)
        with pytest.raises(operations.OrganisationRefused):
            operations.close(organisation=heir, on=date(2027, 1, 1), successor=heir, by=None, now=NOW)
    gone.refresh_from_db()
    assert (gone.closed_on, gone.successor) == (date(2027, 1, 1), heir)
    assert heir.name in events(gone)[0].sentence
