from subscriptions.models.decision import Decision
from subscriptions.models.subscription import State, Subscription, Transition
from subscriptions.models.vehicle import LegalBasis, PurchasingVehicle

__all__ = ["Decision", "LegalBasis", "PurchasingVehicle", "State", "Subscription", "Transition"]
