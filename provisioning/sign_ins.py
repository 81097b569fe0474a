"""A vendor says that people enter its service through Halle, and where they come back to; then whoever
subscribes already is told, by a worker."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from catalog.models import ServiceSheet
from catalog.sheets.offers import offer_of
from provisioning import tasks
from provisioning.clients import CHANGES, ENDS, THERE, plan_client
from provisioning.models import SignIn
from provisioning.models.sign_in import MAX_ADDRESS
from subscriptions.models import Subscription
from tenants import audit, jobs
from tenants.models import User
from tenants.refusals import Refused

MOST_ADDRESSES = 10
AT_ONCE = 200  # subscriptions told in one transaction
# Younger than this, a job is most likely on its way.
PATIENCE = timedelta(minutes=1)
_WHOLE = "Écrivez l’adresse en entier, sans « * » ni « # » : https://…"


def sign_in_of(sheet: ServiceSheet) -> SignIn | None:
    """What its vendor has said of it; None when it never did. One query."""
    return SignIn.objects.filter(offer__product__sheet=sheet, offer__partner__vendor=sheet.vendor_id).first()


@transaction.atomic
def declare(
    *,
    sheet: ServiceSheet,
    redirect_uris: list[str],
    signed_out_uri: str,
    logout_uri: str,
    by: User,
    now: datetime,
) -> SignIn | None:
    """People enter the service through Halle, and come back to one of these addresses exactly; without any,
    they no longer do. The clients of those who subscribe already follow, by a worker. The same again writes
    nothing. Raises Refused."""
    typed = [address.strip() for address in redirect_uris if address.strip()]
    said = {
        "redirect_uris": [_checked(one, "redirect_uris") for one in dict.fromkeys(typed)],
        "signed_out_uri": _checked(signed_out_uri.strip(), "signed_out_uri"),
        "logout_uri": _checked(logout_uri.strip(), "logout_uri"),
    }
    if len(said["redirect_uris"]) > MOST_ADDRESSES:
        raise Refused(f"{MOST_ADDRESSES} adresses de retour au plus.", "redirect_uris")
    if not typed:
        said |= {"signed_out_uri": "", "logout_uri": ""}
    offer = offer_of(sheet)
    found = SignIn.objects.select_for_update(of=("self",), no_key=True).filter(offer=offer).first()
    if found is None and not typed:
        return None
    if found is not None and all(getattr(found, name) == value for name, value in said.items()):
        return found
    kept, _ = SignIn.objects.update_or_create(
        offer=offer, defaults={**said, "changed_at": now, "told_at": None}
    )
    done = "a relié à la connexion par Halle le" if typed else "a retiré de la connexion par Halle le"
    audit.record(
        tenant=sheet.vendor.organisation,
        actor=by,
        what="sign_in.declared" if typed else "sign_in.removed",
        sentence=f"{{actor}} {done} service « {sheet.name} ».",
        subject_id=sheet.pk,
        now=now,
        details=said,
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


def _checked(address: str, field: str) -> str:
    """As it is; "" stays so. Raises Refused."""
    if not address:
        return ""
    schemes = ("https", "http") if settings.ALLOW_PRIVATE_ADDRESSES else ("https",)
    try:
        parts = urlsplit(address)
        right = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        right = right and "@" not in parts.netloc
    except ValueError:
        right = False
    if not right or not address.isprintable() or set(address) & set("*#\\ ") or len(address) > MAX_ADDRESS:
        raise Refused(_WHOLE, field)
    return address
