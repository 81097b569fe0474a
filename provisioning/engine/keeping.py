"""Keeps the messages of those connectors that give them: what was sent and answered, call by call."""

from collections.abc import Sequence

from provisioning.connectors.outcomes import NeedsPerson
from provisioning.engine.asking import Outcome
from provisioning.engine.claiming import Claim
from provisioning.models import Call, Delivery
from provisioning.proposals import propose


def keep(answers: Sequence[tuple[Claim, Outcome]]) -> None:
    """In the caller's transaction. One query a kind, none when there is nothing to keep."""
    for claim, outcome in answers:
        if isinstance(outcome, NeedsPerson) and outcome.proposed:
            propose(claim.step, outcome.proposed, now=claim.call.started_at)
    found = [(claim.call, outcome.exchange) for claim, outcome in answers if outcome.exchange]
    if found:
        Delivery.objects.bulk_create([delivery(call, exchange) for call, exchange in found])


def delivery(call: Call, exchange) -> Delivery:
    """The row, not yet written, of what was exchanged in that call."""
    return Delivery(
        tenant_id=call.tenant_id,
        call=call,
        message_id=exchange.message_id,
        url=exchange.url,
        sent=exchange.sent,
        status=exchange.status,
        answered=exchange.answered,
    )
