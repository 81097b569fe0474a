"""The pages by which an operator and a vendor agree to a request."""

from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from freezegun import freeze_time

from subscriptions import operations
from subscriptions.models import State, Subscription
from tenants.models import Role
from tests.factories import (
    ListingFactory,
    ReminderFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries
from tests.tools.signing_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked():
    listing = ListingFactory(vehicle__operator_approves=True, vehicle__vendor_approves=True)
    return SubscriptionFactory(listing=listing)


@pytest.fixture
def decided(asked):
    with as_worker():
        operations.approve(
            subscription=asked,
            approved_by=UserFactory(),
            number="2026-1",
            date=timezone.localdate(),
            file=SimpleUploadedFile("acte.pdf", PDF),
            now=timezone.now(),
        )
    return asked


def test_each_says_yes_in_turn_and_the_member_follows_it(decided, snapshot):
    operator, vendor = decided.operator, decided.listing.vendor
    curator = signed_in(operator.organisation, Role.CURATOR)
    editor = signed_in(vendor.organisation, Role.VENDOR_ADMIN)
    with snapshot_queries(snapshot(name="operator")):
        listed = curator.get(reverse("operator_requests", args=[operator.slug]))
    assert [row["member"] for row in listed.context["rows"]] == [decided.tenant.name]
    with snapshot_queries(snapshot(name="vendor")):
        waiting = editor.get(reverse("vendor_requests", args=[vendor.organisation.siren]))
    assert waiting.context["rows"] == []
    others = editor.get(reverse("vendor_requests", args=[vendor.organisation.siren]), {"etat": "en-attente"})
    assert [row["member"] for row in others.context["rows"]] == [decided.tenant.name]
    page = curator.get(reverse("operator_request", args=[operator.slug, decided.public_id]))
    assert "Cette demande attend votre accord" in page.content.decode()
    curator.post(reverse("operator_request_agree", args=[operator.slug, decided.public_id]))
    member = signed_in(decided.tenant, Role.SECRETARY)
    shown = member.get(reverse("member_subscription", args=[decided.tenant.siren, decided.public_id]))
    steps = {step["label"]: step["state"] for step in shown.context["follow"]["steps"]}
    assert steps[f"Accord de {operator.short_name}"] == "done"
    assert steps[f"Accord de {vendor.organisation.name}"] == "current"
    said = editor.post(
        reverse("vendor_request_agree", args=[vendor.organisation.siren, decided.public_id]), follow=True
    )
    assert "L’ouverture du service est demandée." in said.content.decode()
    with as_worker():
        assert Subscription.objects.get().state == State.PROVISIONING


def test_a_request_says_when_it_should_be_open_and_who_was_reminded(asked):
    with as_worker():
        step = asked.approvals.get(position=1)
    for rank in (1, 2):
        at = datetime(2025, 12, 10 * rank, 12, tzinfo=UTC)
        ReminderFactory(approval=step, tenant=asked.tenant, rank=rank, at=at)
    member = signed_in(asked.tenant, Role.SECRETARY)
    url = reverse("member_subscription", args=[asked.tenant.siren, asked.public_id])
    with freeze_time("2025-12-21 12:00"):
        page = member.get(url).content.decode()
    assert "Rappel envoyé le 10 décembre 2025 et le 20 décembre 2025." in page
    # Council, operator, vendor, opening: 45 + 7 + 7 + 3 days from the first of December.
    assert "vers le 1er février 2026" in page
    curator = signed_in(asked.operator.organisation, Role.CURATOR)
    with freeze_time("2026-06-01 12:00"):
        page = curator.get(reverse("operator_request", args=[asked.operator.slug, asked.public_id]))
    assert "Rappel envoyé le 10 décembre 2025 et le 20 décembre 2025." in page.content.decode()
    assert "Cela prend plus de temps que d’habitude" in page.content.decode()


def test_a_refusal_says_why_to_everybody(decided):
    operator = decided.operator
    curator = signed_in(operator.organisation, Role.CURATOR)
    url = reverse("operator_request_refuse", args=[operator.slug, decided.public_id])
    assert "Dites en une phrase" in curator.post(url, {"reason": ""}).content.decode()
    curator.post(url, {"reason": "Pas avant le prochain marché."})
    member = signed_in(decided.tenant, Role.SECRETARY)
    page = member.get(reverse("member_subscription", args=[decided.tenant.siren, decided.public_id]))
    assert "Pas avant le prochain marché." in page.content.decode()
    theirs = curator.get(reverse("operator_request", args=[operator.slug, decided.public_id]))
    for steps in (page.context["follow"]["steps"][1:], theirs.context["steps"]):
        assert [step["state"] for step in steps] == ["done", "stopped"]
        assert steps[-1]["label"] == f"Accord de {operator.short_name}"
        assert steps[-1]["word"] == "Demande refusée"
    again = curator.post(
        reverse("operator_request_agree", args=[operator.slug, decided.public_id]), follow=True
    )
    assert "Impossible : cet abonnement est « refusé »." in again.content.decode()


def test_each_home_page_says_that_a_request_waits(decided):
    operator, vendor = decided.operator, decided.listing.vendor.organisation
    doors = {
        reverse("operator_home", args=[operator.slug]): signed_in(operator.organisation, Role.CURATOR),
        reverse("vendor_home", args=[vendor.siren]): signed_in(vendor, Role.VENDOR_EDITOR),
    }

    def told() -> list[bool]:
        return [
            any(task["label"] == "Répondre à 1 demande d’abonnement" for task in found.context["todo"])
            for found in (client.get(url) for url, client in doors.items())
        ]

    assert told() == [True, False]
    curator = signed_in(operator.organisation, Role.OPERATOR_ADMIN)
    curator.post(reverse("operator_request_agree", args=[operator.slug, decided.public_id]))
    assert told() == [False, True]


def test_a_request_is_nobody_elses(asked):
    other = ListingFactory()
    curator = signed_in(other.operator.organisation, Role.CURATOR)
    assert (
        curator.get(reverse("operator_request", args=[other.operator.slug, asked.public_id])).status_code
        == 404
    )
    editor = signed_in(other.vendor.organisation, Role.VENDOR_ADMIN)
    url = reverse("vendor_request_agree", args=[other.vendor.organisation.siren, asked.public_id])
    assert editor.post(url).status_code == 404
