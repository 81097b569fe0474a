"""Nothing is carried from one tenant's scope to another's, and the web role gets no other rights.

A connection goes from request to request: what it keeps (prepared statements, plans, cursors, savepoints,
roles) must show each the rows of its own scope.
"""

import itertools

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from psycopg.errors import InsufficientPrivilege, InvalidCursorName

from devstack import database
from tenants.models import Organisation
from tenants.tenancy import tenant_scope
from tests.consistency.test_leaks import fetch
from tests.consistency.test_tenant_owned import FACTORIES, MODELS, each_model
from tests.tools.database import as_worker


@each_model
def test_a_prepared_statement_obeys_the_scope_it_runs_in(model, pair):
    """Prepared once, its plan kept, run in one scope after the other, and by the worker before."""
    mine, foreign = pair
    everybody = {mine.tenant_id, foreign.tenant_id}
    for plans in ("auto", "force_generic_plan"):
        fetch("SELECT set_config('plan_cache_mode', %s, true)", [plans])
        with connection.cursor() as cursor:
            cursor.execute(f'PREPARE road AS SELECT DISTINCT tenant_id FROM "{model._meta.db_table}"')
        try:
            for _ in range(7):  # the sixth run is the first that may keep its plan
                with as_worker():
                    assert {tenant for (tenant,) in fetch("EXECUTE road")} >= everybody
                for scope in ([mine.tenant_id], [foreign.tenant_id], [], [mine.tenant_id]):
                    with tenant_scope(scope):
                        assert {tenant for (tenant,) in fetch("EXECUTE road")} == set(scope)
            assert fetch("EXECUTE road") == []
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DEALLOCATE road")


@each_model
def test_what_psycopg_prepares_obeys_the_scope_it_runs_in(model, pair):
    raw = connection.connection
    statement = f'SELECT DISTINCT tenant_id FROM "{model._meta.db_table}"'
    for row in [*pair] * 4:
        with tenant_scope([row.tenant_id]):
            assert raw.execute(statement, prepare=True).fetchall() == [(row.tenant_id,)]
    assert raw.execute(statement, prepare=True).fetchall() == []


@each_model
def test_a_savepoint_rolled_back_gives_back_its_scope(model, pair):
    mine, foreign = pair
    statement = f'SELECT DISTINCT tenant_id FROM "{model._meta.db_table}"'
    with tenant_scope([mine.tenant_id]):
        with pytest.raises(IntegrityError), transaction.atomic(), tenant_scope([foreign.tenant_id]):
            Organisation.objects.create(siren="12", name="SIREN faux", kind="other")
        assert fetch(statement) == [(mine.tenant_id,)]
        with pytest.raises(ZeroDivisionError), transaction.atomic(), tenant_scope([foreign.tenant_id]):
            raise ZeroDivisionError
        assert fetch(statement) == [(mine.tenant_id,)]
    assert fetch(statement) == []


@each_model
def test_a_cursor_gives_no_row_but_of_the_scopes_it_was_read_in(model, pair):
    """Opened in one scope and read on in another, it gives rows of either (which depends on the plan), and
    never of a third: whoever holds it was shown both."""
    mine, other = pair
    FACTORIES[model]()
    for first, sequential in itertools.product([0, 1], ["on", "off"]):
        fetch("SELECT set_config('enable_seqscan', %s, true)", [sequential])
        with tenant_scope([mine.tenant_id]):
            with connection.cursor() as cursor:
                cursor.execute(f'DECLARE road CURSOR FOR SELECT tenant_id FROM "{model._meta.db_table}"')
            seen = fetch("FETCH 1 FROM road") if first else []
        with tenant_scope([other.tenant_id]):
            seen += fetch("FETCH ALL FROM road")
        assert {tenant for (tenant,) in seen} <= {mine.tenant_id, other.tenant_id}
        assert seen != []
        with connection.cursor() as cursor:
            cursor.execute("CLOSE road")


@each_model
def test_the_cursor_of_an_iterator_dies_with_its_transaction(model, pair):
    """A cursor WITH HOLD would keep its rows for the next user of the connection: Django makes none here."""
    mine, _ = pair
    with tenant_scope([mine.tenant_id]):
        rows = model.objects.iterator(chunk_size=1)
        assert next(rows).tenant_id == mine.tenant_id
        assert set(fetch("SELECT is_holdable FROM pg_cursors")) == {(False,)}
        rows.close()


@pytest.fixture
def web(db):
    """A connection logged in as in production: what the session itself is, nothing can change."""
    url = database.urls(connection.settings_dict["NAME"])["web"]
    with psycopg.connect(url, autocommit=True, options="-c lock_timeout=2s") as opened:
        yield opened


