"""What next year will cost, as a member and its operator read it."""

import csv
import io

import pytest
from django.urls import reverse
from freezegun import freeze_time

from subscriptions.models import State
from tests.factories import ListingFactory, MembershipFactory, SubscriptionFactory
from tests.tools.queries import snapshot_queries


def rows_of(answer) -> list[dict]:
    text = answer.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


@freeze_time("2026-12-01 10:00")
@pytest.mark.parametrize("count", [1, 6])
def test_next_year_service_by_service(client, at, commune, listing, secretary, snapshot, count):
    for _ in range(count):
        SubscriptionFactory(
            tenant=commune, state=State.ACTIVE, listing=ListingFactory(operator=listing.operator)
        )
    client.force_login(secretary)
    with snapshot_queries(snapshot):
        page = client.get(at("member_budget"))
    text = page.content.decode()
    assert "Les populations de 2027 ne sont pas encore publiées" in text
    assert "860\u202fhabitants" in text or "860 habitants" in text
    assert (len(page.context["rows"]), page.context["net"]) == (
        count,
        ["258,00\u00a0€", "1\u202f548,00\u00a0€"][count > 1],
    )
    file = client.get(at("member_budget"), {"fichier": "csv"})
    assert file["Content-Disposition"].endswith(f'"budget-{commune.siren}-2027.csv"')
    assert {(row["HT (EUR)"], row["Année"]) for row in rows_of(file)} == {("258,00", "2027")}


@freeze_time("2026-12-01 10:00")
@pytest.mark.parametrize("count", [1, 6])
def test_what_each_member_will_pay(client, listing, snapshot, count):
    operator = listing.operator
    for _ in range(count):
        made = SubscriptionFactory(listing=listing, state=State.ACTIVE, tenant__territory__population=860)
    SubscriptionFactory(state=State.ACTIVE)
    client.force_login(MembershipFactory(organisation=operator.organisation, role="operator_finance").user)
    url = reverse("operator_budgets", args=[operator.slug])
    with snapshot_queries(snapshot):
        page = client.get(url)
    assert [row["net"] for row in page.context["rows"]] == ["258,00\u00a0€"] * count
    found = rows_of(client.get(url, {"fichier": "csv", "q": made.tenant.siren}))
    assert [row["SIREN"] for row in found] == [made.tenant.siren]
    assert "Aucun adhérent ne correspond" in client.get(url, {"q": "Nulle-Part"}).content.decode()


def test_nothing_to_come_is_said(client, at, secretary):
    client.force_login(secretary)
    assert "Rien à prévoir" in client.get(at("member_budget")).content.decode()
