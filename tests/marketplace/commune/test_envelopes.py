"""The pages of an envelope, and what a secretary reads before and after it approves."""

import re
import uuid
from datetime import timedelta

import pytest
from django.utils.timezone import localdate

from subscriptions.models import Envelope, EnvelopeHold, State, Subscription
from tenants.models import Role
from tests.factories import AdhesionFactory, EnvelopeFactory, EnvelopeHoldFactory, ListingFactory
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def decided_alone(commune):
    """A listing that the mayor may decide."""
    listing = ListingFactory(vehicle__legal_basis="centrale", vehicle__deliberation_required=False)
    AdhesionFactory(operator=listing.operator, organisation=commune)
    return listing


def typed(act, **values) -> dict:
    today = localdate()
    return {
        "request_key": str(uuid.uuid4()),
        "amount": "3 000,50",
        "starts_on": today.isoformat(),
        "last_day": (today + timedelta(days=30)).isoformat(),
        "delegation_number": "2020-12",
        "delegation_date": "2020-07-03",
        "number": "D-2026-4",
        "date": today.isoformat(),
        "file": act(),
        **values,
    }


def test_a_signatory_opens_follows_and_closes_one(client, at, commune, signatory, act):
    client.force_login(signatory)
    page = client.post(at("member_envelope_new"), typed(act, families=["canteen"]), follow=True)
    assert page.redirect_chain[-1][0] == at("member_envelope", 1)
    text = page.content.decode()
    assert "Cantine et périscolaire" in text
    assert "délibération n° 2020-12 du 3 juillet 2020" in text
    with as_worker():
        found = Envelope.objects.get()
        assert (found.amount_cents, found.ends_on) == (300_050, localdate() + timedelta(days=31))
    assert client.get(at("member_envelope_act", 1))["Content-Type"] == "application/pdf"
    assert "Fermer cette enveloppe ?" in client.get(at("member_envelope", 1), {"fermer": 1}).content.decode()
    closed = client.post(at("member_envelope_close", 1), follow=True)
    assert "L’enveloppe est fermée." in closed.content.decode()
    again = client.post(at("member_envelope_close", 1), follow=True)
    assert "Cette enveloppe est déjà fermée." in again.content.decode()
    assert "Fermée" in client.get(at("member_envelopes")).content.decode()


def test_one_for_a_single_service(client, at, commune, signatory, act, decided_alone):
    client.force_login(signatory)
    name = decided_alone.shown.name
    assert name in client.get(at("member_envelope_new")).content.decode()
    page = client.post(at("member_envelope_new"), typed(act, listing=decided_alone.pk), follow=True)
    assert f"Seulement « {name} »" in page.content.decode()
    assert f"Seulement « {name} »" in client.get(at("member_envelopes")).content.decode()
    both = typed(act, listing=decided_alone.pk, families=["canteen"])
    assert "mais pas les deux" in client.post(at("member_envelope_new"), both).content.decode()
    foreign = typed(act, listing=ListingFactory().pk)
    assert "n’est pas proposé" in client.post(at("member_envelope_new"), foreign).content.decode()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"amount": "beaucoup"}, ""),
        ({"last_day": "2020-01-01"}, "Le dernier jour vient avant le premier."),
        ({"delegation_date": localdate() + timedelta(days=2)}, "La délégation vient avant la décision"),
        ({"number": ""}, "Indiquez le numéro de l’acte."),
    ],
)
def test_a_mistake_is_told_in_its_place_and_what_was_typed_stays(
    client, at, signatory, act, values, sentence
):
    client.force_login(signatory)
    page = client.post(at("member_envelope_new"), typed(act, **values))
    text = page.content.decode()
    assert page.status_code == 200
    assert "Erreur : " in text
    assert sentence in text
    assert 'value="2020-12"' in text
    assert "Joignez le fichier de nouveau" in text
    with as_worker():
        assert not Envelope.objects.exists()


def test_a_secretary_is_told_before_and_after(client, at, commune, secretary, person, decided_alone):
    mayor = person(Role.SIGNATORY)
    found = EnvelopeFactory(tenant=commune, signed_by=mayor, ends_on=localdate() + timedelta(days=9))
    client.force_login(secretary)
    url = at("member_subscribe", decided_alone.pk)
    page = client.get(url)
    said = f"Cette demande entre dans l’enveloppe n° {found.number} de {mayor} : elle sera approuvée"
    assert said in page.content.decode()
    form = page.context["form"]
    sent = {name: form[name].value() or "" for name in form.fields}
    done = client.post(url, sent, follow=True).content.decode()
    assert "enregistrée et approuvée par l’enveloppe" in done
    assert re.search(r"Enveloppe n° \d+ : 258,00.€ HT engagés", done)
    with as_worker():
        assert Subscription.objects.get().state == State.PROVISIONING
        assert EnvelopeHold.objects.get().envelope == found


def test_what_it_approved_and_gave_back(client, at, commune, signatory, snapshot):
    envelope = EnvelopeFactory(tenant=commune, signed_by=signatory, held_cents=25_800)
    for _ in range(2):
        EnvelopeHoldFactory(subscription__tenant=commune, envelope=envelope)
    with as_worker():
        EnvelopeHold.objects.filter(pk=EnvelopeHold.objects.first().pk).update(
            given_back_at=envelope.opened_at
        )
    client.force_login(signatory)
    with snapshot_queries(snapshot(name="envelope")):
        text = client.get(at("member_envelope", envelope.number)).content.decode()
    assert "Rendu le 1er décembre 2025" in text
    assert "CGCT" not in text
    assert "rend compte de ces décisions à votre conseil municipal" in text
    with snapshot_queries(snapshot(name="envelopes")):
        listed = client.get(at("member_envelopes")).content.decode()
    assert "258,00" in listed
