"""The operator's and the vendor's word on a request, after the member's own decision (operations.approve)."""

from datetime import datetime

from django.db import transaction

from subscriptions import chain, operations
from subscriptions.models import ApprovalState, Party, Subscription
from tenants import audit
from tenants.models import User

WHO = {Party.OPERATOR: "opérateur", Party.VENDOR: "éditeur"}


@transaction.atomic
def agree(*, subscription: Subscription, party: Party, by: User, now: datetime) -> bool:
    """This party agrees to a request; whether that was the last word: its order is then placed and its
    opening planned, in the same transaction.

    Raises WrongState, NotYourTurn, SamePerson, or the OrderRefused of a vehicle that has no room for it.
    """
    last = chain.decide(subscription=subscription, party=party, to=ApprovalState.GIVEN, by=by, now=now)
    audit.record(
        tenant=subscription.tenant,
        actor=by,
        what=f"subscription.agreed_by_{party}",
        sentence=f"{{actor}} ({WHO[party]}) a approuvé la demande d’abonnement à "
        f"{subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
    )
    if last:
        operations.conclude(subscription=subscription, by=by, now=now)
    return last
