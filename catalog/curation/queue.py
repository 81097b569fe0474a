"""What waits for an operator's curators, and all that one review needs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet
from django.utils.timezone import localdate

from catalog.claims.queries import ClaimRead, read
from catalog.curation.deciding import checklist
from catalog.curation.shelf import is_priced
from catalog.curation.visas import holds, last_visa, needs_visa, rules_of
from catalog.models import (
    ChecklistItem,
    Claim,
    ClaimTopic,
    EthicsVisa,
    Family,
    Listing,
    ListingMove,
    ListingShare,
    ListingState,
    ServiceSheet,
    ShareState,
    Submission,
    SubmissionState,
)
from catalog.revisions import Difference, differences
from tenants.models import Operator

PAGE_SIZE = 30
LATE = timedelta(days=7)
NEW, CHANGED = "nouvelle", "modifiee"
WITH, WITHOUT = "avec", "sans"


@dataclass(frozen=True)
class QueueFilters:
    """Which submissions; what is empty filters nothing. `kind` is NEW or CHANGED, `personal` WITH or WITHOUT
    personal data; `vendor` is its id as it was typed."""

    family: str = ""
    vendor: str = ""
    kind: str = ""
    personal: str = ""
    late: bool = False


@dataclass(frozen=True)
class Waiting:
    """One submission of the queue. `name` and `family` are those of the revision; `changed` the labels of
    what changed since the last version this operator accepted."""

    submission: Submission
    name: str
    family: Family
    vendor: str
    personal_data: bool
    new: bool
    changed: list[str]
    days: int
    late: bool


@dataclass(frozen=True)
class Queue:
    """A page of the queue, the oldest first, and by what it can be filtered: (value, label, count)."""

    page: Page
    items: list[Waiting]
    total: int
    families: list[tuple[str, str, int]]
    vendors: list[tuple[str, str, int]]


def queue(*, operator: Operator, filters: QueueFilters, page: str | None, now: datetime) -> Queue:
    """Three queries, whatever the number of submissions."""
    everything = pending(operator=operator)
    counted = list(
        everything.values(
            family=F("revision__content__family"),
            vendor=F("listing__offer__product__sheet__vendor"),
            vendor_name=F("listing__offer__product__sheet__vendor__organisation__name"),
        )
        .annotate(count=Count("pk"))
        .order_by("vendor_name", "vendor")
    )
    rows = (
        filtered(everything, filters, now=now)
        .select_related(
            "revision",
            "listing__approved_revision",
            "listing__offer__product__sheet__vendor__organisation",
        )
        .order_by("submitted_at", "pk")
    )
    found = Paginator(rows, PAGE_SIZE).get_page(page)
    families, vendors = {}, {}
    for row in counted:
        families[row["family"]] = families.get(row["family"], 0) + row["count"]
        key = (str(row["vendor"]), row["vendor_name"])
        vendors[key] = vendors.get(key, 0) + row["count"]
    return Queue(
        page=found,
        items=[_waiting(submission, now) for submission in found],
        total=sum(row["count"] for row in counted),
        families=[(family.value, family.label, families[family]) for family in Family if family in families],
        vendors=[(*key, count) for key, count in vendors.items()],
    )


def pending(*, operator: Operator) -> QuerySet[Submission]:
    """What waits for this operator."""
    return Submission.objects.filter(listing__operator=operator, state=SubmissionState.PENDING)


def filtered(rows: QuerySet[Submission], filters: QueueFilters, *, now: datetime) -> QuerySet[Submission]:
    """The submissions that these filters keep. A value that means nothing filters nothing."""
    if filters.family in Family:
        rows = rows.filter(revision__content__family=filters.family)
    if filters.vendor.isascii() and filters.vendor.isdigit() and len(filters.vendor) < 10:
        rows = rows.filter(listing__offer__product__sheet__vendor=int(filters.vendor))
    if filters.kind in (NEW, CHANGED):
        rows = rows.filter(listing__approved_revision__isnull=filters.kind == NEW)
    if filters.personal in (WITH, WITHOUT):
        without = Q(revision__content__personal_data=False)
        rows = rows.filter(without) if filters.personal == WITHOUT else rows.exclude(without)
    if filters.late:
        rows = rows.filter(submitted_at__lt=now - LATE)
    return rows


def next_pending(
    *, operator: Operator, filters: QueueFilters, after: Submission, now: datetime
) -> Submission | None:
    """The one to open once `after` is decided: the next of the same filtered queue, else its first."""
    rows = filtered(pending(operator=operator), filters, now=now).exclude(pk=after.pk)
    rows = rows.order_by("submitted_at", "pk")
    later = Q(submitted_at__gt=after.submitted_at) | Q(submitted_at=after.submitted_at, pk__gt=after.pk)
    return rows.filter(later).first() or rows.first()


def _waiting(submission: Submission, now: datetime) -> Waiting:
    content, approved = submission.revision.content, submission.listing.approved_revision
    age = now - submission.submitted_at
    return Waiting(
        submission=submission,
        name=content["name"],
        family=Family(content["family"]),
        vendor=submission.listing.vendor.organisation.name,
        personal_data=content.get("personal_data", True),
        new=approved is None,
        changed=[found.label for found in differences(approved.content, content)] if approved else [],
        days=age.days,
        late=age > LATE,
    )


@dataclass(frozen=True)
class Review:
    """All that a curator reads before she decides. `sheet` is the revision as members will see it, not to be
    saved; `found` what changed since the last version accepted here (all of it when there is none)."""

    submission: Submission
    listing: Listing
    sheet: ServiceSheet
    found: list[Difference]
    claims: list[ClaimRead]
    points: list[ChecklistItem]
    needs_visa: bool
    visa: EthicsVisa | None
    visa_holds: bool
    priced: bool
    history: list[Submission]


def submission_of(*, operator: Operator, public_id) -> Submission | None:
    """One submission to this operator, with its listing and its vendor. One query."""
    return (
        Submission.objects.filter(listing__operator=operator, public_id=public_id)
        .select_related(
            "revision",
            "decided_by",
            "listing__operator",
            "listing__approved_revision",
            "listing__offer__product__sheet__vendor__organisation",
        )
        .first()
    )


def review(*, operator: Operator, public_id, now: datetime) -> Review | None:
    """One submission to this operator, decided or not; None when it is none of them. Seven queries."""
    submission = submission_of(operator=operator, public_id=public_id)
    if submission is None:
        return None
    listing, content, today = submission.listing, submission.revision.content, localdate(now)
    approved = listing.approved_revision.content if listing.approved_revision else None
    visa = last_visa(listing)
    return Review(
        submission=submission,
        listing=listing,
        sheet=listing.sheet.with_content_json(content),
        found=differences(approved, content),
        claims=current_claims(listing.sheet),
        points=checklist(operator=operator, family=content["family"]),
        needs_visa=needs_visa(rules=rules_of(operator), content=content),
        visa=visa,
        visa_holds=holds(visa, on=today),
        priced=is_priced(listing, on=today),
        history=history(listing),
    )


def current_claims(sheet: ServiceSheet) -> list[ClaimRead]:
    """The vendor's last word on each topic, expired or not, in the order of the topics."""
    claims = Claim.objects.current().filter(sheet=sheet).select_related("checked_for", "evidence_file")
    topics = list(ClaimTopic)
    return [read(claim) for claim in sorted(claims, key=lambda one: topics.index(one.topic))]


def history(listing: Listing) -> list[Submission]:
    """Everything submitted for a listing, the last first."""
    rows = listing.submissions.select_related("decided_by")
    return list(rows.order_by("-submitted_at", "-pk")[:50])


def moves(listing: Listing) -> list[ListingMove]:
    """How the listing moved, the last first."""
    return list(listing.moves.select_related("by").order_by("-at", "-pk")[:50])


@dataclass(frozen=True)
class CuratorsWork:
    """How much waits for an operator's curators: versions to review, those of more than seven days among
    them, accepted services off the shelf for want of a price or of a click, offers of other operators."""

    submissions: int
    late: int
    off_shelf: int
    offers: int


def curators_work(*, operator: Operator, now: datetime) -> CuratorsWork:
    """Three queries."""
    waiting = pending(operator=operator).aggregate(
        every=Count("pk"), late=Count("pk", filter=Q(submitted_at__lt=now - LATE))
    )
    off_shelf = Listing.objects.filter(
        operator=operator, state=ListingState.DRAFT, approved_revision__isnull=False
    )
    offers = ListingShare.objects.filter(to_operator=operator, state=ShareState.OFFERED)
    return CuratorsWork(waiting["every"], waiting["late"], off_shelf.count(), offers.count())
