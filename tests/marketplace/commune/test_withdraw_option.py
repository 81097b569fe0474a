"""An option is withdrawn on the pages of a contract: cheaper from its day on, and the vendor is told."""

import pytest
from bs4 import BeautifulSoup
from django.utils.timezone import localdate

from billing.models import Repricing
from provisioning.models import Event, Run
from subscriptions.amending import first_days
from subscriptions.in_force import terms_on
from subscriptions.models import Amendment, State
from tenants.models import Role
from tests.factories import ListingFactory, SubscriptionFactory
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
FLAT = {"pattern": "per_inhabitant", "rate": "0.10", "population_kind": "municipale"}
OPTIONS = [{"code": code, "name": code.capitalize(), "grid": FLAT} for code in ("signature", "archives")]


@pytest.fixture
def contract(commune, listing):
    """258 € for 860 inhabitants, and 86 € an option."""
    return SubscriptionFactory(
        tenant=commune, listing=listing, state=State.ACTIVE, options=OPTIONS, yearly_cents=25_800 + 2 * 8_600
    )


def page_of(answer) -> BeautifulSoup:
    assert answer.status_code == 200
    return BeautifulSoup(answer.content, "html.parser")


def words(tag) -> str:
    return " ".join(tag.get_text(" ").split()).replace("\u202f", " ").replace("\xa0", " ")


def ticked(page) -> list[str]:
    return [box["value"] for box in page.select("[name=options][checked]")]


@pytest.fixture
def withdraw(client, at, contract, secretary, signatory):
    """A function: the secretary withdraws an option from the page of the contract, the signatory approves."""

    def go(name: str, *, on=None) -> Amendment:
        client.force_login(secretary)
        page = page_of(client.get(at("member_subscription", contract.public_id)))
        [link] = [one for one in page.select("#vie a") if name in one.get_text()]
        assert words(link).startswith("Retirer cette option…")
        form = page_of(client.get(link["href"]))
        sent = {
            "request_key": form.select_one("[name=request_key]")["value"],
            "options": ticked(form),
            "effective_on": (on or first_days(on=localdate())[0]).isoformat(),
            "text": form.select_one("[name=text]").get_text(strip=True),
            "other_basis": "",
        }
        proposed = page_of(client.post(link["href"], sent, follow=True))
        assert "Seule une personne signataire" in words(proposed)
        with as_worker():
            number = Amendment.objects.latest("pk").number
        client.force_login(signatory)
        client.post(at("member_amendment_approve", contract.public_id, number))
        with as_worker():
            return Amendment.objects.get(number=number)

    return go


def test_it_costs_less_from_its_day_and_the_vendor_is_told(client, at, contract, withdraw):
    made = withdraw("Archives")
    assert (made.cents_before, made.cents_after) == (25_800 + 2 * 8_600, 25_800 + 8_600)
    assert made.text == "Retrait de l’option « Archives »."
    assert made.after == "avec Signature"
    with as_worker():
        run = Run.objects.get(subscription=contract, event=Event.CHANGE)
        assert localdate(run.steps.get().run_after) == made.effective_on
        assert Repricing.objects.filter(subscription=contract).count() == 1
    page = page_of(client.get(at("member_subscription", contract.public_id)))
    life = words(page.select_one("#vie"))
    assert "Archives (son retrait est décidé)" in life
    assert [words(link) for link in page.select("#vie a") if "Retirer" in link.get_text()] == [
        "Retirer cette option… Signature"
    ]


def test_the_second_that_goes_does_not_bring_the_first_back(contract, withdraw):
    first, second = first_days(on=localdate())[1], first_days(on=localdate())[0]
    withdraw("Archives", on=first)
    withdraw("Signature", on=first)
    with as_worker():
        assert terms_on(contract, first).options == []
        assert len(terms_on(contract, second).options) == 2


def test_nothing_is_changed_before_what_is_decided_for_later(client, at, contract, secretary, withdraw):
    """The later amendment would bring back what the earlier one took."""
    later = first_days(on=localdate())[2]
    withdraw("Archives", on=later)
    client.force_login(secretary)
    form = page_of(client.get(at("member_amendment_new", contract.public_id)))
    days = [one["value"] for one in form.select("[name=effective_on] option")]
    assert days[0] == later.isoformat()
    assert len(days) == 10
    assert "un avenant approuvé prend effet ce jour-là" in words(form.main)


def test_what_another_needs_does_not_go_alone(client, at, commune, secretary):
    told = [{"code": "signature", "name": "Signature"}]
    told.append({"code": "archives", "name": "Archives", "needs": "signature"})
    contract = SubscriptionFactory(
        tenant=commune,
        listing=ListingFactory(sheet__options=told),
        state=State.ACTIVE,
        options=OPTIONS,
    )
    client.force_login(secretary)
    url = at("member_amendment_new", contract.public_id) + "?retirer=signature"
    form = page_of(client.get(url))
    sent = {
        "request_key": form.select_one("[name=request_key]")["value"],
        "options": ticked(form),
        "effective_on": first_days(on=localdate())[0].isoformat(),
        "text": "Retrait",
        "other_basis": "",
    }
    page = page_of(client.post(url, sent))
    assert "« Archives » ne va pas sans « Signature »" in words(page.main)
    assert page.select_one("[name=text]").get_text(strip=True) == "Retrait"
    assert ticked(page) == ["archives"]
    assert client.post(url, {**sent, "options": []}).status_code == 302


def test_what_is_not_an_option_unticks_nothing(client, at, contract, secretary):
    client.force_login(secretary)
    for typed in ("autre", "", "%00"):
        form = page_of(client.get(at("member_amendment_new", contract.public_id) + f"?retirer={typed}"))
        assert len(ticked(form)) == 2


def test_a_reader_is_offered_no_withdrawal(client, at, contract, person):
    client.force_login(person(Role.FINANCE))
    life = page_of(client.get(at("member_subscription", contract.public_id))).select_one("#vie")
    assert "Archives" in words(life)
    assert "Retirer" not in words(life)
