"""What the room of price grids asks of rooms above it. Connected in marketplace/wiring.py."""

from django.dispatch import Signal

# listing, organisations (ids) → the set of those that have an open subscription to it.
subscribers_asked = Signal()
