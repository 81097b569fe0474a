"""What the provider tells us. dj-stripe checks the signature, stores the event and drops duplicates;
we only enqueue, in its transaction: order is not promised, so the worker asks the provider itself."""

from djstripe.event_handlers import djstripe_receiver

from billing import tasks


@djstripe_receiver("invoice.paid")
def invoice_paid(sender, event, **kwargs):
    """An invoice was paid by transfer."""
    tasks.confirm_payment.defer(external_id=event.data["object"]["id"])
