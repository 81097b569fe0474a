"""Every night, the provider's ledger is read whole and held against ours; what differs becomes rows that a
person closes, or the first night that finds them mended.

Nothing is corrected here but a payment whose message was lost: the provider is asked again, and confirms it.
"""

import logging
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils.timezone import localdate

from billing.models import (
    Channel,
    DifferenceKind,
    Invoice,
    InvoiceType,
    LedgerComparison,
    LedgerDifference,
    ProviderRefund,
    Settlement,
    SettlementState,
)
from billing.settlement import comparing, stripe_gateway
from billing.settlement.comparing import Finding
from billing.settlement.operations import confirm_payment
from billing.settlement.stripe_gateway import Told, ToldRefund
from tenants import audit
from tenants.models import Operator, User
from tenants.models.operator import IssuerKind
from tenants.refusals import Refused

logger = logging.getLogger(__name__)

MENDED = "Réglé : la dernière comparaison ne le trouve plus."
CONFIRMED = "Réglé : interrogé de nouveau, le prestataire confirme le paiement."


class DifferenceClosed(Refused):
    """It is closed already."""


def reconcile(*, now: datetime) -> None:
    """Compares the whole ledger of the provider with that of every private issuer, and keeps the differences.

    Must run outside a transaction. Raises GatewayError or GatewayUnreachable when the provider does not tell
    all: nothing is concluded then, and the comparison of the day stays unfinished.
    """
    operators = {one.pk: one for one in _issuers()}
    if not operators:
        return
    for one in operators.values():
        LedgerComparison.objects.update_or_create(
            operator=one,
            on=localdate(now),
            defaults={"tenant_id": one.organisation_id, "started_at": now, "finished_at": None},
        )
    night = _Night(operators, now)
    for told in _by_hundred(stripe_gateway.all_invoices()):
        night.compare(told)
    night.find_missing()
    _record_refunds(now)
    night.find_refunds()
    for operator in operators.values():
        _keep(operator, night=night, now=now)
    _confirm_lost_payments(now)


def _issuers() -> Iterable[Operator]:
    return Operator.objects.exclude(issuer_kind=IssuerKind.PUBLIC).select_related("organisation")


class _Night:
    """What one reading of the provider's ledger finds."""

    def __init__(self, operators: dict[int, Operator], now: datetime):
        self.operators, self.now = operators, now
        self.found: list[Finding] = []
        self.keys: set[str] = set()  # on the invoices that the provider told of
        self.compared = dict.fromkeys(operators, 0)
        # Too fresh to judge: our settlements, and their invoices.
        self.moving: set[int | str] = set()

    def compare(self, page: list[Told]) -> None:
        """Holds a page of theirs against ours. A constant number of queries while all are known."""
        ours = _settlements(page)
        voided = [ours[one.external_id].invoice_id for one in page if one.void and one.external_id in ours]
        credited = _credited(voided)
        for told in page:
            settlement = ours.get(told.external_id)
            if settlement:
                self._compare_one(settlement, told, credited.get(settlement.invoice_id, 0))
            elif comparing.moving(told.moved_at, now=self.now):
                self.moving.add(told.external_id)
                self.keys.add(told.key)
            elif not told.draft:
                self.found += [comparing.missing_here(told, operator_id=pk) for pk in self._whose(told)]

    def _compare_one(self, settlement: Settlement, told: Told, credited_cents: int) -> None:
        self.keys.add(settlement.key)
        self.compared[settlement.invoice.operator_id] += 1
        if any(comparing.moving(at, now=self.now) for at in (told.moved_at, settlement.changed_at)):
            self.moving.add(settlement.pk)
        elif not told.draft:
            self.found += comparing.differences(settlement, told, credited_cents=credited_cents)

    def _whose(self, told: Told) -> set[int]:
        """The issuer named on it; else those who have invoiced its customer; else the only one there is."""
        named = {pk for pk, one in self.operators.items() if one.organisation.siren == told.operator}
        if named:
            return named
        theirs = _ours().filter(tenant=stripe_gateway.subscriber_of(told.customer))
        known = set(theirs.values_list("invoice__operator", flat=True))
        found = known or (set(self.operators) if len(self.operators) == 1 else set())
        if not found:
            logger.error("nobody's invoice at the payment provider: %s", told.external_id)
        return found

    def find_missing(self) -> None:
        """Our invoices that the provider never told of."""
        ours = _ours().filter(invoice__type_code=InvoiceType.INVOICE)
        self.found += comparing.missing_there(ours.iterator(500), known=self.keys, now=self.now)

    def find_refunds(self) -> None:
        """What was refunded beyond the credit notes that a person has given back."""
        refunds = ProviderRefund.objects.order_by().values("settlement").annotate(cents=Sum("amount_cents"))
        cents = dict(refunds.values_list("settlement", "cents"))
        refunded = list(_ours().filter(pk__in=cents))
        given_back = _credited([one.invoice_id for one in refunded], settlement__state=SettlementState.PAID)
        for one in refunded:
            ours, theirs = given_back.get(one.invoice_id, 0), cents[one.pk]
            if theirs > ours:
                self.found.append(
                    comparing.found(DifferenceKind.REFUNDED_THERE, one, ours=ours, theirs=theirs)
                )


def _by_hundred(told: Iterator[Told]) -> Iterator[list[Told]]:
    while page := list(islice(told, 100)):
        yield page


def _ours() -> QuerySet[Settlement]:
    return Settlement.objects.filter(channel=Channel.STRIPE).select_related("invoice")


