"""Roads round the filter, tried as the web role on every tenant-owned table: none leads to a foreign row.

What row-level security does not hide, and why that is accepted:
- **That a row exists**, through a unique key or a foreign key: PostgreSQL checks both behind row security. A
  refusal gives no detail, and each key that does not begin with the tenant is listed in `REVEALED` below,
  with the reason why guessing it teaches nothing.
- **How many rows a plan would read**: EXPLAIN shows estimates made on all rows. No page shows a plan.
- **Anything, to whoever may write SQL of his own**: the web role chooses its scope by itself. Row security
  catches a forgotten filter, not an injection.

What a session may carry over or change is in test_sessions.py.
"""

import csv
import io

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, OuterRef
from django.test import Client
from django.urls import reverse
from psycopg.errors import FeatureNotSupported

from subscriptions.models import PayerShare, Subscription
from tenants.models import Organisation, Role
from tenants.tenancy import TenantOwned, tenant_scope
from tests.consistency.test_tenant_owned import FACTORIES, MODELS, each_model
from tests.factories import (
    AdhesionFactory,
    BillingRunFactory,
    InvoiceFactory,
    MembershipFactory,
    OrganisationFactory,
    SettlementFactory,
)
from tests.tools.database import as_worker

BUYER = {"name": "Commune", "siren": "", "siret": "", "service_code": "", "kind": "commune"}
PAYMENT = {"iban": "FR7630001007941234567890185"}
# A trigger keeps these within one tenant (see the room's own tests): they lead nowhere else.
KEPT_WITHIN = {
    "billing.LedgerEntry.corrects",
    "subscriptions.PayerShare.subscription",
    "subscriptions.PayerShare.key",
}
# Every other foreign key from one tenant-owned table to another.
LINKS = [
    pytest.param(model, field, id=f"{model._meta.label}.{field.name}")
    for model in MODELS
    for field in model._meta.concrete_fields
    if field.is_relation
    and issubclass(field.related_model, TenantOwned)
    and f"{model._meta.label}.{field.name}" not in KEPT_WITHIN
]


def fetch(statement, values=None):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def one(statement, values=None):
    [(value,)] = fetch(statement, values)
    return value


# Each is asked of `{rows}`: the table itself as the web role, or what it should have seen, as the worker.
QUESTIONS = {
    "count": "SELECT count(*) FROM {rows} t",
    "sum": "SELECT sum(tenant_id) FROM {rows} t",
    "extremes": "SELECT json_build_array(min(id), max(id), max(tenant_id)) FROM {rows} t",
    "array": "SELECT array_agg(id ORDER BY id) FROM {rows} t",
    "json": "SELECT json_agg(to_jsonb(t) ORDER BY id)::text FROM {rows} t",
    "text": "SELECT string_agg(t::text, '|' ORDER BY id) FROM {rows} t",
    "filtered count": "SELECT count(*) FILTER (WHERE tenant_id = %(foreign)s) FROM {rows} t",
    "groups": "SELECT json_agg(g) FROM"
    " (SELECT tenant_id, count(*) FROM {rows} t GROUP BY ROLLUP (1) ORDER BY 1) g",
    "exists": "SELECT EXISTS (SELECT FROM {rows} t WHERE id = %(row)s)",
    "any": "SELECT %(row)s = ANY (SELECT id FROM {rows} t)",
    "not in": "SELECT array(SELECT unnest(%(rows)s) EXCEPT SELECT id FROM {rows} t ORDER BY 1)",
    "window": "SELECT json_agg(w) FROM (SELECT id, count(*) OVER (), rank() OVER (ORDER BY tenant_id),"
    " lag(id) OVER (ORDER BY id), last_value(id) OVER () FROM {rows} t ORDER BY id) w",
    "organisations": "SELECT json_agg(w) FROM (SELECT o.id, count(t.id) FROM tenants_organisation o"
    " LEFT JOIN {rows} t ON t.tenant_id = o.id GROUP BY o.id ORDER BY o.id) w",
    "operators": "SELECT json_agg(w) FROM (SELECT o.id, count(t.id) FROM tenants_operator o"
    " LEFT JOIN tenants_adhesion a ON a.operator_id = o.id"
    " LEFT JOIN {rows} t ON t.tenant_id = a.organisation_id GROUP BY o.id ORDER BY o.id) w",
    "lateral": "SELECT json_agg(w) FROM (SELECT o.id, l.id AS row FROM tenants_organisation o,"
    " LATERAL (SELECT id FROM {rows} t WHERE t.tenant_id = o.id ORDER BY id LIMIT 1) l ORDER BY 1) w",
    "recursion": "WITH RECURSIVE r AS (SELECT min(id) AS id FROM {rows} t UNION ALL"
    " SELECT (SELECT min(t.id) FROM {rows} t WHERE t.id > r.id) FROM r WHERE r.id IS NOT NULL)"
    " SELECT array_agg(id ORDER BY id) FROM r",
    "self join": "SELECT json_build_array(count(t.id), count(u.id))"
    " FROM {rows} t FULL JOIN {rows} u ON t.id = -u.id",
    "union": "SELECT array_agg(id ORDER BY id) FROM"
    " (SELECT id FROM {rows} t UNION SELECT -id FROM {rows} u) w",
}


