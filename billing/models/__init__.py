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
    "RunState",
    "Settlement",
    "SettlementState",
]
