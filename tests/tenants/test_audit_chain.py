"""The audit log's chain: sealed by the database, checked whole, and what tampering leaves behind."""

import csv
import io
import threading
from datetime import timedelta

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from psycopg.errors import RestrictViolation

from devstack import database
from tenants.audit.chain import BrokenLink, Seal, broken_links, last_seal, missing_seals
from tenants.models import AuditEvent, AuditSeal
from tenants.tenancy import tenant_scope
from tests.factories import AuditEventFactory, OrganisationFactory
from tests.factories.base import NOW
from tests.tools.database import acting_as, as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db


def seal_now():
    """What the commit does."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.fixture
def log():
    """Three sealed events of one organisation, and one of another."""
    organisation = OrganisationFactory()
    events = [AuditEventFactory(tenant=organisation, at=NOW + timedelta(hours=n)) for n in range(3)]
    AuditEventFactory()
    seal_now()
    return organisation, events


def tampering(statement, values=()):
    """What only an administrator of the server can do: change rows with the triggers at rest."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(database.urls(name)["admin"]) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(statement, values)


def test_events_are_sealed_in_order_each_organisation_its_own_chain(log):
    organisation, events = log
    rows = list(AuditSeal.objects.filter(chain=organisation.pk).order_by("position"))
    assert [(row.event_id, row.position) for row in rows] == [
        (event.pk, n) for n, event in enumerate(events, start=1)
    ]
    assert len({row.digest for row in rows}) == 3
    with as_worker():
        assert broken_links() == []
    with tenant_scope([organisation.pk]):
        assert last_seal(organisation=organisation) == Seal(3, rows[-1].digest)
        assert broken_links(organisation=organisation) == []


def test_nobody_writes_a_seal_by_hand(log):
    organisation, events = log
    forged = {"event_id": events[0].pk + 1000, "chain": organisation.pk, "position": 9, "digest": ""}
    for role in ("web", "worker", "owner"):
        with pytest.raises(DatabaseError) as refusal, transaction.atomic(), acting_as(role):
            AuditSeal.objects.create(**forged)
        assert isinstance(refusal.value.__cause__, RestrictViolation)


@pytest.mark.parametrize("table", ["tenants_auditevent", "tenants_auditseal"])
def test_not_even_the_owner_empties_or_changes_it(log, table):
    for statement in (
        f"TRUNCATE {table} CASCADE",
        f"DELETE FROM {table}",
        f"UPDATE {table} SET {KEEP[table]}",
    ):
        with (
            pytest.raises(DatabaseError) as refusal,
            transaction.atomic(),
            acting_as("owner"),
            tenant_scope([log[0].pk]),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
        assert isinstance(refusal.value.__cause__, RestrictViolation)


KEEP = {"tenants_auditevent": "what = what", "tenants_auditseal": "digest = digest"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE tenants_auditevent SET sentence = 'Autre chose.' WHERE id = {1}", [(1, "changed")]),
        ("UPDATE tenants_auditevent SET at = at - interval '1 day' WHERE id = {1}", [(1, "changed")]),
        ("UPDATE tenants_auditevent SET actor_id = NULL, via_id = 1 WHERE id = {0}", [(0, "changed")]),
        ("DELETE FROM tenants_auditevent WHERE id = {1}", [(1, "removed")]),
        ("DELETE FROM tenants_auditseal WHERE event_id = {1}", [(2, "gap"), (1, "unsealed")]),
    ],
)
def test_tampering_shows(log, statement, expected):
    organisation, events = log
    tampering(statement.format(*(event.pk for event in events)))
    with as_worker():
        found = broken_links(organisation=organisation)
    assert [(link.event_id, link.problem) for link in found] == [
        (events[index].pk, problem) for index, problem in expected
    ]
    with as_worker():
        assert found[0] in broken_links()
    assert str(found[0])


@pytest.mark.django_db(transaction=True)
def test_an_event_slipped_in_and_resealed_breaks_what_follows(log):
    organisation, events = log
    tampering(
        "UPDATE tenants_auditevent SET sentence = 'Faux.' WHERE id = %(id)s; "
        "UPDATE tenants_auditseal seal SET digest = halle_audit_digest('', event) "
        "FROM tenants_auditevent event WHERE event.id = seal.event_id AND event.id = %(id)s".replace(
            "%(id)s", str(events[0].pk)
        )
    )
    with as_worker():
        [link] = broken_links(organisation=organisation)
    assert link == BrokenLink(organisation.pk, events[1].pk, 2, "changed")


@pytest.mark.django_db(transaction=True)
def test_a_chain_cut_at_its_end_shows_against_a_copy(log):
    organisation, events = log
    with as_worker():
        copy = [
            Seal(position, digest)
            for position, digest in AuditSeal.objects.filter(chain=organisation.pk).values_list(
                "position", "digest"
            )
        ]
    for table, column in (("tenants_auditseal", "event_id"), ("tenants_auditevent", "id")):
        tampering(f"DELETE FROM {table} WHERE {column} = %s", [events[2].pk])
    with as_worker():
        assert broken_links(organisation=organisation) == []
        assert [seal.position for seal in missing_seals(organisation=organisation, copy=copy)] == [3]


@pytest.mark.django_db(transaction=True)
def test_threads_that_write_to_the_same_two_logs_in_opposite_orders():
    one, other = OrganisationFactory(), OrganisationFactory()
    both = [one, other]
    halfway = threading.Barrier(4)

    def write(number):
        tenants = both if number % 2 else both[::-1]
        with transaction.atomic(), tenant_scope([one.pk, other.pk]):
            AuditEvent.objects.create(tenant=tenants[0], at=NOW, what="test", sentence="", subject_id="")
            halfway.wait(10)
            AuditEvent.objects.create(tenant=tenants[1], at=NOW, what="test", sentence="", subject_id="")

    assert at_once(*[lambda number=number: write(number) for number in range(4)]) == [None] * 4
    with as_worker():
        assert AuditSeal.objects.filter(chain__in=[one.pk, other.pk]).count() == 8
        assert broken_links() == []


def test_the_command_says_that_all_holds(log, capsys):
    with as_worker():
        call_command("verify_audit")
    assert "4 événements vérifiés" in capsys.readouterr().out


def test_the_command_refuses_a_role_that_sees_nothing(log):
    with pytest.raises(CommandError, match="HALLE_DB_ROLE=worker"):
        call_command("verify_audit")


@pytest.mark.django_db(transaction=True)
def test_the_command_compares_with_an_export(log, tmp_path, capsys):
    organisation, events = log
    with as_worker():
        kept = AuditSeal.objects.filter(chain=organisation.pk).order_by("position")
        seals = list(kept.values_list("position", "digest"))
    file = tmp_path / "journal.csv"
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([["n°", "sceau"], *seals])
    file.write_text(text.getvalue(), encoding="utf-8-sig")
    with as_worker():
        call_command("verify_audit", organisation=organisation.siren, against=file)
    tampering("DELETE FROM tenants_auditseal WHERE event_id = %s", [events[2].pk])
    tampering("DELETE FROM tenants_auditevent WHERE id = %s", [events[2].pk])
    with as_worker(), pytest.raises(CommandError, match="ne tient pas"):
        call_command("verify_audit", organisation=organisation.siren, against=file)
    assert "sceau n° 3 de la copie" in capsys.readouterr().err
    with as_worker(), pytest.raises(CommandError, match="--organisation"):
        call_command("verify_audit", against=file)
    with as_worker(), pytest.raises(CommandError, match="export du journal"):
        call_command("verify_audit", organisation=organisation.siren, against=tmp_path / "absent.csv")