@each_model
def test_no_question_is_answered_with_foreign_rows(model, pair):
    """Joins from public tables, aggregates, EXISTS, windows: as if the foreign rows were not there."""
    mine, foreign = pair
    table = f'"{model._meta.db_table}"'
    own = f"(SELECT * FROM {table} WHERE tenant_id = {mine.tenant_id})"
    values = {"row": foreign.pk, "foreign": foreign.tenant_id, "rows": [mine.pk, foreign.pk]}
    with tenant_scope([mine.tenant_id]):
        seen = {name: one(sql.format(rows=table), values) for name, sql in QUESTIONS.items()}
    with as_worker():
        right = {name: one(sql.format(rows=own), values) for name, sql in QUESTIONS.items()}
        all_of_it = {name: one(sql.format(rows=table), values) for name, sql in QUESTIONS.items()}
    assert seen == right
    # Each question would have told, had the foreign rows been there.
    assert [name for name in QUESTIONS if all_of_it[name] == right[name]] == []


@each_model
def test_no_scan_finds_a_foreign_row(model, pair):
    """By its place on disk, by sample, locked, written with RETURNING, or copied."""
    mine, foreign = pair
    table = f'"{model._meta.db_table}"'
    with as_worker():
        place = one(f"SELECT ctid::text FROM {table} WHERE id = %s", [foreign.pk])
    with tenant_scope([mine.tenant_id]):
        assert fetch(f"SELECT id FROM {table} WHERE ctid = %s::tid", [place]) == []
        assert fetch(f"SELECT id FROM {table} WHERE id = %s FOR UPDATE", [foreign.pk]) == []
        assert fetch(f"UPDATE {table} SET id = id WHERE id = %s RETURNING *", [foreign.pk]) == []
        assert fetch(f"DELETE FROM {table} WHERE id = %s RETURNING *", [foreign.pk]) == []
        assert {t for (t,) in fetch(f"SELECT tenant_id FROM {table} TABLESAMPLE BERNOULLI (100)")} == {
            mine.tenant_id
        }
        for source in (table, f"(SELECT * FROM {table})"):
            with connection.cursor() as cursor, cursor.copy(f"COPY {source} TO STDOUT") as copy:
                copied = [row[0] for row in copy.rows()]
            assert str(mine.pk) in copied
            assert str(foreign.pk) not in copied
        raw = connection.connection
        with pytest.raises(FeatureNotSupported), raw.transaction(), raw.cursor() as cursor:
            cursor.execute(f"COPY {table} FROM STDIN")


@each_model
def test_the_orm_finds_no_foreign_row(model, pair):
    mine, foreign = pair
    with tenant_scope([mine.tenant_id]):
        assert set(model.objects.values_list("tenant", flat=True)) == {mine.tenant_id}
        assert model.objects.in_bulk([foreign.pk]) == {}
        raw = model.objects.raw(f'SELECT * FROM "{model._meta.db_table}"')
        assert {row.tenant_id for row in raw} == {mine.tenant_id}
        with pytest.raises(model.DoesNotExist):
            model.objects.get(pk=foreign.pk)
        with pytest.raises(model.DoesNotExist):
            foreign.refresh_from_db()
        owners = Organisation.objects.filter(Exists(model.objects.filter(tenant=OuterRef("pk"))))
        assert {owner.pk for owner in owners} == {mine.tenant_id}


