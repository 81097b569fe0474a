"""An opening that came to nothing: its operator gives it up, the vendor's side is cleared, then the
subscription is cancelled. Nothing was ever open, nor billed; the service may be asked for again."""

from datetime import datetime

from django.db import transaction

from subscriptions import envelopes
from subscriptions.contract_letters import tell_both
from subscriptions.models import State, Subscription
from subscriptions.operations import move
from tenants import audit
from tenants.models import User


@transaction.atomic
def give_up(*, subscription: Subscription, by: User, reason: str, now: datetime) -> None:
    """Says to both sides that the opening is given up, and why. The subscription is cancelled by
    `called_off`, once nothing is left at the vendor's."""
    words = " ".join(reason.split())
    tell_both(
        subscription,
        f"given-up:{subscription.pk}",
        f"{subscription.service_name} ne s’ouvrira pas",
        f"L’ouverture du service est abandonnée. {words}\n\nRien n’est facturé. Ce que l’éditeur avait pu "
        "commencer s’efface ; ensuite, le service pourra être demandé à nouveau.",
        now,
    )
    audit.record(
        tenant=subscription.tenant,
        actor=by,
        what="subscription.given_up",
        sentence=f"{{actor}} a abandonné l’ouverture du service {subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
    )


@transaction.atomic
def called_off(*, subscription: Subscription, by: User, reason: str, now: datetime) -> None:
    """Nothing is left at the vendor's: the subscription is cancelled, as `by` decided. Raises WrongState."""
    move(
        subscription=subscription,
        to=State.CANCELLED,
        by=by,
        now=now,
        reason=f"ouverture abandonnée. {reason}"[:500],
    )
    envelopes.give_back(subscription=subscription, now=now)
    audit.record(
        tenant=subscription.tenant,
        actor=None,
        what="subscription.cancelled",
        sentence=f"L’abonnement à {subscription.service_name} est annulé : son ouverture a été abandonnée.",
        subject_id=subscription.public_id,
        now=now,
    )
