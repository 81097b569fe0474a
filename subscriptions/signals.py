"""What happened to a subscription, told inside its transaction. Connected in marketplace/wiring.py."""

from django.dispatch import Signal

subscription_approved = Signal()  # subscription, now
# A merged commune's `old` ends on the day `on`; `new` follows it, None when the commune nouvelle had its own.
subscription_handed_over = Signal()  # old, new, on, now
# They are open, and billed from their `active_from`.
subscriptions_opened = Signal()  # subscriptions, now
# From the day `on`, it costs something else.
subscription_repriced = Signal()  # subscription, on, now
# An amendment is approved that changes what it counts or its options.
subscription_amended = Signal()  # subscription, amendment, now
# Its operator suspends it, or ends its suspension.
subscription_suspended = Signal()  # subscription, now
subscription_resumed = Signal()  # subscription, now
# The contract is over: `on` is the first day that is not billed.
subscription_closed = Signal()  # subscription, on, now
# The data were there to be fetched long enough: the vendor's side is to be closed and erased.
erasure_due = Signal()  # subscription, now
# The last term of a running subscription is over: sent once a day until it is closed.
term_over = Signal()  # subscription, term, now
# From some month on, others pay for it, or pay no longer: drafts are to be shared out again.
payers_changed = Signal()  # subscription, now
# It covers a commune more, or one less.
covers_changed = Signal()  # subscription, now
# Agents of an organisation have, or have no longer, a role in these services of it.
accesses_changed = Signal()  # organisation, sheets (numbers of their sheets), now
