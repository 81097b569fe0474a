"""In a real browser, on the real Keycloak: an agent signs in once, enters two services of two makers, leaves
both from either side, and enters neither once her organisation has removed her."""

import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect, sync_playwright

from billing.models import RunState
from devstack.paths import ROOT
from provisioning import departures, operations
from provisioning.credentials import reveal
from provisioning.models import BindingKind, ClosingOf, LeaverClosing
from sso.keycloak import services
from sso.keycloak.values import STAND_IN_SECRET
from subscriptions.models import State, Subscription
from tenants.models import JoinRequest, Role, User
from tests.factories import (
    EndpointFactory,
    EstablishmentFactory,
    MembershipFactory,
    OperatorFactory,
    OrganisationFactory,
    SignInFactory,
    SubscriptionFactory,
    drafted_run,
)
from tests.sso.keycloak.plain_service import NAME as PLAIN
from tests.sso.keycloak.plain_service import plain_service
from tests.sso.keycloak.test_signing_in import ASKED
from tests.tools.database import as_worker
from tests.tools.ports import free_port

pytestmark = pytest.mark.django_db(transaction=True)

CHROMIUM = shutil.which("chromium")
PATIENCE = 30_000  # milliseconds
REALM = "test"
SIRET = "21330554800010"  # what the stand-in says of its people
DJANGO = "Cantine de Django"
EMAIL = "odile.brunerie@mairie-virelade.example"


@pytest.fixture
def halle(live_server, keycloak, known, settings):
    """Halle's address, where people come back to from the broker."""
    settings.BASE_URL = live_server.url
    settings.OIDC_ISSUER = f"{known['url']}/realms/{REALM}"
    (client,) = keycloak.get(f"/{REALM}/clients", clientId="halle")
    path, home = f"/{REALM}/clients/{client['id']}", live_server.url
    there = {
        "post.logout.redirect.uris": home + reverse("oidc_signed_out"),
        "backchannel.logout.url": home + reverse("oidc_backchannel_logout"),
    }
    keycloak.put(
        path,
        client
        | {
            "redirectUris": [home + reverse("oidc_authentication_callback")],
            "attributes": client["attributes"] | there,
        },
    )
    yield home
    keycloak.put(path, client)


@pytest.fixture
def page(halle, monkeypatch):
    if CHROMIUM is None:
        why = "Chromium is not installed (Debian: apt install chromium)"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    # Beside Playwright's loop, Django would refuse its database, which nothing here asks for at once.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage"],
        )
        page = browser.new_context(locale="fr-FR").new_page()
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield page
        browser.close()


@pytest.fixture
def commune():
    commune = OrganisationFactory(siren=SIRET[:9], seat=False)
    EstablishmentFactory(organisation=commune, is_seat=True, siret=SIRET)
    return commune


def approved(commune, home: str) -> Subscription:
    """To a service at that address, entered through Halle; opened by hand at its vendor's."""
    subscription = SubscriptionFactory(tenant=commune, state=State.APPROVED)
    EndpointFactory(offer=subscription.listing.offer)
    SignInFactory(
        offer=subscription.listing.offer,
        redirect_uris=[f"{home}retour", f"{home}oidc/callback/"],
        signed_out_uri=f"{home}au-revoir",
        logout_uri=f"{home}fin",
    )
    return subscription


def opened(subscription, *, by, now) -> dict:
    """What the administrator of the organisation sees of the client, once."""
    with as_worker():
        run = operations.plan_activation(subscription=subscription, now=now)
        operations.take_turn(now=now)
        operations.mark_done(step=run.steps.get(), by=by, service_url="https://service.example/", now=now)
        one = Subscription.objects.select_related("listing__offer").get(pk=subscription.pk)
        return reveal(subscription=one, by=by, now=now, kind=BindingKind.CLIENT)


@contextmanager
def django_service(port: int, folder, given: dict):
    """The Django application in a process of its own; its address."""
    told = {
        "SERVICE_ISSUER": given["fournisseur"],
        "SERVICE_CLIENT_ID": given["identifiant"],
        "SERVICE_SECRET": given["secret"],
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.sso.keycloak.django_service", str(port), str(folder)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **told},
    )
    try:
        home = f"http://127.0.0.1:{port}/"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            try:
                httpx.get(f"{home}au-revoir", timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.2)
        yield home
    finally:
        process.terminate()
        process.wait(10)


def at_proconnect(page: Page, name: str = "odile") -> None:
    """From Keycloak's page, as that person."""
    page.get_by_role("link", name="ProConnect").click()
    if page.locator("#username").is_visible():  # unless she is known, and only asked again
        page.locator("#username").fill(name)
    page.locator("#password").fill(STAND_IN_SECRET)
    page.locator("#kc-login").click()


def enters(page: Page, home: str, name: str) -> None:
    """One click, and no form."""
    page.goto(home)
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.get_by_text(f"Odile pour {SIRET}")).to_be_visible()


def is_asked_who_she_is(page: Page, home: str) -> None:
    page.goto(home)
    expect(page.get_by_role("link", name="ProConnect")).to_be_visible()


