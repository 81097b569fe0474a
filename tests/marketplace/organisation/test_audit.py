"""An organisation's audit log: read, filtered, verified, exported."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from tenants.models import Role
from tests.factories import (
    AuditEventFactory,
    MembershipFactory,
    OperatorFactory,
    OrganisationFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def organisation():
    return OrganisationFactory()


@pytest.fixture
def client(organisation):
    client = Client()
    client.force_login(MembershipFactory(organisation=organisation).user)
    return client


@pytest.fixture
def url(organisation):
    return reverse("organisation_audit", args=[organisation.siren])


@pytest.fixture
def events(organisation):
    """Two things that Odile did, and one that an operator's agent did at the organisation's request."""
    odile = UserFactory(first_name="Odile", last_name="Brunerie")
    fatou = UserFactory(first_name="Fatou", last_name="Dembrelle")
    operator = OperatorFactory(short_name="Brumelle")
    made = [
        AuditEventFactory(
            tenant=organisation, actor=odile, what="subscription.requested",
            sentence="{actor} a demandé l’abonnement à Cantine.", at=NOW - timedelta(days=40),
        ),
        AuditEventFactory(
            tenant=organisation, actor=odile, person=fatou, what="people.roles_changed",
            sentence="{actor} a changé les rôles de {person}.", at=NOW - timedelta(days=20),
            changes={"roles": [["agent"], ["secretary", "finance"]]},
        ),
        AuditEventFactory(
            tenant=organisation, actor=fatou, via=operator, what="organisation.changed",
            sentence="{actor} a changé l’adresse.", at=NOW, changes={"address": ["", "=1+1"]},
        ),
    ]  # fmt: skip
    AuditEventFactory(sentence="Chose d’une autre organisation.")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return made


def sentences(page):
    return [row["sentence"] for row in page.context["rows"]]


def test_a_sentence_a_moment_and_what_changed(client, url, events):
    page = client.get(url)
    text = page.content.decode()
    assert sentences(page) == [
        "Fatou Dembrelle a changé l’adresse.",
        "Odile Brunerie a changé les rôles de Fatou Dembrelle.",
        "Odile Brunerie a demandé l’abonnement à Cantine.",
    ]
    assert "À la demande de l’organisation, par un agent de Brumelle" in text
    [change] = page.context["rows"][1]["changes"]
    assert change == {"label": "rôles", "before": "agent", "after": "secrétaire, finances"}
    assert page.context["rows"][0]["changes"][0]["label"] == "adresse"
    assert "autre organisation." not in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"sujet": "abonnements"}, [0]),
        ({"sujet": "personnes"}, [1]),
        ({"aide": "on"}, [2]),
        ({"du": "2026-09-10"}, [2, 1]),
        ({"au": "2026-09-11"}, [1, 0]),
        ({"du": "2026-09-11", "au": "2026-09-11"}, [1]),
        ({"sujet": "facturation"}, []),
    ],
)
def test_filters(client, url, events, query, found):
    page = client.get(url, query)
    assert sentences(page) == [str(events[index]) for index in found]
    if not found:
        assert "Aucun événement ne correspond" in page.content.decode()


def test_a_person_is_found_whether_she_acts_or_is_acted_upon(client, url, events):
    page = client.get(url, {"personne": events[1].person_id})
    assert len(sentences(page)) == 2
    assert client.get(url, {"personne": UserFactory().pk}).status_code == 200  # of elsewhere: not a choice


def test_what_cannot_be_understood_is_said_and_kept(client, url, events):
    page = client.get(url, {"du": "2026-02-31", "sujet": "n’importe quoi", "personne": "abc"})
    assert page.status_code == 200
    assert "Cette date n’existe pas" in page.content.decode()
    page = client.get(url, {"du": "2026-09-12", "au": "2026-09-10"}).content.decode()
    assert "Échangez les deux dates" in page
    assert 'value="2026-09-10"' in page


def test_the_log_proves_that_it_is_whole(client, url, events):
    page = client.get(url, {"verifier": "1"}).content.decode()
    assert "Le journal est intact" in page
    assert "Le dernier des 3 sceaux" in page


def test_the_export_holds_each_event_with_its_seal_and_no_formula(client, organisation, events):
    answer = client.get(reverse("organisation_audit_export", args=[organisation.siren]), {"aide": "on"})
    [row] = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
    assert row["n°"] == "3"
    assert row["personne"] == "Fatou Dembrelle"
    assert row["au nom de"] == "Brumelle"
    assert row["date"] == "01/10/2026"
    assert row["avant → après"] == "adresse : — → =1+1"
    assert len(row["sceau"]) == 64
    whole = client.get(reverse("organisation_audit_export", args=[organisation.siren])).content.decode()
    assert whole.count("\r\n") == 4


def test_an_agent_does_not_read_it(organisation, url):
    client = Client()
    client.force_login(MembershipFactory(organisation=organisation, role=Role.AGENT).user)
    assert client.get(url).status_code == 404


def test_queries_of_the_log(client, url, organisation, events, snapshot):
    AuditEventFactory.create_batch(3, tenant=organisation)
    with snapshot_queries(snapshot):
        client.get(url)


def test_changes_are_named_for_everybody_and_say_what_differs(client, url, organisation):
    AuditEventFactory(
        tenant=organisation,
        changes={
            "name": [None, "Communes du val"],
            "address": [None, ""],
            "since": [None, "2026-01-01"],
            "college": ["", "Communes"],
            "accesses": [[], ["Cantinelle (gère)"]],
            "yearly_cents": [120000, 150050],
            "level": ["declared", "verified"],
        },
    )
    page = " ".join(client.get(url).content.decode().split())
    assert "nom : —" in page
    assert "Communes du val" in page
    assert "adresse :" not in page  # nothing became nothing
    assert "1er janvier 2026" in page
    assert "collège : —" in page
    assert "accès : —" in page
    assert "montant par an : 1 200,00 €" in page.replace("\u202f", " ").replace("\xa0", " ")
    assert "verified" not in page
