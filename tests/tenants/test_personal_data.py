"""A person's data: copied whole, erased for good, and forgotten in time; accounting and audit stay."""

import json
from datetime import date, timedelta

import pytest
from django.contrib.sessions.models import Session

from subscriptions.models import Subscription
from tenants import tasks
from tenants.audit.chain import broken_links
from tenants.models import (
    AuditEvent,
    Invitation,
    Kept,
    Letter,
    LetterState,
    PersonalDataExport,
    RetentionPeriod,
    Role,
    User,
)
from tenants.personal_data.copies import ask_copy, held_on, links_to_people, make_copy
from tenants.personal_data.erasure import HoldsMandates, IsStaff, clear_traces, erase
from tenants.personal_data.retention import FORGET, apply_retention, periods_in_force
from tests.factories import (
    AssistanceFactory,
    AuditEventFactory,
    InvitationFactory,
    LetterFactory,
    MemberImportFactory,
    MemberImportRowFactory,
    MembershipFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.jobs import waiting

pytestmark = pytest.mark.django_db


@pytest.fixture
def odile():
    """Somebody who asked for a service, was invited and written to, and has left since."""
    person = UserFactory(first_name="Odile", last_name="Brunerie", email="odile@saint-essai.example")
    mandate = MembershipFactory(user=person, ended_at=NOW - timedelta(days=10))
    SubscriptionFactory(tenant=mandate.organisation, requested_by=person)
    AuditEventFactory(tenant=mandate.organisation, actor=person, sentence="{actor} a demandé l’abonnement.")
    InvitationFactory(tenant=mandate.organisation, email="Odile@saint-essai.example")
    LetterFactory(tenant=mandate.organisation, to="odile@saint-essai.example", subject="Bienvenue")
    return person


def everything_in_text():
    """Every row of every organisation, as text."""
    with as_worker():
        rows = [
            *User.objects.values(),
            *AuditEvent.objects.values(),
            *Invitation.objects.values(),
            *Letter.objects.values(),
        ]
        return " ".join(map(str, rows)).lower()


def test_a_copy_holds_identity_letters_and_every_trace(odile):
    other = UserFactory(last_name="Personne d’autre")
    with as_worker():
        subscription = Subscription.objects.get(requested_by=odile)
        subscription.requested_by = odile
        held = held_on(odile, now=NOW)
        json.dumps(held)
    assert held["identité"]["courriel"] == "odile@saint-essai.example"
    assert [letter["objet"] for letter in held["courriels envoyés"]] == ["Bienvenue"]
    assert len(held["invitations reçues"]) == 1
    traces = {(trace["quoi"], trace["à titre de"]): trace["lignes"] for trace in held["traces"]}
    assert traces[("abonnement", "requested by")][0]["organisation"] == subscription.tenant.name
    assert ("mandat", "user") in traces
    assert other.last_name not in json.dumps(held, ensure_ascii=False)


def test_every_column_that_points_to_a_person_is_known():
    found = {f"{model._meta.label}.{field.name}" for model, field in links_to_people()}
    assert {
        "tenants.Membership.user",
        "tenants.AuditEvent.actor",
        "subscriptions.Subscription.approved_by",
        "subscriptions.Transition.by",
        "billing.BillingRun.started_by",
        "wagtailcore.Revision.user",
        "admin.LogEntry.user",
    } <= found


def test_a_copy_is_asked_once_and_made_once(odile):
    first = ask_copy(person=odile, now=NOW)
    assert ask_copy(person=odile, now=NOW) == first
    assert waiting() == [(tasks.make_data_copy.name, {"copy_id": first.pk})]
    with as_worker():
        make_copy(copy_id=first.pk, now=NOW)
        make_copy(copy_id=first.pk, now=NOW + timedelta(days=1))
    first.refresh_from_db()
    assert first.ready_at == NOW
    assert "Brunerie" in first.file.read().decode()
    assert ask_copy(person=odile, now=NOW) != first


def test_erasing_takes_the_name_and_leaves_what_was_done(odile):
    number = odile.pk
    erase(person=odile, by=odile, now=NOW)
    assert (str(odile), odile.is_active) == (f"Personne effacée n° {number}", False)
    assert waiting() == [(tasks.erase_traces.name, {"person_id": number})]
    with as_worker():
        clear_traces(person_id=number, now=NOW)
        clear_traces(person_id=number, now=NOW)
        text = everything_in_text()
        assert [word for word in ("odile", "brunerie") if word in text] == []
        assert Subscription.objects.get().requested_by_id == number
        told = AuditEvent.objects.get(what="personal_data.erased")
        assert str(told) == f"Personne effacée n° {number} a effacé ses données personnelles."
        assert any("a demandé l’abonnement" in str(event) for event in AuditEvent.objects.all())
        assert broken_links() == [] or all(link.problem == "unsealed" for link in broken_links())
        letter = Letter.objects.get()
        assert (letter.state, letter.to, letter.body) == (LetterState.FAILED, "", "")
        assert Invitation.objects.get().cancelled_at == NOW


def test_the_same_account_comes_back_as_somebody_new(odile):
    issuer, sub = odile.issuer, odile.sub
    erase(person=odile, by=None, now=NOW)
    assert not User.objects.filter(issuer=issuer, sub=sub).exists()
    again = User.objects.create_user(issuer=issuer, sub=sub)
    assert again.pk != odile.pk
    erase(person=odile, by=None, now=NOW)  # done already
    assert User.objects.get(pk=odile.pk).erased_at == NOW


def test_whoever_holds_a_mandate_leaves_first():
    mandate = MembershipFactory(suspended_at=NOW)
    with pytest.raises(HoldsMandates, match=mandate.organisation.name):
        erase(person=mandate.user, by=mandate.user, now=NOW)
    with pytest.raises(IsStaff):
        erase(person=UserFactory(is_staff=True), by=None, now=NOW)
    assert not User.objects.filter(erased_at__isnull=False).exists()


def test_every_kind_of_data_has_its_period_and_its_way_to_be_forgotten():
    assert set(periods_in_force(now=NOW)) == set(FORGET) == set(Kept.values)


def test_the_newest_row_in_force_counts():
    RetentionPeriod.objects.create(what=Kept.LETTERS, days=5, in_force_from=NOW.date(), source="essai")
    RetentionPeriod.objects.create(what=Kept.LETTERS, days=9, in_force_from=date(2030, 1, 1), source="essai")
    assert periods_in_force(now=NOW)[Kept.LETTERS].days == 5


def test_the_night_forgets_what_is_old_and_keeps_the_rest():
    old, recent = NOW - timedelta(days=91), NOW - timedelta(days=89)
    InvitationFactory(created_at=old - timedelta(days=14))
    InvitationFactory(created_at=recent, email="kept@saint-essai.example")
    LetterFactory(created_at=old, state=LetterState.SENT, sent_at=old)
    LetterFactory(created_at=old)  # still to be sent
    LetterFactory(created_at=recent, state=LetterState.SENT, sent_at=recent)
    imported = MemberImportFactory(state="done", finished_at=old)
    row = MemberImportRowFactory(member_import=imported, raw={"nom": "Odile"})
    Session.objects.create(session_key="old", session_data="", expire_date=NOW - timedelta(days=2))
    Session.objects.create(session_key="new", session_data="", expire_date=NOW + timedelta(days=1))
    ready = NOW - timedelta(days=8)
    copy = PersonalDataExport.objects.create(user=UserFactory(), asked_at=ready)
    with as_worker():
        make_copy(copy_id=copy.pk, now=ready)
        User.objects.update(date_joined=NOW)
        assert apply_retention(now=NOW) == {
            "invitations": 1, "letters": 1, "exports": 1, "imports": 1, "assistances": 0, "sessions": 1,
            "inactive_people": 0, "agent_imports": 0,
        }  # fmt: skip
        assert sorted(Invitation.objects.values_list("email", flat=True)) == ["", "kept@saint-essai.example"]
        assert Letter.objects.filter(to="").count() == 1
        row.refresh_from_db()
        imported.refresh_from_db()
        copy.refresh_from_db()
        assert (row.raw, imported.file.name, copy.file.name, copy.deleted_at) == ({}, "", "", NOW)
        assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]
        assert set(apply_retention(now=NOW).values()) == {0}


