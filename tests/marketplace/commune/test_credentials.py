"""Credentials of a service: shown once, to an administrator; never anywhere else."""

import logging
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from provisioning import operations
from provisioning.models import Binding, Event, Run, Step, StepState
from subscriptions.models import State, Subscription
from tenants.models import AuditEvent, Role
from tenants.sealing import Unsealable, unseal
from tests.factories import EndpointFactory, MemberProviderFactory, MembershipFactory, SubscriptionFactory
from tests.fakes.broker import PASSWORD, Fault, failing_broker
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
NOW = timezone.now() + timedelta(hours=1)  # later than the machine's clock, which the engine also looks at


@pytest.fixture
def broker(monkeypatch):
    monkeypatch.setenv("TEST_BROKER_PASSWORD", "secret")
    with failing_broker() as broker:
        yield broker


@pytest.fixture
def admin(person):
    return person(Role.ORG_ADMIN)


@pytest.fixture
def service(commune, listing, broker):
    """Opened through the broker, which gave credentials."""
    subscription = SubscriptionFactory(tenant=commune, listing=listing, state=State.APPROVED)
    EndpointFactory(offer=listing.offer, osb=True, url=broker.url, bindable=True)
    with as_worker():
        go(operations.plan_activation(subscription=subscription, now=NOW))
        return Subscription.objects.get(pk=subscription.pk)


def go(run, *, now=NOW, turns=3):
    for _ in range(turns):
        operations.take_turn(run_id=run.pk, now=now)
        now += timedelta(minutes=5)


def words(answer) -> str:
    assert answer.status_code == 200
    return " ".join(BeautifulSoup(answer.content, "html.parser").main.get_text(" ").split())


def test_an_administrator_sees_them_once(client, at, service, admin, broker):
    client.force_login(admin)
    page = words(client.get(at("member_subscription", service.public_id)))
    assert "Personne ne les a encore vus." in page
    assert PASSWORD not in page
    shown = client.post(at("member_credentials", service.public_id))
    [secret] = broker.bindings.values()
    assert f"password {secret['password']}" in words(shown)
    assert "no-store" in shown["Cache-Control"]
    again = words(client.post(at("member_credentials", service.public_id), follow=True))
    assert "déjà été affichés" in again
    assert f"à {admin}. Halle ne les garde plus." in again
    assert PASSWORD not in again
    with as_worker():
        binding = Binding.objects.get()
        event = AuditEvent.objects.get(what="provisioning.credentials_shown")
    assert (binding.sealed, binding.shown_by) == ("", admin)
    assert "a affiché les identifiants d’accès" in event.sentence


def test_others_read_where_they_stand_and_nothing_more(client, at, service, secretary):
    client.force_login(secretary)
    page = client.get(at("member_subscription", service.public_id))
    assert "Seule une personne ayant le rôle" in words(page)
    assert not BeautifulSoup(page.content, "html.parser").select("form[action*=identifiants]")
    for name in ("member_credentials", "member_credentials_renew"):
        assert client.post(at(name, service.public_id)).status_code == 404


def test_new_ones_are_asked_for_and_arrive(client, at, service, admin, broker):
    client.force_login(admin)
    client.post(at("member_credentials", service.public_id))
    renew = at("member_credentials_renew", service.public_id)
    page = words(client.post(renew, {"leaked": "oui"}, follow=True))
    assert "De nouveaux sont demandés à l’éditeur." in page
    assert "déjà demandés" in words(client.post(renew, follow=True))
    with as_worker():
        go(Run.objects.get(event=Event.ROTATE))
    [secret] = broker.bindings.values()
    assert secret["password"] in words(client.post(at("member_credentials", service.public_id)))


def test_the_old_ones_work_for_a_day_and_the_page_says_until_when(client, at, service, admin, broker):
    client.force_login(admin)
    client.post(at("member_credentials_renew", service.public_id))
    with as_worker():
        go(Run.objects.get(event=Event.ROTATE))
    assert len(broker.bindings) == 2
    assert "Les précédents fonctionnent encore jusqu’au" in words(
        client.get(at("member_subscription", service.public_id))
    )


def test_the_operator_s_staff_renew_and_never_see_them(client, service, broker):
    curator = MembershipFactory(organisation=service.operator.organisation, role=Role.OPERATOR_ADMIN).user
    client.force_login(curator)
    args = [service.operator.slug, service.public_id]
    page = client.get(reverse("operator_subscription", args=args))
    assert "Personne ne les a encore vus." in words(page)
    assert "Afficher les identifiants" not in words(page)
    said = words(client.post(reverse("operator_credentials_renew", args=args), follow=True))
    assert "De nouveaux identifiants sont demandés" in said
    assert "Ensuite" in said
    assert PASSWORD not in said


