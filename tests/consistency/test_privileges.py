"""The web role and the worker read and write rows, and nothing else."""

import pytest
from django.db import ProgrammingError, connection, transaction
from psycopg.errors import InsufficientPrivilege

from devstack.roles import OWNER, WEB, WORKER

pytestmark = pytest.mark.django_db


def _all(statement, values=()):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def test_attributes_of_the_roles():
    rows = _all(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles"
        " WHERE rolname = ANY(%s) ORDER BY rolname",
        [[OWNER, WEB, WORKER]],
    )
    assert rows == [
        (OWNER, False, False, False, False),
        (WEB, False, False, False, False),
        (WORKER, False, True, False, False),
    ]


@pytest.mark.parametrize("other", [OWNER, WORKER])
def test_the_web_role_cannot_become_another(other):
    assert _all("SELECT pg_has_role(%s, %s, 'MEMBER')", [WEB, other]) == [(False,)]


@pytest.mark.parametrize("role", [WEB, WORKER])
def test_rows_only(role):
    """No TRUNCATE, which row security and triggers do not see; no trigger, no reference."""
    tables = _all(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        " AND (has_table_privilege(%s, oid, 'TRUNCATE') OR has_table_privilege(%s, oid, 'TRIGGER')"
        " OR has_table_privilege(%s, oid, 'REFERENCES') OR relowner <> %s::regrole)",
        [role, role, role, OWNER],
    )
    assert tables == []
    assert _all("SELECT has_schema_privilege(%s, 'public', 'CREATE')", [role]) == [(False,)]


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE tenants_auditevent",
        "CREATE TABLE public.mine (id int)",
        "CREATE TEMPORARY TABLE mine (id int)",
        "ALTER TABLE billing_invoice DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE billing_invoice DISABLE TRIGGER ALL",
        "DROP POLICY tenant_isolation ON billing_invoice",
        "CREATE POLICY other ON billing_invoice USING (true)",
        "DROP TABLE billing_invoice",
        "SET session_replication_role = replica",
    ],
)
def test_the_web_role_is_refused(statement):
    with pytest.raises(ProgrammingError) as refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert isinstance(refusal.value.__cause__, InsufficientPrivilege)


def test_nothing_goes_round_row_security():
    """A view or a function of the owner's would; a materialised view keeps everybody's rows."""
    query = "SELECT relname FROM pg_class WHERE relkind = ANY(%s) AND relnamespace = 'public'::regnamespace"
    assert _all(query, [["v", "m"]]) == [("catalogue_product_category_hierarchy",)]  # Oscar's: no tenant's
    functions = _all("SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace")
    # Reads no row to anybody: it lets whoever loads the public register tell the planner about it.
    assert functions == [("halle_analyse_register",)]
