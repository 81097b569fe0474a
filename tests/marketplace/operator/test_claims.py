"""Curators and the platform's staff check claims, on their own shelves only."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import localdate

from catalog.models import Claim, ListingState
from tenants.models import Role
from tests.factories import ClaimFactory, ListingFactory, UserFactory
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def curator(operator, sign_in):
    return sign_in(Role.CURATOR, operator)


@pytest.fixture
def claim(operator):
    sheet = ListingFactory(operator=operator, sheet__name="Cantinelle").sheet
    return ClaimFactory(sheet=sheet, documented=True, valid_until=localdate() + timedelta(days=200))


def claims(operator):
    return reverse("operator_claims", args=[operator.slug])


def page_of(operator, claim):
    return reverse("operator_claim", args=[operator.slug, claim.public_id])


def shown(answer):
    return [row["service"] for row in answer.context["rows"]]


def test_what_waits_for_a_check_is_on_the_first_tab(operator, curator, claim):
    today = localdate()

    def other(name, **values):
        sheet = ListingFactory(operator=operator, sheet__name=name).sheet
        return ClaimFactory(sheet=sheet, **values)

    other("Bientôt", documented=True, valid_until=today + timedelta(days=60))
    other("Plus tard", verified=True, valid_until=today + timedelta(days=61))
    other("Fini", verified=True, valid_until=today - timedelta(days=1))
    other("Sans preuve")
    other("Contesté", checked_on=today, checked_by=UserFactory(), check_note="Non.")
    ClaimFactory(documented=True, sheet__name="Ailleurs")
    ListingFactory(operator=operator, state=ListingState.REFUSED, sheet=ClaimFactory(documented=True).sheet)
    answers = {
        state: shown(curator.get(claims(operator), {"etat": state}))
        for state in ("a-verifier", "bientot-finis", "finis", "verifies", "contestes", "declares")
    }
    assert answers == {
        "a-verifier": ["Bientôt", "Cantinelle"],
        "bientot-finis": ["Bientôt"],
        "finis": ["Fini"],
        "verifies": ["Plus tard"],
        "contestes": ["Contesté"],
        "declares": ["Sans preuve"],
    }
    assert [tab["count"] for tab in curator.get(claims(operator)).context["tabs"]] == [
        "2", "1", "1", "1", "1", "1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "address",
    [
        {"q": "cantin"},
        {"q": "x" * 10_000},
        {"q": "\0%_'"},
        {"sujet": "licence"},
        {"sujet": "tarif"},
        {"etat": "n’importe"},
        {"page": "9" * 30},
        {"page": "-1"},
    ],
)
def test_a_strange_address_shows_a_list(address, operator, curator, claim):
    assert curator.get(claims(operator), address).status_code == 200


def test_filters_keep_one_another(operator, curator, claim):
    assert shown(curator.get(claims(operator), {"q": "CANTIN", "sujet": "licence"})) == ["Cantinelle"]
    assert shown(curator.get(claims(operator), {"sujet": "rgaa"})) == []
    tabs = curator.get(claims(operator), {"q": "cantin", "sujet": "licence"}).context["tabs"]
    assert tabs[1]["url"].endswith("?q=cantin&sujet=licence&etat=bientot-finis")


def test_verifying(operator, curator, claim):
    url = page_of(operator, claim)
    page = curator.get(url)
    assert claim.evidence_url in page.content.decode()
    answer = curator.post(url, {"decision": "verify", "verify-note": ""})
    assert set(answer.context["verify"].errors) == {"note"}
    soon = localdate() + timedelta(days=90)
    answer = curator.post(
        url, {"decision": "verify", "verify-note": "Dépôt lu.", "verify-valid_until": soon.isoformat()}
    )
    assert answer.status_code == 302
    current = Claim.objects.current().get()
    assert (current.level, current.checked_for, current.valid_until) == ("verified", operator, soon)


def test_a_decision_leads_to_the_next_claim_of_the_same_list(operator, curator, claim):
    later = claim.valid_until + timedelta(days=1)
    other = ClaimFactory(
        sheet=ListingFactory(operator=operator, sheet__name="Cantine bis").sheet,
        documented=True,
        valid_until=later,
    )
    ClaimFactory(sheet=ListingFactory(operator=operator, sheet__name="Voirie").sheet, documented=True)
    first = curator.get(claims(operator), {"q": "cantin"}).context["rows"][0]["url"]
    answer = curator.post(first, {"decision": "verify", "verify-note": "Lu."})
    assert answer["Location"] == f"{page_of(operator, other)}?q=cantin&etat=a-verifier"
    answer = curator.post(answer["Location"], {"decision": "verify", "verify-note": "Lu."})
    assert answer["Location"] == f"{claims(operator)}?q=cantin&etat=a-verifier"


def test_contesting(operator, curator, claim):
    url = page_of(operator, claim)
    answer = curator.post(url, {"decision": "contest", "contest-note": "", "contest-level": "verified"})
    assert set(answer.context["contest"].errors) == {"note", "level"}
    sent = {"decision": "contest", "contest-note": "Le dépôt est vide.", "contest-level": "declared"}
    assert curator.post(url, sent).status_code == 302
    assert Claim.objects.current().get().is_contested


def test_a_claim_changed_meanwhile_leads_back_to_the_list(operator, curator, claim):
    sent = {"decision": "verify", "verify-note": "Dépôt lu."}
    curator.post(page_of(operator, claim), sent)
    answer = curator.post(page_of(operator, claim), sent, follow=True)
    assert answer.redirect_chain[-1][0] == claims(operator)
    assert "a changé pendant que vous le lisiez" in answer.content.decode()


def test_a_claim_without_evidence_cannot_be_verified(operator, curator):
    claim = ClaimFactory(sheet=ListingFactory(operator=operator).sheet)
    assert "Pas de preuve" in curator.get(page_of(operator, claim)).content.decode()
    answer = curator.post(page_of(operator, claim), {"decision": "verify", "verify-note": "Lu."})
    assert "demandez-la d’abord" in answer.content.decode()


def test_an_auditor_reads(operator, sign_in, claim):
    auditor = sign_in(Role.AUDITOR, operator)
    assert auditor.get(claims(operator)).status_code == 200
    page = auditor.get(page_of(operator, claim)).content.decode()
    assert "Lecture seule" in page
    assert "Marquer comme vérifié" not in page


def test_the_platform_checks_what_is_on_no_shelf():
    claim, staff = ClaimFactory(documented=True), Client()
    staff.force_login(UserFactory(is_staff=True))
    assert shown(staff.get(reverse("platform_claims"))) == [claim.sheet.name]
    url = reverse("platform_claim", args=[claim.public_id])
    assert staff.post(url, {"decision": "verify", "verify-note": "Dépôt lu."}).status_code == 302
    assert Claim.objects.current().get().checked_for is None


@pytest.mark.parametrize("count", [1, 6])
def test_queries_of_the_list(count, operator, curator, snapshot):
    for _ in range(count):
        ClaimFactory(sheet=ListingFactory(operator=operator).sheet, documented=True)
    with snapshot_queries(snapshot(name="claims")):
        curator.get(claims(operator))
