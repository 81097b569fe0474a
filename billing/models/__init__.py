from billing.models.account_codes import AccountCodes
from billing.models.adjustment import Adjustment, AdjustmentKind, Repricing, TrueUp
from billing.models.closing import Closing
from billing.models.contest import (
    ContestReason,
    ContestState,
    LineContest,
    LineContestMove,
    PaymentInterruption,
)
from billing.models.invoice import (
    Invoice,
    InvoiceFile,
    InvoiceLine,
    InvoiceState,
    InvoiceType,
    NumberCounter,
)
from billing.models.late import Dunning, DunningKind, LateInterestRate, ReminderPace
from billing.models.norm import SpendingNorm
from billing.models.reconciliation import (
    DifferenceKind,
    LedgerComparison,
    LedgerDifference,
    ProviderRefund,
)
from billing.models.review import (
    BLOCKING,
    Anomaly,
    AnomalyKind,
    RunApproval,
    RunMove,
    SecondPersonRule,
    SetAside,
)
from billing.models.run import BillingRun, DraftBatch, LedgerEntry, RunState
from billing.models.sending import Deposit, DepositState, Sending, SendingAccount, SendingStatus
from billing.models.settlement import Channel, Settlement, SettlementState
from billing.models.titre import Payment, TitreCodes, TitreNumber
from billing.models.titre_import import TitreImport, TitreImportRow, TitreImportState, TitreRowState
from billing.models.vendor_statement import (
    DrawingState,
    StatementLine,
    StatementMove,
    StatementPayment,
    StatementRun,
    StatementState,
    VendorStatement,
)
from billing.models.vendor_terms import CommissionTerms

__all__ = [
    "BLOCKING",
    "AccountCodes",
    "Adjustment",
    "AdjustmentKind",
    "Anomaly",
    "AnomalyKind",
    "BillingRun",
    "Channel",
    "Closing",
    "CommissionTerms",
    "ContestReason",
    "ContestState",
    "Deposit",
    "DepositState",
    "DifferenceKind",
    "DraftBatch",
    "DrawingState",
    "Dunning",
    "DunningKind",
    "Invoice",
    "InvoiceFile",
    "InvoiceLine",
    "InvoiceState",
    "InvoiceType",
    "LateInterestRate",
    "LedgerComparison",
    "LedgerDifference",
    "LedgerEntry",
    "LineContest",
    "LineContestMove",
    "NumberCounter",
    "Payment",
    "PaymentInterruption",
    "ProviderRefund",
    "ReminderPace",
    "Repricing",
    "RunApproval",
    "RunMove",
    "RunState",
    "SecondPersonRule",
    "Sending",
    "SendingAccount",
    "SendingStatus",
    "SetAside",
    "Settlement",
    "SettlementState",
    "SpendingNorm",
    "StatementLine",
    "StatementMove",
    "StatementPayment",
    "StatementRun",
    "StatementState",
    "TitreCodes",
    "TitreImport",
    "TitreImportRow",
    "TitreImportState",
    "TitreNumber",
    "TitreRowState",
    "TrueUp",
    "VendorStatement",
]
