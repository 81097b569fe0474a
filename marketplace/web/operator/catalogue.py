"""What the pages of an operator's catalogue share: tabs, breadcrumb, badges."""

from django.urls import reverse

from catalog.models import ListingState, SubmissionState
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import TASK_ROLES

TITLE = "Catalogue"
TABS = {
    "operator_submissions": "À examiner",
    "operator_shelf": "Rayon",
    "operator_shares": "Partages",
    "operator_shelf_rules": "Règles",
}
LISTING_BADGES = {
    ListingState.DRAFT: "neutral",
    ListingState.LISTED: "success",
    ListingState.SUSPENDED: "warning",
    ListingState.REFUSED: "danger",
    ListingState.WITHDRAWN: "neutral",
}
SUBMISSION_BADGES = {
    SubmissionState.PENDING: "info",
    SubmissionState.ACCEPTED: "success",
    SubmissionState.CHANGES: "warning",
    SubmissionState.REFUSED: "danger",
    SubmissionState.REPLACED: "neutral",
    SubmissionState.CANCELLED: "neutral",
}


def frame(request, operator, name: str, *path: tuple[str, str], **context) -> dict:
    """What every page of the catalogue gives its template. `path` are the crumbs (label, url) below the tab
    `name`: without any, it is the tab's own page."""
    start, tab_url = (reverse(one, args=[operator.slug]) for one in ("operator_submissions", name))
    below = [(TABS[name], tab_url if path else ""), *path]
    return {
        "operator": operator,
        "crumbs": crumbs(operator, (TITLE, start), *below),
        "tabs": [
            {"label": label, "url": reverse(target, args=[operator.slug]), "active": target == name}
            for target, label in TABS.items()
        ],
        "tab": TABS[name],
        "may_act": bool(request.roles & TASK_ROLES),
        **context,
    }


def listing_badge(state: str) -> dict:
    """For components/badge.html."""
    state = ListingState(state)
    return {"state": LISTING_BADGES[state], "label": capitalised(state.label)}


def submission_badge(state: str) -> dict:
    """For components/badge.html."""
    state = SubmissionState(state)
    return {"state": SUBMISSION_BADGES[state], "label": capitalised(state.label)}
