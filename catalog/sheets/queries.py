"""Reads for a vendor's pages about her sheets."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from wagtail.models import Revision

from catalog.models import (
    Listing,
    PlannedPublication,
    PlannedState,
    ServiceSheet,
    Submission,
    SubmissionState,
    Vendor,
)
from tenants.models import Membership, Operator

PAGE_SIZE = 25


@dataclass(frozen=True)
class ShelfState:
    """Where a service stands at one operator: its listing, and the last version put before it (or None)."""

    listing: Listing
    submission: Submission | None

    @property
    def pending(self) -> bool:
        return self.submission is not None and self.submission.state == SubmissionState.PENDING


@dataclass(frozen=True)
class VendorService:
    """One service of a vendor, its shelves by operator, and what is planned for it (or None)."""

    sheet: ServiceSheet
    shelves: list[ShelfState]
    planned: PlannedPublication | None


def vendor_services(*, vendor: Vendor, page: str | None) -> tuple[Page, list[VendorService]]:
    """A page of the vendor's services by name. Five queries, whatever their number."""
    sheets = ServiceSheet.objects.filter(vendor=vendor).order_by("name", "pk")
    found = Paginator(sheets, PAGE_SIZE).get_page(page)
    rows = list(found)
    shelves = shelves_of(rows)
    planned = {
        one.sheet_id: one
        for one in PlannedPublication.objects.filter(sheet__in=rows, state=PlannedState.PLANNED)
    }
    return found, [VendorService(row, shelves.get(row.pk, []), planned.get(row.pk)) for row in rows]


def shelves_of(sheets: Iterable[ServiceSheet]) -> dict[int, list[ShelfState]]:
    """Every shelf these services are on or were proposed to, by service. Two queries."""
    sheets = list(sheets)
    listings = list(
        Listing.objects.filter(offer__product__sheet__in=sheets)
        .select_related("operator", "offer__product__sheet")
        .order_by("operator__short_name", "pk")
    )
    last = {
        submission.listing_id: submission
        for submission in Submission.objects.filter(listing__in=listings)
        .order_by("listing_id", "-submitted_at", "-pk")
        .distinct("listing_id")
    }
    states: dict[int, list[ShelfState]] = {}
    for listing in listings:
        states.setdefault(listing.sheet.pk, []).append(ShelfState(listing, last.get(listing.pk)))
    return states


def under_review_at(*, sheet: ServiceSheet) -> list[str]:
    """The operators that read a version of this sheet now, by name. One query."""
    return list(
        Submission.objects.filter(listing__offer__product__sheet=sheet, state=SubmissionState.PENDING)
        .order_by("listing__operator__short_name")
        .values_list("listing__operator__short_name", flat=True)
    )


def service_of(*, vendor: Vendor, slug: str) -> ServiceSheet | None:
    """One service of this vendor, with its last revision; None for anybody else's."""
    return (
        ServiceSheet.objects.select_related("latest_revision", "product", "vendor__organisation")
        .filter(vendor=vendor, slug=slug)
        .first()
    )


@dataclass(frozen=True)
class Version:
    """One revision in the history: `roles` its author holds at the vendor's today, where it was submitted and
    who approved it."""

    revision: Revision
    roles: list[str]
    submissions: list[Submission]
    approved_by: list[str]


def history(*, sheet: ServiceSheet, page: str | None) -> tuple[Page, list[Version]]:
    """The versions of a sheet, the newest first. Five queries a page, and no content is read."""
    revisions = sheet.revisions.defer("content").order_by("-created_at", "-pk")
    found = Paginator(revisions, PAGE_SIZE).get_page(page)
    rows = list(found)
    submissions: dict[int, list[Submission]] = {}
    for submission in (
        Submission.objects.filter(revision__in=rows)
        .select_related("listing__operator")
        .order_by("listing__operator__short_name", "pk")
    ):
        submissions.setdefault(submission.revision_id, []).append(submission)
    approvals: dict[int, list[str]] = {}
    for listing in (
        Listing.objects.filter(approved_revision__in=rows)
        .select_related("operator")
        .order_by("operator__short_name", "pk")
    ):
        approvals.setdefault(listing.approved_revision_id, []).append(listing.operator.short_name)
    roles: dict[int, list[str]] = {}
    for mandate in Membership.objects.filter(
        user__in={row.user_id for row in rows if row.user_id}, organisation=sheet.vendor.organisation_id
    ).order_by("role"):
        label = mandate.get_role_display()
        held = roles.setdefault(mandate.user_id, [])
        if label not in held:
            held.append(label)
    return found, [
        Version(row, roles.get(row.user_id, []), submissions.get(row.pk, []), approvals.get(row.pk, []))
        for row in rows
    ]


def preview_shelf(*, sheet: ServiceSheet, operator: Operator) -> Listing | None:
    """The operator's listing of this service, on the shelf or not, with what its page shows; None before the
    service was proposed there."""
    return (
        Listing.objects.for_cards()
        .filter(operator=operator, offer__product__sheet=sheet)
        .order_by("pk")
        .first()
    )