# Made without what would take the place of my row.
BARE = {Subscription: {"approvals": False, "decision": False}, PayerShare: {"known": False}}


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "field"), LINKS)
def test_a_foreign_key_of_my_row_does_not_lead_to_a_foreign_row(model, field):
    """From a row that is mine, but points to one that is not (a bug, or an attack, has written it)."""
    theirs = FACTORIES[field.related_model](**BARE.get(field.related_model, {}))
    owner = OrganisationFactory()
    mine = FACTORIES[model](tenant=owner, **{field.name: theirs})
    table, far = model._meta.db_table, field.related_model._meta.db_table
    joined = (
        f'SELECT far.id FROM "{table}" t {{}} JOIN "{far}" far ON far.id = t.{field.column} WHERE t.id = %s'
    )
    with as_worker():
        assert fetch(joined.format("INNER"), [mine.pk]) == [(theirs.pk,)]
    with tenant_scope([owner.pk]):
        found = model.objects.get(pk=mine.pk)
        with pytest.raises(field.related_model.DoesNotExist):
            getattr(found, field.name)
        assert fetch(joined.format("INNER"), [mine.pk]) == []
        assert fetch(joined.format("LEFT"), [mine.pk]) == [(None,)]
        assert not model.objects.filter(**{f"{field.name}__tenant": theirs.tenant_id}).exists()
        assert set(model.objects.filter(pk=mine.pk).values_list(f"{field.name}__tenant", flat=True)) <= {None}


@each_model
def test_no_error_message_tells_a_foreign_value(model, pair):
    """A condition that fails on a value would tell it; row security is checked before any such condition."""
    mine, foreign = pair
    table = f'"{model._meta.db_table}"'
    traps = [
        f"SELECT 1 FROM {table} t WHERE id = %(row)s AND (t::text)::int = 1",
        f"SELECT (t::text)::int FROM {table} t WHERE tenant_id = %(foreign)s",
        f"SELECT 1 / (tenant_id - %(foreign)s) FROM {table} t",
        f"SELECT 1 FROM {table} t WHERE 1 / (tenant_id - %(foreign)s) = 1",
        f"SELECT 1 FROM tenants_organisation o JOIN {table} t ON (t::text)::int = o.id AND t.id = %(row)s",
        f"SELECT 1 FROM {table} t WHERE id = %(row)s ORDER BY (t::text)::int",
    ]
    values = {"row": foreign.pk, "foreign": foreign.tenant_id}
    for trap in traps:
        with as_worker(), pytest.raises(DatabaseError), transaction.atomic():
            fetch(trap, values)
        with tenant_scope([mine.tenant_id]):
            fetch(trap, values)  # no error: the trap met no foreign row
    with tenant_scope([mine.tenant_id]), pytest.raises(DatabaseError) as told, transaction.atomic():
        fetch(f"SELECT 1 FROM {table} t WHERE (t::text)::int = 1")
    assert f"({mine.pk}," in str(told.value)  # of one's own rows, it does tell


@each_model
def test_a_key_already_taken_is_refused_without_a_detail(model, pair):
    mine, foreign = pair
    table = f'"{model._meta.db_table}"'
    insert = (
        f"INSERT INTO {table} SELECT (jsonb_populate_record(t, jsonb_build_object('id', %s::bigint))).*"
        f" FROM {table} t WHERE id = %s"
    )
    with tenant_scope([mine.tenant_id]):
        with pytest.raises(DatabaseError) as refusal, transaction.atomic():
            fetch(insert + " RETURNING id", [foreign.pk, mine.pk])
        diagnosis = refusal.value.__cause__.diag
        # An exclusion constraint has words of its own for it, which name no value.
        assert diagnosis.message_detail in (None, "Key conflicts with existing key.")
        assert str(foreign.tenant_id) not in diagnosis.message_primary
        assert fetch(f"SELECT id FROM {table} WHERE id = %s", [foreign.pk]) == []


