"""What happened to a subscription, told inside its transaction. Connected in marketplace/wiring.py."""

from django.dispatch import Signal

subscription_approved = Signal()  # subscription, now
