"""Approving with the act, refusing with a reason, cancelling."""

import datetime

import pytest
from django.utils.timezone import localdate

from subscriptions.models import State, Subscription
from tenants.models import Organisation, Role
from tenants.tenancy import tenant_scope
from tenants.uploads import MAX_BYTES
from tests.factories import SubscriptionFactory
from tests.tools.database import as_worker


@pytest.fixture
def requested(commune, secretary):
    return SubscriptionFactory(tenant=commune, requested_by=secretary)


@pytest.fixture
def approval(act):
    return {"number": "2026-014", "date": "2026-03-17", "file": act()}


def now_of(subscription) -> Subscription:
    with tenant_scope([subscription.tenant_id]):
        return Subscription.objects.select_related("approved_by", "decision").get(pk=subscription.pk)


def test_the_signatory_approves_with_the_act(client, at, requested, signatory, approval):
    client.force_login(signatory)
    assert 'name="number"' in client.get(at("member_subscription", requested.public_id)).content.decode()
    answer = client.post(at("member_approve", requested.public_id), approval)
    assert answer.url == at("member_subscription", requested.public_id)
    after = now_of(requested)
    assert (after.state, after.approved_by) == (State.PROVISIONING, signatory)
    assert (after.decision.number, after.decision.date) == ("2026-014", datetime.date(2026, 3, 17))
    text = client.get(answer.url).content.decode()
    assert "Délibération n° 2026-014 du 17 mars 2026" in text
    file = client.get(at("member_decision_file", requested.public_id))
    assert file.content.startswith(b"%PDF-")
    assert file["Content-Type"] == "application/pdf"
    assert file["X-Content-Type-Options"] == "nosniff"
    assert file["Content-Disposition"] == 'inline; filename="acte-2026-014.pdf"'


def test_approving_twice_says_where_it_stands(client, at, requested, signatory, approval, act):
    client.force_login(signatory)
    client.post(at("member_approve", requested.public_id), approval)
    again = client.post(at("member_approve", requested.public_id), approval | {"file": act()})
    assert "Impossible" in client.get(again.url).content.decode()
    assert now_of(requested).decision.number == "2026-014"


def test_the_signatory_of_a_merged_commune_reads_why_she_cannot_approve(
    client, at, commune, requested, signatory, approval
):
    with as_worker():
        Organisation.objects.filter(pk=commune.pk).update(closed_on=localdate())
    client.force_login(signatory)
    answer = client.post(at("member_approve", requested.public_id), approval)
    assert "n’existe plus" in client.get(answer.url).content.decode()
    assert now_of(requested).state == State.REQUESTED


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"number": ""}, "number", "numéro"),
        ({"number": "   "}, "number", "numéro"),
        ({"number": "9" * 61}, "number", "60"),
        ({"date": ""}, "date", "date"),
        ({"date": "31/02/2026"}, "date", "n’existe pas"),
        ({"date": (localdate() + datetime.timedelta(days=2)).isoformat()}, "date", "futur"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_the_file_asked_for_again(
    client, at, requested, signatory, approval, changes, field, words
):
    client.force_login(signatory)
    page = client.post(at("member_approve", requested.public_id), approval | changes)
    form = page.context["approve_form"]
    assert words in form.errors[field][0]
    assert "de nouveau" in form.errors["file"][0]
    assert now_of(requested).state == State.REQUESTED
    text = page.content.decode()
    assert "<title>Erreur" in text
    if field != "number":
        assert 'value="2026-014"' in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "Joignez"),
        (b"", "vide"),
        (b"PK\x03\x04 a spreadsheet", "pas un PDF"),
        (b"%PDF-1.7" + b"0" * MAX_BYTES, "10 Mo"),
    ],
)
def test_a_bad_file_is_said_at_its_field(client, at, requested, signatory, approval, act, content, words):
    client.force_login(signatory)
    del approval["file"]
    if content is not None:
        approval["file"] = act(content)
    page = client.post(at("member_approve", requested.public_id), approval)
    assert words in page.context["approve_form"].errors["file"][0]
    assert now_of(requested).state == State.REQUESTED


