"""The page of one subscription, and the part of it that follows the opening."""

from datetime import date, timedelta

import pytest
from bs4 import BeautifulSoup
from django.core.files.storage import default_storage
from django.utils import timezone

from provisioning.models import StepState, TrackRecord
from subscriptions import giving_up
from subscriptions.models import State
from tests.factories import (
    EndpointFactory,
    ListingFactory,
    RunFactory,
    StepFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.base import OPENED_AT
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

POLLS = 'hx-trigger="every 3s"'


@pytest.fixture
def opening(commune, secretary, at):
    """`opening(StepState.WAITING)`: a subscription whose opening is at this step, and the page's text."""

    def make(state, **step):
        subscription = SubscriptionFactory(tenant=commune, state=State.PROVISIONING, requested_by=secretary)
        StepFactory(run=RunFactory(subscription=subscription), state=state, **step)
        return at("member_subscription_progress", subscription.public_id), subscription

    return make


@pytest.mark.parametrize("state", list(State))
def test_the_page_of_every_state(client, at, commune, secretary, state):
    subscription = SubscriptionFactory(tenant=commune, state=state)
    client.force_login(secretary)
    page = client.get(at("member_subscription", subscription.public_id))
    text = page.content.decode()
    assert page.status_code == 200
    assert subscription.service_name in text
    assert "Le prix par an, figé le 1er décembre 2025" in text
    assert "860 habitants" in text
    assert (POLLS in text) == (state in (State.APPROVED, State.PROVISIONING))
    assert ("Ouvrir le service" in text) == (state == State.ACTIVE)


@pytest.mark.parametrize(
    ("state", "step", "words"),
    [
        (StepState.PENDING, {}, "part chez l’éditeur"),
        (StepState.PENDING, {"problem": "HTTP 500"}, "essai se fera tout seul"),
        (StepState.RUNNING, {"lease_until": OPENED_AT}, "est demandée à l’éditeur"),
        (StepState.WAITING, {}, "prépare votre service"),
    ],
)
def test_the_progress_is_asked_for_again_while_something_happens(
    client, opening, secretary, state, step, words
):
    url, _ = opening(state, **step)
    client.force_login(secretary)
    text = client.get(url).content.decode()
    assert words in text
    assert POLLS in text
    assert url in text
    assert "HTTP 500" not in text
    assert "<html" not in text


def test_when_a_person_must_act_it_says_who_and_stops(client, opening, secretary):
    url, subscription = opening(StepState.NEEDS_PERSON, problem="HTTP 500")
    EndpointFactory(offer=subscription.listing.offer, osb=True)
    client.force_login(secretary)
    text = client.get(url).content.decode()
    assert POLLS not in text
    assert subscription.operator.contact_email in text
    assert "en est averti" in text
    assert "L’ouverture automatique n’a pas abouti." in text
    assert "HTTP 500" not in text


def test_when_a_person_opens_it_nothing_has_failed(client, opening, secretary):
    url, subscription = opening(StepState.NEEDS_PERSON, problem="Ouvrir le compte.")
    EndpointFactory(offer=subscription.listing.offer)
    with as_worker():
        measured(subscription, median_minutes=1_500, slow_minutes=6_000)
    client.force_login(secretary)
    text = client.get(url).content.decode()
    assert "Ce service s’ouvre à la main" in text
    assert "en général en moins de 26 heures" in text
    assert subscription.operator.contact_email in text
    assert POLLS not in text
    for word in ("n’a pas abouti", "Bloqué", "Ouvrir le compte."):
        assert word not in text


def test_when_open_it_gives_the_address_and_stops(client, at, commune, secretary):
    subscription = SubscriptionFactory(tenant=commune, state=State.ACTIVE)
    run = RunFactory(subscription=subscription, finished_at=OPENED_AT)
    StepFactory(run=run, state=StepState.DONE, done_at=OPENED_AT)
    client.force_login(secretary)
    text = client.get(at("member_subscription_progress", subscription.public_id)).content.decode()
    assert POLLS not in text
    assert subscription.service_url in text
    assert f'data-halle-announce="{subscription.service_name} : ouvert."' in text


@pytest.mark.parametrize(
    ("state", "word"), [(State.REFUSED, "Demande refusée"), (State.CANCELLED, "Demande annulée")]
)
def test_a_request_that_ends_reads_as_an_end(client, at, commune, secretary, state, word):
    subscription = SubscriptionFactory(tenant=commune, state=state)
    client.force_login(secretary)
    page = client.get(at("member_subscription", subscription.public_id)).content
    asked, decided = BeautifulSoup(page, "html.parser").select(".halle-step")
    assert "Fait le" in asked.get_text()
    assert f"{word} le" in decided.get_text()
    assert "Fait" not in decided.get_text()
    assert decided.select_one("use")["href"].endswith("#close")


def test_a_service_without_address_says_so(client, at, commune, secretary):
    subscription = SubscriptionFactory(tenant=commune, state=State.ACTIVE, service_url="")
    client.force_login(secretary)
    text = client.get(at("member_subscription", subscription.public_id)).content.decode()
    assert "n’a pas d’adresse" in text
    assert "Ouvrir le service" not in text


def test_who_cannot_approve_reads_who_can(client, at, commune, secretary, signatory):
    subscription = SubscriptionFactory(tenant=commune, requested_by=secretary)
    client.force_login(secretary)
    text = client.get(at("member_subscription", subscription.public_id)).content.decode()
    assert f"À faire par {signatory}." in text
    assert "Seule une personne ayant le rôle « signataire »" in text
    assert 'name="number"' not in text


@pytest.mark.parametrize(
    "name", ["member_subscription", "member_subscription_progress", "member_decision_file"]
)
def test_another_communes_subscription_is_not_found(client, at, secretary, stranger, name):
    foreign = SubscriptionFactory(state=State.ACTIVE)
    client.force_login(secretary)
    assert client.get(at(name, foreign.public_id)).status_code == 404


def test_a_stranger_finds_nothing(client, at, commune, stranger):
    subscription = SubscriptionFactory(tenant=commune, state=State.ACTIVE)
    client.force_login(stranger)
    for name in ("member_subscription", "member_subscription_progress", "member_decision_file"):
        assert client.get(at(name, subscription.public_id)).status_code == 404


def test_without_act_there_is_no_file(client, at, commune, secretary):
    subscription = SubscriptionFactory(tenant=commune)
    client.force_login(secretary)
    assert client.get(at("member_decision_file", subscription.public_id)).status_code == 404


def test_a_lost_file_is_said_in_words(client, at, commune, secretary):
    subscription = SubscriptionFactory(tenant=commune, state=State.ACTIVE)
    default_storage.delete(f"decisions/{commune.pk}/{subscription.public_id}.pdf")
    client.force_login(secretary)
    answer = client.get(at("member_decision_file", subscription.public_id))
    assert "Le fichier est introuvable" in client.get(answer.url).content.decode()


def measured(subscription, **minutes):
    """What its vendor took for forty openings."""
    return TrackRecord.objects.create(
        vendor=subscription.listing.vendor,
        since=date(2026, 1, 1),
        counted_on=date(2026, 4, 1),
        opened=40,
        unaided=40,
        doubts=0,
        **minutes,
    )


@pytest.mark.parametrize(("minutes_ago", "late"), [(2, False), (200, True)])
def test_how_long_it_takes_is_said_and_what_to_do_when_it_takes_longer(
    client, opening, secretary, minutes_ago, late
):
    tried = timezone.now() - timedelta(minutes=minutes_ago)
    url, subscription = opening(StepState.WAITING, first_tried_at=tried)
    with as_worker():
        measured(subscription, median_minutes=3, slow_minutes=70)
    client.force_login(secretary)
    text = client.get(url).content.decode()
    assert "en général en moins de 4 minutes ; 9 fois sur 10, en moins de 2 heures." in text
    assert ("Halle continue de demander" in text) == late
    assert (subscription.operator.contact_email in text) == late
    assert POLLS in text


def test_an_opening_that_is_given_up_promises_nothing(client, opening, secretary):
    url, _ = opening(StepState.MOOT)
    client.force_login(secretary)
    text = client.get(url).content.decode()
    assert "L’ouverture est abandonnée" in text
    assert "Le service s’ouvre" not in text
    assert "Service ouvert" not in text


def test_why_it_was_given_up_stays_on_its_page(client, at, commune, secretary):
    subscription = SubscriptionFactory(tenant=commune, state=State.PROVISIONING)
    with as_worker():
        giving_up.called_off(
            subscription=subscription, by=UserFactory(), reason="Jamais prêt.", now=timezone.now()
        )
    client.force_login(secretary)
    text = client.get(at("member_subscription", subscription.public_id)).content.decode()
    assert "Ouverture abandonnée" in text
    assert "Jamais prêt." in text


def test_queries(client, opening, secretary, at, snapshot):
    _, subscription = opening(StepState.WAITING)
    client.force_login(secretary)
    with snapshot_queries(snapshot):
        client.get(at("member_subscription", subscription.public_id))


def test_the_papers_are_offered_both_ways(client, at, commune, secretary):
    listing = ListingFactory(vehicle__legal_basis="centrale", vehicle__deliberation_required=False)
    asked = SubscriptionFactory(tenant=commune, listing=listing)
    client.force_login(secretary)
    page = BeautifulSoup(client.get(at("member_subscription", asked.public_id)).content, "html.parser")
    lines = page.select("[aria-labelledby=papiers] li")
    assert [line.text.split(" : ")[0].strip() for line in lines] == [
        "Projet de délibération",
        "Projet de décision du maire",
        "Convention d’adhésion à la centrale d’achat",
    ]
    for line in lines:
        odt, pdf = (client.get(link["href"]) for link in line.select("a"))
        assert (odt.status_code, odt.content[:2]) == (200, b"PK")
        assert (pdf.status_code, pdf.content[:5]) == (200, b"%PDF-")
        assert odt["Content-Disposition"].endswith('.odt"')


@pytest.mark.parametrize(
    ("kind", "form"),
    [("autre", "pdf"), ("decision", "pdf"), ("convention", "docx"), ("bon-de-commande", "pdf")],
)
def test_no_other_paper_than_those_offered(client, at, commune, secretary, kind, form):
    asked = SubscriptionFactory(tenant=commune)  # a grouping, by deliberation
    client.force_login(secretary)
    assert client.get(at("member_paper", asked.public_id, kind, form)).status_code == 404


def test_once_decided_only_what_is_signed_is_left(client, at, commune, secretary):
    decided = SubscriptionFactory(tenant=commune, state=State.APPROVED)
    asked = SubscriptionFactory(tenant=commune)
    client.force_login(secretary)
    before, after = (
        client.get(at("member_subscription", one.public_id)).content.decode() for one in (asked, decided)
    )
    assert before.index("L’acte à prendre") < before.index("Où en est l’abonnement")
    assert after.index("Les papiers à signer") > after.index("Où en est l’abonnement")
    assert client.get(at("member_paper", decided.public_id, "deliberation", "pdf")).status_code == 404
    assert client.get(at("member_paper", decided.public_id, "convention", "odt")).status_code == 200
