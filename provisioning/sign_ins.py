"""A vendor says that people enter its service through Halle, and where they come back to; then whoever
subscribes already is told, by a worker."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from catalog.models import ServiceSheet
from catalog.sheets.offers import offer_of
from provisioning import tasks
from provisioning.clients import CHANGES, ENDS, THERE, plan_client
from provisioning.models import SignIn
from provisioning.sign_in_typed import Typed, fingerprint, judged
from subscriptions.models import Subscription
from tenants import audit, jobs
from tenants.constraints import violated
from tenants.models import User
from tenants.refusals import Refused

AT_ONCE = 200  # subscriptions told in one transaction
# Younger than this, a job is most likely on its way.
PATIENCE = timedelta(minutes=1)


def sign_in_of(sheet: ServiceSheet) -> SignIn | None:
    """What its vendor has said of it; None when it never did. One query."""
    return SignIn.objects.filter(offer__product__sheet=sheet, offer__partner__vendor=sheet.vendor_id).first()


@transaction.atomic
def declare(*, sheet: ServiceSheet, typed: Typed, by: User, now: datetime) -> SignIn | None:
    """People enter the service through Halle, and come back to one of these addresses exactly; without any,
    they no longer do. The clients of those who subscribe already follow, by a worker. The same again writes
    nothing. Raises Refused."""
    said = judged(typed, now=now)
    enters = bool(said["redirect_uris"])
    offer = offer_of(sheet)
    found = SignIn.objects.select_for_update(of=("self",), no_key=True).filter(offer=offer).first()
    if found is None and not enters:
        return None
    if found is not None and all(getattr(found, name) == value for name, value in said.items()):
        return found
    try:
        with transaction.atomic():
            kept, _ = SignIn.objects.update_or_create(
                offer=offer, defaults={**said, "changed_at": now, "told_at": None}
            )
    except IntegrityError as error:
        if violated(error) != "sign_in_one_entity_id":
            raise
        raise Refused(
            "Un autre service porte déjà cet identifiant d’entité. Donnez celui de ce service.", "entity_id"
        ) from None
    done = "a relié à la connexion par Halle le" if enters else "a retiré de la connexion par Halle le"
    audit.record(
        tenant=sheet.vendor.organisation,
        actor=by,
        what="sign_in.declared" if enters else "sign_in.removed",
        sentence=f"{{actor}} {done} service « {sheet.name} ».",
        subject_id=sheet.pk,
        now=now,
        details={**said, "certificate": fingerprint(said["certificate"])},
    )
    tasks.tell_clients.defer(sign_in_id=kept.pk)
    return kept


def tell_subscribers(*, sign_in_id: int, now: datetime) -> None:
    """Writes the plans of those whose service is open or opens, batch by batch. Called again, it begins
    again: a plan that changes nothing is carried out as such."""
    last = _tell(sign_in_id, after=0, now=now)
    while last:
        last = _tell(sign_in_id, after=last, now=now)


def sweep(*, now: datetime) -> None:
    """Enqueues again what a dead worker or a lost job left behind."""
    left = SignIn.objects.filter(told_at__isnull=True, changed_at__lt=now - PATIENCE)
    for pk in set(left.values_list("pk", flat=True)) - jobs.waiting(tasks.tell_clients, "sign_in_id"):
        tasks.tell_clients.defer(sign_in_id=pk)


@transaction.atomic
def _tell(sign_in_id: int, *, after: int, now: datetime) -> int:
    """The plans of the next AT_ONCE subscriptions; the last one's number, 0 once all are told."""
    locked = SignIn.objects.select_for_update(of=("self",), no_key=True)
    found = locked.filter(pk=sign_in_id, told_at__isnull=True).first()
    if found is None:
        return 0
    rows = Subscription.objects.filter(state__in=THERE, listing__offer=found.offer_id, pk__gt=after)
    batch = list(rows.select_related("listing").order_by("pk")[:AT_ONCE])
    for one in batch:
        plan_client(subscription=one, label=CHANGES if found.is_declared else ENDS, now=now)
    if len(batch) == AT_ONCE:
        return batch[-1].pk
    SignIn.objects.filter(pk=found.pk).update(told_at=max(now, found.changed_at))
    return 0
