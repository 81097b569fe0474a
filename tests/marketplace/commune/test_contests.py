"""From the invoice page: the facts behind a line, and the contest of it."""

import pytest
from freezegun import freeze_time

from billing.models import ContestState, LineContest
from tenants.models import Role
from tests.factories import issued_invoice
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db
SENT = {"reason": "population", "text": "Nous sommes 812 habitants <depuis janvier>."}


@pytest.fixture
def invoice(commune):
    return issued_invoice(tenant=commune)


def contest_of() -> LineContest:
    with as_worker():
        return LineContest.objects.get()


@freeze_time("2026-10-15 10:00")
def test_she_reads_the_facts_contests_and_takes_it_back(client, at, invoice, secretary):
    client.force_login(secretary)
    page = client.get(at("member_invoice", invoice.public_id)).content.decode()
    for words in (
        "Sur quoi repose ce montant",
        "860 habitants",
        "Source\u202f: ",
        "du 1er janvier 2026 au 31 décembre",
    ):
        assert words.replace("\u202f", " ") in page.replace("\u202f", " ").replace("\xa0", " ")
    address = at("member_line_contest", invoice.public_id, 1)
    assert address in page
    wrong = client.post(address, SENT | {"reason": "rien", "text": "x" * 2001}).content.decode()
    assert "Choisissez une réponse de la liste" in wrong
    assert "x" * 2001 in wrong
    done = client.post(address, SENT, follow=True).content.decode()
    assert "Votre contestation est envoyée" in done
    assert "&lt;depuis janvier&gt;" in done
    assert contest_of().state == ContestState.OPEN
    twice = client.post(address, SENT).content.decode()
    assert "déjà contestée" in twice
    done = client.post(address, {"action": "retirer"}, follow=True).content.decode()
    assert "Votre contestation est retirée" in done
    assert contest_of().state == ContestState.WITHDRAWN
    gone = client.post(address, {"action": "retirer"}).content.decode()
    assert "a déjà reçu sa réponse, ou a été retirée" in gone


def test_an_agent_reads_the_facts_and_is_shown_no_way_to_contest(client, at, invoice, person):
    client.force_login(person(Role.AGENT))
    page = client.get(at("member_invoice", invoice.public_id)).content.decode()
    assert "Sur quoi repose ce montant" in page
    assert "Contester" not in page


def test_queries_of_an_invoice(client, at, invoice, secretary, snapshot):
    client.force_login(secretary)
    address = at("member_invoice", invoice.public_id)
    client.get(address)
    with snapshot_queries(snapshot):
        client.get(address)