def _settlements(page: list[Told]) -> dict[str, Settlement]:
    """Ours, by the id of theirs: the one that we wrote down, or the one whose key is on it."""
    written = _ours().filter(external_id__in=[told.external_id for told in page])
    found = {one.external_id: one for one in written}
    unknown = [told for told in page if told.external_id not in found]
    named = {public_id: told.external_id for told in unknown if (public_id := _public_id(told.key))}
    if named:
        for one in _ours().filter(external_id="", invoice__public_id__in=named):
            found[named[one.invoice.public_id]] = one
    return found


def _public_id(key: str) -> uuid.UUID | None:
    """Of the invoice that a key names; None for what somebody else wrote there."""
    try:
        return uuid.UUID(key.removeprefix("invoice:"))
    except ValueError:
        return None


def _credited(invoices: list[int], **which) -> dict[int, int]:
    """By invoice, what its issued credit notes give back, tax included."""
    if not invoices:
        return {}
    notes = Invoice.objects.issued().filter(corrects__in=invoices, **which).order_by()
    return dict(notes.values("corrects").annotate(cents=Sum("gross_cents")).values_list("corrects", "cents"))


def _record_refunds(now: datetime) -> None:
    """Keeps every refund of an invoice of ours, once. Two requests for each new one, at most."""
    known = set(ProviderRefund.objects.values_list("external_id", flat=True))
    for told in stripe_gateway.all_refunds():
        if told.external_id in known:
            continue
        paid = stripe_gateway.invoice_paid_by(told.payment)
        settlement = paid and _ours().filter(external_id=paid).first()
        if settlement:
            _record_refund(settlement, told, now)


@transaction.atomic
def _record_refund(settlement: Settlement, told: ToldRefund, now: datetime) -> None:
    _, new = ProviderRefund.objects.get_or_create(
        external_id=told.external_id,
        defaults={
            "tenant_id": settlement.tenant_id,
            "settlement": settlement,
            "amount_cents": told.amount_cents,
            "refunded_at": told.at,
            "recorded_at": now,
        },
    )
    if new:
        audit.record(
            tenant=settlement.invoice.tenant,
            actor=None,
            what="invoice.refunded",
            sentence=f"Le prestataire de paiement a remboursé sur la facture {settlement.invoice.number}.",
            subject_id=settlement.invoice.public_id,
            now=now,
            details={"cents": told.amount_cents},
        )


@transaction.atomic
def _keep(operator: Operator, *, night: _Night, now: datetime) -> None:
    """Writes the differences of an operator: new ones are opened, those that are found no more are closed,
    and one that a person closed with her reason stays closed while its amounts are the same."""
    found = {one.subject: one for one in night.found if one.operator_id == operator.pk}
    rows = LedgerDifference.objects.filter(operator=operator)
    open_rows = {one.subject: one for one in rows.filter(closed_at__isnull=True)}
    settled = {
        (*one.subject, one.ours_cents, one.theirs_cents) for one in rows.filter(closed_by__isnull=False)
    }
    for subject, finding in found.items():
        row = open_rows.get(subject)
        if row is None and (*subject, finding.ours_cents, finding.theirs_cents) not in settled:
            LedgerDifference.objects.create(
                tenant_id=operator.organisation_id,
                operator=operator,
                kind=finding.kind,
                settlement=finding.settlement,
                external_id=finding.external_id,
                number=finding.number,
                debtor=finding.debtor,
                ours_cents=finding.ours_cents,
                theirs_cents=finding.theirs_cents,
                found_at=now,
            )
        elif row:
            row.ours_cents, row.theirs_cents = finding.ours_cents, finding.theirs_cents
            row.save(update_fields=["ours_cents", "theirs_cents"])
    mended = [
        one.pk
        for subject, one in open_rows.items()
        if subject not in found and not night.moving & {one.settlement_id, one.external_id}
    ]
    rows.filter(pk__in=mended, closed_at__isnull=True).update(closed_at=now, reason=MENDED)
    LedgerComparison.objects.filter(operator=operator, on=localdate(now)).update(
        finished_at=now, compared=night.compared[operator.pk]
    )


def _confirm_lost_payments(now: datetime) -> None:
    """Whose message never came: the provider is asked again, and the invoice is paid here too."""
    lost = LedgerDifference.objects.filter(
        kind=DifferenceKind.PAID_THERE,
        closed_at__isnull=True,
        settlement__state=SettlementState.PUSHED,
    )
    for one in lost.select_related("settlement").order_by("pk"):
        confirm_payment(external_id=one.external_id, now=now)
        if Settlement.objects.filter(pk=one.settlement_id, state=SettlementState.PAID).exists():
            LedgerDifference.objects.filter(pk=one.pk, closed_at__isnull=True).update(
                closed_at=now, reason=CONFIRMED
            )


@transaction.atomic
def close(*, difference: LedgerDifference, reason: str, by: User, now: datetime) -> None:
    """A person has seen to a difference, or keeps it for a reason. Raises DifferenceClosed, and Refused
    without a reason."""
    reason = " ".join(reason.split())
    if not reason:
        raise Refused("Dites pourquoi cet écart est clos : la raison est gardée avec lui.", "reason")
    rows = LedgerDifference.objects.filter(pk=difference.pk, closed_at__isnull=True)
    if not rows.update(closed_at=now, closed_by=by, reason=reason):
        raise DifferenceClosed("Cet écart est clos depuis. Rien n’a été changé.")
    audit.record(
        tenant=difference.operator.organisation,
        actor=by,
        what="ledger.difference_closed",
        sentence="{actor} a clos un écart avec le prestataire de paiement"
        f" ({difference.number or difference.external_id}).",
        subject_id=difference.public_id,
        now=now,
        details={"kind": difference.kind},
    )
