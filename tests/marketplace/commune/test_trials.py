"""Trying a service for nothing, on the pages: asked for, shown with its end everywhere, kept or stopped."""

import re
import uuid
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils.timezone import localdate

from subscriptions.models import State, Subscription
from tenants.days import in_words
from tenants.models import Role
from tests.factories import (
    AdhesionFactory,
    CoverFactory,
    ExitFactory,
    ListingFactory,
    MembershipFactory,
    SubscriptionFactory,
    TrialFactory,
)
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def listing(commune):
    listing = ListingFactory(grid__trial_days=30, sheet__name="Cantine facile")
    AdhesionFactory(operator=listing.operator, organisation=commune)
    return listing


@pytest.fixture
def trial(commune, listing):
    """Since ten days: it has twenty more, today counted in."""
    return TrialFactory(tenant=commune, listing=listing, active_from=localdate() - timedelta(days=10))


@pytest.fixture
def last(trial):
    return in_words(localdate() + timedelta(days=19))


def words(answer) -> str:
    found = BeautifulSoup(answer.content, "html.parser").main.get_text(" ", strip=True)
    return re.sub(r"\s+", " ", found.replace("\u202f", " ").replace("\u00a0", " "))


def links(answer) -> set[str]:
    return {link["href"] for link in BeautifulSoup(answer.content, "html.parser").main.find_all("a")}


def sheet_of(listing, commune) -> str:
    address = reverse("service", args=[listing.operator.slug, listing.sheet.slug])
    return f"{address}?insee={commune.territory.code}"


def test_from_the_sheet_to_the_trial(client, commune, listing, secretary, at):
    client.force_login(secretary)
    page = client.get(sheet_of(listing, commune))
    assert "Essai gratuit de 30 jours, sans engagement." in words(page)
    assert at("member_trial", listing.pk) in links(page)
    page = client.get(at("member_trial", listing.pk))
    assert "L’essai commence tout de suite" in words(page)
    key = BeautifulSoup(page.content, "html.parser").find("input", {"name": "request_key"})["value"]
    first, second = (client.post(at("member_trial", listing.pk), {"request_key": key}) for _ in range(2))
    with as_worker():
        trial = Subscription.objects.get()
    assert first.url == second.url == at("member_subscription", trial.public_id)
    page = words(client.get(first.url))
    assert "Essai gratuit de 30 jours" in page
    assert "a demandé l’essai gratuit" in page
    for absent in ("Qui paie", "papiers à signer", "Le prix par an", "Quitter ce service", "Délibération"):
        assert absent not in page


def test_whoever_must_agree_is_named(client, commune, secretary, at):
    listing = ListingFactory(
        grid__trial_days=1, vehicle__operator_approves=True, vehicle__vendor_approves=True
    )
    AdhesionFactory(operator=listing.operator, organisation=commune)
    client.force_login(secretary)
    page = words(client.get(at("member_trial", listing.pk)))
    vendor = listing.vendor.organisation.name
    assert f"{listing.operator.short_name} puis {vendor} donne son accord" in page
    assert "Essai gratuit d’un jour" in page


def test_a_mangled_key_is_no_error(client, listing, secretary, at):
    client.force_login(secretary)
    assert client.post(at("member_trial", listing.pk), {"request_key": "\0' OR 1"}).status_code == 302
    assert client.get(at("member_trial", 2**31 - 1)).status_code == 404


def test_why_it_cannot_be_tried_and_what_to_do(client, commune, listing, secretary, at):
    client.force_login(secretary)
    untried = ListingFactory(operator=listing.operator)
    over = TrialFactory(
        tenant=commune, listing__operator=listing.operator, listing__grid__trial_days=5, state=State.ENDED
    )
    covered = CoverFactory(tenant=commune, subscription__listing=listing, listing=listing)
    for one, said in (
        (untried, "ne propose pas d’essai gratuit"),
        (over.listing, "un essai ne se fait qu’une fois"),
        (covered.listing, "déjà couverte par"),
    ):
        for ask in (client.get, client.post):
            answer = ask(at("member_trial", one.pk), {"request_key": str(uuid.uuid4())})
            assert answer.status_code == 200
            assert said in words(answer)
    with as_worker():
        assert Subscription.objects.filter(tenant=commune).count() == 1


def test_who_has_the_service_is_led_to_it(client, commune, listing, secretary, at):
    held = SubscriptionFactory(tenant=commune, listing=listing, state=State.ACTIVE)
    client.force_login(secretary)
    assert client.get(at("member_trial", listing.pk)).url == at("member_subscription", held.public_id)
    assert "Essayer gratuitement" not in words(client.get(sheet_of(listing, commune)))


