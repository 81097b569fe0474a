"""The operator's queue of contested lines, and its answers."""

from datetime import date

import pytest
from django.urls import reverse

from billing.models import ContestState, Invoice, LedgerEntry, LineContest
from marketplace.web.contest_words import line_facts
from tenants.models import Role
from tests.factories import BillingRunFactory, InvoiceLineFactory, LineContestFactory, issued_invoice
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def finance(operator, sign_in):
    return sign_in(Role.OPERATOR_FINANCE, operator)


def contested(operator, **fields) -> LineContest:
    invoice = issued_invoice(operator=operator) if "line" not in fields else None
    if invoice is not None:
        with as_worker():
            fields["line"] = invoice.lines.select_related("invoice").get()
    return LineContestFactory(**fields)


def url(name, operator, *args):
    return reverse(name, args=[operator.slug, *args])


def test_the_oldest_is_first_and_each_has_its_facts(operator, finance):
    newer = contested(operator)
    older = contested(operator, line=newer.line, state="withdrawn", closed_at=NOW)
    page = finance.get(url("operator_contests", operator))
    assert [row["member"] for row in page.context["rows"]] == [newer.tenant.name]
    closed = finance.get(url("operator_contests", operator) + "?etat=closes")
    assert [row["badge"]["label"] for row in closed.context["rows"]] == ["Contestation retirée"]
    assert older.pk
    assert "Répondre à 1 contestation" in finance.get(url("operator_home", operator)).content.decode()
    text = finance.get(url("operator_contest", operator, newer.public_id)).content.decode()
    for words in ("Nous sommes 812 habitants", "Population", "Peut encore être rendu", "258,00"):
        assert words in text


def test_the_source_of_a_population_is_said_in_words():
    facts = {
        "value": 4200, "kind": "totale", "reference_year": 2022, "in_force_from": "2025-01-01",
        "source": "dgcl-totale",
    }  # fmt: skip
    entry = LedgerEntry(
        period_start=date(2026, 1, 1),
        period_end=date(2026, 4, 1),
        recorded_at=NOW,
        facts={"population": facts},
    )
    [found] = [fact for fact in line_facts(entry) if fact["label"] == "Population"]
    assert found["note"].endswith("Source : DGCL, liste des EPCI 2025")


def test_a_wrong_answer_is_said_in_place_and_a_right_one_makes_the_credit_note(operator, finance):
    contest = contested(operator)
    address = url("operator_contest", operator, contest.public_id)
    for sent, said in (
        ({}, "Acceptez ou refusez."),
        ({"decision": "refuser"}, "Dites pourquoi vous refusez"),
        ({"decision": "accepter", "amount": ""}, "Indiquez le montant à rendre"),
        ({"decision": "accepter", "amount": "0"}, "Indiquez le montant à rendre"),
        ({"decision": "accepter", "amount": "abc", "answer": "Gardé."}, "Gardé."),
        ({"decision": "accepter", "amount": "258,01"}, "ne peut plus être rendue que de 258,00"),
    ):
        page = finance.post(address, sent).content.decode().replace("\xa0", " ")
        assert said in page
        assert "Erreur : " in page
    done = finance.post(address, {"decision": "accepter", "amount": "30", "answer": "Exact."}, follow=True)
    assert "30,00\xa0€ HT sont sur un avoir à émettre" in done.content.decode()
    with as_worker():
        contest.refresh_from_db()
        note = Invoice.objects.get(pk=contest.credit_note_id)
    assert (contest.state, note.net_cents) == (ContestState.ACCEPTED, 3000)
    assert url("operator_credit_note", operator, note.public_id) in done.content.decode()
    late = finance.post(address, {"decision": "refuser", "answer": "Non."}, follow=True)
    assert "a déjà reçu sa réponse" in late.content.decode()


def test_queries_of_the_list(operator, finance, snapshot):
    run = BillingRunFactory(operator=operator)
    for _ in range(3):
        LineContestFactory(line=InvoiceLineFactory(entry__run=run))
    finance.get(url("operator_contests", operator))
    with snapshot_queries(snapshot):
        assert len(finance.get(url("operator_contests", operator)).context["rows"]) == 3
