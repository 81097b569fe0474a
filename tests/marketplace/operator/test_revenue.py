"""An operator's revenue: by month and by service, credit notes deducted, with what is left to collect."""

from datetime import date

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from billing.accounting.revenue import revenue_by_month, revenue_by_service
from billing.models import Invoice, InvoiceState, SettlementState
from tenants.models import Role
from tests.factories import (
    BillingRunFactory,
    InvoiceFactory,
    InvoiceLineFactory,
    SettlementFactory,
)
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(operator):
    return reverse("operator_revenue", args=[operator.slug])


@pytest.fixture
def finance(operator, sign_in):
    return sign_in(Role.OPERATOR_FINANCE, operator)


def invoiced(run, *, on: date, state=SettlementState.PROPOSED, **fields):
    """One of 258,00 € and VAT; when it is paid, with its day."""
    invoice = InvoiceFactory(run=run, issued=True, issue_date=on, due_date=on, **fields)
    paid = {"paid_at": run.started_at} if state == SettlementState.PAID else {}
    return SettlementFactory(invoice=invoice, state=state, **paid).invoice


def test_months_say_what_was_invoiced_credited_and_is_left(operator):
    run = BillingRunFactory(operator=operator)
    invoiced(run, on=date(2026, 9, 30), state=SettlementState.PAID)
    october = invoiced(run, on=date(2026, 10, 1))
    invoiced(run, on=date(2027, 1, 1))
    invoiced(BillingRunFactory(), on=date(2026, 10, 2))  # another operator's
    InvoiceFactory(run=run)  # a draft
    invoiced(
        run, on=date(2026, 11, 5), corrects=october, tenant=october.tenant, net_cents=10000, vat_cents=2000
    )
    with as_worker():
        found = revenue_by_month(operator=operator, year=2026)
    assert [(one.first.month, one.net_cents, one.vat_cents, one.left_cents) for one in found] == [
        (9, 25800, 5160, 0),
        (10, 25800, 5160, 30960 - 12000),
        (11, -10000, -2000, 0),
    ]


def test_services_come_the_most_first_with_how_many_pay(operator):
    run = BillingRunFactory(operator=operator)
    with as_worker():
        for sequence, name in enumerate(("Archivage", "État civil", "État civil"), start=1):
            draft = InvoiceFactory(run=run)
            InvoiceLineFactory(
                invoice=draft, entry__run=run, entry__tenant=draft.tenant,
                entry__subscription__service_name=name, net_cents=25800,
            )  # fmt: skip
            Invoice.objects.filter(pk=draft.pk).update(
                state=InvoiceState.ISSUED, number=f"F{sequence}", sequence=sequence, year=2026,
                issue_date=date(2026, 10, 1), due_date=date(2026, 10, 31),
            )  # fmt: skip
    with as_worker():
        found = revenue_by_service(operator=operator, year=2026)
    assert [(one.service, one.net_cents, one.members) for one in found] == [
        ("État civil", 51600, 2),
        ("Archivage", 25800, 1),
    ]


def test_the_page_has_pictures_their_tables_and_a_file(operator, finance, here):
    assert "Rien n’est facturé" in finance.get(here).content.decode()
    run = BillingRunFactory(operator=operator)
    first = invoiced(run, on=date(2026, 10, 1), tenant=operator.organisation)
    invoiced(run, on=date(2026, 11, 5), corrects=first, tenant=operator.organisation)
    page = BeautifulSoup(finance.get(here).content, "html.parser")
    assert [row.th.text for row in page.select("tbody")[0].select("tr")] == ["Octobre 2026", "Novembre 2026"]
    assert [cell.text for cell in page.select_one("tfoot").select("td")] == ["0,00\u00a0€"] * 4
    assert [bar["width"] for bar in page.select("svg rect.fall")] == ["560.0", "0.0"]
    answer = finance.get(f"{here}?annee=2026&fichier=csv").content.decode("utf-8-sig")
    assert answer.splitlines()[:2] == [
        "Mois;Facturé HT;TVA;Facturé TTC;Reste à encaisser",
        "Octobre 2026;258,00;51,60;309,60;0,00",
    ]
    for wrong in ("2025", "x", ""):
        assert finance.get(f"{here}?annee={wrong}").status_code == 404


@pytest.mark.parametrize("count", [1, 4])
def test_queries_of_the_revenue(count, operator, finance, here, snapshot):
    run = BillingRunFactory(operator=operator)
    for month in range(1, 1 + count):
        invoiced(run, on=date(2026, month, 1), tenant=operator.organisation, out_of_scope=month % 2)
    with snapshot_queries(snapshot(name="revenue")):
        finance.get(here)
