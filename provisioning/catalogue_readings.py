"""A vendor has its broker's catalogue read at once: asked for on a page, carried out by a worker."""

from datetime import datetime, timedelta

from django.db import transaction

from provisioning import catalogues, tasks
from provisioning.catalogues import Found
from provisioning.models import CatalogueReading, Endpoint
from provisioning.models.endpoint import ConnectorKind
from tenants import audit, jobs
from tenants.models import Organisation, User
from tenants.refusals import Refused

# Since November 2026: whoever mends her catalogue looks again a few times in a row, a machine asks for ever.
AGAIN_AFTER = timedelta(minutes=1)
# Begun that often without an end: each worker died of it, or failed in a way nobody foresaw.
MAX_ATTEMPTS = 3
# Younger than this, a job is most likely on its way.
PATIENCE = timedelta(minutes=1)


class NotRead(Refused):
    """There is no broker to ask, or it was asked a moment ago."""


@transaction.atomic
def ask_reading(
    *, endpoint: Endpoint, service: str, by: User, on_behalf_of: Organisation, now: datetime
) -> CatalogueReading:
    """Has a worker read the catalogue; the reading under way if there is one. Raises NotRead, also within
    AGAIN_AFTER of the one before."""
    endpoint = Endpoint.objects.select_for_update(of=("self",), no_key=True).get(pk=endpoint.pk)
    if endpoint.connector != ConnectorKind.OSB:
        raise NotRead("Aucun courtier n’est raccordé : écrivez d’abord son adresse.")
    last = last_reading(endpoint)
    if last and last.finished_at is None:
        return last
    if last and last.asked_at > now - AGAIN_AFTER:
        raise NotRead("Le catalogue vient d’être lu : attendez une minute avant de le relire.")
    reading = CatalogueReading.objects.create(endpoint=endpoint, asked_by=by, asked_at=now)
    audit.record(
        tenant=on_behalf_of,
        actor=by,
        what="endpoint.catalogue_asked",
        sentence=f"{{actor}} a fait relire le catalogue du courtier pour le service « {service} ».",
        subject_id=reading.pk,
        now=now,
    )
    _defer(reading.pk)
    return reading


def carry_out(*, reading_id: int, now: datetime) -> None:
    """Reads the catalogue and says what came of it. Killed anywhere and called again, it reads again; called
    too often, it does nothing. Must run outside a transaction: it calls the vendor."""
    reading = _begin(reading_id)
    if reading is None:
        return
    if reading.attempts > MAX_ATTEMPTS:
        _finish(reading, Found(problem="La lecture s’est interrompue plusieurs fois."), now=now)
        return
    asked = catalogues.ask_for(reading.endpoint)
    with transaction.atomic():
        found = catalogues.record(asked, now=now) if asked else {}
        _finish(reading, found.get(reading.endpoint_id, Found(problem=catalogues.INCOMPLETE)), now=now)


def last_reading(endpoint: Endpoint) -> CatalogueReading | None:
    """The last that somebody asked for. One query."""
    return CatalogueReading.objects.filter(endpoint=endpoint).order_by("-asked_at", "-pk").first()


def sweep(*, now: datetime) -> None:
    """Enqueues again the readings that a dead worker or a lost job left behind."""
    waiting = jobs.waiting(tasks.read_catalogue, "reading_id")
    left = CatalogueReading.objects.filter(finished_at__isnull=True, asked_at__lt=now - PATIENCE)
    for pk in left.order_by("pk").values_list("pk", flat=True):
        if pk not in waiting:
            _defer(pk)


def _defer(reading_id: int) -> None:
    # One at a time for a reading: the one that waits finds nothing to do.
    lock = f"provisioning.catalogue:{reading_id}"
    tasks.read_catalogue.configure(lock=lock).defer(reading_id=reading_id)


@transaction.atomic
def _begin(reading_id: int) -> CatalogueReading | None:
    """The reading, committed as begun before the vendor is asked; None when it is over."""
    readings = CatalogueReading.objects.select_for_update(of=("self",), no_key=True)
    reading = readings.select_related("endpoint").filter(pk=reading_id, finished_at__isnull=True).first()
    if reading is not None:
        reading.attempts += 1
        reading.save(update_fields=["attempts"])
    return reading


def _finish(reading: CatalogueReading, found: Found, *, now: datetime) -> None:
    CatalogueReading.objects.filter(pk=reading.pk, finished_at__isnull=True).update(
        finished_at=now, problem=found.problem[:500], changes=list(found.changes)
    )
