"""Where rooms that must not know each other are joined.

Subscriptions does not import provisioning, nor billing its settlement of another room's events: each
says what happened through a signal, inside the transaction, and this module connects who listens. A
receiver that raises rolls the whole transaction back.
"""

from provisioning import operations as provisioning
from subscriptions import signals


def connect() -> None:
    """Connect every signal once, at start."""
    signals.subscription_approved.connect(_provision, dispatch_uid="provision")


def _provision(*, subscription, now, **_):
    provisioning.plan_activation(subscription=subscription, now=now)
