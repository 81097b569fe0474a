"""What a vendor has otherwise than agreed: put right there, or kept as it is for a reason."""

from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from provisioning.models import Drift, DriftKind, Run
from provisioning.operations import plan_change
from subscriptions.exceptions import EvidenceInvalid, WrongState
from subscriptions.models import RUNNING, Subscription
from tenants import audit
from tenants.models import User

MOST_WORDS = 300
IN_WORDS = "remise en accord avec ce qui est convenu"
GONE = "Cet écart est réglé, ou n’est plus le même. Rechargez la page."


@transaction.atomic
def put_right(*, drift: Drift, by: User, now: datetime) -> Run:
    """Writes the plan that tells the vendor all that is in force again: options, quantities, access. The plan
    that is under way for it already, if there is one: asked twice, it is asked of the vendor once.

    Raises WrongState when there is nothing to put right any more.
    """
    drift, subscription = _held(drift)
    if drift.repair is not None and drift.repair.finished_at is None:
        return drift.repair
    if subscription.state not in RUNNING:
        raise WrongState("Ce service n’est plus ouvert : il n’y a rien à remettre en accord.")
    run = plan_change(subscription=subscription, on=localdate(now), in_words=IN_WORDS, now=now)
    Drift.objects.filter(pk=drift.pk).update(repair=run, kept_at=None, kept_by=None, kept_because="")
    _audit(subscription, by, "drift_put_right", "a fait remettre en accord chez l’éditeur", now=now)
    return run


@transaction.atomic
def keep_as_is(*, drift: Drift, by: User, reason: str, now: datetime) -> None:
    """It is meant to be so: nobody is told of it any more, until the vendor says something else. Raises
    EvidenceInvalid without a reason, WrongState when it is over or being put right."""
    words = " ".join(reason.split())
    if not words or len(words) > MOST_WORDS:
        raise EvidenceInvalid(f"Dites pourquoi en une phrase, de {MOST_WORDS} caractères au plus.")
    drift, subscription = _held(drift)
    if drift.repair is not None and drift.repair.finished_at is None:
        raise WrongState("La remise en accord est déjà demandée à l’éditeur. Attendez qu’elle soit finie.")
    Drift.objects.filter(pk=drift.pk).update(kept_at=now, kept_by=by, kept_because=words)
    said = "a gardé tel qu’il est chez l’éditeur"
    _audit(subscription, by, "drift_kept", said, now=now, because=words)


def _held(drift: Drift) -> tuple[Drift, Subscription]:
    """Both as they stand, and held; the subscription first, as the nightly look does."""
    locked = Subscription.objects.select_for_update(of=("self",), no_key=True)
    subscription = locked.select_related("tenant", "listing__offer__product__sheet__vendor").get(
        pk=drift.subscription_id
    )
    rows = Drift.objects.select_for_update(of=("self",), no_key=True).select_related("repair")
    found = rows.filter(pk=drift.pk, closed_at__isnull=True, kind=DriftKind.DIFFERENT).first()
    if found is None:
        raise WrongState(GONE)
    return found, subscription


def _audit(subscription: Subscription, by: User, what: str, did: str, *, now: datetime, **details) -> None:
    audit.record(
        tenant=subscription.tenant,
        actor=by,
        what=f"provisioning.{what}",
        sentence=f"{{actor}} {did} le service {subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
        details=details,
    )
