"""Who edits an operator's pages: named among its people, logged, and forgotten when she leaves."""

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from marketplace.pages.desks import editors_of, keep_desk
from marketplace.pages.editors import NotOfTheHouse, add_editor, remove_editor
from tenants.models import AuditEvent, Role
from tenants.people import mandates
from tenants.tenancy import tenant_scope
from tests.factories import MembershipFactory, OperatorFactory, UserFactory
from tests.factories.base import NOW
from tests.factories.pages import editor_of, news_item, storefront_of
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    operator = OperatorFactory(slug="hall", short_name="La Halle d’essai")
    storefront_of(operator)
    return operator


@pytest.fixture
def administrator(operator):
    return person_of(operator, Role.OPERATOR_ADMIN, first_name="Armand", last_name="Theullier")


def person_of(operator, role=Role.CURATOR, **fields):
    return MembershipFactory(user=UserFactory(**fields), organisation=operator.organisation, role=role).user


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def events(operator) -> list[str]:
    with tenant_scope([operator.organisation_id]):
        found = AuditEvent.objects.filter(tenant=operator.organisation, what__startswith="operator.editor")
        return list(found.order_by("pk").values_list("what", flat=True))


def test_an_editor_enters_wagtail_until_she_is_removed(operator, administrator):
    person = person_of(operator)
    with tenant_scope([operator.organisation_id]):
        for _ in range(2):  # the second time changes nothing
            add_editor(operator=operator, person=person, by=administrator, now=NOW)
        assert signed_in(person).get("/cms/").status_code == 200
        for _ in range(2):
            remove_editor(operator=operator, person=person, by=administrator, now=NOW)
    assert signed_in(person).get("/cms/").status_code == 302
    assert events(operator) == ["operator.editor_added", "operator.editor_removed"]


def test_only_somebody_of_the_house_is_named(operator, administrator):
    stranger = person_of(OperatorFactory())
    suspended = MembershipFactory(
        organisation=operator.organisation, role=Role.CURATOR, suspended_at=NOW
    ).user
    with tenant_scope([operator.organisation_id]):
        for person in (stranger, suspended):
            with pytest.raises(NotOfTheHouse):
                add_editor(operator=operator, person=person, by=administrator, now=NOW)
    assert events(operator) == []


@pytest.mark.parametrize("verb", [mandates.suspend, mandates.depart])
def test_who_leaves_edits_no_longer(operator, administrator, verb):
    person, other = editor_of(operator), editor_of(operator)
    with tenant_scope([operator.organisation_id]):
        verb(organisation=operator.organisation, person=person, by=administrator, now=NOW)
    assert list(editors_of(operator)) == [other]
    assert events(operator) == ["operator.editor_removed"]


def test_who_keeps_a_role_there_still_edits(operator, administrator):
    """A mandate that the administrator does not give stays: so do the pages."""
    person = editor_of(operator)
    with tenant_scope([operator.organisation_id]):
        mandates.change_roles(
            organisation=operator.organisation,
            person=person,
            roles=[Role.OPERATOR_FINANCE],
            by=administrator,
            now=NOW,
        )
    assert list(editors_of(operator)) == [person]


def test_rights_that_somebody_changed_are_put_back(operator):
    desk = operator.desk
    elsewhere = storefront_of(OperatorFactory())
    desk.group.page_permissions.update(page=elsewhere)
    desk.group.collection_permissions.all().delete()
    desk.group.permissions.clear()
    keep_desk(operator=operator, page=operator.storefront_page)
    pages = desk.group.page_permissions.values_list("page", flat=True)
    assert list(pages) == [operator.storefront_page.pk] * 3
    assert desk.group.collection_permissions.count() == 3
    assert [right.codename for right in desk.group.permissions.all()] == ["access_admin"]


def test_the_administrator_names_and_removes_editors(operator, administrator, snapshot):
    plume = person_of(operator, first_name="Odette", last_name="Plume")
    news_item(operator, title="Une nouvelle")
    client = signed_in(administrator)
    url = reverse("operator_editorial", args=["hall"])
    with snapshot_queries(snapshot(name="editorial")):
        page = BeautifulSoup(client.get(url).content, "html.parser")
    rows = {row.th.text: row.select_one(".halle-badge").text.strip() for row in page.select("tbody tr")}
    assert rows == {
        "Liste des actualités": "Publiée",
        "Page d’aide": "Vide",
        "Mentions légales": "Brouillon",
        "Déclaration d’accessibilité": "À écrire",
    }
    assert "Écrire dans les pages" not in page.text
    add = reverse("operator_editor_add", args=["hall"])
    assert "Odette Plume" in client.post(add, {"person": plume.pk}, follow=True).content.decode()
    assert list(editors_of(operator)) == [plume]
    assert "Écrire dans les pages" in signed_in(plume).get(url).content.decode()
    client.post(reverse("operator_editor_remove", args=["hall", plume.pk]))
    assert not editors_of(operator).exists()


@pytest.mark.parametrize("typed", ["", "0", "x", "99999999999999999999"])
def test_a_wrong_person_is_refused_in_french(operator, administrator, typed):
    answer = signed_in(administrator).post(reverse("operator_editor_add", args=["hall"]), {"person": typed})
    assert answer.status_code == 200
    page = BeautifulSoup(answer.content, "html.parser")
    assert page.title.text.startswith("Erreur")
    assert "Choisissez une personne" in page.text or "n’a plus de rôle" in page.text


def test_a_person_of_another_operator_cannot_be_named(operator, administrator):
    stranger = person_of(OperatorFactory())
    client = signed_in(administrator)
    assert (
        client.post(reverse("operator_editor_add", args=["hall"]), {"person": stranger.pk}).status_code == 200
    )
    assert not editors_of(operator).exists()
