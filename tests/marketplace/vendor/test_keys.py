"""A vendor's own keys: made, shown once, replaced without a gap, ended."""

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.urls import reverse

from provisioning.models import ServiceKey
from tenants.models import AuditEvent, Role
from tests.factories import MembershipFactory, ServiceKeyFactory, ServiceSheetFactory, SubscriptionFactory
from tests.factories.subscriptions import State
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def sheet():
    return ServiceSheetFactory()


@pytest.fixture
def signed_in(sheet, client):
    organisation = sheet.vendor.organisation
    client.force_login(MembershipFactory(organisation=organisation, role=Role.VENDOR_ADMIN).user)
    return client


@pytest.fixture
def page(sheet):
    return reverse("vendor_keys", args=[sheet.vendor.organisation.siren, sheet.slug])


def shown(answer):
    assert answer.status_code == 200
    secret = BeautifulSoup(answer.content, "html.parser").select_one("#nouvelle ~ .halle-code")
    return secret.get_text(strip=True) if secret else ""


def end_url(sheet, key):
    return reverse("vendor_key_end", args=[sheet.vendor.organisation.siren, sheet.slug, key.pk])


def test_a_new_key_opens_and_is_shown_once(signed_in, page, client):
    made = SubscriptionFactory(state=State.ACTIVE)
    sheet = made.listing.sheet
    organisation = sheet.vendor.organisation
    client.force_login(MembershipFactory(organisation=organisation, role=Role.VENDOR_ADMIN).user)
    answer = client.post(reverse("vendor_keys", args=[organisation.siren, sheet.slug]))
    secret = shown(answer)
    assert "no-store" in answer["Cache-Control"]
    asked = {
        "service_id": sheet.slug,
        "siret": made.tenant.siret,
        "account_type": "user",
        "account_id": "1",
    }
    told = client.get(reverse("entitlements"), asked, headers={"X-Service-Auth": f"Bearer {secret}"})
    assert told.json()["entitlements"]["can_access"] is True
    again = client.get(reverse("vendor_keys", args=[organisation.siren, sheet.slug]))
    assert shown(again) == ""
    assert secret[-4:] in again.content.decode()
    assert secret not in again.content.decode()


def test_says_whose_identifiers_its_service_has(signed_in, page):
    secret = shown(signed_in.post(page, {"issuer": " https://id.vendor.example/realms/a "}))
    assert secret
    assert ServiceKey.objects.get().issuer == "https://id.vendor.example/realms/a"
    assert "Agents de" in signed_in.get(page).content.decode()


@pytest.mark.parametrize(
    "issuer", ["id.example", "http://id.example", "https://a b", "https://a/?b=1", "https://["]
)
def test_what_is_no_provider_is_refused_and_kept_in_the_form(signed_in, page, issuer):
    answer = signed_in.post(page, {"issuer": issuer})
    assert shown(answer) == ""
    assert not ServiceKey.objects.exists()
    found = BeautifulSoup(answer.content, "html.parser").find("input", {"name": "issuer"})
    assert found["value"] == issuer


def test_halles_own_provider_need_not_be_said(signed_in, page, settings):
    assert shown(signed_in.post(page, {"issuer": settings.OIDC_ISSUER}))
    assert ServiceKey.objects.get().issuer == ""


def test_its_secret_is_nowhere_in_the_database(signed_in, page):
    secret = shown(signed_in.post(page))
    with as_worker(), connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{secret}%"])
            assert cursor.fetchone() == (0,), table
        events = AuditEvent.objects.filter(what="service_key.created").values_list("sentence", flat=True)
        assert len(events) == 1


def test_two_at_once_then_one_must_go(signed_in, page, sheet):
    first, second = shown(signed_in.post(page)), shown(signed_in.post(page))
    assert first != second
    answer = signed_in.post(page, follow=True)
    assert "Deux clés sont déjà valables" in answer.content.decode()
    assert BeautifulSoup(answer.content, "html.parser").find("form", action=False) is None
    old = ServiceKey.objects.order_by("pk").first()
    answer = signed_in.post(end_url(sheet, old), follow=True)
    assert "elle n’ouvre plus rien" in answer.content.decode()
    assert shown(signed_in.post(page))
    with as_worker():
        old.refresh_from_db()
        assert old.ended_at is not None
        assert AuditEvent.objects.filter(what="service_key.ended").count() == 1


def test_a_key_is_ended_once_and_only_one_s_own(signed_in, sheet):
    mine, theirs = ServiceKeyFactory(sheet=sheet), ServiceKeyFactory(secret="halle_theirs")
    assert signed_in.post(end_url(sheet, mine)).status_code == 302
    assert signed_in.post(end_url(sheet, mine)).status_code == 404
    assert signed_in.post(end_url(sheet, theirs)).status_code == 404


def test_what_the_page_asks(signed_in, page, sheet, snapshot):
    ServiceKeyFactory(sheet=sheet)
    ServiceKeyFactory(sheet=sheet, place=2, secret="halle_the-next-one")
    signed_in.get(page)
    with snapshot_queries(snapshot):
        signed_in.get(page)


def test_an_editor_sees_no_link_to_it(client, sheet, page):
    service = reverse("vendor_service", args=[sheet.vendor.organisation.siren, sheet.slug])
    for role, there in ((Role.VENDOR_EDITOR, False), (Role.VENDOR_ADMIN, True)):
        client.force_login(MembershipFactory(organisation=sheet.vendor.organisation, role=role).user)
        assert (page in client.get(service).content.decode()) is there


def test_everybody_reads_how_to_ask(client):
    answer = client.get(reverse("entitlements_explained"))
    assert answer.status_code == 200
    assert reverse("entitlements_signed") in answer.content.decode()
    assert "7 jours" in answer.content.decode()
