"""The life of the contract on a subscription's page, and what a signatory may do about it."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.utils.timezone import localdate

from subscriptions.models import NonRenewal, State
from tests.factories import NonRenewalFactory, SubscriptionFactory, TermFactory
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def contract(commune, listing):
    """A function: a contract of the commune, of which a term ends in four months."""

    def make(renewal="tacit", days=120, **values):
        asked = SubscriptionFactory(
            tenant=commune, listing=listing, state=State.ACTIVE, renewal=renewal, term_years=4, renewals=3,
            **values,
        )  # fmt: skip
        return TermFactory(subscription=asked, ends=localdate() + timedelta(days=days)).subscription

    return make


def life(client, at, subscription) -> BeautifulSoup:
    page = client.get(at("member_subscription", subscription.public_id))
    return BeautifulSoup(page.content, "html.parser").find(id="vie")


def buttons(section) -> list[str]:
    """But the one that amends, which is there for all who may ask."""
    found = [link.get_text(strip=True) for link in section.select("a.btn")]
    return [label for label in found if label != "Modifier…"]


def test_everybody_reads_and_a_signatory_may_refuse_the_renewal(client, at, contract, secretary, signatory):
    subscription = contract()
    client.force_login(secretary)
    section = life(client, at, subscription)
    assert "Reconduit tacitement le" in section.get_text()
    assert buttons(section) == []
    client.force_login(signatory)
    assert buttons(life(client, at, subscription)) == ["Ne pas reconduire…"]
    answer = client.post(at("member_term_notice", subscription.public_id), {"reason": "Fusion."}, follow=True)
    section = BeautifulSoup(answer.content, "html.parser").find(id="vie")
    assert "l’adhérent ne le reconduit pas" in section.get_text()
    assert buttons(section) == ["Reconduire finalement…"]
    client.post(at("member_term_take_back", subscription.public_id))
    with as_worker():
        assert NonRenewal.objects.get().withdrawn_by == signatory


def test_what_the_operator_refused_the_member_does_not_restore(client, at, contract, signatory):
    subscription = contract()
    with as_worker():
        NonRenewalFactory(term=subscription.terms.get(), side="operator")
    client.force_login(signatory)
    assert buttons(life(client, at, subscription)) == []
    client.post(at("member_term_take_back", subscription.public_id))
    with as_worker():
        assert NonRenewal.objects.get().withdrawn_at is None


def test_too_late_to_refuse_nothing_is_offered_and_the_exit_is_told(client, at, contract, signatory):
    subscription = contract(days=59)
    client.force_login(signatory)
    assert buttons(life(client, at, subscription)) == []
    answer = client.post(at("member_term_notice", subscription.public_id), follow=True)
    assert "quitter le service à tout moment" in answer.content.decode()


@pytest.mark.parametrize("deliberation", [True, False])
def test_a_renewal_is_decided_by_an_act_where_one_is_needed(
    client, at, contract, signatory, act, deliberation
):
    subscription = contract("express", deliberation_required=deliberation)
    client.force_login(signatory)
    assert buttons(life(client, at, subscription)) == ["Reconduire…"]
    url = at("member_term_renew", subscription.public_id)
    half = client.post(url, {"number": "2026-9"})
    assert half.status_code == 200
    typed = BeautifulSoup(half.content, "html.parser").select_one("[name=number]")
    assert typed["value"] == "2026-9"
    act_of_today = {"number": "2026-9", "date": localdate().isoformat(), "file": act()}
    answer = client.post(url, act_of_today if deliberation else {}, follow=True)
    assert "Reconduction décidée" in answer.content.decode()
    paper = client.get(at("member_term_act", subscription.public_id, 1))
    assert paper.status_code == (200 if deliberation else 404)


def test_a_file_that_is_no_pdf_is_said_at_its_field(client, at, contract, signatory, act):
    subscription = contract("express")
    client.force_login(signatory)
    sent = {"number": "2026-9", "date": localdate().isoformat(), "file": act(b"PK\x03\x04 not a pdf")}
    page = client.post(at("member_term_renew", subscription.public_id), sent)
    assert "Ce fichier n’est pas un PDF" in page.content.decode()
    with as_worker():
        assert subscription.terms.count() == 1
