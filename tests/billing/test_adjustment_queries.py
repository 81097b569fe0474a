"""What waits is read by whoever will be billed and by whoever bills, until it is issued."""

from datetime import date

import pytest
from django.urls import reverse

from billing import approving, credits, operations
from billing.adjustment_queries import CREDIT_NOTE, DRAFT_INVOICE, NEXT_INVOICE, to_come
from billing.models import BillingRun, Invoice
from tenants.models import Role
from tenants.tenancy import tenant_scope
from tests.billing.test_repricing import DECEMBER, Y2027, amend, bill, make, settle
from tests.factories import (
    AdjustmentFactory,
    BillingRunFactory,
    OperatorFactory,
    OrganisationFactory,
    PayerShareFactory,
)
from tests.factories.base import NOW
from tests.factories.billing import read
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries
from tests.tools.signing_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def subscription():
    """10 agents at 12 € since 1 January 2026, invoiced for 2026."""
    found = make()
    bill(found)
    return found


def waiting(organisation) -> list[tuple[int, str]]:
    with tenant_scope([organisation.pk]):
        return [(one.cents, one.waits) for one in to_come(organisation=organisation)]


def amended(subscription, agents: int, **how) -> None:
    amend(subscription, agents, **how)
    settle(subscription)


def test_more_waits_for_the_next_invoice_then_on_its_draft_then_no_more(subscription):
    amended(subscription, 20)
    assert waiting(subscription.tenant) == [(2_000, NEXT_INVOICE)]
    run = bill(subscription, Y2027, issue=False)
    assert waiting(subscription.tenant) == [(2_000, DRAFT_INVOICE)]
    with as_worker():
        read(run)
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
    assert waiting(subscription.tenant) == []


def test_less_waits_on_a_credit_note_until_it_is_issued(subscription):
    amended(subscription, 4)
    assert waiting(subscription.tenant) == [(-1_200, CREDIT_NOTE)]
    with as_worker():
        note = Invoice.objects.credit_notes().get()
        by = BillingRun.objects.get().started_by
        credits.issue_credit_note(credit_note=note, shown_cents=note.gross_cents, by=by, now=NOW)
    assert waiting(subscription.tenant) == []


def test_what_is_found_again_is_told_as_it_now_is(subscription):
    amended(subscription, 20)
    amended(subscription, 15, on=DECEMBER)
    [(cents, waits)] = waiting(subscription.tenant)
    assert (cents, waits) == (1_500, NEXT_INVOICE)
    run = bill(subscription, Y2027, issue=False)
    amended(subscription, 10, on=DECEMBER)
    assert waiting(subscription.tenant) == [(1_000, DRAFT_INVOICE)]
    assert run.pk


def test_each_payer_reads_its_own(subscription):
    region = PayerShareFactory(subscription=subscription, starts=date(2027, 1, 1)).payer
    with as_worker():
        run = BillingRun.objects.get()
    AdjustmentFactory(run=run, subscription=subscription, tenant=region, amount_cents=800)
    page = signed_in(region, Role.FINANCE).get(reverse("member_invoices", args=[region.siren]))
    text = page.content.decode()
    assert "8,00\xa0€ HT seront ajoutés à votre prochaine facture, parce que le prix de" in text
    assert subscription.service_name in text
    assert waiting(subscription.tenant) == []


def test_the_subscriber_reads_it_on_both_pages_with_its_calculation(subscription):
    amended(subscription, 20)
    member = subscription.tenant
    client = signed_in(member, Role.SECRETARY)
    for address in (
        reverse("member_invoices", args=[member.siren]),
        reverse("member_subscription", args=[member.siren, subscription.public_id]),
    ):
        text = client.get(address).content.decode()
        assert "20,00\xa0€ HT seront ajoutés à votre prochaine facture" in text
        assert "a changé pour une période déjà facturée (année 2026)" in text
        assert "140,00\xa0€ dus − 120,00\xa0€ facturés = 20,00\xa0€" in text
    amended(subscription, 4, on=DECEMBER)
    other = make(tenant=member, listing__operator=subscription.operator)
    elsewhere = client.get(reverse("member_subscription", args=[member.siren, other.public_id]))
    assert "À venir sur vos factures" not in elsewhere.content.decode()


def finance_of(operator):
    return signed_in(operator.organisation, Role.OPERATOR_FINANCE)


def listed(client, operator, query="") -> list[dict]:
    page = client.get(reverse("operator_adjustments", args=[operator.slug]) + query)
    assert page.status_code == 200
    return page.context["rows"]


def test_the_finance_team_reads_all_before_the_issue():
    more = make()
    operator = more.operator
    less = make(listing__operator=operator)
    bill(more)
    client = finance_of(operator)
    assert listed(client, operator) == []
    amended(more, 20)
    amended(less, 4)
    rows = {row["member"]: row for row in listed(client, operator)}
    assert rows[more.tenant.name]["amount"] == "+ 20,00\xa0€ HT"
    assert rows[more.tenant.name]["drafts"] == []
    assert rows[less.tenant.name]["amount"] == "− 12,00\xa0€ HT"
    [draft] = rows[less.tenant.name]["drafts"]
    assert draft["label"] == "Avoir à émettre"
    assert client.get(draft["url"]).status_code == 200
    bill(more, Y2027, issue=False)
    [draft] = listed(client, operator, "?etat=projet")[0]["drafts"]
    assert draft["label"] == "Projet de facture à relire"
    assert client.get(draft["url"]).status_code == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=evran", 1),
        ("?q=nulle-part", 0),
        ("?etat=prochaine", 2),
        ("?etat=avoir", 0),
        ("?q=%00&etat=nimporte&page=99999999999", 2),
    ],
)
def test_the_list_is_narrowed(query, found):
    operator = OperatorFactory()
    run = BillingRunFactory(operator=operator)
    for name in ("Évran", "Plouër"):
        AdjustmentFactory(run=run, subscription__tenant=OrganisationFactory(name=name))
    assert len(listed(finance_of(operator), operator, query)) == found


@pytest.mark.parametrize("count", [1, 3])
def test_the_queries_do_not_grow(subscription, snapshot, count):
    operator, client = subscription.operator, finance_of(subscription.operator)
    amended(subscription, 4)
    with as_worker():
        run = BillingRun.objects.get()
    for _ in range(count):
        AdjustmentFactory(run=run)
    address = reverse("operator_adjustments", args=[operator.slug])
    client.get(address)
    with snapshot_queries(snapshot(name="operator")):
        client.get(address)
    reader = signed_in(subscription.tenant, Role.FINANCE)
    with snapshot_queries(snapshot(name="member")):
        reader.get(reverse("member_invoices", args=[subscription.tenant.siren]))


def test_an_auditor_reads_and_another_operator_finds_nothing(subscription):
    amended(subscription, 20)
    operator = subscription.operator
    assert len(listed(signed_in(operator.organisation, Role.AUDITOR), operator)) == 1
    elsewhere = OperatorFactory()
    assert listed(finance_of(elsewhere), elsewhere) == []
