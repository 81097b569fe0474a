"""An operator keeps the values of indices, and says in its vehicles how prices are revised."""

from datetime import date
from decimal import Decimal

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from subscriptions.models import IndexValue, PurchasingVehicle
from tenants.models import Role
from tests.factories import IndexValueFactory
from tests.marketplace.operator.test_vehicles import VEHICLE

pytestmark = pytest.mark.django_db
VALUE = {"index": "syntec", "month": "2025-09-17", "value": "310,2", "source": "syntec.fr"}


@pytest.fixture
def curator(operator, sign_in):
    return sign_in(Role.CURATOR, operator)


def test_a_value_is_typed_as_it_is_published(operator, curator):
    IndexValueFactory(month=date(2024, 1, 1), value=Decimal("999"))  # another operator's
    page = curator.post(reverse("operator_indices", args=[operator.slug]), VALUE, follow=True)
    row = IndexValue.objects.get(operator=operator)
    assert (row.month, row.value) == (date(2025, 9, 1), Decimal("310.2"))
    text = BeautifulSoup(page.content, "html.parser").main.get_text(" ")
    assert "Septembre 2025" in text
    assert "999" not in text


@pytest.mark.parametrize(
    ("name", "typed"), [("value", "310,255"), ("value", "cher"), ("month", "2099-01-01"), ("source", "")]
)
def test_mistakes_are_told_at_their_field(operator, curator, name, typed):
    answer = curator.post(reverse("operator_indices", args=[operator.slug]), VALUE | {name: typed})
    page = BeautifulSoup(answer.content, "html.parser")
    assert page.select_one(f"[name={name}]")["aria-invalid"] == "true"
    assert not IndexValue.objects.exists()


def test_a_vehicle_says_how_its_prices_are_revised(operator, curator):
    clause = {
        "revision_index": "syntec",
        "revision_base_month": "2025-09-17",
        "revision_fixed_percent": "15",
        "revision_cap_percent": "2,5",
        "revision_day": "anniversary",
    }
    answer = curator.post(
        reverse("operator_vehicle_new", args=[operator.slug]), VEHICLE | clause, follow=True
    )
    vehicle = PurchasingVehicle.objects.get(operator=operator)
    assert (vehicle.revision_base_month, vehicle.revision_cap_percent) == (date(2025, 9, 1), Decimal("2.5"))
    assert "0,15 + 0,85 × S / S0" in BeautifulSoup(answer.content, "html.parser").main.get_text(" ")


def test_an_index_needs_its_base_month(operator, curator):
    sent = VEHICLE | {"revision_index": "syntec"}
    page = curator.post(reverse("operator_vehicle_new", args=[operator.slug]), sent)
    assert "Indiquez le mois de l’indice de base." in page.content.decode()
