"""How the states of a sheet are said to its vendor."""

from urllib.parse import urlencode

from django.urls import reverse

from catalog.models import ListingState, ServiceSheet, SubmissionState
from catalog.sheets.queries import ShelfState
from marketplace.web.formats import day

LISTINGS = {
    ListingState.DRAFT: ("neutral", "Pas encore au catalogue"),
    ListingState.LISTED: ("success", "Au catalogue"),
    ListingState.SUSPENDED: ("warning", "Suspendu"),
    ListingState.REFUSED: ("danger", "Refusé"),
    ListingState.WITHDRAWN: ("neutral", "Retiré"),
}
SUBMISSIONS = {
    SubmissionState.PENDING: ("info", "À l’examen"),
    SubmissionState.CHANGES: ("warning", "Modifications demandées"),
    SubmissionState.REFUSED: ("danger", "Refusée"),
}


def sheet_states(sheet: ServiceSheet) -> list[dict]:
    """One or two {badge, label} of a sheet as its vendor sees it."""
    if not sheet.live:
        return [{"badge": "neutral", "label": "Jamais publiée"}]
    states = [{"badge": "success", "label": "Publiée"}]
    if sheet.latest_revision_id != sheet.live_revision_id:
        states.append({"badge": "info", "label": "Brouillon en cours"})
    return states


def shelf_in_words(shelf: ShelfState) -> dict:
    """One operator's row: where the service stands there, and what was said of the last version sent."""
    listing, submission = shelf.listing, shelf.submission
    badge, label = LISTINGS[ListingState(listing.state)]
    on_shelf = listing.state == ListingState.LISTED
    sent = None
    if submission is not None and submission.state in SUBMISSIONS:
        sent_badge, sent_label = SUBMISSIONS[SubmissionState(submission.state)]
        sent = {
            "badge": sent_badge,
            "label": sent_label,
            "when": day(submission.decided_at or submission.submitted_at),
            "message": submission.message,
        }
    return {
        "operator": listing.operator.short_name,
        "badge": badge,
        "state": label,
        "sent": sent,
        "approved": day(listing.approved_at),
        "url": reverse("service", args=[listing.operator.slug, listing.sheet.slug]) if on_shelf else "",
        "cancel": submission.public_id if shelf.pending else "",
    }


def with_query(url: str, **parameters: object) -> str:
    return f"{url}?{urlencode(parameters)}"


def crumbs(vendor, *items: tuple[str, str]) -> list[dict]:
    """For components/breadcrumb.html: the vendor's services, then `items` (label, url)."""
    start = {"label": "Mes services", "url": reverse("vendor_home", args=[vendor.organisation.siren])}
    return [start, *({"label": label, "url": url} for label, url in items)]
