"""Finds what is odd in the drafts of a run, and writes it down: one statement, whatever their number."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.timezone import localdate

from billing.anomalies.statement import FIND
from billing.issuing import problems_of_drafts
from billing.models import Anomaly, AnomalyKind, BillingRun, Invoice, InvoiceState, SetAside
from tenants.days import years_after

# So many drafts are written out while a person waits for the answer; those of a larger run by the worker.
CHECKED_AT_ONCE = 1_000
# Of what was invoiced for the same period a year before, on lines that can be compared.
CHANGE_PERCENT = 10
# Beyond the approved price: by so much a contract of services is modified without a reason (CCP R2194-8).
OVER_PERCENT = 10
# A new reference year moves every population a little each January: that alone is nothing to look at.
POPULATION_PERCENT = 5


def find(*, run: BillingRun, now: datetime, tenants: Iterable[int] | None = None) -> None:
    """Looks through all the drafts of a run, or those of these members (ids), in the caller's transaction.

    One query, whatever their number. What somebody has seen stays seen unless it is found otherwise.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            FIND,
            {
                "run": run.pk,
                "operator": run.operator_id,
                "start": run.period_start,
                "then_start": years_after(run.period_start, -1),
                "then_end": years_after(run.period_end, -1),
                "tenants": None if tenants is None else sorted(tenants),
                "today": localdate(now),
                "now": now,
                "change_percent": CHANGE_PERCENT,
                "over_percent": OVER_PERCENT,
                "population_percent": POPULATION_PERCENT,
            },
        )


def drafts_to_issue(run: BillingRun) -> QuerySet[Invoice]:
    """The drafts of a run that nobody has set aside."""
    aside = SetAside.objects.filter(invoice=OuterRef("pk"), back_at__isnull=True)
    return Invoice.objects.invoices().filter(~Exists(aside), run=run, state=InvoiceState.DRAFT)


def drafts_unblocked(run: BillingRun) -> QuerySet[Invoice]:
    """Those to issue that nothing holds back."""
    blocked = Anomaly.objects.filter(invoice=OuterRef("pk"), blocking=True)
    return drafts_to_issue(run).filter(~Exists(blocked))


def find_unsound(*, run: BillingRun, now: datetime, among: QuerySet[Invoice] | None = None) -> None:
    """Looks for drafts that their readers would refuse, as `billing.issuing` would make them: all that are to
    be issued and nothing else blocks, or those `among` them. What was found before and holds no more is taken
    away."""
    blocked = Anomaly.objects.filter(invoice=OuterRef("pk"), blocking=True).exclude(kind=AnomalyKind.UNSOUND)
    drafts = drafts_to_issue(run).filter(~Exists(blocked))
    if among is not None:
        drafts = drafts.filter(pk__in=among)
    problems = list(problems_of_drafts(drafts=drafts, operator=run.operator, now=now))
    Anomaly.objects.filter(kind=AnomalyKind.UNSOUND, invoice__in=drafts.values("pk")).delete()
    Anomaly.objects.bulk_create(
        Anomaly(
            tenant_id=draft.tenant_id,
            run=run,
            invoice=draft,
            kind=AnomalyKind.UNSOUND,
            blocking=True,
            after_cents=draft.net_cents,
            weight=abs(draft.gross_cents),
            facts={"problems": found},
            found_at=now,
        )
        for draft, found in problems
    )
