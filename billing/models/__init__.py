from billing.models.adjustment import Adjustment, AdjustmentKind, Repricing, TrueUp
from billing.models.closing import Closing
from billing.models.invoice import (
    Invoice,
    InvoiceFile,
    InvoiceLine,
    InvoiceState,
    InvoiceType,
    NumberCounter,
)
from billing.models.run import BillingRun, LedgerEntry, RunState
from billing.models.settlement import Channel, Settlement, SettlementState

__all__ = [
    "Adjustment",
    "AdjustmentKind",
    "BillingRun",
    "Channel",
    "Closing",
    "Invoice",
    "InvoiceFile",
    "InvoiceLine",
    "InvoiceState",
    "InvoiceType",
    "LedgerEntry",
    "NumberCounter",
    "Repricing",
    "RunState",
    "Settlement",
    "SettlementState",
    "TrueUp",
]