def test_who_asked_does_not_approve_and_reads_why(client, at, commune, person, approval):
    both = person(Role.SECRETARY, Role.SIGNATORY)
    own = SubscriptionFactory(tenant=commune, requested_by=both)
    client.force_login(both)
    text = client.get(at("member_subscription", own.public_id)).content.decode()
    assert "Une autre personne doit approuver" in text
    assert 'name="number"' not in text
    answer = client.post(at("member_approve", own.public_id), approval)
    assert "ne peut pas l’approuver" in client.get(answer.url).content.decode()
    assert now_of(own).state == State.REQUESTED


def test_one_person_is_enough_where_the_vehicle_says_so(client, at, commune, person, approval):
    both = person(Role.SECRETARY, Role.SIGNATORY)
    own = SubscriptionFactory(
        tenant=commune,
        requested_by=both,
        listing__vehicle__separate_approver=False,
        listing__vehicle__deliberation_required=False,
    )
    client.force_login(both)
    page = client.get(at("member_subscription", own.public_id))
    text = page.content.decode()
    assert "Numéro de la délibération" in text  # of a grouping, whatever the vehicle asks
    assert "Une décision" not in text
    client.post(at("member_approve", own.public_id), approval)
    assert now_of(own).state == State.PROVISIONING


def test_a_refusal_needs_its_reason(client, at, requested, signatory):
    client.force_login(signatory)
    page = client.post(at("member_refuse", requested.public_id), {"reason": "  "})
    assert page.context["refuse_form"].errors["reason"]
    assert "<details open>" in page.content.decode()
    assert now_of(requested).state == State.REQUESTED


def test_the_requester_reads_the_reason_of_a_refusal(client, at, requested, secretary, signatory):
    client.force_login(signatory)
    client.post(at("member_refuse", requested.public_id), {"reason": "Trop cher <cette> année"})
    client.post(at("member_refuse", requested.public_id), {"reason": "Encore"})
    client.force_login(secretary)
    text = client.get(at("member_subscription", requested.public_id)).content.decode()
    assert now_of(requested).state == State.REFUSED
    assert "Trop cher &lt;cette&gt; année" in text
    assert "Encore" not in text


@pytest.mark.parametrize("name", ["member_approve", "member_refuse"])
@pytest.mark.parametrize("role", [Role.SECRETARY, Role.AGENT, Role.FINANCE, Role.ORG_ADMIN])
def test_only_a_signatory_decides(client, at, requested, person, approval, name, role):
    client.force_login(person(role))
    assert client.post(at(name, requested.public_id), approval | {"reason": "Non"}).status_code == 404
    assert now_of(requested).state == State.REQUESTED


@pytest.mark.parametrize("name", ["member_approve", "member_refuse"])
def test_the_address_of_a_form_leads_to_its_page(client, at, requested, signatory, name):
    client.force_login(signatory)
    answer = client.get(at(name, requested.public_id))
    assert answer.url == at("member_subscription", requested.public_id)


def test_the_requester_cancels_after_confirming(client, at, requested, secretary):
    client.force_login(secretary)
    page = at("member_subscription", requested.public_id)
    assert "?annuler=1" in client.get(page).content.decode()
    assert "Oui, annuler la demande" in client.get(page, {"annuler": "1"}).content.decode()
    answer = client.post(at("member_cancel", requested.public_id))
    assert "La demande est annulée" in client.get(answer.url).content.decode()
    assert now_of(requested).state == State.CANCELLED
    again = client.post(at("member_cancel", requested.public_id))
    assert "Impossible" in client.get(again.url).content.decode()
    assert client.get(at("member_cancel", requested.public_id)).status_code == 405


def test_the_administrator_cancels_another_secretary_does_not(client, at, requested, person):
    client.force_login(person(Role.SECRETARY))
    assert "annuler=1" not in client.get(at("member_subscription", requested.public_id)).content.decode()
    assert client.post(at("member_cancel", requested.public_id)).status_code == 404
    client.force_login(person(Role.ORG_ADMIN))
    client.post(at("member_cancel", requested.public_id))
    assert now_of(requested).state == State.CANCELLED


@pytest.mark.parametrize("name", ["member_approve", "member_refuse", "member_cancel"])
def test_another_communes_request_is_not_found(client, at, signatory, approval, name):
    foreign = SubscriptionFactory()
    client.force_login(signatory)
    assert client.post(at(name, foreign.public_id), approval | {"reason": "Non"}).status_code == 404
    assert now_of_state(foreign) == State.REQUESTED


def now_of_state(subscription) -> str:
    with tenant_scope([subscription.tenant_id]):
        return Subscription.objects.get(pk=subscription.pk).state
