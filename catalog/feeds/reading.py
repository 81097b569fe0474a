"""Reading a feed, in a worker: a record before the network is asked, what was found after. Safe to run again.

Nothing that is read is shown to anybody but who follows the feed, and nothing is published.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from catalog import fetching
from catalog.feeds import remote
from catalog.feeds.following import follow
from catalog.models import FeedKind, FeedState, ImportedItem, ImportFeed, ItemState
from catalog.publiccode import PublicCodeInvalid, read_publiccode
from catalog.sheets.importing import values_from
from tenants import audit

# After this, whoever began a reading is taken for dead.
PATIENCE = timedelta(minutes=15)
MAX_SERVICES = 5_000
MAX_DETAILS = 300  # services read in full in one reading; the others the next time
MAX_SECONDS = 8 * 60
MAX_KEY = 500
MAX_PROBLEM = 500

Fetch = Callable[..., fetching.Fetched]


@dataclass
class Found:
    """One service of the source: what it would write in a sheet, or why it cannot be taken."""

    key: str
    content: dict  # {"name", "values", "vendor": {"siren", "name"} or None}
    fingerprint: str  # changes when the source changes
    problems: list[str] = field(default_factory=list)


@dataclass
class Harvest:
    found: list[Found]
    seen: set[str]  # keys that the source still has, whether read again or not
    etag: str = ""
    note: str = ""


class Unchanged(Exception):
    """The source says that nothing has changed."""


def read(*, feed_id: int, now: datetime, fetch: Fetch = fetching.fetch) -> None:
    """Reads a feed once. Whoever finds it being read by somebody else leaves it alone.

    Must run outside a transaction: the record that a reading began is kept whatever happens next.
    """
    if not _begin(feed_id, now):
        return
    feed = ImportFeed.objects.select_related("operator__organisation", "vendor__organisation").get(pk=feed_id)
    try:
        harvest = _READERS[feed.kind](feed, fetch)
    except Unchanged:
        _end(feed, now, state=FeedState.OK)
    except (fetching.FetchFailed, remote.NotHalle) as error:
        _end(feed, now, state=FeedState.FAILED, problem=str(error))
    else:
        _keep(feed, harvest, now)


def _begin(feed_id: int, now: datetime) -> bool:
    free = ~Q(state=FeedState.RUNNING) | Q(started_at__lt=now - PATIENCE)
    feeds = ImportFeed.objects.filter(free, pk=feed_id, removed_at__isnull=True)
    return feeds.update(state=FeedState.RUNNING, started_at=now) == 1


@transaction.atomic
def _end(feed: ImportFeed, now: datetime, *, state: FeedState, problem: str = "", **fields) -> None:
    mine = ImportFeed.objects.filter(pk=feed.pk, state=FeedState.RUNNING, started_at=now)
    if mine.update(state=state, read_at=now, problem=problem[:MAX_PROBLEM], **fields) != 1:
        return  # taken for dead, and somebody else has begun since
    if state == FeedState.FAILED and feed.problem != problem[:MAX_PROBLEM]:  # not the same every night
        _record(feed, now, "failed", "Halle n’a pas pu lire une source de services.", {"reason": problem})


@transaction.atomic
def _keep(feed: ImportFeed, harvest: Harvest, now: datetime) -> None:
    """What was found becomes proposals. An item that has not changed since keeps the decision taken on it."""
    locked = ImportFeed.objects.select_for_update(no_key=True).get(pk=feed.pk)
    if locked.state != FeedState.RUNNING or locked.started_at != now:
        return
    known = {item.key: item for item in feed.items.filter(key__in=harvest.seen)}
    proposed = rejected = 0
    for found in harvest.found:
        item = known.get(found.key) or ImportedItem(feed=feed, key=found.key, first_seen_at=now)
        if item.pk and item.content_hash == found.fingerprint:
            continue
        applied = (item.content or {}).get("applied", {})
        item.content = {**found.content, "applied": applied}
        item.content_hash, item.problems = found.fingerprint, found.problems
        item.last_seen_at = now
        item.state = ItemState.REJECTED if found.problems else ItemState.PROPOSED
        if feed.vendor_id and not found.problems:
            follow(feed=feed, item=item, now=now)
        item.save()
        proposed += item.state == ItemState.PROPOSED
        rejected += item.state == ItemState.REJECTED
    feed.items.filter(key__in=harvest.seen).update(last_seen_at=now)
    _end(feed, now, state=FeedState.OK, problem=harvest.note, etag=harvest.etag)
    if proposed or rejected:
        _record(
            feed,
            now,
            "read",
            "Halle a lu une source de services : il y a du nouveau.",
            {"proposed": proposed, "rejected": rejected},
        )


def _publiccode(feed: ImportFeed, fetch: Fetch) -> Harvest:
    answer = fetch(feed.url, etag=feed.etag)
    if answer.not_modified:
        raise Unchanged
    key = feed.url[:MAX_KEY]
    fingerprint = hashlib.sha256(answer.body).hexdigest()
    try:
        code = read_publiccode(answer.body)
    except PublicCodeInvalid as error:
        found = Found(key, {"name": feed.url, "values": {}, "vendor": None}, fingerprint, error.errors)
    else:
        values = values_from(code, publiccode_url=feed.url if len(feed.url) <= 300 else "")
        content = {"name": values["name"], "values": values, "vendor": None}
        found = Found(key, content, fingerprint)
    return Harvest([found], {key}, etag=answer.etag)


def _halle(feed: ImportFeed, fetch: Fetch) -> Harvest:
    base, deadline = feed.url.rstrip("/"), time.monotonic() + MAX_SECONDS
    items = {_plain(item["id"])[:MAX_KEY]: item for item in _listed(base, fetch)}
    known = dict(feed.items.values_list("key", "content_hash"))
    harvest = Harvest([], set(items))
    for key, item in items.items():
        fingerprint = _fingerprint(item)
        if known.get(key) == fingerprint:
            continue
        if len(harvest.found) == MAX_DETAILS or time.monotonic() > deadline:
            harvest.note = "Il reste des services à lire : la suite viendra à la prochaine lecture."
            break
        try:
            harvest.found.append(_detail(base, key, item, fingerprint, fetch))
        except fetching.FetchFailed as error:
            # What was read is kept; the rest another time.
            harvest.note = f"La lecture s’est arrêtée en route. {error}"
            break
    return harvest


def _listed(base: str, fetch: Fetch) -> Iterable[dict]:
    """Every service of the other Halle. Its own links to the next page are not followed: they may lead
    anywhere."""
    page, total = 1, 1
    while (page - 1) * remote.PAGE_SIZE < min(total, MAX_SERVICES):
        answer = fetch(f"{base}/services?page={page}&page_size={remote.PAGE_SIZE}")
        items, total = remote.page_of(answer.body)
        yield from items
        page += 1


def _detail(base: str, key: str, item: dict, fingerprint: str, fetch: Fetch) -> Found:
    name = _plain(str(item.get("name", key)))[:120]
    nothing = {"name": name, "values": {}, "vendor": None}
    if not remote.ID.fullmatch(key):
        return Found(key, nothing, fingerprint, ["L’identifiant de ce service est mal formé."])
    try:
        service = remote.service_of(fetch(f"{base}/services/{key}").body)
    except (remote.NotHalle, fetching.BadAnswer, fetching.TooLarge) as error:
        if getattr(error, "passing", False):
            raise
        return Found(key, nothing, fingerprint, [str(error)])
    content = {"name": service.name, "values": service.values(), "vendor": service.vendor.model_dump()}
    return Found(key, content, fingerprint)


def _plain(text: str) -> str:
    """Without what PostgreSQL cannot keep."""
    return text.replace("\0", "").encode(errors="replace").decode()


def _fingerprint(item: dict) -> str:
    return hashlib.sha256(json.dumps(item, sort_keys=True).encode()).hexdigest()


def _record(feed: ImportFeed, now: datetime, what: str, sentence: str, details: dict) -> None:
    owner = feed.operator or feed.vendor
    audit.record(
        tenant=owner.organisation,
        actor=None,
        what=f"feed.{what}",
        sentence=sentence,
        subject_id=feed.pk,
        now=now,
        details={"url": feed.url, **details},
    )


_READERS: dict[str, Callable[[ImportFeed, Fetch], Harvest]] = {
    FeedKind.PUBLICCODE: _publiccode,
    FeedKind.HALLE: _halle,
}