def test_one_sign_in_two_services_and_no_way_back_once_removed(
    page: Page, halle, commune, keycloak, tmp_path
):
    now = timezone.now() + timedelta(hours=1)
    admin = MembershipFactory(organisation=commune, role=Role.ORG_ADMIN).user

    # Her first sign-in: her account suggests an organisation, which approves her.
    page.goto(halle)
    page.get_by_role("link", name="Se connecter").first.click()
    at_proconnect(page)
    expect(page.get_by_role("heading", name=commune.name)).to_be_visible()
    page.get_by_role("button", name="Demander à la rejoindre").click()
    expect(page.get_by_text("Votre demande est envoyée")).to_be_visible()
    administrator = Client()
    administrator.force_login(admin)
    with as_worker():
        request = JoinRequest.objects.get()
    answer = reverse("organisation_join_answer", args=[commune.siren, request.public_id])
    administrator.post(answer, {"answer": "approve", "role": Role.AGENT})
    odile = User.objects.get(email=EMAIL)
    assert odile.memberships.filter(organisation=commune, ended_at=None).exists()

    port = free_port()
    with plain_service() as plain:
        one, other = approved(commune, plain.home), approved(commune, f"http://127.0.0.1:{port}/")
        plain.given = opened(one, by=admin, now=now)
        with django_service(port, tmp_path, opened(other, by=admin, now=now)) as canteen:
            try:
                # Two services of two makers, without a form.
                enters(page, plain.home, PLAIN)
                enters(page, canteen, DJANGO)
                # Out of one: out of all.
                page.goto(plain.home)
                page.get_by_role("link", name="Sortir").click()
                expect(page.get_by_role("heading", name="Au revoir")).to_be_visible()
                is_asked_who_she_is(page, canteen)
                is_asked_who_she_is(page, halle + reverse("places"))
                # Out of Halle: out of all.
                at_proconnect(page)
                expect(page.get_by_text(commune.name).first).to_be_visible()
                enters(page, canteen, DJANGO)
                enters(page, plain.home, PLAIN)
                page.goto(halle + reverse("places"))
                page.locator("header summary", has_text="Odile").click()
                page.get_by_role("button", name="Se déconnecter").click()
                expect(
                    page.get_by_text("Vous êtes déconnecté, ici et chez votre fournisseur")
                ).to_be_visible()
                is_asked_who_she_is(page, plain.home)
                is_asked_who_she_is(page, canteen)
                at_proconnect(page)
                enters(page, plain.home, PLAIN)
                # Her organisation removes her: the next click is refused, however she signs in.
                end = reverse("organisation_person_end", args=[commune.siren, odile.pk])
                with transaction.atomic():
                    assert administrator.post(end).status_code == 302
                assert not odile.memberships.filter(organisation=commune, ended_at=None).exists()
                with as_worker():
                    operations.take_turn(now=now + timedelta(minutes=1))
                    closing = LeaverClosing.objects.get(departure__user=odile, what=ClosingOf.PROVIDER)
                    departures.end_provider_sessions(closing_id=closing.pk, now=now + timedelta(minutes=1))
                    closing.refresh_from_db()
                    assert (closing.closed_at, closing.problem) == (now + timedelta(minutes=1), "")
                is_asked_who_she_is(page, plain.home)
                page.get_by_role("link", name="ProConnect").click()  # which knows her still
                expect(page.get_by_role("heading", name="Accès refusé")).to_be_visible()
                page.goto(canteen)
                expect(page.get_by_role("heading", name="Accès refusé")).to_be_visible()
            finally:
                for subscription in (one, other):
                    services.remove_client(keycloak, REALM, str(subscription.public_id))


@pytest.fixture
def strengthen(keycloak, known):
    """Marcel's sign-ins at ProConnect are proved by a code that is sent by e-mail; the function that is given
    makes them strong."""
    path = f"/{known['stand_in_realm']}/users"
    (marcel,) = keycloak.get(path, username="marcel", exact="true")
    path = f"{path}/{marcel['id']}"

    def as_sure_as(acr: str) -> None:
        keycloak.put(path, marcel | {"attributes": marcel["attributes"] | {"acr": [acr]}})

    as_sure_as("eidas1-mfa")
    yield lambda: as_sure_as("eidas2")
    keycloak.put(path, marcel)


def test_invoices_are_issued_once_the_person_has_proved_herself_strongly(
    page: Page, halle, strengthen, settings
):
    settings.OIDC_ASSURANCE = ASKED
    operator = OperatorFactory()
    run = drafted_run(operator=operator)
    page.goto(halle + reverse("places"))
    at_proconnect(page, "marcel")
    expect(page.get_by_text("Votre connexion a réussi")).to_be_visible()
    MembershipFactory(
        organisation=operator.organisation,
        user=User.objects.get(first_name="Marcel"),
        role=Role.OPERATOR_FINANCE,
    )
    page.goto(halle + reverse("operator_run_approve", args=[operator.slug, run.public_id]))
    page.locator("main form button").first.click()
    expect(page.get_by_role("heading", name="Confirmez d’abord votre identité")).to_be_visible()
    strengthen()
    page.get_by_role("link", name="Confirmer mon identité").click()
    at_proconnect(page, "marcel")
    expect(page.get_by_text("Rien n’a encore été fait")).to_be_visible()
    with as_worker():
        run.refresh_from_db()
        assert run.state == RunState.REVIEW
    page.get_by_role("button", name="Émettre les factures").click()
    page.wait_for_url(re.compile(str(run.public_id)))
    with as_worker():
        run.refresh_from_db()
        assert run.state == RunState.ISSUING
