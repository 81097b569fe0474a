"""What happened to a listing, told inside its transaction. Connected in marketplace/wiring.py."""

from django.dispatch import Signal

listing_listed = Signal()  # listing, now
listing_suspended = Signal()  # move (its ListingMove, which has the message to the subscribers), now
