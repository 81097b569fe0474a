"""What holds of every run: nothing is lost between entries, drafts and payers; order and repetition change
nothing. Published grids and the rules of domain §3 and §4, from the facts to the invoice, to the cent."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import operations, redrawing
from billing.drafts import drafts_of
from billing.models import BillingRun, Invoice, InvoiceLine, LedgerEntry
from subscriptions.models import State
from tests.catalog.pricing.published_grids import ATIP67, CDG38, INFOROUTES, SPL_XDEMAT
from tests.factories import (
    BillingRunFactory,
    OperatorFactory,
    OrganisationFactory,
    PayerShareFactory,
    SubscriptionFactory,
    drafted_run,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

VAT = st.sampled_from([("S", "20"), ("S", "8.5"), ("E", "0"), ("O", "0")])
ENTRIES = st.lists(st.tuples(st.integers(1, 3), st.integers(-50_000, 10**7), VAT), max_size=15)
FLAT_33 = {"pattern": "flat_by_stratum", "strata": [{"amount": "0.33"}]}


@given(ENTRIES, st.randoms(use_true_random=False))
def test_drafts_hold_every_entry_once_whatever_their_order(rows, random):
    entries = [
        LedgerEntry(
            tenant_id=tenant, amount_cents=cents, vat_category=category, vat_rate=Decimal(rate), facts={}
        )
        for tenant, cents, (category, rate) in rows
    ]
    drafts = drafts_of(BillingRun(operator_id=1), entries)
    assert Counter(id(entry) for _, group in drafts for entry in group) == Counter(map(id, entries))
    for invoice, group in drafts:
        assert invoice.net_cents == sum(entry.amount_cents for entry in group)
        assert invoice.vat_cents == sum(row["vat_cents"] for row in invoice.vat)
        assert invoice.gross_cents == invoice.net_cents + invoice.vat_cents
        assert {entry.vat_category == "O" for entry in group} == {invoice.out_of_scope}
    random.shuffle(entries)
    assert totals(drafts_of(BillingRun(operator_id=1), entries)) == totals(drafts)


def totals(drafts) -> dict:
    """By member and side of the tax border, all that a draft says of money."""
    return {(one.tenant_id, one.out_of_scope): (one.net_cents, one.gross_cents, one.vat) for one, _ in drafts}


@pytest.mark.django_db
@settings(max_examples=3)
@given(
    st.lists(st.tuples(st.integers(1, 30_000), st.sampled_from([3333, 5000, 6667])), max_size=2),
    st.integers(1, 30_000),
)
def test_drafting_and_drawing_again_change_nothing_and_payers_pay_the_whole(shared, inhabitants):
    operator, payer = OperatorFactory(), OrganisationFactory()
    held = [
        SubscriptionFactory(
            state=State.ACTIVE, listing__operator=operator, tenant__territory__population=people
        )
        for people in (inhabitants, *(people for people, _ in shared))
    ]
    for subscription, (_, part) in zip(held[1:], shared, strict=True):
        PayerShareFactory(subscription=subscription, payer=payer, part=part)
    run = BillingRunFactory(operator=operator)
    with as_worker():
        operations.draft_run(run_id=run.pk, now=NOW)
        before = written(run)
        assert sum(cents for *_, cents in before[0]) == sum(
            30 * people for people in (inhabitants, *(people for people, _ in shared))
        )
        operations.draft_run(run_id=run.pk, now=NOW)
        assert written(run) == before
        run.refresh_from_db()
        for tenant in {one.tenant_id for one in held} | ({payer.pk} if shared else set()):
            redrawing.draw_again(run, tenant, without=set(), added=[], now=NOW)
        assert written(run) == before


def written(run) -> tuple[list, list, list]:
    """Every entry, draft and line of a run, without their ids."""
    entries = LedgerEntry.objects.filter(run=run).order_by("subscription", "tenant", "code")
    drafts = Invoice.objects.filter(run=run).order_by("tenant", "out_of_scope")
    lines = InvoiceLine.objects.filter(invoice__run=run).order_by("invoice__tenant", "entry")
    return (
        list(entries.values_list("subscription", "tenant", "code", "amount_cents")),
        list(drafts.values_list("tenant", "out_of_scope", "net_cents", "gross_cents", "vat")),
        list(lines.values_list("invoice__tenant", "entry", "position", "name", "steps", "net_cents")),
    )


@pytest.mark.django_db
def test_published_grids_and_rounding_reach_the_invoice_to_the_cent():
    """Net and tax included, in the first year: the border of a stratum, a cap, three times 0,33 €."""
    operator = OperatorFactory()
    expected = {}
    for name, grid, inhabitants, net, gross in (
        ("CDG38, first stratum", CDG38, 1_500, 5_200, 6_240),
        ("CDG38, second stratum", CDG38, 1_501, 22_700, 27_240),
        ("SPL-Xdemat", SPL_XDEMAT, 199, 7_500, 9_000),
        ("ATIP67, under its cap", ATIP67, 4_999, 499_900, 599_880),
        ("ATIP67, capped", ATIP67, 5_001, 500_000, 600_000),
        ("Inforoutes", INFOROUTES, 163, 17_930, 21_516),
        ("Three times 0,33 €", FLAT_33, 860, 99, 119),
    ):
        expected[name] = net, gross
        first = SubscriptionFactory(
            state=State.ACTIVE,
            listing__operator=operator,
            tenant__name=name,
            tenant__territory__population={"municipale": inhabitants, "totale": inhabitants},
            grid=grid,
        )
        if grid is FLAT_33:
            more = {"state": State.ACTIVE, "tenant": first.tenant, "listing__operator": operator}
            SubscriptionFactory.create_batch(2, grid=grid, **more)
    run = drafted_run(operator=operator, members=0)
    with as_worker():
        assert run.problems == []
        found = run.invoices.values_list("tenant__name", "net_cents", "gross_cents")
        assert {name: (net, gross) for name, net, gross in found} == expected
