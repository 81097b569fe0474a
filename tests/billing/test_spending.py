"""What an organisation was invoiced, and what communes of its size are."""

from datetime import date
from decimal import Decimal

import pytest

from billing.models import SpendingNorm
from billing.spending import ENOUGH, count_norms, spent_by
from tenants.tenancy import tenant_scope
from tests.factories import OrganisationFactory, issued_invoice
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
YEAR = NOW.year


def spent(organisation):
    with tenant_scope([organisation.pk]):
        return spent_by(organisation=organisation)


def counted() -> list[SpendingNorm]:
    with as_worker():
        count_norms(on=date(YEAR, 12, 1))
    return list(SpendingNorm.objects.order_by("stratum"))


def invoiced(population: int):
    return issued_invoice(tenant__territory__population=population).tenant


def test_a_year_is_what_its_invoices_say_service_by_service():
    invoice = issued_invoice(tenant__territory__population=860)
    (year,) = spent(invoice.tenant)
    with as_worker():
        (line,) = invoice.lines.select_related("entry__subscription")
    assert (year.year, year.gross_cents) == (invoice.issue_date.year, invoice.gross_cents)
    assert year.services == ((line.entry.subscription.service_name, invoice.net_cents),)
    assert year.vat_cents == invoice.vat_cents
    assert (year.inhabitants, year.per_inhabitant) == (860, 36)


def test_nothing_of_another_is_counted():
    issued_invoice()
    assert spent(OrganisationFactory()) == []


def test_communes_of_one_size_are_counted_together_when_they_are_enough():
    for population in (500, 600, 700, 800):
        invoiced(population)
    assert counted() == []
    last = invoiced(999)
    invoiced(1_000)  # of another size, alone
    (norm,) = counted()
    assert (norm.year, norm.stratum, norm.communes) == (YEAR, "500-999", ENOUGH)
    assert (norm.median_cents, norm.median_services) == (Decimal("36.00"), 1)
    (year,) = spent(last)
    assert year.alike == norm
    assert [one.pk for one in counted()] != [norm.pk]  # written again, once
