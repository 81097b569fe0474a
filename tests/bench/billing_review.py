"""The page of a run of all France, while its drafts are reviewed."""

import statistics
from collections.abc import Iterator
from functools import partial

import psycopg

from devstack import database
from tests.bench import Figure
from tests.bench.site import site
from tests.bench.spine import detail
from tests.bench.tenants import milliseconds, p95, statements_of
from tests.bench.tenants_world import adhere, load_whole_register, make_member_organisations

ROUNDS = 20
TABS = ("", "?etat=regarder&remarque=changed&page=3", "?etat=projets", "?etat=projets&page=700", "?etat=vues")
# A draft each; all are first invoices, one in ten is seen, one in twelve changed much, one in seven hundred
# is blocked.
_DRAFTS = """
    INSERT INTO billing_invoice (public_id, tenant_id, operator_id, run_id, state, type_code, out_of_scope,
        series, number, period_start, period_end, seller, buyer, payment, notes, vat, net_cents, vat_cents,
        gross_cents, currency)
    SELECT gen_random_uuid(), tenant, %(operator)s, %(run)s, 'draft', '380', false, 'F', '', '2026-01-01',
        '2027-01-01', '{}', '{}', '{}', '{}', '[]', tenant %% 90000, 0, tenant %% 90000, 'EUR'
    FROM unnest(%(tenants)s::bigint[]) AS tenant
"""
_REMARKS = """
    INSERT INTO billing_anomaly (tenant_id, run_id, invoice_id, kind, blocking, before_cents, after_cents,
        weight, facts, found_at, note, seen_by_id, seen_at)
    SELECT tenant_id, run_id, id, kind, kind = 'commitment', net_cents / 2, net_cents, gross_cents,
        '{"several": false}', now(), '', CASE WHEN seen THEN %(person)s::bigint END,
        CASE WHEN seen THEN now() END
    FROM billing_invoice
    CROSS JOIN (VALUES ('first', 1), ('changed', 12), ('commitment', 700)) AS each (kind, one_in)
    CROSS JOIN LATERAL (SELECT kind = 'first' AND id %% 10 = 0 AS seen) AS looked_at
    WHERE id %% one_in = 0
"""


def review_page() -> Iterator[Figure]:
    """The slowest of its tabs, each page counted and drawn whole."""
    with site():
        from django.db import connection
        from django.test import Client
        from django.urls import reverse

        from billing.models import RunState
        from tenants.models import Role
        from tests.factories import BillingRunFactory, MembershipFactory, OperatorFactory

        operator = OperatorFactory()
        load_whole_register()
        members = make_member_organisations()
        adhere(operator, members)
        person = MembershipFactory(organisation=operator.organisation, role=Role.OPERATOR_FINANCE).user
        run = BillingRunFactory(operator=operator, state=RunState.REVIEW)
        values = {"operator": operator.pk, "run": run.pk, "tenants": members, "person": person.pk}
        with psycopg.connect(
            database.urls(connection.settings_dict["NAME"])["admin"], autocommit=True
        ) as admin:
            admin.execute("SET session_replication_role = replica")
            drafts = admin.execute(_DRAFTS, values).rowcount
            remarks = admin.execute(_REMARKS, values).rowcount
            admin.execute("VACUUM ANALYZE billing_invoice, billing_anomaly")
        client = Client()
        client.force_login(person)
        address = reverse("operator_run", args=[operator.slug, run.public_id])
        taken = {}
        for tab in TABS:
            page = client.get(address + tab).content.decode()
            if "Projets de factures" not in page:
                raise RuntimeError(f"{address}{tab} is not the review")
            taken[tab] = [milliseconds(partial(client.get, address + tab)) for _ in range(ROUNDS)]
        worst = max(taken, key=lambda tab: p95(taken[tab]))
        queries = max(statements_of(client, address + tab) for tab in TABS)
    what = f"{drafts:,} drafts, {remarks:,} remarks"
    each = ", ".join(f"{tab or 'first'} {statistics.median(all_of):.0f}" for tab, all_of in taken.items())
    yield Figure(
        "billing.review_page_ms", round(p95(taken[worst]), 1), "ms",
        detail(f"{what}; 95th percentile of the slowest tab; medians: {each}; limit 200 ms"),
    )  # fmt: skip
    yield Figure("billing.review_page_queries", queries, "queries", detail(f"{what}; most of any tab"))
