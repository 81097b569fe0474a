"""The pages of an operator's departures."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from freezegun import freeze_time

from subscriptions.models import Exit, ExitState, State
from tenants.models import Role
from tests.factories import ExitFactory, ListingFactory, SubscriptionFactory
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


def departure(operator, state=ExitState.NOTICE, **values):
    of = State.ACTIVE if state in (ExitState.NOTICE, ExitState.TRANSITION) else State.TERMINATING
    subscription = SubscriptionFactory(listing=ListingFactory(operator=operator), state=of)
    return ExitFactory(subscription=subscription, state=state, **values)


def test_the_list_shows_what_comes_first_and_what_is_over(operator, sign_in, snapshot):
    departure(operator, erasure_from=date(2026, 9, 1))
    first = departure(operator)
    departure(operator, ExitState.WITHDRAWN)
    departure(ListingFactory().operator)
    client = sign_in(Role.CURATOR, operator)
    with snapshot_queries(snapshot(name="list")):
        page = client.get(reverse("operator_exits", args=[operator.slug]))
    assert page.context["total"] == "2 départs"
    assert page.context["rows"][0]["member"] == first.subscription.tenant.name
    over = client.get(reverse("operator_exits", args=[operator.slug]), {"etat": "termines"})
    assert [row["badge"]["label"] for row in over.context["rows"]] == ["Départ annulé"]


def test_no_departure_is_said_of_each_tab(operator, sign_in):
    client = sign_in(Role.CURATOR, operator)
    url = reverse("operator_exits", args=[operator.slug])
    assert "Aucun départ en cours" in client.get(url).content.decode()
    assert "Aucun départ terminé" in client.get(url, {"etat": "termines"}).content.decode()


def test_a_transition_is_prolonged_for_a_reason(operator, sign_in):
    leaving = departure(operator)
    client = sign_in(Role.CURATOR, operator)
    url = reverse("operator_exit_extend", args=[operator.slug, leaving.public_id])
    with freeze_time("2026-03-20 12:00"):
        page = client.post(url, {"until": "2028-01-01", "reason": "Trois millions de pièces."})
        assert "Choisissez une date après le 08/06/2026 et jusqu’au 09/12/2026." in page.content.decode()
        assert "Trois millions de pièces." in page.content.decode()
        client.post(url, {"until": "2026-12-09", "reason": "Trois millions de pièces."})
        shown = client.get(reverse("operator_exit", args=[operator.slug, leaving.public_id])).content.decode()
        assert "Prolongée : Trois millions de pièces." in shown


def test_after_fourteen_working_days_nothing_is_prolonged(operator, sign_in):
    leaving = departure(operator)
    client = sign_in(Role.CURATOR, operator)
    page = reverse("operator_exit", args=[operator.slug, leaving.public_id])
    url = reverse("operator_exit_extend", args=[operator.slug, leaving.public_id])
    with freeze_time("2026-03-30 12:00"):
        assert "Dites-le au plus tard le 30 mars 2026" in client.get(page).content.decode()
    with freeze_time("2026-03-31 12:00"):
        assert "Prolonger la transition" not in client.get(page).content.decode()
        asked = {"until": "2026-12-09", "reason": "Trois millions de pièces."}
        said = client.post(url, asked, follow=True).content.decode()
        assert "se demandait au plus tard le 30 mars 2026" in said


def test_the_certificate_is_put_on_record_and_read(operator, sign_in):
    leaving = departure(operator, ExitState.ERASURE)
    client = sign_in(Role.OPERATOR_ADMIN, operator)
    url = reverse("operator_exit_certify", args=[operator.slug, leaving.public_id])
    wrong = client.post(url, {"on": "2026-07-08", "file": SimpleUploadedFile("x.pdf", b"<html>")})
    assert "n’est pas un PDF" in wrong.content.decode()
    early = client.post(url, {"on": "2026-07-01", "file": SimpleUploadedFile("x.pdf", PDF)})
    assert "Joignez le fichier de nouveau" in early.content.decode()
    assert 'value="2026-07-01"' in early.content.decode()
    client.post(url, {"on": "2026-07-08", "file": SimpleUploadedFile("x.pdf", PDF)})
    with as_worker():
        assert Exit.objects.get().certified_on == date(2026, 7, 8)
    file = client.get(reverse("operator_exit_certificate", args=[operator.slug, leaving.public_id]))
    assert (file.content, file["X-Content-Type-Options"]) == (PDF, "nosniff")
    again = client.post(url, {"on": "2026-07-08", "file": SimpleUploadedFile("x.pdf", PDF)}, follow=True)
    assert "en a déjà un" in again.content.decode()
