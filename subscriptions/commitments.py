"""The commitment number (numéro d’engagement) that a subscription's invoices bear, given later than at its
request: a new year brings a new one."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from subscriptions.models import Subscription
from tenants import audit
from tenants.models import User

LONGEST = 50


class CommitmentInvalid(Exception):
    """`str()` is a French sentence."""


@transaction.atomic
def set_commitment(
    *, subscriptions: Iterable[Subscription], number: str, by: User, now: datetime
) -> list[Subscription]:
    """Gives these subscriptions a commitment number, for the invoices to come. Returns those it was new for.
    Raises CommitmentInvalid."""
    number = " ".join(number.replace("\0", "").split())
    if not number:
        raise CommitmentInvalid("Écrivez le numéro d’engagement que l’adhérent vous a donné.")
    if len(number) > LONGEST:
        raise CommitmentInvalid(f"Ce numéro est trop long\u202f: {LONGEST} caractères au plus.")
    changed = [one for one in subscriptions if one.commitment_number != number]
    for subscription in changed:
        before, subscription.commitment_number = subscription.commitment_number, number
        subscription.save(update_fields=["commitment_number"])
        audit.record(
            tenant=subscription.tenant,
            actor=by,
            what="subscription.commitment_set",
            sentence=f"{{actor}} a donné le numéro d’engagement de {subscription.service_name}.",
            subject_id=subscription.public_id,
            now=now,
            changes={"commitment_number": [before, number]},
        )
    return changed
