"""A person acts for several organisations and switches between them in the header."""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from tenants.models import Role
from tests.factories import AdhesionFactory, MembershipFactory, OperatorFactory, UserFactory


@pytest.fixture
def person(client, db):
    user = UserFactory()
    client.force_login(user)
    return user


def mandates(user, count, *roles):
    return [
        MembershipFactory(user=user, role=role, organisation=organisation).organisation
        for organisation in (AdhesionFactory().organisation for _ in range(count))
        for role in roles
    ]


def choices(client, url):
    panel = BeautifulSoup(client.get(url).content, "html.parser").select_one(".halle-menu__panel")
    return [
        (link["href"], link.get_text(" ", strip=True), link.get("aria-current"))
        for link in panel.select(".halle-menu__item")
    ]


def home(organisation):
    return reverse("member_home", args=[organisation.siren])


def test_six_organisations_each_with_the_roles_held_there(client, person):
    communes = mandates(person, 5, Role.SECRETARY)
    operator = OperatorFactory()
    MembershipFactory(user=person, organisation=operator.organisation, role=Role.CURATOR)
    MembershipFactory(user=person, organisation=communes[0], role=Role.FINANCE)
    shown = choices(client, home(communes[0]))
    door = reverse("operator_home", args=[operator.slug])
    assert {url for url, _, _ in shown} == {*map(home, communes), door}
    assert [(text, current) for url, text, current in shown if current] == [
        (f"{communes[0].name} finances, secrétaire", "true")
    ]
    texts = [text for _, text, _ in shown]
    assert f"{operator.short_name} (opérateur) responsable du catalogue" in texts


def test_one_organisation_at_two_doors_is_marked_at_one(client, person):
    operator = OperatorFactory()
    for role in (Role.CURATOR, Role.SECRETARY):
        MembershipFactory(user=person, organisation=operator.organisation, role=role)
    doors = [reverse("operator_home", args=[operator.slug]), home(operator.organisation)]
    for door in doors:
        assert [url for url, _, current in choices(client, door) if current] == [door]


def test_beyond_eight_the_menu_leads_to_the_page_of_all(client, person):
    communes = mandates(person, 9, Role.SECRETARY)
    shown = choices(client, home(communes[3]))
    assert shown == [
        (home(communes[3]), f"{communes[3].name} secrétaire", "true"),
        (reverse("places"), "Toutes vos organisations (9)", None),
    ]
    everywhere = client.get(reverse("places")).content.decode()
    assert all(f'href="{home(commune)}"' in everywhere for commune in communes)


def test_the_page_of_all_has_a_menu_too(client, person):
    mandates(person, 9, Role.SECRETARY)
    assert choices(client, reverse("places")) == [(reverse("places"), "Toutes vos organisations (9)", None)]


def test_eight_are_all_in_the_menu(client, person):
    communes = mandates(person, 8, Role.AGENT)
    assert len(choices(client, home(communes[0]))) == 8
