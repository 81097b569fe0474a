"""The tenant scope, against the real database and as the web role."""

import itertools
import threading
import time

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Count, Sum

from subscriptions.models import State, Subscription, Transition
from tenants.models import AuditEvent, Organisation, User
from tenants.tenancy import NoTenantScope, every_tenant, tenant_scope
from tests.factories import AuditEventFactory, OrganisationFactory, SubscriptionFactory
from tests.tools.database import acting_as, as_worker


def _seen():
    return set(AuditEvent.objects.values_list("tenant_id", flat=True))


def _setting():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('halle.tenant_ids', true)")
        return cursor.fetchone()[0] or ""


@pytest.fixture
def pair(db):
    """Two organisations with an event each."""
    return AuditEventFactory().tenant_id, AuditEventFactory().tenant_id


def test_a_query_without_a_scope_is_refused(pair):
    with pytest.raises(NoTenantScope, match="AuditEvent"):
        AuditEvent.objects.count()


def test_a_scope_sees_its_tenants_only(pair):
    with tenant_scope([pair[0]]):
        assert _seen() == {pair[0]}
    with tenant_scope(pair):
        assert _seen() == set(pair)


def test_an_empty_scope_sees_nothing(pair):
    with tenant_scope([]):
        assert _seen() == set()


def test_scopes_nest_and_the_outer_one_comes_back(pair):
    with tenant_scope([pair[0]]):
        with tenant_scope([pair[1]]):
            assert _seen() == {pair[1]}
        assert _seen() == {pair[0]}
    assert _setting() == ""
    with pytest.raises(NoTenantScope):
        _seen()


def test_the_outer_scope_comes_back_after_an_exception(pair):
    with tenant_scope([pair[0]]):
        with pytest.raises(ValueError, match="page"), tenant_scope([pair[1]]):
            raise ValueError("a page failed")
        assert _seen() == {pair[0]}


@pytest.mark.django_db(transaction=True)
def test_a_scope_needs_a_transaction():
    organisation = OrganisationFactory()
    with pytest.raises(RuntimeError, match="transaction"), tenant_scope([organisation.pk]):
        pass
    with pytest.raises(NoTenantScope):
        _seen()


@pytest.mark.django_db(transaction=True)
def test_the_setting_ends_with_the_transaction():
    """The same connection, taken again from a pool, carries nothing over."""
    tenant = AuditEventFactory().tenant_id
    with transaction.atomic(), tenant_scope([tenant]):
        assert _seen() == {tenant}
        backend = connection.connection
    assert connection.connection is backend
    assert _setting() == ""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tenants_auditevent")
        assert cursor.fetchone() == (0,)


def test_rolling_back_a_savepoint_takes_its_scope_back(pair):
    with tenant_scope([pair[0]]):
        with pytest.raises(IntegrityError), transaction.atomic(), tenant_scope([pair[1]]):
            Organisation.objects.create(siren="12", name="SIREN faux", kind="other")
        assert _seen() == {pair[0]}
        assert _setting() == f"{{{pair[0]}}}"


def test_the_error_that_failed_the_transaction_comes_through(pair):
    """Not "current transaction is aborted", which the way out of the scope would have met."""
    refusal = pytest.raises(IntegrityError, match="organisation_siren_nine_digits")
    with refusal, transaction.atomic(), tenant_scope([pair[0]]):
        Organisation.objects.create(siren="12", name="SIREN faux", kind="other")


def test_every_tenant_opens_nothing_to_the_web_role(pair):
    with every_tenant():
        assert _seen() == set()


def test_every_tenant_under_the_worker_sees_all(pair):
    with acting_as("worker"), every_tenant():
        assert _seen() >= set(pair)


def test_a_scope_inside_every_tenant_gives_every_tenant_back(pair):
    with as_worker():
        with tenant_scope([pair[0]]):
            pass
        assert _seen() >= set(pair)
    assert _setting() == ""


@pytest.fixture
def subscriptions(db):
    """Mine and a foreign one, asked by the same person and of the same listing."""
    mine = SubscriptionFactory(state=State.ACTIVE)
    foreign = SubscriptionFactory(state=State.ACTIVE, listing=mine.listing, requested_by=mine.requested_by)
    return mine, foreign


