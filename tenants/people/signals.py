"""What happened to a person's mandates, told inside its transaction. Connected in marketplace/wiring.py."""

from django.dispatch import Signal

access_ended = Signal()  # organisation, person, by, now: suspended, or some mandates of hers ended there
