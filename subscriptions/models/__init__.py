from subscriptions.models.bulk import BulkLine, BulkRequest, BulkState, LineState
from subscriptions.models.coverage import CoverageCampaign, Fundamental
from subscriptions.models.decision import Decision
from subscriptions.models.exit import Destination, Exit, ExitMove, ExitState
from subscriptions.models.framework import EligibleBuyer, FrameworkLot, LotHolder
from subscriptions.models.group import GroupPopulation
from subscriptions.models.order import DirectNeed, Order, Threshold, ThresholdCode
from subscriptions.models.renewal import RENEWED, Renewal
from subscriptions.models.subscription import State, Subscription, Transition
from subscriptions.models.term import NonRenewal, Side, Term, TermOrigin
from subscriptions.models.value import DiscountRate, ValueFile, ValueReview
from subscriptions.models.vehicle import LegalBasis, PurchasingVehicle

__all__ = [
    "RENEWED",
    "BulkLine",
    "BulkRequest",
    "BulkState",
    "CoverageCampaign",
    "Decision",
    "Destination",
    "DirectNeed",
    "DiscountRate",
    "EligibleBuyer",
    "Exit",
    "ExitMove",
    "ExitState",
    "FrameworkLot",
    "Fundamental",
    "GroupPopulation",
    "LegalBasis",
    "LineState",
    "LotHolder",
    "NonRenewal",
    "Order",
    "PurchasingVehicle",
    "Renewal",
    "Side",
    "State",
    "Subscription",
    "Term",
    "TermOrigin",
    "Threshold",
    "ThresholdCode",
    "Transition",
    "ValueFile",
    "ValueReview",
]
