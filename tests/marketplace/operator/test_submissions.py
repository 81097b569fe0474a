"""The curators' queue and the review of one submission."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from catalog.models import CurationFilter, ListingState, Submission, SubmissionState
from tenants.models import Role
from tests.factories import (
    ChecklistItemFactory,
    ClaimFactory,
    CurationFilterFactory,
    ListingFactory,
    ListingShareFactory,
    MembershipFactory,
    OperatorFactory,
    SubmissionFactory,
)
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


def queue_url(operator) -> str:
    return reverse("operator_submissions", args=[operator.slug])


def url(operator, submission) -> str:
    return reverse("operator_submission", args=[operator.slug, submission.public_id])


def text_of(answer) -> str:
    assert answer.status_code == 200
    return " ".join(BeautifulSoup(answer.content, "html.parser").main.get_text(" ").split())


def told(answer) -> str:
    return " / ".join(str(message) for message in get_messages(answer.wsgi_request))


def new(operator, name="Cantine Claire", **values) -> Submission:
    values = {"listing__operator": operator, "listing__sheet__name": name, **values}
    return SubmissionFactory(**{"submitted_at": timezone.now(), **values})


def changed(operator, name="Cantine Claire", **changes) -> Submission:
    """A newer version of what stands on the shelf."""
    listing = ListingFactory(operator=operator, sheet__name=name)
    with as_worker():
        sheet = listing.sheet
        for field, value in (changes or {"summary": "Autre chose."}).items():
            setattr(sheet, field, value)
        revision = sheet.save_revision()
    return SubmissionFactory(listing=listing, revision=revision, submitted_at=timezone.now())


def test_the_queue_says_what_waits_and_what_changed(operator, sign_in):
    new(operator, note="Merci !", submitted_at=timezone.now() - timedelta(days=8))
    changed(operator, "Voirie", summary="Neuf", hosting="Nantes", licence="MIT", audience="Tous")
    new(OperatorFactory(), "Ailleurs")
    with as_worker():
        Submission.objects.filter(listing__operator=operator, listing__state="draft").update(note="Merci !")
    text = text_of(sign_in(Role.CURATOR, operator).get(queue_url(operator)))
    assert "2 fiches à examiner" in text
    assert "Cantine Claire" in text
    assert "depuis 8 jours" in text
    assert "Nouveau service" in text
    assert "« Merci ! »" in text
    assert "4 champs : résumé, pour qui, hébergement et 1 autre" in text
    assert "Ailleurs" not in text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"Ancienne", "Carte", "Anonyme", "Voirie"}),
        ("famille=gis", {"Carte"}),
        ("famille=inconnue", {"Ancienne", "Carte", "Anonyme", "Voirie"}),
        ("genre=nouvelle", {"Ancienne", "Carte", "Anonyme"}),
        ("genre=modifiee", {"Voirie"}),
        ("donnees=sans", {"Anonyme"}),
        ("donnees=avec", {"Ancienne", "Carte", "Voirie"}),
        ("retard=oui", {"Ancienne"}),
        ("editeur=999999999", set()),
        ("editeur=%00&famille=%00&page=zz", {"Ancienne", "Carte", "Anonyme", "Voirie"}),
    ],
)
def test_filters(query, names, operator, sign_in):
    new(operator, "Ancienne", submitted_at=timezone.now() - timedelta(days=9))
    new(operator, "Carte", listing__sheet__family="gis")
    new(operator, "Anonyme", listing__sheet__personal_data=False)
    changed(operator, "Voirie")
    text = text_of(sign_in(Role.CURATOR, operator).get(f"{queue_url(operator)}?{query}"))
    assert {name for name in ("Ancienne", "Carte", "Anonyme", "Voirie") if f" {name} " in text} == names


def test_one_vendors(operator, sign_in):
    mine, other = new(operator, "Carte"), new(operator, "Voirie")
    address = f"{queue_url(operator)}?editeur={mine.listing.vendor.pk}"
    page = BeautifulSoup(sign_in(Role.CURATOR, operator).get(address).content, "html.parser")
    assert [link.get_text() for link in page.select("tbody th a")] == ["Carte"]
    assert other.listing.vendor.organisation.name in page.main.get_text()  # may be chosen


def test_a_batch_accepts_and_says_why_not(operator, sign_in):
    ChecklistItemFactory(operator=operator, family="gis", label="Le cadastre")
    good, bad = new(operator, "Bonne"), new(operator, "Carte", listing__sheet__family="gis")
    priceless = new(operator, "Chère", listing__grid=None)
    foreign = new(OperatorFactory(), "Ailleurs")
    client = sign_in(Role.CURATOR, operator)
    address = reverse("operator_submissions_accept", args=[operator.slug])
    ticked = [str(one.public_id) for one in (good, bad, priceless, foreign)] + ["n’importe quoi"]
    answer = client.post(address, {"fiches": ticked, "famille": "gis"})
    assert answer.headers["Location"] == f"{queue_url(operator)}?famille=gis"
    words = told(answer)
    assert "2 fiches acceptées, dont 1 à mettre en rayon une fois leur tarif publié." in words
    assert "Carte : Points obligatoires à cocher : Le cadastre." in words
    assert "Certaines fiches cochées n’étaient plus à examiner." in words
    states = dict(Submission.objects.values_list("pk", "state"))
    assert states == {
        good.pk: "accepted",
        priceless.pk: "accepted",
        bad.pk: "pending",
        foreign.pk: "pending",
    }
    answer = client.post(address, {"fiches": [str(bad.public_id)], "verifies": "oui"})
    assert "1 fiche acceptée." in told(answer)
    assert "Cochez d’abord" in told(client.post(address, {}))


def test_the_review_shows_the_differences_the_claims_and_the_history(operator, sign_in):
    submission = changed(operator, summary="Inscriptions et pointage des goûters.")
    ClaimFactory(sheet=submission.listing.sheet, verified=True)
    text = text_of(sign_in(Role.CURATOR, operator).get(url(operator, submission)))
    assert "Ce qui change depuis la version acceptée" in text
    assert "Inscriptions et pointage des repas. goûters." in text
    assert "Logiciel libre " in text
    assert " Vérifié " in text
    assert "Toutes les versions soumises" in text


def test_the_version_submitted_is_seen_as_members_will_read_it(operator, sign_in):
    submission = changed(operator, summary="Inscriptions et goûters.")
    with as_worker():
        submission.listing.own_text = "Nous l’avons essayée."
        submission.listing.save()
    address = reverse("operator_submission_preview", args=[operator.slug, submission.public_id])
    client = sign_in(Role.CURATOR, operator)
    assert address in client.get(url(operator, submission)).content.decode()
    text = text_of(client.get(address))
    assert "Inscriptions et goûters." in text
    assert "Nous l’avons essayée." in text
    assert "Aperçu de la version soumise" in text
    foreign = reverse("operator_submission_preview", args=[operator.slug, new(OperatorFactory()).public_id])
    assert client.get(foreign).status_code == 404


def test_a_decision_opens_the_next_one_of_the_same_queue(operator, sign_in):
    now = timezone.now()
    first = new(operator, "Une", submitted_at=now - timedelta(days=3))
    new(operator, "Carte", listing__sheet__family="gis", submitted_at=now - timedelta(days=2))
    third = new(operator, "Trois", submitted_at=now - timedelta(days=1))
    client = sign_in(Role.CURATOR, operator)
    query = "?famille=canteen"
    answer = client.post(url(operator, first) + query, {"decision": "accepter"})
    assert answer.headers["Location"] == url(operator, third) + query
    assert "est acceptée : vos adhérents lisent cette version" in told(answer)
    answer = client.post(url(operator, third) + query, {"decision": "modifier", "message": "Une capture ?"})
    assert answer.headers["Location"] == queue_url(operator)
    third.refresh_from_db()
    assert (third.state, third.message) == (SubmissionState.CHANGES, "Une capture ?")


def test_accepted_without_a_price_is_said(operator, sign_in):
    submission = new(operator, listing__grid=None)
    answer = sign_in(Role.CURATOR, operator).post(url(operator, submission), {"decision": "accepter"})
    assert "sans tarif" in told(answer)
    submission.listing.refresh_from_db()
    assert submission.listing.state == ListingState.DRAFT


@pytest.mark.parametrize("decision", ["modifier", "refuser"])
def test_a_message_is_asked_and_what_was_ticked_is_kept(decision, operator, sign_in):
    point = ChecklistItemFactory(operator=operator, label="Les captures")
    submission = new(operator)
    answer = sign_in(Role.CURATOR, operator).post(
        url(operator, submission), {"decision": decision, "checks": [point.pk, 999_999]}
    )
    page = BeautifulSoup(answer.content, "html.parser")
    assert page.title.get_text().startswith("Erreur : ")
    assert "Écrivez à l’éditeur ce qu’il doit savoir." in page.get_text()
    assert page.select_one(f"input[name=checks][value='{point.pk}']").has_attr("checked")
    submission.refresh_from_db()
    assert submission.state == SubmissionState.PENDING


@pytest.mark.parametrize(
    "sent", [{}, {"decision": "brûler"}, {"decision": "accepter", "message": "x" * 4001}]
)
def test_what_means_nothing_decides_nothing(sent, operator, sign_in):
    submission = new(operator)
    answer = sign_in(Role.CURATOR, operator).post(url(operator, submission), sent)
    assert answer.status_code == 200
    assert "<title>Erreur : " in answer.content.decode()


def test_the_second_curator_reads_who_decided(operator, sign_in):
    submission = new(operator)
    sign_in(Role.CURATOR, operator).post(url(operator, submission), {"decision": "accepter"})
    with as_worker():
        name = str(Submission.objects.get().decided_by)
    answer = sign_in(Role.CURATOR, operator).post(
        url(operator, submission), {"decision": "refuser", "message": "Non."}
    )
    assert f"{name} a déjà accepté cette version" in answer.content.decode()


def test_an_auditor_reads_without_a_button(operator, sign_in):
    submission = new(operator)
    page = sign_in(Role.AUDITOR, operator).get(url(operator, submission)).content.decode()
    assert "Votre décision" not in page
    assert "Un nouveau service" in page


def test_the_dashboard_says_what_waits_for_curators(operator, sign_in):
    new(operator, submitted_at=timezone.now() - timedelta(days=8))
    new(operator)
    accepted = new(operator, listing__grid=None)
    ListingShareFactory(to_operator=operator)
    client = sign_in(Role.CURATOR, operator)
    client.post(url(operator, accepted), {"decision": "accepter"})
    text = text_of(client.get(reverse("operator_home", args=[operator.slug])))
    assert "Examiner 2 fiches 1 attend depuis plus de 7 jours." in text
    assert "Mettre 1 service accepté en rayon" in text
    assert "Répondre à 1 proposition" in text
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    assert "Examiner" not in text_of(finance.get(reverse("operator_home", args=[operator.slug])))


def test_filters_are_kept_by_curator(operator):
    from django.test import Client

    person = MembershipFactory(organisation=operator.organisation, role=Role.CURATOR).user
    CurationFilterFactory(tenant=operator.organisation, name="À une collègue")
    client = Client()
    client.force_login(person)
    address = reverse("operator_filter_keep", args=[operator.slug])
    client.post(address, {"name": "Les cartes", "famille": "gis", "n": "importe"})
    with as_worker():
        kept = CurationFilter.objects.get(user=person)
    assert kept.query == "famille=gis"
    page = client.get(f"{queue_url(operator)}?famille=gis").content.decode()
    assert "Les cartes" in page
    assert "À une collègue" not in page
    again = client.post(address, {"name": "Les cartes", "famille": "gis"}).content.decode()
    assert "s’appelle déjà" in again
    assert "Donnez un nom" in client.post(address, {"name": " ", "famille": "gis"}).content.decode()
    client.post(reverse("operator_filter_forget", args=[operator.slug, kept.pk]))
    with as_worker():
        assert list(CurationFilter.objects.values_list("name", flat=True)) == ["À une collègue"]
        foreign = CurationFilter.objects.get()
    assert client.post(reverse("operator_filter_forget", args=[operator.slug, foreign.pk])).status_code == 404


@pytest.mark.parametrize("count", [1, 4])
def test_queries_of_the_queue(count, operator, sign_in, snapshot):
    for number in range(count):
        new(operator, f"Une {number}")
        changed(operator, f"Autre {number}")
    client = sign_in(Role.CURATOR, operator)
    with snapshot_queries(snapshot(name="queue")):
        client.get(queue_url(operator))


@pytest.mark.parametrize("count", [1, 3])
def test_queries_of_one(count, operator, sign_in, snapshot):
    submission = changed(operator)
    for _ in range(count):
        ChecklistItemFactory(operator=operator)
    with as_worker():
        for _ in range(count):
            SubmissionFactory(listing=submission.listing, state="cancelled")
    ClaimFactory(sheet=submission.listing.sheet)
    client = sign_in(Role.CURATOR, operator)
    with snapshot_queries(snapshot(name="review")):
        client.get(url(operator, submission))
