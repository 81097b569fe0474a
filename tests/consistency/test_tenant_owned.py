"""Every tenant-owned table is fenced: refusing manager, row-level security, and rows of each to prove it."""

import json

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from psycopg.errors import InsufficientPrivilege, RestrictViolation

from tenants.tenancy import NoTenantScope, TenantManager, TenantOwned, tenant_scope
from tests import factories
from tests.tools.database import as_worker

MODELS = [model for model in apps.get_models() if issubclass(model, TenantOwned)]
TABLES = {model._meta.db_table for model in MODELS}
# Of a model with several, the plainest: what derives from it comes first, and is written over.
FACTORIES = {
    factory._meta.model: factory
    for factory in sorted(
        (one for one in vars(factories).values() if isinstance(one, type) and hasattr(one, "_meta")),
        key=lambda factory: -len(factory.__mro__),
    )
}
POLICY = (
    "(tenant_id = ANY (( SELECT (NULLIF(current_setting('halle.tenant_ids'::text, true), ''::text))::bigint[]"
    ' AS "nullif")::bigint[]))'
)

# The scope puts the tests about one model one behind the other, for `pair` to be made once for them all.
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label, scope="package")


def _all(statement, values=()):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def _count(statement, values=()):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


@pytest.fixture
def two_tenants(model, pair):
    """A row of the model for each of two organisations, and the table's name."""
    mine, foreign = pair
    assert mine.tenant_id != foreign.tenant_id
    return mine, foreign, model._meta.db_table


def test_there_are_tenant_owned_models():
    assert {"subscriptions_subscription", "billing_invoice", "tenants_auditevent"} <= TABLES


@each_model
def test_the_manager_refuses_without_a_scope(model):
    assert isinstance(model._default_manager, TenantManager)
    assert isinstance(model._base_manager, TenantManager)
    for manager in model._meta.managers:
        with pytest.raises(NoTenantScope):
            manager.all()


@pytest.mark.django_db
def test_every_table_with_a_tenant_is_of_a_tenant_owned_model():
    columns = _all(
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'tenant_id'"
    )
    assert {table for (table,) in columns} == TABLES


@pytest.mark.django_db
def test_every_tenant_owned_table_has_forced_row_security_and_no_other_table_has_any():
    rows = _all(
        "SELECT relname, relforcerowsecurity FROM pg_class"
        " WHERE relrowsecurity AND relnamespace = 'public'::regnamespace"
    )
    assert dict(rows) == dict.fromkeys(TABLES, True)


@pytest.mark.django_db
def test_every_tenant_owned_table_has_exactly_the_one_policy():
    rows = _all("SELECT tablename, policyname, permissive, roles, cmd, qual, with_check FROM pg_policies")
    expected = ("tenant_isolation", "PERMISSIVE", ["public"], "ALL", POLICY, POLICY)
    assert sorted(rows) == sorted((table, *expected) for table in TABLES)


@each_model
def test_without_a_setting_there_is_no_row(model, two_tenants):
    _, _, table = two_tenants
    assert _all(f'SELECT id FROM "{table}"') == []


@each_model
def test_with_a_setting_there_are_its_rows_only(model, two_tenants):
    mine, foreign, table = two_tenants
    with tenant_scope([mine.tenant_id]):
        seen = _all(f'SELECT id, tenant_id FROM "{table}"')
    assert mine.pk in {pk for pk, _ in seen}
    assert {tenant for _, tenant in seen} == {mine.tenant_id}
    with tenant_scope([mine.tenant_id, foreign.tenant_id]):
        both = _all(f'SELECT id FROM "{table}"')
    assert {(mine.pk,), (foreign.pk,)} <= set(both)


@each_model
def test_a_foreign_row_is_neither_changed_nor_deleted(model, two_tenants):
    mine, foreign, table = two_tenants
    with tenant_scope([mine.tenant_id]):
        assert _count(f'UPDATE "{table}" SET tenant_id = tenant_id WHERE id = %s', [foreign.pk]) == 0
        assert _count(f'DELETE FROM "{table}" WHERE id = %s', [foreign.pk]) == 0
    with as_worker():
        assert _count(f'SELECT 1 FROM "{table}" WHERE id = %s', [foreign.pk]) == 1


@each_model
def test_a_row_cannot_be_given_to_another_tenant(model, two_tenants):
    mine, foreign, table = two_tenants
    with pytest.raises(DatabaseError) as refusal, transaction.atomic(), tenant_scope([mine.tenant_id]):
        _count(f'UPDATE "{table}" SET tenant_id = %s WHERE id = %s', [foreign.tenant_id, mine.pk])
    assert isinstance(refusal.value.__cause__, InsufficientPrivilege | RestrictViolation)


@each_model
def test_a_row_cannot_be_written_for_another_tenant(model, two_tenants):
    mine, foreign, table = two_tenants
    with as_worker():
        [(row,)] = _all(f'SELECT to_jsonb(t) FROM "{table}" t WHERE id = %s', [foreign.pk])
    row = {**(json.loads(row) if isinstance(row, str) else row), "id": -1}
    insert = f'INSERT INTO "{table}" SELECT * FROM jsonb_populate_record(NULL::"{table}", %s)'
    with pytest.raises(DatabaseError) as refusal, transaction.atomic(), tenant_scope([mine.tenant_id]):
        _count(insert, [json.dumps(row)])
    # Before row security, a trigger may have refused: a line only joins a draft that can be seen.
    assert isinstance(refusal.value.__cause__, InsufficientPrivilege | RestrictViolation)
