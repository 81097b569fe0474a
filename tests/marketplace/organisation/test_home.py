""" "Mon organisation", and where Chorus Pro finds it."""

import pytest
from django.urls import reverse

from tenants.models import Organisation, Role
from tests.factories import (
    AdhesionFactory,
    ChorusServiceFactory,
    OperatorFactory,
    OrganisationFactory,
    TerritoryFactory,
)
from tests.factories.tenants import second_siret
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries
from tests.tools.signing_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def epci():
    return OrganisationFactory(epci=True, name="CC du Pays")


@pytest.fixture
def commune(epci):
    return OrganisationFactory(
        name="Commune d’Évran", territory__population=860, territory__epci=epci.territory
    )


def home(client, organisation) -> str:
    answer = client.get(reverse("organisation_home", args=[organisation.siren]))
    assert answer.status_code == 200
    return answer.content.decode()


def address(organisation, siret="") -> str:
    if not siret:
        return reverse("organisation_establishment_new", args=[organisation.siren])
    return reverse("organisation_establishment", args=[organisation.siren, siret])


def test_the_page_tells_who_it_is_and_to_whom_it_adheres(commune):
    operator = OperatorFactory(short_name="Brume", contact_name="Fanny Aide", population_kind="dgf")
    AdhesionFactory(operator=operator, organisation=commune, deliberation_number="2024-3")
    text = home(signed_in(commune, Role.AGENT), commune)
    for words in (
        commune.name,
        "Brume",
        "Fanny Aide",
        operator.contact_email,
        "Depuis le 1er janvier 2025",
        "n° 2024-3",
        "Population de référence de Brume",
        "INSEE",
        "2022",
        "900",
    ):
        assert words in text, words


def test_a_commune_reads_who_covers_it_and_an_intercommunality_whom_it_covers(epci, commune):
    operator = OperatorFactory(short_name="Brume")
    AdhesionFactory(operator=operator, organisation=epci, covers_communes=True, deliberation_number="N-1")
    TerritoryFactory(name="Sans-Compte", epci=epci.territory)
    text = home(signed_in(commune, Role.SECRETARY), commune)
    assert "CC du Pays" in text
    assert "N-1" not in text
    text = home(signed_in(epci, Role.SECRETARY), epci)
    assert "vaut aussi pour vos 2 communes" in text
    assert "Sans-Compte" in text


def test_without_adhesion_nor_territory_it_is_said(commune):
    company = OrganisationFactory(company=True, seat=False)
    text = home(signed_in(company, Role.VENDOR_ADMIN), company)
    assert "Aucune adhésion" in text
    assert "Aucun SIRET" in text
    assert "Populations en vigueur" not in text


def test_every_kind_of_role_has_its_page(commune):
    operator = OperatorFactory()
    for organisation, role in ((commune, Role.SIGNATORY), (operator.organisation, Role.CURATOR)):
        assert organisation.name in home(signed_in(organisation, role), organisation)


@pytest.mark.parametrize("role", [Role.ORG_ADMIN, Role.SECRETARY, Role.FINANCE])
def test_codes_are_changed_by_those_who_receive_invoices(commune, role):
    client = signed_in(commune, role)
    assert address(commune, commune.siret) in home(client, commune)
    answer = client.post(
        address(commune, commune.siret),
        {
            "name": "Mairie",
            "service_code_required": "on",
            "commitment_required": "on",
            "services": "FIN ; Finances\n\n  TECH\n",
        },
        follow=True,
    )
    assert "L’établissement est enregistré" in answer.content.decode()
    place = Organisation.objects.get(pk=commune.pk).seat
    assert (place.name, place.service_code_required, place.commitment_required) == ("Mairie", True, True)
    assert place.default_service.code == "FIN"
    assert [(one.code, one.name) for one in place.services.order_by("pk")] == [
        ("FIN", "Finances"),
        ("TECH", ""),
    ]


@pytest.mark.parametrize("role", [Role.AGENT, Role.SIGNATORY])
def test_others_read(commune, role):
    client = signed_in(commune, role)
    assert "Modifier" not in home(client, commune)
    for there in (address(commune), address(commune, commune.siret)):
        assert client.get(there).status_code == 404
        assert client.post(there).status_code == 404


def test_what_is_known_is_shown_in_the_form(commune):
    seat = commune.establishments.get()
    ChorusServiceFactory(establishment=seat, code="A", name="Accueil")
    ChorusServiceFactory(establishment=seat, code="Z", is_default=True)
    form = signed_in(commune, Role.FINANCE).get(address(commune, seat.siret)).context["form"]
    assert form["services"].value() == "Z\nA ; Accueil"
    assert "siret" not in form.fields


def test_an_establishment_is_added(commune):
    client = signed_in(commune, Role.SECRETARY)
    number = second_siret(commune.siren)
    client.post(address(commune), {"siret": number, "name": "École", "is_seat": ""})
    assert set(commune.establishments.values_list("siret", flat=True)) == {commune.siret, number}
    assert Organisation.objects.get(pk=commune.pk).siret == commune.siret


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"siret": ""}, "siret"),
        ({"siret": "12345"}, "siret"),
        ({"siret": "73282932000074"}, "siret"),
        ({"services": "; Sans code"}, "services"),
        ({"services": "A\nA"}, "services"),
        ({"services": "A" * 101}, "services"),
        ({"services": f"A;{'B' * 121}"}, "services"),
        ({"services": "\n".join(map(str, range(51)))}, "services"),
        ({"name": "E" * 121}, "name"),
    ],
)
def test_a_mistake_is_told_and_nothing_kept(commune, typed, field):
    client = signed_in(commune, Role.SECRETARY)
    sent = {"siret": second_siret(commune.siren), "name": "École"} | typed
    answer = client.post(address(commune), sent)
    assert list(answer.context["form"].errors) == [field]
    assert sent["name"] in answer.content.decode()
    assert commune.establishments.count() == 1


def test_a_missing_code_is_warned_of(commune):
    with as_worker():
        commune.establishments.update(service_code_required=True)
    assert "aucune facture ne peut être émise" in home(signed_in(commune, Role.AGENT), commune)


def test_the_establishment_of_another_is_not_found(commune, epci):
    client = signed_in(commune, Role.SECRETARY)
    assert client.get(address(commune, epci.siret)).status_code == 404
    assert client.get(address(epci, epci.siret)).status_code == 404
    assert client.get(address(commune, "nimporte")).status_code == 404


def test_queries(commune, snapshot):
    for _ in range(3):
        AdhesionFactory(organisation=commune)
    client = signed_in(commune, Role.SECRETARY)
    with snapshot_queries(snapshot):
        home(client, commune)
