"""The whole real register in the database, and what people type to find their commune."""

from datetime import date
from functools import partial

import pytest
from django.db import connection
from stdnum import luhn

from tenants.models import FormerCode, Population, Territory
from tenants.models.territory import TerritoryKind
from tenants.register.loading import load_register
from tenants.territories.search import current_commune, find_communes, find_territories
from tests.factories import OrganisationFactory
from tests.tools.database import acting_as, as_worker

# On one worker: the register is loaded once.
pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 21)


@pytest.fixture(scope="module")
def register(django_db_setup, django_db_blocker):
    """Loaded once for the module (seven seconds), in a transaction of its own."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        with as_worker():
            read = load_register()
        with acting_as("owner"), connection.cursor() as cursor:
            # What autovacuum does soon after a load: without it PostgreSQL plans for empty tables.
            cursor.execute("ANALYZE tenants_territory, tenants_population, tenants_formercode")
        # Now rather than at the end of each test, whose rollback would leave them to the next one.
        connection.check_constraints()
        yield read
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _loaded(register, db):
    """Every test of this module reads the register."""


def first(query: str) -> str:
    found = find_communes(query=query, on=TODAY)
    return found[0].commune.full_name if found else ""


def test_all_of_it_is_there():
    assert Territory.objects.filter(kind=TerritoryKind.COMMUNE).count() == 34_969
    assert Territory.objects.filter(kind=TerritoryKind.EPCI).count() == 1_255
    assert Population.objects.count() == 107_613
    assert FormerCode.objects.filter(commune__code="14654").exists()


def test_loading_again_changes_nothing():
    before = list(Territory.objects.order_by("pk").values_list("pk", "code", "epci", "current")[:5000])
    with as_worker():
        load_register()
    assert (
        list(Territory.objects.order_by("pk").values_list("pk", "code", "epci", "current")[:5000]) == before
    )
    assert Population.objects.count() == 107_613


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("st pierre en auge", "Saint-Pierre-en-Auge (Calvados, 14)"),
        ("l'ile d'yeu", "L'Île-d'Yeu (Vendée, 85)"),
        ("evreux", "Évreux (Eure, 27)"),
        ("ajacio", "Ajaccio (Corse-du-Sud, 2A)"),
        ("LE HAVRE", "Le Havre (Seine-Maritime, 76)"),
        ("2A004", "Ajaccio (Corse-du-Sud, 2A)"),
        ("2a004", "Ajaccio (Corse-du-Sud, 2A)"),
        ("20004", "Ajaccio (Corse-du-Sud, 2A)"),
        ("14654", "Saint-Pierre-en-Auge (Calvados, 14)"),
        ("217500016", "Paris (Paris, 75)"),
        ("217 500 016", "Paris (Paris, 75)"),
        ("21750001600019", "Paris (Paris, 75)"),
        ("97105", "Basse-Terre (Guadeloupe, 971)"),
        ("85350", "L'Île-d'Yeu (Vendée, 85)"),
        # A typing mistake, letters missing or turned round, words joined or cut
        ("saint ettiene", "Saint-Étienne (Loire, 42)"),
        ("bourg en bress", "Bourg-en-Bresse (Ain, 01)"),
        ("monpellier", "Montpellier (Hérault, 34)"),
        ("strabourg", "Strasbourg (Bas-Rhin, 67)"),
        ("toulosse", "Toulouse (Haute-Garonne, 31)"),
        ("nemes", "Nîmes (Gard, 30)"),
        ("chateau roux", "Châteauroux (Indre, 36)"),
        ("saint jacqes de la lande", "Saint-Jacques-de-la-Lande (Ille-et-Vilaine, 35)"),
        ("villeneuve ascq", "Villeneuve-d'Ascq (Nord, 59)"),
        ("neuily sur marne", "Neuilly-sur-Marne (Seine-Saint-Denis, 93)"),
        # Abbreviations, articles, capitals, ligatures
        ("Neuilly s/ Marne", "Neuilly-sur-Marne (Seine-Saint-Denis, 93)"),
        ("mt st michel", "Le Mont-Saint-Michel (Manche, 50)"),
        ("L’HAY LES ROSES", "L'Haÿ-les-Roses (Val-de-Marne, 94)"),
        ("oeuilly 51", "Œuilly (Marne, 51)"),
        # The most inhabited of those that begin alike; one letter is a commune
        ("mar", "Marseille (Bouches-du-Rhône, 13)"),
        ("Saint-Pi", "Saint-Pierre (La Réunion, 974)"),
        ("y", "Y (Somme, 80)"),
        # With a département or a région
        ("sainte-colombe 77", "Sainte-Colombe (Seine-et-Marne, 77)"),
        ("77 sainte colombe", "Sainte-Colombe (Seine-et-Marne, 77)"),
        ("sante colombe 77", "Sainte-Colombe (Seine-et-Marne, 77)"),
        ("sainte colombe seine et marne", "Sainte-Colombe (Seine-et-Marne, 77)"),
        ("Sainte-Colombe (Seine-et-Marne, 77)", "Sainte-Colombe (Seine-et-Marne, 77)"),
        ("saint-denis réunion", "Saint-Denis (La Réunion, 974)"),
        ("Saint-Denis de la Réunion", "Saint-Denis (La Réunion, 974)"),
        ("saint denis 93", "Saint-Denis (Seine-Saint-Denis, 93)"),
        ("saint pierre martinique", "Saint-Pierre (Martinique, 972)"),
        ("basse terre 971", "Basse-Terre (Guadeloupe, 971)"),
        ("ajaccio corse", "Ajaccio (Corse-du-Sud, 2A)"),
        ("ajaccio 20", "Ajaccio (Corse-du-Sud, 2A)"),
        ("vrigne meuse 08", "Vrigne-Meuse (Ardennes, 08)"),
        ("bastia 2b", "Bastia (Haute-Corse, 2B)"),
        # A département's name that is part of the commune's own, or the wrong département
        ("beaumont sur oise", "Beaumont-sur-Oise (Val-d'Oise, 95)"),
        ("flers 60", "Flers (Orne, 61)"),
        # Postcodes, alone or with a name; the town before the villages that share it
        ("14170", "Saint-Pierre-en-Auge (Calvados, 14)"),
        ("14 170", "Saint-Pierre-en-Auge (Calvados, 14)"),
        ("75001", "Paris (Paris, 75)"),
        ("1000", "Bourg-en-Bresse (Ain, 01)"),
        ("61100 flers", "Flers (Orne, 61)"),
        ("flers 61100", "Flers (Orne, 61)"),
        ("la chapelle d'andaine 61140", "Rives d'Andaine (Orne, 61)"),
        ("75700 PARIS CEDEX 07", "Paris (Paris, 75)"),
        # Arrondissements
        ("paris 20e", "Paris (Paris, 75)"),
        ("lyon 3", "Lyon (Rhône, 69)"),
        ("13208", "Marseille (Bouches-du-Rhône, 13)"),
        # Numbers, as they are pasted
        ("217.500.016", "Paris (Paris, 75)"),
        ("217 500 016 00019", "Paris (Paris, 75)"),
        ("999999999", ""),
        ("\x00", ""),
        ("a" * 10_000, ""),
        ("zzzzqq", ""),
        ("", ""),
        ("%_%", ""),
    ],
)
def test_what_people_type(typed, found):
    assert first(typed) == found


def test_nearly_every_name_finds_its_commune_first():
    """One commune in two hundred, by its name without accents and its département."""
    communes = Territory.objects.filter(kind=TerritoryKind.COMMUNE).order_by("code")[::200]
    missed = [
        commune.full_name
        for commune in communes
        if first(f"{commune.name_key} {commune.departement}") != commune.full_name
    ]
    assert len(communes) > 150
    assert missed == []


def test_every_delegated_code_leads_to_a_current_commune():
    parts = Territory.objects.exclude(kind=TerritoryKind.COMMUNE).filter(current__isnull=False)
    codes = list(parts.order_by("code").values_list("code", flat=True)[::20])
    found = [current_commune(code=code) for code in codes]
    assert len(codes) > 100
    assert {(match.commune.kind, match.commune.current_id) for match in found} == {
        (TerritoryKind.COMMUNE, None)
    }


@pytest.fixture
def ccas():
    """A SIREN that no commune of the register has."""
    siren = "26140001" + luhn.calc_check_digit("26140001")
    return partial(OrganisationFactory, name="CCAS d’essai", siren=siren, territory=None)


@pytest.mark.parametrize(
    ("city", "postcode"), [("SAINT PIERRE EN AUGE", "14170"), ("St-Pierre-en-Auge", "14140")]
)
def test_the_siret_of_any_organisation_leads_to_where_it_sits(ccas, city, postcode):
    siren = ccas(city=city, postcode=postcode).siren
    siret = f"{siren}0001"
    for number in (siren, siret + luhn.calc_check_digit(siret)):
        [match] = find_communes(query=number, on=TODAY)
        assert (match.commune.code, match.via) == ("14654", "siège de CCAS d’essai")


def test_an_organisation_of_nowhere_leads_nowhere(ccas):
    assert find_communes(query=ccas(city="", postcode="").siren, on=TODAY) == []


def test_a_former_code_comes_after_a_postcode_and_says_so():
    paris, alfortville = find_communes(query="75001", on=TODAY)
    assert (paris.commune.code, paris.via) == ("75056", "")
    assert (alfortville.commune.code, alfortville.via) == ("94002", "ancien code 75001")


def test_an_absorbed_commune_leads_to_its_successor_by_name_and_code():
    gone = Territory.objects.get(kind=TerritoryKind.COMMUNE, code="42137")
    successor = Territory.objects.get(kind=TerritoryKind.COMMUNE, code="42147")
    with as_worker():
        Territory.objects.filter(pk=gone.pk).update(current=successor, ended_on=date(2026, 1, 1))
    for typed in ("Margerie-Chantagret", "margerie chantagre", "42137", gone.siren):
        [match, *_] = find_communes(query=typed, on=TODAY)
        assert (match.commune, match.via) == (successor, "Margerie-Chantagret")
    match = current_commune(code="42137")
    assert (match.commune, match.via) == (successor, "Margerie-Chantagret")


def other(query: str) -> tuple[str, str, str]:
    found = find_territories(query=query, on=TODAY)
    place = found[0].territory if found else None
    return (place.kind, place.code, place.name) if place else ("", "", "")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("77", ("departement", "77", "Seine-et-Marne")),
        ("2a", ("departement", "2A", "Corse-du-Sud")),
        ("974", ("departement", "974", "La Réunion")),
        ("987", ("departement", "987", "Polynésie française")),
        ("polynesie", ("departement", "987", "Polynésie française")),
        ("corse", ("region", "94", "Corse")),
        ("ile de france", ("region", "11", "Île-de-France")),
        ("200046977", ("epci", "200046977", "Métropole de Lyon")),
        ("200 046 977 00019", ("epci", "200046977", "Métropole de Lyon")),
        ("metropole de lyon", ("epci", "200046977", "Métropole de Lyon")),
        ("communauté de communes faucigny", ("epci", "200000172", "CC Faucigny - Glières")),
        ("faucigni", ("epci", "200000172", "CC Faucigny - Glières")),
        ("plaine commune", ("ept", "200057867", "Plaine Commune")),
        ("14654", ("", "", "")),
        ("zzzzqq", ("", "", "")),
        ("", ("", "", "")),
    ],
)
def test_other_territories(typed, found):
    assert other(typed) == found


def test_a_code_of_both_a_departement_and_a_region_gives_both():
    found = [match.territory.name for match in find_territories(query="11", on=TODAY)]
    assert found == ["Aude", "Île-de-France"]


def test_an_overseas_collectivity_is_offered_once():
    assert len(find_territories(query="987", on=TODAY)) == 1


def test_a_delegated_commune_leads_to_the_current_one():
    [match, *_] = find_communes(query="Saint-Pierre-sur-Dives", on=TODAY)
    assert (match.commune.code, match.via) == ("14654", "Saint-Pierre-sur-Dives")


def test_homonyms_are_all_shown_with_their_departement():
    found = find_communes(query="Sainte-Colombe", on=TODAY, limit=20)
    same = [match.commune.departement for match in found if match.commune.name == "Sainte-Colombe"]
    assert len(same) == len(set(same)) == 12


def test_nobody_and_unknown_differ():
    assert find_communes(query="55039", on=TODAY)[0].population == 0
    # One of the six that no census counts (Terres australes, Clipperton).
    assert find_communes(query="98411", on=TODAY)[0].population is None


def test_a_list_that_does_not_cover_a_commune_hides_no_census():
    """Papeete: counted in 2022 by its own census, in no EPCI of the DGCL's list of 2025."""
    [papeete, *_] = find_communes(query="98735", on=TODAY)
    assert papeete.population == 26_654
    assert papeete.counted.reference_year == 2022


def test_a_code_used_twice_is_the_current_commune():
    match = current_commune(code="14654")
    assert (match.commune.name, match.via) == ("Saint-Pierre-en-Auge", "")


def test_an_unknown_code_is_nobodys():
    assert current_commune(code="99999") is None
