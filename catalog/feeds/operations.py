"""The verbs of feeds: add a source, read it, remove it; take or dismiss what it tells of."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from catalog import tasks
from catalog.curation import letters
from catalog.feeds.errors import AlreadyDecided, FeedRefused, ItemRefused
from catalog.fetching import AddressRefused, checked_address
from catalog.models import (
    FeedKind,
    FeedState,
    ImportedItem,
    ImportFeed,
    ItemState,
    ServiceSheet,
    Vendor,
    VendorState,
)
from catalog.sheets.drafts import create_service, draft_of, save_draft
from catalog.sheets.errors import SheetRefused
from tenants import audit, jobs
from tenants.models import Operator, Organisation, Role, User
from tenants.tenancy import tenant_scope

MAX_FEEDS = 50
TAKEN = """Bonjour,

{operator} a lu votre service « {service} » à cette adresse : {source}

Un brouillon de fiche en a été fait chez vous. Relisez-le, complétez-le, puis soumettez-le :
{url}

Rien n’est publié sans vous.
"""
# Between two readings that people ask for: the other site is somebody else's.
REST = timedelta(minutes=1)
# A job for a reading that was asked for, but never began, is lost after this.
LOST = timedelta(minutes=5)


@transaction.atomic
def add_operator_feed(*, operator: Operator, kind: str, url: str, by: User, now: datetime) -> ImportFeed:
    """A source that this operator's curators follow; a first reading begins. Raises FeedRefused."""
    return _add(ImportFeed(kind=kind, operator=operator), operator.organisation, url, by, now)


@transaction.atomic
def add_vendor_feed(*, sheet: ServiceSheet, url: str, by: User, now: datetime) -> ImportFeed:
    """A publiccode.yml that the draft of this sheet follows; a first reading begins. Raises FeedRefused."""
    vendor = sheet.vendor
    if ImportFeed.objects.filter(sheet=sheet, vendor=vendor, removed_at__isnull=True).exists():
        raise FeedRefused("Cette fiche suit déjà une adresse : retirez-la d’abord.", "sheet")
    feed = ImportFeed(kind=FeedKind.PUBLICCODE, vendor=vendor, sheet=sheet)
    return _add(feed, vendor.organisation, url, by, now)


@transaction.atomic
def remove(*, feed: ImportFeed, by: User, now: datetime) -> None:
    """It is no longer read. What was taken from it stays. Raises FeedRefused when it is already removed."""
    if ImportFeed.objects.filter(pk=feed.pk, removed_at__isnull=True).update(removed_at=now) != 1:
        raise FeedRefused("Cette source est déjà retirée.")
    _record(feed, by, now, "removed", "{actor} a retiré une source de services.")


@transaction.atomic
def ask_reading(*, feed: ImportFeed, by: User, now: datetime) -> None:
    """A worker reads it as soon as it can. Raises FeedRefused when it is being read, or was a moment ago."""
    recent = ImportFeed.objects.filter(pk=feed.pk, removed_at__isnull=True)
    if not recent.filter(
        ~Q(state=FeedState.RUNNING), Q(read_at__isnull=True) | Q(read_at__lt=now - REST)
    ).exists():
        raise FeedRefused("Cette source est en cours de lecture, ou vient d’être lue. Attendez une minute.")
    _record(feed, by, now, "asked", "{actor} a demandé la lecture d’une source de services.")
    _defer(feed.pk)


@transaction.atomic
def take(*, item: ImportedItem, vendor: Vendor, family: str, by: User, now: datetime) -> ServiceSheet:
    """What the source says becomes a draft of that vendor's service: a new one, or the one made of it before.
    Nothing is published; the vendor is told, reads it, completes it, submits it.

    Raises AlreadyDecided, or ItemRefused when the draft cannot be made so.
    """
    if ImportedItem.objects.filter(pk=item.pk, state=ItemState.PROPOSED).update(state=ItemState.TAKEN) != 1:
        raise AlreadyDecided
    if vendor.state != VendorState.ACTIVE:
        raise ItemRefused("Cet éditeur est suspendu.")
    if item.sheet_id and item.sheet.vendor_id != vendor.pk:
        raise ItemRefused("Ce service a déjà été repris pour un autre éditeur.")
    values = {name: value for name, value in item.content["values"].items() if name != "family"}
    with tenant_scope([item.feed.operator.organisation_id, vendor.organisation_id]):
        try:
            sheet = item.sheet or create_service(
                vendor=vendor, name=values["name"], family=family, by=by, now=now
            )
            revision = draft_of(sheet).revision
            based_on = revision.pk if revision else None
            save_draft(sheet=sheet, values={**values, "family": family}, based_on=based_on, by=by, now=now)
        except SheetRefused as refusal:
            raise ItemRefused(str(refusal)) from refusal
        ImportedItem.objects.filter(pk=item.pk).update(sheet=sheet)
        _record(item.feed, by, now, "taken", f"{{actor}} a repris en brouillon le service « {sheet.name} ».")
        _tell(item, sheet, now)
    return sheet