def test_what_is_no_longer_open_shows_nothing(client, at, service, admin):
    with as_worker():
        Subscription.objects.filter(pk=service.pk).update(
            state=State.TERMINATING, ended_on=timezone.localdate()
        )
    client.force_login(admin)
    assert "vus" not in words(client.get(at("member_subscription", service.public_id)))
    assert "plus ouvert" in words(client.post(at("member_credentials", service.public_id), follow=True))


LEAKING = [
    Fault("BIND", 500, b'{"description": "wrong: %s"}' % PASSWORD.encode()),
    Fault("BIND", 422, b'{"error": "%s", "description": "%s"}' % ((PASSWORD.encode(),) * 2)),
    Fault("BIND", 201, b'{"credentials": "%s"}' % PASSWORD.encode()),
    Fault("BIND", 202, b'{"operation": "op"}', works=True),
    Fault("BIND-GET", 200, b'{"state": "failed", "description": "%s"}' % PASSWORD.encode()),
    Fault("UNBIND", 500, b'{"description": "%s"}' % PASSWORD.encode()),
]


def test_a_vendor_that_says_the_password_everywhere_is_repeated_nowhere(
    commune, listing, broker, caplog, client, admin
):
    """Every table and every line of the logs, read for it."""
    caplog.set_level(logging.DEBUG)
    subscription = SubscriptionFactory(tenant=commune, listing=listing, state=State.APPROVED)
    EndpointFactory(offer=listing.offer, osb=True, url=broker.url, bindable=True)
    broker.faults = list(LEAKING)
    with as_worker():
        run = operations.plan_activation(subscription=subscription, now=NOW)
        for turn in range(30):
            go(run, now=NOW + timedelta(hours=turn), turns=1)
            step = Step.objects.select_related("run__subscription__tenant").get(run=run, name="bind")
            if step.state == StepState.NEEDS_PERSON:
                assert PASSWORD not in step.problem
                operations.try_again(step=step, by=admin, now=NOW + timedelta(hours=turn))
        assert broker.faults == []
        assert Binding.objects.get().sealed
        with connection.cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            tables = [name for (name,) in cursor.fetchall()]
            for table in tables:
                cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{PASSWORD}%"])
                assert cursor.fetchone() == (0,), table
    assert PASSWORD not in caplog.text
    client.force_login(MembershipFactory(organisation=listing.operator.organisation, role=Role.CURATOR).user)
    for name in ("operator_tasks", "operator_subscriptions"):
        assert PASSWORD not in client.get(reverse(name, args=[listing.operator.slug])).content.decode()


OLD, NEW = ("b2xkLWtleS1vbGQta2V5LW9sZC1rZXktb2xkLWtleS0=", "bmV3LWtleS1uZXcta2V5LW5ldy1rZXktbmV3LWtleS0=")


def test_keys_are_changed_without_losing_anything(settings, service, capsys, broker):
    [secret] = broker.bindings.values()
    provider = MemberProviderFactory()
    before = settings.SECRET_KEYS_AT_REST
    settings.SECRET_KEYS_AT_REST = [NEW, *before]
    with as_worker():
        call_command("rotate_secrets")
        assert capsys.readouterr().out.startswith("2 sealed again")
        call_command("rotate_secrets")
        assert capsys.readouterr().out.startswith("0 sealed again")
        settings.SECRET_KEYS_AT_REST = [NEW]
        binding = Binding.objects.get()
        assert unseal(binding.sealed, owner=str(binding.public_id)) == secret
        provider.refresh_from_db()
        assert unseal(provider.sealed, owner=str(provider.public_id)) == {"secret": "demo"}
        with pytest.raises(Unsealable, match="another row"):
            unseal(binding.sealed, owner="another")
        settings.SECRET_KEYS_AT_REST = [OLD]
        with pytest.raises(CommandError, match="2 open with no key in force"):
            call_command("rotate_secrets")


def test_the_development_key_is_refused_in_production(settings):
    from django.core.checks import run_checks

    found = {one.id for one in run_checks(tags=["security"], include_deployment_checks=True)}
    assert "provisioning.E004" in found
    settings.SECRET_KEYS_AT_REST = ["no key"]
    assert "provisioning.E003" in {one.id for one in run_checks(tags=["security"])}
