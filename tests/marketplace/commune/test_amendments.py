"""A contract is amended on its pages: proposed, read, approved with an act, or refused."""

import pytest
from bs4 import BeautifulSoup
from django.utils.timezone import localdate

from subscriptions.amending import first_days
from subscriptions.models import Amendment, AmendmentState, State
from tests.factories import EndpointFactory, SubscriptionFactory
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
PER_AGENT = {"pattern": "per_unit", "unit": "agent", "unit_price": "12"}


@pytest.fixture
def contract(commune, listing):
    return SubscriptionFactory(
        tenant=commune, listing=listing, state=State.ACTIVE, grid=PER_AGENT, counts={"agents": 10},
        yearly_cents=12_000,
    )  # fmt: skip


@pytest.fixture
def propose(client, at, contract):
    """A function: what the form answers to what is typed, besides its own values."""

    def send(person, **typed):
        client.force_login(person)
        url = at("member_amendment_new", contract.public_id)
        page = BeautifulSoup(client.get(url).content, "html.parser")
        values = {
            "request_key": page.select_one("[name=request_key]")["value"],
            "agents": page.select_one("[name=agents]")["value"],
            "effective_on": first_days(on=localdate())[0].isoformat(),
            "text": "Deux services de plus.",
            "other_basis": "Clause de réexamen.",
        }
        return client.post(url, values | typed, follow=True)

    return send


def text_of(answer) -> str:
    return " ".join(BeautifulSoup(answer.content, "html.parser").main.get_text(" ").split())


def test_a_secretary_proposes_and_a_signatory_approves(
    client, at, contract, propose, secretary, signatory, act
):
    page = text_of(propose(secretary, agents="20"))
    assert "10 agents" in page
    assert "240,00 € HT" in page
    assert "Seule une personne signataire" in page
    client.force_login(signatory)
    url = at("member_amendment_approve", contract.public_id, 1)
    assert "Indiquez le numéro de l’acte" in text_of(client.post(url))
    sent = {"number": "2026-9", "date": localdate().isoformat(), "file": act()}
    page = text_of(client.post(url, sent, follow=True))
    assert "Lire l’acte n° 2026-9" in page
    assert client.get(at("member_amendment_act", contract.public_id, 1)).status_code == 200
    assert "Avenant n° 1" in text_of(client.get(at("member_subscription", contract.public_id)))


def test_whoever_proposed_does_not_approve_and_may_take_back(client, at, contract, propose, signatory):
    page = text_of(propose(signatory, agents="20"))
    assert "Une autre personne doit approuver" in page
    client.post(at("member_amendment_cancel", contract.public_id, 1))
    with as_worker():
        assert Amendment.objects.get().state == AmendmentState.CANCELLED


def test_words_alone_are_an_amendment_too(propose, secretary):
    propose(secretary)
    with as_worker():
        assert (Amendment.objects.get().kind, Amendment.objects.get().counts) == ("other", None)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"agents": "0"}, "Écrivez un nombre entre 1"),
        ({"agents": ""}, None),
        ({"text": ""}, "Dites en une phrase ce qui change"),
        (
            {"effective_on": "2020-01-01"},
            "premier jour d’un des douze mois",
        ),
        ({"agents": "20", "other_basis": ""}, "nouvelle mise en concurrence"),
    ],
)
def test_mistakes_are_told_and_what_was_typed_stays(propose, secretary, typed, said):
    answer = propose(secretary, **typed)
    with as_worker():
        assert Amendment.objects.exists() is (said is None)
    if said:
        page = BeautifulSoup(answer.content, "html.parser")
        assert page.title.string.startswith("Erreur : ")
        assert said in page.main.get_text()
        assert page.select_one("[name=text]").get_text(strip=True) == typed.get(
            "text", "Deux services de plus."
        )


def test_another_that_waits_is_said_with_what_was_typed(propose, secretary):
    propose(secretary, agents="20")
    answer = propose(secretary, text="Encore deux de plus.")
    assert "Un avenant attend déjà une décision" in text_of(answer)
    assert "Encore deux de plus." in text_of(answer)


def test_a_refusal_says_why(client, at, contract, propose, secretary, signatory):
    propose(secretary, agents="20")
    client.force_login(signatory)
    answer = client.post(
        at("member_amendment_refuse", contract.public_id, 1), {"reason": "Budget épuisé."}, follow=True
    )
    assert "Budget épuisé." in text_of(answer)


@pytest.mark.parametrize(
    ("config", "said"),
    [({}, "d’elle-même au système de l’éditeur"), ({"changes": False}, "l’applique chez l’éditeur")],
)
def test_who_will_tell_the_vendor_is_said_beforehand(client, at, contract, secretary, config, said):
    endpoint = EndpointFactory(offer=contract.listing.offer, osb=True)
    endpoint.config |= config
    endpoint.save()
    client.force_login(secretary)
    assert said in text_of(client.get(at("member_amendment_new", contract.public_id)))
