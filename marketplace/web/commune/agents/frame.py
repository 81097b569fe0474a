"""What the pages about agents share: who opens them, where they are."""

from functools import wraps

from django.http import Http404
from django.urls import reverse

from marketplace.web.access import member_view
from tenants.models import Organisation, Role
from tenants.people.roles import NotAllowed, given_by

PAGE = ["GET", "HEAD", "POST"]
TABS = (
    ("member_agents", "Agents"),
    ("member_agent_groups", "Groupes"),
    ("member_agent_services", "Services"),
    ("member_access_reviews", "Revues"),
    ("member_departures", "Départs"),
)


def agents_view(view):
    """For whoever administers the organisation's people; its signatory reads: `request.administers` tells
    them apart."""

    @member_view(Role.ORG_ADMIN, Role.SIGNATORY)
    @wraps(view)
    def guarded(request, organisation, **kwargs):
        request.given = given_by(held=request.roles, organisation=organisation)
        request.administers = Role.AGENT in request.given
        try:
            return view(request, organisation, **kwargs)
        except NotAllowed:  # somebody took it away a moment ago
            raise Http404 from None

    return guarded


def changed_view(view):
    """The same page sends a form, which a mere reader does not."""

    @agents_view
    @wraps(view)
    def guarded(request, organisation, **kwargs):
        if request.method == "POST" and not request.administers:
            raise Http404
        return view(request, organisation, **kwargs)

    return guarded


def administered_view(view):
    """The same, not even read by a mere reader."""

    @agents_view
    @wraps(view)
    def guarded(request, organisation, **kwargs):
        if not request.administers:
            raise Http404
        return view(request, organisation, **kwargs)

    return guarded


def frame(request, organisation: Organisation, *here: tuple[str, str], tab: str = "") -> dict:
    """What every template of these pages has: the trail of `here` (label, address) and the tabs."""
    first = [("Agents et accès", reverse("member_agents", args=[organisation.siren]) if here else "")]
    return {
        "organisation": organisation,
        "administers": request.administers,
        "crumbs": [
            {"label": organisation.name, "url": reverse("member_home", args=[organisation.siren])},
            *({"label": label, "url": url} for label, url in [*first, *here]),
        ],
        "tabs": [
            {"label": label, "url": reverse(name, args=[organisation.siren]), "active": name == tab}
            for name, label in TABS
        ],
    }


def number_of(asked: str) -> int:
    """The number of a row that a page sent; 0, which is none's, for anything else."""
    return int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 19 else 0
