"""What the provider says of our invoices against what we have: pure comparison, nothing written.

Only what has been still for `STILL` is judged: the rest is on its way, and is compared the next night.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.models import DifferenceKind, Settlement, SettlementState
from billing.settlement.stripe_gateway import Told

STILL = timedelta(hours=1)
# How long an invoice may stay unknown to the provider before it is missing there.
TIME_TO_PUSH = timedelta(days=1)


@dataclass(frozen=True)
class Finding:
    """One difference, in cents; `settlement` is None when none of ours answers to theirs."""

    kind: DifferenceKind
    operator_id: int
    settlement: Settlement | None = None
    external_id: str = ""
    number: str = ""
    debtor: str = ""
    ours_cents: int | None = None
    theirs_cents: int | None = None

    @property
    def subject(self) -> tuple[str, int | None, str]:
        """As `LedgerDifference.subject`."""
        return str(self.kind), self.settlement and self.settlement.pk, self.external_id


def moving(moment: datetime, *, now: datetime) -> bool:
    """Whether what moved at `moment` is too fresh to be judged."""
    return moment > now - STILL


def differences(settlement: Settlement, told: Told, *, credited_cents: int) -> Iterator[Finding]:
    """How one invoice differs between the two ledgers. `credited_cents`: what its issued credit notes give
    back, tax included. Its settlement comes with its invoice."""
    invoice = settlement.invoice
    paid_here = settlement.state == SettlementState.PAID
    gross = invoice.gross_cents
    if told.total_cents != gross:
        yield found(DifferenceKind.AMOUNT, settlement, theirs=told.total_cents, external_id=told.external_id)
    if told.paid and not paid_here:
        yield found(
            DifferenceKind.PAID_THERE, settlement, theirs=told.paid_cents, external_id=told.external_id
        )
    if told.open and paid_here:
        yield found(DifferenceKind.PAID_HERE, settlement, theirs=0, external_id=told.external_id)
    if told.void and credited_cents < gross:
        yield found(DifferenceKind.VOID_THERE, settlement, theirs=0, external_id=told.external_id)


def missing_there(settlements: Iterable[Settlement], *, known: set[str], now: datetime) -> Iterator[Finding]:
    """Our invoices that the provider did not tell of, though we had it told."""
    for one in settlements:
        waited = now - one.changed_at
        pushed = one.state in (SettlementState.PUSHED, SettlementState.PAID)
        late = one.state in (SettlementState.PENDING, SettlementState.STARTED) and waited > TIME_TO_PUSH
        if one.key not in known and ((pushed and waited > STILL) or late):
            yield found(DifferenceKind.MISSING_THERE, one)


def missing_here(told: Told, *, operator_id: int) -> Finding:
    """An invoice of theirs that none of ours answers to."""
    return Finding(
        kind=DifferenceKind.MISSING_HERE,
        operator_id=operator_id,
        external_id=told.external_id,
        number=told.number[:100],
        debtor=told.customer_name[:255],
        theirs_cents=told.total_cents,
    )


def found(
    kind: DifferenceKind,
    settlement: Settlement,
    *,
    theirs: int | None = None,
    ours: int | None = None,
    external_id: str = "",
) -> Finding:
    """A difference about an invoice of ours; `ours` is its total, tax included, unless it is said."""
    invoice = settlement.invoice
    return Finding(
        kind=kind,
        operator_id=invoice.operator_id,
        settlement=settlement,
        external_id=external_id or settlement.external_id,
        number=invoice.number,
        debtor=invoice.buyer["name"],
        ours_cents=invoice.gross_cents if ours is None else ours,
        theirs_cents=theirs,
    )