def test_a_cursor_is_gone_after_the_transaction(web):
    with web.transaction():
        web.execute("DECLARE road CURSOR FOR SELECT tenant_id FROM tenants_auditevent")
    with pytest.raises(InvalidCursorName):
        web.execute("FETCH ALL FROM road")


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE halle_worker",
        "SET ROLE halle_owner",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION halle_worker",
        "SET SESSION AUTHORIZATION postgres",
        "SELECT set_config('role', 'halle_worker', false)",
        "SELECT set_config('session_authorization', 'halle_worker', false)",
        "ALTER ROLE halle_web BYPASSRLS",
        "ALTER ROLE halle_web SUPERUSER",
        "GRANT halle_worker TO halle_web",
        "CREATE ROLE another LOGIN BYPASSRLS",
        "SET session_replication_role = replica",
        "CREATE VIEW public.road AS SELECT * FROM billing_invoice",
        "CREATE TEMPORARY VIEW road AS SELECT * FROM billing_invoice",
        "CREATE MATERIALIZED VIEW public.road AS SELECT * FROM billing_invoice",
        "CREATE TABLE public.road AS SELECT * FROM billing_invoice",
        "SELECT * INTO TEMPORARY road FROM billing_invoice",
        "CREATE FUNCTION public.road() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::bigint'",
        "CREATE FUNCTION pg_temp.road() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::bigint'",
        "CREATE OR REPLACE FUNCTION halle_plain(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
        "CREATE OPERATOR public.<<< (leftarg = bigint, rightarg = bigint, function = int8lt)",
        "CREATE EXTENSION dblink",
        "CREATE SCHEMA road",
        "COPY billing_invoice TO '/tmp/road'",
        "COPY (SELECT 1) TO PROGRAM 'cat'",
        "SELECT pg_read_file('pg_hba.conf')",
        "SELECT pg_ls_dir('base')",
        "SELECT lo_export(1, '/tmp/road')",
        "SELECT * FROM pg_statistic",
        "SELECT * FROM pg_authid",
        "ALTER SYSTEM SET row_security = off",
    ],
)
def test_the_web_role_gets_no_other_rights(web, statement):
    with pytest.raises(psycopg.Error) as refusal:
        web.execute(statement)
    assert isinstance(refusal.value, InsufficientPrivilege)
    assert web.execute("SELECT session_user, current_user").fetchone() == ("halle_web", "halle_web")


@each_model
def test_the_web_role_cannot_take_down_the_fence(web, model):
    table = f'"{model._meta.db_table}"'
    for statement in (
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} OWNER TO halle_web",
        f"ALTER TABLE {table} RENAME TO road",
        f"ALTER POLICY tenant_isolation ON {table} USING (true)",
        f"DROP POLICY tenant_isolation ON {table}",
        f"CREATE POLICY road ON {table} USING (true)",
        f"CREATE RULE road AS ON SELECT TO {table} DO INSTEAD SELECT 1",
        f"CREATE TRIGGER road BEFORE UPDATE ON {table} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        f"CREATE STATISTICS road ON id, tenant_id FROM {table}",
        f"TRUNCATE {table}",
    ):
        with pytest.raises(InsufficientPrivilege):
            web.execute(statement)


@each_model
def test_without_row_security_there_is_an_error_and_no_row(web, model):
    """What `row_security = off` means: fail rather than filter. A dump made as the web role is refused."""
    web.execute("SET row_security = off")
    with pytest.raises(InsufficientPrivilege):
        web.execute(f'SELECT count(*) FROM "{model._meta.db_table}"')


@pytest.mark.django_db(transaction=True)
def test_what_is_allowed_to_anybody_changes_nothing(web):
    """RESET ROLE, DISCARD ALL and an anonymous block lead back to the web role, with row security."""
    mine, foreign = (FACTORIES[MODELS[0]]() for _ in range(2))
    table = MODELS[0]._meta.db_table
    for statement in (
        "RESET ROLE",
        "RESET SESSION AUTHORIZATION",
        "SET ROLE NONE",
        "RESET ALL",
        "DISCARD ALL",
    ):
        web.execute(statement)
        assert web.execute("SELECT current_user").fetchone() == ("halle_web",)
        assert web.execute(f'SELECT id FROM "{table}"').fetchall() == []
    web.execute("SELECT set_config('halle.tenant_ids', %s, false)", [f"{{{mine.tenant_id}}}"])
    web.execute(
        f"""DO $$ BEGIN
            PERFORM set_config('road.seen', (SELECT json_agg(tenant_id)::text FROM "{table}"), false);
        END $$"""
    )
    seen = web.execute("SELECT current_setting('road.seen')::json").fetchone()[0]
    assert set(seen) == {mine.tenant_id} != {foreign.tenant_id}


@pytest.mark.django_db
def test_statistics_of_values_are_hidden():
    """pg_stats would give the commonest values of every column, all tenants together."""
    tables = [model._meta.db_table for model in MODELS]
    assert fetch("SELECT tablename, attname FROM pg_stats WHERE tablename = ANY(%s)", [tables]) == []
