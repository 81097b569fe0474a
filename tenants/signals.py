"""What happened to an organisation, told inside its transaction. Connected in marketplace/wiring.py."""

from django.dispatch import Signal

organisation_closed = Signal()  # organisation, on, now: it no longer exists from that day on
