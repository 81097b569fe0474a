from billing.models.invoice import Invoice, InvoiceFile, InvoiceLine, InvoiceState, NumberCounter
from billing.models.run import BillingRun, LedgerEntry, RunState
from billing.models.settlement import Channel, Settlement, SettlementState

__all__ = [
    "BillingRun",
    "Channel",
    "Invoice",
    "InvoiceFile",
    "InvoiceLine",
    "InvoiceState",
    "LedgerEntry",
    "NumberCounter",
    "RunState",
    "Settlement",
    "SettlementState",
]
