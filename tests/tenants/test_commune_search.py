"""The whole real register in the database, and what people type to find their commune."""

from datetime import date

import pytest

from tenants.models import FormerCode, Population, Territory
from tenants.models.territory import TerritoryKind
from tenants.queries import current_commune, find_communes
from tenants.register.loading import load_register
from tests.tools.database import as_worker

# On one worker: the register is loaded once.
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("register")]
TODAY = date(2026, 11, 21)


@pytest.fixture(scope="module")
def register(django_db_setup, django_db_blocker):
    """Loaded once for the module (seven seconds), in a transaction of its own."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        with as_worker():
            read = load_register()
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
        ("zzzzqq", ""),
        ("", ""),
        ("%_%", ""),
    ],
)
def test_what_people_type(typed, found):
    assert first(typed) == found


def test_a_delegated_commune_leads_to_the_current_one():
    [match, *_] = find_communes(query="Saint-Pierre-sur-Dives", on=TODAY)
    assert (match.commune.code, match.via) == ("14654", "Saint-Pierre-sur-Dives")


def test_homonyms_are_all_shown_with_their_departement():
    found = find_communes(query="Sainte-Colombe", on=TODAY, limit=20)
    same = [match.commune.departement for match in found if match.commune.name == "Sainte-Colombe"]
    assert len(same) == len(set(same)) == 12


def test_nobody_and_unknown_differ():
    assert find_communes(query="55039", on=TODAY)[0].population == 0
    assert find_communes(query="98735", on=TODAY)[0].population is None


def test_a_code_used_twice_is_the_current_commune():
    match = current_commune(code="14654")
    assert (match.commune.name, match.via) == ("Saint-Pierre-en-Auge", "")


def test_an_unknown_code_is_nobodys():
    assert current_commune(code="99999") is None
