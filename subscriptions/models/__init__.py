from subscriptions.models.access import Access, AccessRole, ClosedBecause, ListedService, OfferedAccess
from subscriptions.models.access_review import AccessReview, ReviewDecision, ReviewLine
from subscriptions.models.agent_group import AgentGroup, GroupMember, GroupService, OfferedGroup
from subscriptions.models.agent_import import (
    AgentImport,
    AgentImportRow,
    AgentImportState,
    AgentRowState,
)
from subscriptions.models.amendment import Amendment, AmendmentKind, AmendmentState
from subscriptions.models.approval import APPROVAL_MOVES, Approval, ApprovalState, Party, VendorAccess
from subscriptions.models.bulk import BulkLine, BulkRequest, BulkState, LineState
from subscriptions.models.coverage import CoverageCampaign, Fundamental
from subscriptions.models.decision import Authority, Decision
from subscriptions.models.delay import OpeningDelay, Stage
from subscriptions.models.envelope import Envelope, EnvelopeHold
from subscriptions.models.exit import Destination, Exit, ExitMove, ExitState
from subscriptions.models.framework import EligibleBuyer, FrameworkLot, LotHolder
from subscriptions.models.group import GroupPopulation
from subscriptions.models.lot_amendment import (
    AMENDED,
    LotAmendment,
    LotTermsModel,
    ModificationGround,
    ModificationLimit,
)
from subscriptions.models.message import Message
from subscriptions.models.order import DirectNeed, Order, Threshold, ThresholdCode
from subscriptions.models.payer import (
    BINDING,
    COUNTED,
    RATE,
    SHARE_MOVES,
    CostKey,
    CostKeyRecount,
    KeyMethod,
    PayerAccess,
    PayerShare,
    PayerShareMove,
    ShareKind,
    ShareSide,
    ShareState,
)
from subscriptions.models.reminder import Reminder
from subscriptions.models.renewal import RENEWED, Renewal
from subscriptions.models.revision import Index, IndexValue, RevisionDay
from subscriptions.models.seat_count import SeatCount
from subscriptions.models.sharing import Cover, WantedCover
from subscriptions.models.subscription import RUNNING, State, Subscription, Transition
from subscriptions.models.suspension import PlannedSuspension
from subscriptions.models.term import NonRenewal, Side, Term, TermOrigin
from subscriptions.models.transfer import (
    TRANSFER_MOVES,
    ContractTransfer,
    LotSuccession,
    TransferBasis,
    TransferNotice,
    TransferredService,
    TransferSide,
    TransferState,
)
from subscriptions.models.usage import UsageEvent
from subscriptions.models.value import DiscountRate, ValueFile, ValueReview
from subscriptions.models.vehicle import LegalBasis, PurchasingVehicle

__all__ = [
    "AMENDED",
    "APPROVAL_MOVES",
    "BINDING",
    "COUNTED",
    "RATE",
    "RENEWED",
    "RUNNING",
    "SHARE_MOVES",
    "TRANSFER_MOVES",
    "Access",
    "AccessReview",
    "AccessRole",
    "AgentGroup",
    "AgentImport",
    "AgentImportRow",
    "AgentImportState",
    "AgentRowState",
    "Amendment",
    "AmendmentKind",
    "AmendmentState",
    "Approval",
    "ApprovalState",
    "Authority",
    "BulkLine",
    "BulkRequest",
    "BulkState",
    "ClosedBecause",
    "ContractTransfer",
    "CostKey",
    "CostKeyRecount",
    "Cover",
    "CoverageCampaign",
    "Decision",
    "Destination",
    "DirectNeed",
    "DiscountRate",
    "EligibleBuyer",
    "Envelope",
    "EnvelopeHold",
    "Exit",
    "ExitMove",
    "ExitState",
    "FrameworkLot",
    "Fundamental",
    "GroupMember",
    "GroupPopulation",
    "GroupService",
    "Index",
    "IndexValue",
    "KeyMethod",
    "LegalBasis",
    "LineState",
    "ListedService",
    "LotAmendment",
    "LotHolder",
    "LotSuccession",
    "LotTermsModel",
    "Message",
    "ModificationGround",
    "ModificationLimit",
    "NonRenewal",
    "OfferedAccess",
    "OfferedGroup",
    "OpeningDelay",
    "Order",
    "Party",
    "PayerAccess",
    "PayerShare",
    "PayerShareMove",
    "PlannedSuspension",
    "PurchasingVehicle",
    "Reminder",
    "Renewal",
    "ReviewDecision",
    "ReviewLine",
    "RevisionDay",
    "SeatCount",
    "ShareKind",
    "ShareSide",
    "ShareState",
    "Side",
    "Stage",
    "State",
    "Subscription",
    "Term",
    "TermOrigin",
    "Threshold",
    "ThresholdCode",
    "TransferBasis",
    "TransferNotice",
    "TransferSide",
    "TransferState",
    "TransferredService",
    "Transition",
    "UsageEvent",
    "ValueFile",
    "ValueReview",
    "VendorAccess",
    "WantedCover",
]
