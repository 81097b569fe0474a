"""Each page for its roles, and for nobody else: 404, never 403."""

import uuid

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from tenants.models import Role
from tests.factories import OperatorFactory, drafted_run, issued_invoice

pytestmark = pytest.mark.django_db

FOR_ALL = ["operator_home", "operator_subscriptions"]
FOR_TASKS = ["operator_tasks"]
FOR_MONEY = ["operator_runs", "operator_invoices", "operator_titres", "operator_titres_csv"]
OPENED_BY = {
    Role.CURATOR: FOR_ALL + FOR_TASKS,
    Role.OPERATOR_FINANCE: FOR_ALL + FOR_MONEY,
    Role.OPERATOR_ADMIN: FOR_ALL + FOR_TASKS + FOR_MONEY,
    Role.SECRETARY: [],
    Role.VENDOR_ADMIN: [],
}


@pytest.mark.parametrize("role", OPENED_BY)
@pytest.mark.parametrize("name", FOR_ALL + FOR_TASKS + FOR_MONEY)
def test_each_page_opens_for_its_roles_only(name, role, operator, sign_in):
    answer = sign_in(role, operator).get(reverse(name, args=[operator.slug]))
    assert answer.status_code == (200 if name in OPENED_BY[role] else 404)


@pytest.mark.parametrize("name", FOR_ALL + FOR_TASKS + FOR_MONEY)
def test_another_operators_pages_do_not_exist(name, operator, sign_in):
    stranger = sign_in(Role.OPERATOR_ADMIN, OperatorFactory())
    assert stranger.get(reverse(name, args=[operator.slug])).status_code == 404


@pytest.mark.parametrize(
    "name", ["operator_run", "operator_run_progress", "operator_run_approve", "operator_invoice"]
)
def test_what_belongs_to_another_operator_is_not_found(name, operator, sign_in):
    theirs = drafted_run() if "run" in name else issued_invoice()
    client = sign_in(Role.OPERATOR_ADMIN, operator)
    for public_id in (theirs.public_id, uuid.uuid4()):
        assert client.get(reverse(name, args=[operator.slug, public_id])).status_code == 404


@pytest.mark.parametrize("role", [Role.CURATOR, Role.OPERATOR_FINANCE, Role.OPERATOR_ADMIN])
def test_the_menu_only_offers_what_opens(role, operator, sign_in):
    client = sign_in(role, operator)
    groups = menu_of(client, reverse("operator_home", args=[operator.slug]))
    links = {link for group in groups for link in menu_of(client, group)}
    names = [name for name in OPENED_BY[role] if name != "operator_titres_csv"]
    assert {reverse(name, args=[operator.slug]) for name in names} <= links
    assert {client.get(link).status_code for link in links} == {200}


def menu_of(client, url: str) -> set[str]:
    """The links of the menu of a page, those of its group included."""
    page = BeautifulSoup(client.get(url).content, "html.parser")
    return {link["href"] for link in page.select(".halle-nav a")}


def test_an_ended_mandate_opens_nothing(operator, sign_in, client):
    from tests.factories import MembershipFactory
    from tests.factories.base import NOW

    ended = MembershipFactory(organisation=operator.organisation, role=Role.OPERATOR_ADMIN, ended_at=NOW)
    client.force_login(ended.user)
    assert client.get(reverse("operator_home", args=[operator.slug])).status_code == 404


def test_an_operator_that_is_a_vendor_too_keeps_its_vendor_menu(operator, client):
    from tests.factories import MembershipFactory, VendorFactory

    vendor = VendorFactory(organisation=operator.organisation)
    user = MembershipFactory(organisation=operator.organisation, role=Role.OPERATOR_ADMIN).user
    MembershipFactory(organisation=operator.organisation, role=Role.VENDOR_ADMIN, user=user)
    client.force_login(user)
    answer = client.get(reverse("vendor_home", args=[vendor.organisation.siren]))
    assert answer.status_code == 200
    assert "Mes services" in answer.content.decode()