def test_people_without_a_mandate_for_two_years_are_forgotten():
    long_ago = NOW - timedelta(days=731)
    gone = MembershipFactory(ended_at=long_ago, role=Role.AGENT).user
    kept = [
        MembershipFactory().user,  # holds a mandate
        MembershipFactory(ended_at=NOW - timedelta(days=700)).user,  # left too lately
        UserFactory(is_staff=True),
        UserFactory(last_login=NOW),
    ]
    User.objects.update(date_joined=long_ago)
    with as_worker():
        assert apply_retention(now=NOW)["inactive_people"] == 1
    gone.refresh_from_db()
    assert gone.erased_at == NOW
    assert gone.email == ""
    assert not User.objects.filter(pk__in=[user.pk for user in kept], erased_at__isnull=False).exists()


def test_who_asked_for_help_is_forgotten_a_year_after():
    over = AssistanceFactory(closed_at=NOW - timedelta(days=366), closed_by=UserFactory())
    recent = AssistanceFactory(closed_at=NOW - timedelta(days=364), closed_by=UserFactory())
    with as_worker():
        assert apply_retention(now=NOW)["assistances"] == 1
        over.refresh_from_db()
        recent.refresh_from_db()
    assert (over.asked_by, recent.asked_by) == ("", "Le secrétariat, par téléphone")


def test_a_file_of_members_that_nobody_answered_is_given_up_and_forgotten():
    left = MemberImportFactory(state="ready", sent_at=NOW - timedelta(days=91))
    row = MemberImportRowFactory(member_import=left, raw={"nom": "Odile"})
    fresh = MemberImportFactory(state="ready", sent_at=NOW - timedelta(days=89))
    with as_worker():
        assert apply_retention(now=NOW)["imports"] == 1
        for one in (left, row, fresh):
            one.refresh_from_db()
        event = AuditEvent.objects.get(what="member_import.abandoned")
    assert (left.state, left.finished_at, left.file.name, row.raw) == ("abandoned", NOW, "", {})
    assert (fresh.state, bool(fresh.file)) == ("ready", True)
    assert str(event) == "Halle a abandonné un import d’adhérents."