def test_a_foreign_key_does_not_lead_to_a_foreign_row(subscriptions):
    """The row of another tenant that I hold (from before) leads to nothing more of its."""
    mine, foreign = subscriptions
    with as_worker():
        move = Transition.objects.filter(subscription=foreign).first()
    with tenant_scope([mine.tenant_id]):
        with pytest.raises(Subscription.DoesNotExist):
            _ = Transition(pk=move.pk, subscription_id=foreign.pk).subscription
        with pytest.raises(Subscription.DoesNotExist):
            foreign.refresh_from_db()
        assert not foreign.transitions.exists()


def test_a_join_from_a_public_table_does_not_leak(subscriptions):
    mine, foreign = subscriptions
    members = Organisation.objects.filter(adhesions__operator=mine.operator).order_by("pk")
    with tenant_scope([mine.tenant_id]):
        asked = Subscription.objects.filter(requested_by=mine.requested_by)
        assert [s.pk for s in asked.select_related("tenant", "requested_by")] == [mine.pk]
        assert {m.pk for m in members} >= {mine.tenant_id, foreign.tenant_id}
        assert {m.pk for m in members.filter(pk__in=Subscription.objects.values("tenant"))} == {
            mine.tenant_id
        }
        people = User.objects.filter(pk__in=Subscription.objects.values("approved_by"))
        assert [user.pk for user in people] == [mine.approved_by_id]


def test_an_aggregate_counts_its_own_only(subscriptions):
    mine, _ = subscriptions
    with tenant_scope([mine.tenant_id]):
        totals = Subscription.objects.aggregate(count=Count("pk"), cents=Sum("yearly_cents"))
    assert totals == {"count": 1, "cents": mine.yearly_cents}


def test_saving_a_foreign_object_changes_nothing(subscriptions):
    mine, foreign = subscriptions
    with tenant_scope([mine.tenant_id]):
        foreign.service_url = "https://mine.example/"
        with pytest.raises(DatabaseError), transaction.atomic():
            foreign.save(update_fields=["service_url"])
        assert Subscription.objects.filter(pk=foreign.pk).update(service_url="") == 0


SECONDS = 3


@pytest.mark.django_db(transaction=True)
def test_twenty_threads_changing_tenants_never_see_a_foreign_row():
    """More threads than connections: each of these passes from thread to thread, from tenant to tenant."""
    from psycopg_pool import ConnectionPool

    events = [AuditEventFactory() for _ in range(6)]
    own = {event.tenant_id: event.pk for event in events}
    settings = connection.settings_dict
    options = settings["OPTIONS"]["options"]
    parts = {"dbname": settings["NAME"], "user": settings["USER"], "host": settings["HOST"]}
    wrong, done = [], itertools.count()
    end = time.monotonic() + SECONDS

    def switch(number, pool):
        for turn in itertools.count(number):
            if time.monotonic() > end:
                return
            tenant = events[turn % len(events)].tenant_id
            try:
                with pool.connection() as opened:
                    before = opened.execute("SELECT id FROM tenants_auditevent").fetchall()
                    opened.execute("SELECT set_config('halle.tenant_ids', %s, true)", [f"{{{tenant}}}"])
                    seen = opened.execute("SELECT id FROM tenants_auditevent").fetchall()
                    if turn % 7 == 0:
                        raise ZeroDivisionError  # a page that fails: the pool rolls back
            except ZeroDivisionError:
                pass
            if before or seen != [(own[tenant],)]:
                wrong.append((tenant, before, seen))
            next(done)

    with ConnectionPool(kwargs={**parts, "options": options}, min_size=5, max_size=5, open=True) as pool:
        threads = [threading.Thread(target=switch, args=(number, pool)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS + 30)
    assert wrong == []
    assert next(done) > 20


@pytest.mark.django_db(transaction=True)
def test_threads_through_django_never_see_a_foreign_row():
    """The same with Django's own connections and scopes: a scope belongs to its thread."""
    events = [AuditEventFactory() for _ in range(4)]
    wrong, turns = [], []

    def switch(number):
        try:
            for turn in range(number, number + 40):
                tenant = events[turn % len(events)].tenant_id
                with transaction.atomic(), tenant_scope([tenant]):
                    if _seen() != {tenant}:
                        wrong.append(tenant)
                turns.append(turn)
        finally:
            connection.close()

    threads = [threading.Thread(target=switch, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert len(turns) == 20 * 40
