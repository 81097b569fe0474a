"""A person's page about her own data."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from tenants.models import PersonalDataExport, User
from tests.factories import MembershipFactory, UserFactory
from tests.factories.base import NOW
from tests.tools.jobs import run_jobs
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db
PAGE = "/mes-donnees/"


@pytest.fixture
def person():
    return UserFactory(first_name="Odile", last_name="Brunerie", email="odile@saint-essai.example")


@pytest.fixture
def client(person):
    client = Client()
    client.force_login(person)
    return client


def test_identity_mandates_and_periods_are_shown(client, person):
    mandate = MembershipFactory(user=person)
    MembershipFactory(user=person, ended_at=NOW)
    page = client.get(PAGE).content.decode()
    assert "Odile Brunerie" in page
    assert mandate.organisation.name in page
    assert "Terminé le 1er octobre 2026" in page
    assert "Courriels envoyés" in page
    assert "90 jours" in page


def test_a_copy_is_asked_made_and_downloaded_by_its_person_only(client, person):
    assert client.post(reverse("my_data_copy")).status_code == 302
    page = client.get(PAGE).content.decode()
    assert "Une copie se prépare" in page
    assert "Demander une copie" not in page
    run_jobs()
    copy = PersonalDataExport.objects.get()
    url = reverse("my_data_file", args=[copy.public_id])
    assert url in client.get(PAGE).content.decode()
    answer = client.get(url)
    assert answer["Content-Disposition"] == 'attachment; filename="mes-donnees-halle.json"'
    assert json.loads(b"".join(answer.streaming_content))["identité"]["nom"] == "Brunerie"
    stranger = Client()
    stranger.force_login(UserFactory())
    assert stranger.get(url).status_code == 404


def test_erasing_signs_out_and_leaves_nothing(client, person):
    page = client.post(reverse("my_data_erase"), follow=True)
    assert "Vos données personnelles sont effacées" in page.content.decode()
    assert client.get(PAGE).status_code == 302  # to sign-in
    run_jobs()
    erased = User.objects.get(pk=person.pk)
    assert (erased.first_name, erased.last_name, erased.email) == ("", "", "")


def test_whoever_holds_a_mandate_is_told_where(client, person):
    mandate = MembershipFactory(user=person)
    page = client.post(reverse("my_data_erase"))
    assert page.status_code == 200
    assert mandate.organisation.name in page.content.decode()
    person.refresh_from_db()
    assert person.erased_at is None


def test_queries_of_the_page(client, person, snapshot):
    MembershipFactory.create_batch(3, user=person)
    with snapshot_queries(snapshot):
        client.get(PAGE)
