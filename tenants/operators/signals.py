"""What happened to an operator, told inside its transaction. Connected in marketplace/wiring.py."""

from django.dispatch import Signal

operator_opened = Signal()  # operator, now
operator_settings_changed = Signal()  # operator, now