# First columns of the unique keys that do not begin with the tenant: what a refusal may teach, and to whom.
DRAWN = "drawn at random by us: nobody guesses it"
OF_PARENT = "the number of a parent row: who may not read the parent learns that it has such a child"
REVEALED = {
    "public_id": DRAWN,
    "request_key": DRAWN,
    "invoice_id": OF_PARENT,
    "line_id": OF_PARENT,
    "entry_id": OF_PARENT,
    "corrects_id": OF_PARENT,
    "subscription_id": OF_PARENT,
    "term_id": OF_PARENT,
    "approval_id": OF_PARENT,
    "amendment_id": OF_PARENT,
    "follows_id": OF_PARENT,
    "share_id": OF_PARENT,
    "adjustment_id": OF_PARENT,
    "run_id": OF_PARENT,
    "bulk_id": OF_PARENT,
    "file_id": OF_PARENT,
    "member_import_id": OF_PARENT,
    "shortlist_id": OF_PARENT,
    "simulation_id": OF_PARENT,
    "key_id": OF_PARENT,
    "after_trial_id": OF_PARENT,
    "transfer_id": OF_PARENT,
    "call_id": OF_PARENT,
    "step_id": OF_PARENT,
    "made_by_id": OF_PARENT,
    "invitation_id": OF_PARENT,
    "review_id": OF_PARENT,
    "group_id": OF_PARENT,
    "agent_import_id": OF_PARENT,
    "titre_import_id": OF_PARENT,
    "settlement_id": OF_PARENT,
    "deposit_id": OF_PARENT,
    "sending_id": OF_PARENT,
    "row_id": OF_PARENT,
    "provider_id": OF_PARENT,
    "domain": "that somebody else has proven a domain: asked by whoever has put a record of Halle's there",
    "departure_id": OF_PARENT,
    "listing_id": "a service on a shelf: that it passes to another vendor, asked by its operator only",
    "operator_id": "an operator's numbers and open imports: written by its staff and the worker only",
    "key": "what a letter tells, by number: written by the operations, never typed",
    "source": "that a service told an event under this name: asked by that service alone, which has its key",
    "external_id": "the payment provider's number: it draws it at random",
}


@pytest.mark.django_db
def test_what_unique_keys_reveal_is_known():
    rows = fetch(
        "SELECT DISTINCT first.attname FROM pg_index i"
        " JOIN pg_class t ON t.oid = i.indrelid"
        " JOIN pg_attribute first ON first.attrelid = t.oid AND first.attnum = i.indkey[0]"
        " WHERE i.indisunique AND NOT i.indisprimary AND t.relname = ANY(%s)",
        [[model._meta.db_table for model in MODELS]],
    )
    assert {name for (name,) in rows} - {"tenant_id"} == REVEALED.keys()


@pytest.mark.django_db
def test_a_csv_export_holds_the_operators_own_invoices_only():
    """Even of a member of both, whose rows the scope lets through: the export filters by operator as well."""
    shared = OrganisationFactory()
    runs = [BillingRunFactory(), BillingRunFactory()]
    numbers = []
    for run in runs:
        AdhesionFactory(operator=run.operator, organisation=shared)
        members = [shared, AdhesionFactory(operator=run.operator).organisation]
        invoices = [
            InvoiceFactory(run=run, tenant=member, issued=True, buyer=BUYER, payment=PAYMENT)
            for member in members
        ]
        for invoice in invoices:
            SettlementFactory(invoice=invoice)
        numbers.append({invoice.number for invoice in invoices})
    assert not set.intersection(*numbers)
    for run, own, other in zip(runs, numbers, reversed(runs), strict=True):
        client = Client()
        role = {"organisation": run.operator.organisation, "role": Role.OPERATOR_FINANCE}
        client.force_login(MembershipFactory(**role).user)
        page = client.get(reverse("operator_titres_csv", args=[run.operator.slug]))
        _, *rows = csv.reader(io.StringIO(page.content.decode("utf-8-sig")), delimiter=";")
        assert {row[4] for row in rows} == own
        assert client.get(reverse("operator_titres_csv", args=[other.operator.slug])).status_code == 404
