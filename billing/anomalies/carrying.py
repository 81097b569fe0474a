"""Drafts drawn again: what a person said of them is said of those that replace them, where it still holds.

A remark stays seen where it is found the same again; a draft set aside stays so until it is taken back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from billing.anomalies.finding import find
from billing.models import Anomaly, BillingRun, Invoice, InvoiceState, SetAside


@contextmanager
def carried_over(run: BillingRun, tenant_id: int | None, *, now: datetime) -> Iterator[None]:
    """Around the drawing again of a member's drafts in a run, which the caller has locked."""
    drafts = Invoice.objects.filter(run=run, tenant=tenant_id, state=InvoiceState.DRAFT)
    seen = list(Anomaly.objects.filter(invoice__in=drafts, seen_at__isnull=False).select_related("invoice"))
    aside = list(SetAside.objects.filter(invoice__in=drafts, back_at__isnull=True).select_related("invoice"))
    yield
    find(run=run, now=now, tenants=[tenant_id])
    for one in seen:
        same = {name: getattr(one, name) for name in ("kind", "before_cents", "after_cents", "facts")}
        Anomaly.objects.filter(
            invoice__in=drafts, invoice__out_of_scope=one.invoice.out_of_scope, **same
        ).update(seen_by=one.seen_by_id, seen_at=one.seen_at, note=one.note)
    by_side = {draft.out_of_scope: draft for draft in drafts.filter(type_code="380")} if aside else {}
    for one in aside:
        if draft := by_side.get(one.invoice.out_of_scope):
            SetAside.objects.create(
                tenant_id=draft.tenant_id,
                run=run,
                invoice=draft,
                reason=one.reason,
                by_id=one.by_id,
                at=one.at,
            )