@transaction.atomic
def dismiss(*, item: ImportedItem, by: User, now: datetime) -> None:
    """Not for us; it is proposed again if the source changes it. Raises AlreadyDecided."""
    open_states = [ItemState.PROPOSED, ItemState.REJECTED]
    moved = ImportedItem.objects.filter(pk=item.pk, state__in=open_states).update(state=ItemState.DISMISSED)
    if moved != 1:
        raise AlreadyDecided
    _record(item.feed, by, now, "dismissed", "{actor} a écarté un service d’une source.")


def enqueue_all(*, now: datetime) -> None:
    """Every night: each source is read again."""
    waiting = jobs.waiting(tasks.read_feed, "feed_id")
    feeds = ImportFeed.objects.filter(removed_at__isnull=True).order_by("pk")
    for pk in feeds.values_list("pk", flat=True):
        if pk not in waiting:
            _defer(pk)


def sweep(*, now: datetime) -> None:
    """Enqueues again what a dead worker or a lost job left behind."""
    from catalog.feeds.reading import PATIENCE

    waiting = jobs.waiting(tasks.read_feed, "feed_id")
    left = ImportFeed.objects.filter(
        Q(state=FeedState.RUNNING, started_at__lt=now - PATIENCE)
        | Q(state=FeedState.NEVER, added_at__lt=now - LOST),
        removed_at__isnull=True,
    )
    for pk in left.order_by("pk").values_list("pk", flat=True):
        if pk not in waiting:
            _defer(pk)


def _add(feed: ImportFeed, owner: Organisation, url: str, by: User, now: datetime) -> ImportFeed:
    try:
        feed.url = str(checked_address(url))
    except AddressRefused as refusal:
        raise FeedRefused(str(refusal), "url") from None
    if len(feed.url) > ImportFeed._meta.get_field("url").max_length:
        raise FeedRefused("Cette adresse est trop longue.", "url")
    mine = ImportFeed.objects.filter(operator=feed.operator, vendor=feed.vendor, removed_at__isnull=True)
    if mine.filter(url=feed.url).exists():
        raise FeedRefused("Vous suivez déjà cette adresse.", "url")
    if mine.count() >= MAX_FEEDS:
        raise FeedRefused(f"C’est trop : {MAX_FEEDS} sources au plus.", "url")
    feed.added_by, feed.added_at = by, now
    feed.save(force_insert=True)
    _record(feed, by, now, "added", f"{{actor}} a ajouté une source de services ({feed.get_kind_display()}).")
    _defer(feed.pk)
    return feed


def _defer(feed_id: int) -> None:
    tasks.read_feed.configure(lock=f"catalog.feed:{feed_id}").defer(feed_id=feed_id)


def _tell(item: ImportedItem, sheet: ServiceSheet, now: datetime) -> None:
    operator, vendor = item.feed.operator, sheet.vendor
    letters.write_to(
        organisation=vendor.organisation,
        roles=(Role.VENDOR_ADMIN, Role.VENDOR_EDITOR),
        tenant=operator.organisation,
        key=f"feed-item:{item.pk}:{item.content_hash[:16]}",
        subject=f"Un brouillon vous attend : {sheet.name}",
        body=TAKEN.format(
            operator=operator.short_name,
            service=sheet.name,
            source=item.feed.url,
            url=letters.address("vendor_service", vendor.organisation.siren, sheet.slug),
        ),
        now=now,
    )


def _record(feed: ImportFeed, by: User, now: datetime, what: str, sentence: str) -> None:
    owner = feed.operator or feed.vendor
    audit.record(
        tenant=owner.organisation,
        actor=by,
        what=f"feed.{what}",
        sentence=sentence,
        subject_id=feed.pk,
        now=now,
        details={"url": feed.url},
    )
