"""What a person does about the remarks of a run: sees them, sets a draft aside, takes it back, has all of it
looked at again. Only while the run is read: not while it is being issued, nor once it is approved."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from billing.anomalies.finding import drafts_to_issue, find, find_unsound
from billing.exceptions import NothingChosen, ReasonMissing, WrongRunState
from billing.models import Anomaly, AnomalyKind, BillingRun, Invoice, InvoiceState, LedgerEntry, SetAside
from billing.models.run import READ_BY_A_PERSON
from billing.moves import locked, one_line
from catalog.pricing.facts import count_in_words
from subscriptions.commitments import set_commitment
from subscriptions.models import Subscription
from tenants import audit
from tenants.models import User


@transaction.atomic
def see(
    *, run: BillingRun, kind: str, ids: Iterable[int] | None, note: str = "", by: User, now: datetime
) -> int:
    """Accepts the remarks of a kind: those of `ids`, or all that nobody has seen; never those of a draft that
    is set aside. Returns how many.

    What blocks is never accepted. Raises NothingChosen when there is none, WrongRunState.
    """
    run = _read(run)
    found = Anomaly.objects.filter(run=run, kind=kind, blocking=False, seen_at__isnull=True)
    found = found.filter(invoice__in=drafts_to_issue(run))
    if ids is not None:
        found = found.filter(pk__in=ids)
    count = found.update(seen_by=by, seen_at=now, note=one_line(note))
    words = f"a vu {count_in_words(count, 'remarque')} : {AnomalyKind(kind).label}"
    return _told(count, run, by, now, what="billing.anomalies_seen", words=words)


@transaction.atomic
def set_aside(*, run: BillingRun, ids: Iterable[int], reason: str, by: User, now: datetime) -> int:
    """Leaves the drafts of these remarks (ids) out of the issue, for a reason: they stay drafts, and are
    issued later in the same run. Returns how many. Raises ReasonMissing, NothingChosen, WrongRunState."""
    run, reason = _read(run), one_line(reason)
    if not reason:
        raise ReasonMissing
    chosen = Anomaly.objects.filter(run=run, pk__in=ids).values("invoice")
    drafts = list(drafts_to_issue(run).filter(pk__in=chosen))
    SetAside.objects.bulk_create(
        SetAside(tenant_id=draft.tenant_id, run=run, invoice=draft, reason=reason, by=by, at=now)
        for draft in drafts
    )
    words = f"a mis de côté {count_in_words(len(drafts), 'projet')} de factures"
    return _told(len(drafts), run, by, now, what="billing.drafts_set_aside", words=words)


@transaction.atomic
def take_back(*, run: BillingRun, ids: Iterable[int], by: User, now: datetime) -> int:
    """Puts drafts that were set aside (ids of invoices) back among those to issue. Returns how many. Raises
    NothingChosen, WrongRunState."""
    run = _read(run)
    aside = SetAside.objects.filter(run=run, invoice__in=ids, back_at__isnull=True)
    count = aside.update(back_by=by, back_at=now)
    words = f"a repris {count_in_words(count, 'projet')} de factures mis de côté"
    return _told(count, run, by, now, what="billing.drafts_taken_back", words=words)


@transaction.atomic
def give_commitment(*, run: BillingRun, ids: Iterable[int], number: str, by: User, now: datetime) -> int:
    """Writes the commitment number that the drafts of these remarks (ids) lack, on the member's own
    subscriptions that they bill. Returns how many drafts bear it now. Raises NothingChosen, WrongRunState, or
    CommitmentInvalid."""
    run = _read(run)
    chosen = Anomaly.objects.filter(run=run, pk__in=ids, kind=AnomalyKind.COMMITMENT)
    drafts = Invoice.objects.filter(pk__in=chosen.values("invoice"), state=InvoiceState.DRAFT)
    tenants = list(drafts.values_list("tenant", flat=True).order_by("tenant").distinct())
    if not tenants:
        raise NothingChosen
    lines = LedgerEntry.objects.filter(line__invoice__in=drafts)
    billed = Subscription.objects.filter(tenant__in=tenants, pk__in=lines.values("subscription"))
    set_commitment(
        subscriptions=billed.select_related("tenant").order_by("pk"), number=number, by=by, now=now
    )
    find(run=run, now=now, tenants=tenants)
    left = Anomaly.objects.filter(run=run, kind=AnomalyKind.COMMITMENT, tenant__in=tenants)
    return len(tenants) - left.count()


@transaction.atomic
def look_again(*, run: BillingRun, now: datetime) -> None:
    """Finds again what is odd, after something was put right elsewhere: a SIRET, a number, a position of VAT.
    What would be refused is looked for where it was found before. Raises WrongRunState."""
    run = _read(run)
    find(run=run, now=now)
    flagged = Anomaly.objects.filter(invoice=OuterRef("pk"), kind=AnomalyKind.UNSOUND)
    find_unsound(run=run, among=Invoice.objects.filter(Exists(flagged), run=run), now=now)


def _read(run: BillingRun) -> BillingRun:
    found = locked(run)
    if found.state not in READ_BY_A_PERSON:
        raise WrongRunState("Cette campagne a changé d’état. Rechargez la page.")
    return found


def _told(count: int, run: BillingRun, by: User, now: datetime, *, what: str, words: str) -> int:
    """How many, once the log says it. Raises NothingChosen for none."""
    if not count:
        raise NothingChosen
    audit.record(
        tenant=run.operator.organisation,
        actor=by,
        what=what,
        sentence=f"{{actor}} {words}.",
        subject_id=run.public_id,
        now=now,
    )
    return count