def test_the_end_is_told_wherever_the_trial_is(client, commune, listing, trial, last, secretary, at):
    client.force_login(secretary)
    for address in (
        at("member_home"),
        at("member_subscriptions"),
        at("member_subscription", trial.public_id),
    ):
        assert f"Essai jusqu’au {last}" in words(client.get(address)), address
    assert "Essai gratuit" in words(client.get(at("member_subscriptions")))
    assert f"Gratuitement, jusqu’au {last}" in words(client.get(sheet_of(listing, commune)))
    operator, vendor = listing.operator, listing.vendor
    curator = MembershipFactory(organisation=operator.organisation, role=Role.CURATOR).user
    seller = MembershipFactory(organisation=vendor.organisation, role=Role.VENDOR_ADMIN).user
    client.force_login(curator)
    for name, arguments in (
        ("operator_subscriptions", []),
        ("operator_member", [commune.siren]),
        ("operator_request", [trial.public_id]),
    ):
        page = words(client.get(reverse(name, args=[operator.slug, *arguments])))
        assert f"Essai jusqu’au {last}" in page, name
    service = reverse("operator_coverage_service", args=[operator.slug, listing.pk])
    assert f"Essai gratuit jusqu’au {last}" in words(client.get(service, {"etat": "demande"}))
    assert "Aucun adhérent" in words(client.get(service, {"etat": "ont"}))
    client.force_login(seller)
    siren = vendor.organisation.siren
    page = words(client.get(reverse("vendor_requests", args=[siren]), {"etat": "decidees"}))
    assert f"Essai jusqu’au {last}" in page
    assert "Essai gratuit de 30 jours" in page
    page = words(client.get(reverse("vendor_request", args=[siren, trial.public_id])))
    assert "Essai gratuit de 30 jours" in page
    assert "Le prix par an" not in page


def test_it_is_kept_by_a_request(client, commune, listing, trial, last, secretary, at):
    client.force_login(secretary)
    page = client.get(at("member_subscription", trial.public_id))
    assert at("member_subscribe", listing.pk) in links(page)
    assert "prend la suite sans coupure" in words(page)
    answer = client.get(at("member_subscribe", listing.pk))
    assert answer.status_code == 200
    assert f"Gratuitement, jusqu’au {last}. L’abonnement prend la suite sans coupure" in words(answer)
    form = BeautifulSoup(answer.content, "html.parser").main.find("form", method="post")
    typed = {field["name"]: field.get("value", "") for field in form.find_all("input")}
    late = (localdate() + timedelta(days=90)).isoformat()
    refused = words(client.post(at("member_subscribe", listing.pk), typed | {"wanted_from": late}))
    assert "pour que le service ne soit pas coupé" in refused
    answer = client.post(at("member_subscribe", listing.pk), typed)
    with as_worker():
        asked = Subscription.objects.paid().get()
    assert answer.url == at("member_subscription", asked.public_id)
    page = client.get(at("member_subscription", trial.public_id))
    assert {at("member_subscription", asked.public_id)} < links(page)
    assert at("member_subscribe", listing.pk) not in links(page)


def test_it_is_stopped_once_it_was_asked_twice(client, trial, signatory, at):
    client.force_login(signatory)
    assert at("member_trial_stop", trial.public_id) in links(
        client.get(at("member_subscription", trial.public_id))
    )
    page = words(client.get(at("member_trial_stop", trial.public_id)))
    assert "Il n’y a rien à payer" in page
    for said in ("L’essai est arrêté", "il n’y a rien à arrêter"):
        answer = client.post(at("member_trial_stop", trial.public_id), follow=True)
        assert said in answer.content.decode()
    page = words(client.get(at("member_subscription", trial.public_id)))
    assert "Essai terminé" in page
    assert f"s’il est approuvé jusqu’au {in_words(localdate() + timedelta(days=29))}" in page
    assert "facturé" not in page
    assert client.get(at("member_leave", trial.public_id)).status_code == 302


def test_only_a_trial_is_stopped_so(client, commune, listing, signatory, at):
    held = SubscriptionFactory(tenant=commune, listing=listing, state=State.ACTIVE)
    client.force_login(signatory)
    assert client.post(at("member_trial_stop", held.public_id)).status_code == 404


def test_what_went_on_says_so(client, commune, trial, secretary, at):
    with as_worker():
        Subscription.objects.filter(pk=trial.pk).update(state=State.ENDED, ended_on=trial.trial_until)
    kept = SubscriptionFactory(tenant=commune, listing=trial.listing, state=State.ACTIVE, after_trial=trial)
    client.force_login(secretary)
    page = words(client.get(at("member_subscription", kept.public_id)))
    assert "Service gardé après l’essai" in page
    assert "Essai terminé" in words(client.get(at("member_subscriptions")))
    ExitFactory(subscription=kept)
    assert "Préavis" in words(client.get(at("member_subscription", kept.public_id)))


def test_queries_of_a_trial(client, trial, secretary, at, snapshot):
    client.force_login(secretary)
    with snapshot_queries(snapshot):
        client.get(at("member_subscription", trial.public_id))
