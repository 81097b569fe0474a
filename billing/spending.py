"""What an organisation was invoiced year by year, service by service, and what communes of its size are.

The year is that of the invoice's date: the one whose budget pays it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from statistics import median, median_high

from django.db import transaction
from django.db.models import Count, Min, Sum

from billing.models import Invoice, InvoiceLine, InvoiceState, SpendingNorm
from billing.models.invoice import signed
from catalog.finding.strata import stratum_of
from catalog.pricing.money import round_ratio
from subscriptions.models import Subscription
from tenants.models import Organisation, Population
from tenants.models.organisation import OrganisationKind
from tenants.models.territory import PopulationKind

ENOUGH = 5  # of fewer communes, one could be guessed
HUNDREDTH = Decimal("0.01")
BETWEEN = " – "  # the service and the line, in the name of a line


@dataclass(frozen=True)
class YearSpent:
    """What was invoiced in a year, credit notes taken away, in cents. `services`: net of tax, dearest first.
    `inhabitants`: municipal population on 1 January, None when it is unknown. `alike`: of communes of the
    same size, None when too few were invoiced, or for anybody else than a commune."""

    year: int
    services: tuple[tuple[str, int], ...]
    net_cents: int
    vat_cents: int
    inhabitants: int | None
    alike: SpendingNorm | None

    @property
    def gross_cents(self) -> int:
        return self.net_cents + self.vat_cents

    @property
    def per_inhabitant(self) -> int | None:
        """Cents, tax included."""
        return round_ratio(self.gross_cents, self.inhabitants) if self.inhabitants else None


def spent_by(*, organisation: Organisation) -> list[YearSpent]:
    """Each year in which it was invoiced, the latest first. Five queries at most, in its scope."""
    issued = Invoice.objects.issued().filter(tenant=organisation).order_by()
    totals = {
        year: (int(net), int(vat))
        for year, net, vat in issued.values("issue_date__year")
        .annotate(net=Sum(signed("net_cents")), vat=Sum(signed("vat_cents")))
        .values_list("issue_date__year", "net", "vat")
    }
    services = _services(organisation)
    inhabitants = _inhabitants(organisation, totals)
    norms = _norms(organisation, inhabitants)
    return [
        YearSpent(
            year=year,
            services=tuple(sorted(services[year], key=lambda one: (-one[1], one[0]))),
            net_cents=net,
            vat_cents=vat,
            inhabitants=inhabitants.get(year),
            alike=norms.get((year, stratum_of(inhabitants.get(year)))),
        )
        for year, (net, vat) in sorted(totals.items(), reverse=True)
    ]


def _services(organisation: Organisation) -> dict[int, list[tuple[str, int]]]:
    """(name, cents net of tax) by year. Whoever pays for another does not see the other's subscription: the
    line of her invoice begins with the name of the service."""
    year, subscription = "invoice__issue_date__year", "entry__subscription_id"
    lines = (
        InvoiceLine.objects.filter(tenant=organisation, invoice__state=InvoiceState.ISSUED)
        .order_by()
        .values(year, subscription)
        .annotate(named=Min("name"), net=Sum(signed("net_cents", through="invoice__")))
        .values_list(year, subscription, "named", "net")
    )
    rows = list(lines)
    own = Subscription.objects.filter(tenant=organisation, pk__in={row[1] for row in rows})
    names = dict(own.values_list("pk", "service_name"))
    found: dict[int, Counter] = defaultdict(Counter)
    for issued, pk, line, net in rows:
        found[issued][names.get(pk) or line.partition(BETWEEN)[0]] += int(net)
    return {issued: list(services.items()) for issued, services in found.items()}


def _inhabitants(organisation: Organisation, years: Iterable[int]) -> dict[int, int]:
    """Its municipal population on 1 January of each year, where it is known. One query."""
    counts = Population.objects.filter(
        territory=organisation.territory_id, kind=PopulationKind.MUNICIPALE, value__isnull=False
    )
    by_day = sorted(counts.values_list("in_force_from", "value"))
    return {
        year: known[-1]
        for year in years
        if (known := [value for since, value in by_day if since <= date(year, 1, 1)])
    }


def _norms(organisation: Organisation, inhabitants: dict[int, int]) -> dict[tuple[int, str], SpendingNorm]:
    """By year and size, those a commune is compared with. One query."""
    if organisation.kind != OrganisationKind.COMMUNE:
        return {}
    sizes = {stratum_of(count) for count in inhabitants.values()}
    rows = SpendingNorm.objects.filter(year__in=inhabitants, stratum__in=sizes)
    return {(row.year, row.stratum): row for row in rows}


def count_norms(*, on: date) -> None:
    """Counts again what communes of each size spent in the year of that day and in the one before. Runs for
    every tenant: two queries a year and the writes. Of fewer than ENOUGH communes nothing is kept."""
    years = (on.year - 1, on.year)
    norms = [norm for year in years for norm in _counted(year, on)]
    with transaction.atomic():
        SpendingNorm.objects.filter(year__in=years).delete()
        SpendingNorm.objects.bulk_create(norms)


def _counted(year: int, on: date) -> Iterable[SpendingNorm]:
    spent = (
        Invoice.objects.issued()
        .filter(issue_date__year=year, tenant__kind=OrganisationKind.COMMUNE)
        .order_by()
        .values("tenant__territory", "tenant")
        .annotate(gross=Sum(signed("gross_cents")))
        .values_list("tenant__territory", "tenant", "gross")
    )
    services = dict(
        InvoiceLine.objects.filter(invoice__state=InvoiceState.ISSUED, invoice__issue_date__year=year)
        .order_by()
        .values("tenant")
        .annotate(count=Count("entry__subscription", distinct=True))
        .values_list("tenant", "count")
    )
    known = Population.objects.filter(kind=PopulationKind.MUNICIPALE).in_force(on=date(year, 1, 1))
    inhabitants = dict(known.values_list("territory", "value"))
    alike: dict[str, list[tuple[Decimal, int]]] = defaultdict(list)
    for territory, tenant, gross in spent:
        if count := inhabitants.get(territory):
            alike[stratum_of(count)].append((Decimal(int(gross)) / count, services[tenant]))
    for stratum, communes in sorted(alike.items()):
        if len(communes) >= ENOUGH:
            yield SpendingNorm(
                year=year,
                stratum=stratum,
                communes=len(communes),
                median_cents=median(cents for cents, _ in communes).quantize(HUNDREDTH, ROUND_HALF_UP),
                median_services=median_high(count for _, count in communes),
                counted_on=on,
            )
