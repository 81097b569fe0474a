"""Sends once more a message of a step that is finished: nothing of the step changes, what is answered is
kept. By a worker, outside a transaction."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from provisioning.connectors import connector_for
from provisioning.connectors.calling import AddressRefused
from provisioning.connectors.outcomes import NeedsPerson, Retry
from provisioning.engine.asking import Outcome
from provisioning.engine.keeping import delivery
from provisioning.models import Call, Delivery, Endpoint, Step
from provisioning.models.endpoint import ConnectorKind

logger = logging.getLogger(__name__)


def resend(*, step_id: int, now: datetime) -> None:
    """As it was sent the last time, to the address that is in force today, signed with the keys of today.
    Killed and begun again, it sends the same message again: the vendor does it once."""
    last = Delivery.objects.filter(call__step=step_id).order_by("-pk").first()
    step = Step.objects.select_related("run__subscription__listing").get(pk=step_id)
    offer = step.run.subscription.listing.offer_id
    endpoint = Endpoint.objects.filter(offer=offer, connector=ConnectorKind.WEBHOOK).first()
    if last is None or endpoint is None:
        logger.warning("step %s is opened in another way since: nothing to send again", step_id)
        return
    call = Call.objects.create(tenant_id=step.tenant_id, step=step, started_at=now)
    outcome = _send(endpoint, last)
    with transaction.atomic():
        Call.objects.filter(pk=call.pk).update(
            finished_at=max(now, timezone.now()),
            outcome=type(outcome).__name__.lower(),
            cause=outcome.cause if isinstance(outcome, Retry) else "",
            detail=_in_words(outcome),
        )
        if outcome.exchange:
            delivery(call, outcome.exchange).save()


def _send(endpoint: Endpoint, last: Delivery) -> Outcome:
    try:
        return connector_for(endpoint).resend(last.message_id, last.sent)
    except Retry as problem:
        return problem
    except ValidationError:
        return NeedsPerson("Le raccordement de cette offre est mal configuré.")
    except AddressRefused as refusal:
        return NeedsPerson(str(refusal))


def _in_words(outcome: Outcome) -> str:
    match outcome:
        case NeedsPerson(reason=reason):
            return reason
        case Retry():
            return str(outcome)
        case _:
            return ""
