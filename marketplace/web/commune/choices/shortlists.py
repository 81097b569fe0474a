"""The list of shortlists, and adding services to one of them."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_safe

from catalog.models import ShortlistState
from catalog.shortlists import preparing
from catalog.shortlists.queries import open_with, shortlists_of, state_counts
from catalog.shortlists.refusals import KeepingRefused
from catalog.shortlists.searches import LONGEST_QUERY
from marketplace.web.access import member_view
from marketplace.web.commune.choices.forms import NEW, AddForm
from marketplace.web.commune.choices.frame import (
    DECIDING,
    PREPARING,
    SEARCH,
    SERVICE,
    crumbs,
    hall_of,
    listings_of,
)
from marketplace.web.commune.choices.searches import words_of
from marketplace.web.commune.home import storefront_url
from marketplace.web.formats import day
from tenants.members.adhesions import operators_of

PAGE_SIZE = 25
GROUPS = {
    "": "Toutes",
    "en-cours": "En cours",
    "figees": "Figées",
    "motivees": "Choix motivés",
}
STATES = {
    "en-cours": ShortlistState.OPEN,
    "figees": ShortlistState.FROZEN,
    "motivees": ShortlistState.DECIDED,
}
BADGES = {
    ShortlistState.OPEN: {"state": "info", "label": "En cours"},
    ShortlistState.FROZEN: {"state": "warning", "label": "Figée, choix à motiver"},
    ShortlistState.DECIDED: {"state": "success", "label": "Choix motivé"},
}


@member_view()
@require_safe
def shortlist_list(request, organisation):
    """The last begun first, in one state if wanted."""
    group = request.GET.get("etat", "")
    group = group if group in STATES else ""
    counts = state_counts(organisation=organisation)
    found = shortlists_of(organisation=organisation, state=STATES.get(group, ""))
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    operators = operators_of(organisation=organisation, on=localdate(timezone.now()))
    decides = bool(request.roles & set(DECIDING)) and not request.acting_for
    context = {
        "organisation": organisation,
        "crumbs": crumbs(organisation, "member_shortlists"),
        "page": page,
        "query": urlencode({"etat": group}) + "&" if group else "",
        "rows": [
            {
                "title": row.title,
                "url": reverse("member_shortlist", args=[organisation.siren, row.public_id]),
                "operator": row.operator.short_name,
                "badge": BADGES[row.state],
                "services": row.services,
                "chosen": _chosen(row),
                "decide_url": reverse("member_shortlist_decide", args=[organisation.siren, row.public_id])
                if decides and row.state == ShortlistState.FROZEN
                else "",
                "at": day(row.decided_at or row.frozen_at or row.created_at),
            }
            for row in page
        ],
        "groups": [
            {
                "label": label,
                "url": f"?{urlencode({'etat': name})}" if name else request.path,
                "active": name == group,
                "count": str(counts[STATES[name]] if name else sum(counts.values())),
            }
            for name, label in GROUPS.items()
        ],
        "filtered": bool(group),
        "may_prepare": bool(request.roles & set(PREPARING)),
        "shelves": [
            {
                "name": operator.short_name,
                "url": storefront_url(operator, organisation),
                "new_url": reverse("member_shortlist_add", args=[organisation.siren, operator.slug]),
            }
            for operator in operators.order_by("short_name", "pk")
        ],
    }
    return render(request, "commune/choices/shortlists.html", context)


@member_view(*PREPARING)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request, organisation, hall):
    """Adds the services named by the address to a shortlist that is open, or to a new one."""
    sent = request.POST if request.method == "POST" else request.GET
    operator = hall_of(organisation, hall)
    query = sent.get(SEARCH, "")[: 4 * LONGEST_QUERY]
    listings = listings_of(operator, sent.getlist(SERVICE))
    existing = list(open_with(organisation=organisation, operator=operator))
    form = AddForm(request.POST if request.method == "POST" else None, existing=existing)
    if not existing and not form.is_bound:
        form.initial["shortlist"] = NEW
    if request.method == "POST" and form.is_valid():
        try:
            shortlist, added = _add(request, organisation, operator, form.cleaned_data, listings, query)
        except KeepingRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            if added:
                what = "Un service est ajouté" if added == 1 else f"{added} services sont ajoutés"
                messages.success(request, f"{what} à « {shortlist.title} ».")
            elif listings:
                messages.info(request, "Ces services étaient déjà dans la présélection.")
            return redirect("member_shortlist", siren=organisation.siren, public_id=shortlist.public_id)
    context = {
        "organisation": organisation,
        "crumbs": crumbs(organisation, "member_shortlists", "Ajouter"),
        "form": form,
        "operator": operator,
        "services": [listing.shown for listing in listings],
        "several": bool(existing),
        "search": words_of(query) if query else "",
        "hidden": [
            {"name": SEARCH, "value": query},
            *({"name": SERVICE, "value": listing.sheet.slug} for listing in listings),
        ],
        "back_url": storefront_url(operator, organisation),
    }
    return render(request, "commune/choices/add.html", context)


@transaction.atomic
def _add(request, organisation, operator, data, listings, query):
    """(the shortlist, how many services were added). Both or neither: a new list is not left empty."""
    doing = {"by": request.user, "now": timezone.now()}
    if data["shortlist"] == NEW:
        shortlist = preparing.open_shortlist(
            organisation=organisation,
            operator=operator,
            title=data["title"],
            need=data["need"],
            query=query,
            search=words_of(query) if query else "",
            **doing,
        )
    else:
        shortlist = open_with(organisation=organisation, operator=operator).get(public_id=data["shortlist"])
    return shortlist, preparing.add_items(shortlist=shortlist, listings=listings, **doing)


def _chosen(row) -> str:
    if row.state != ShortlistState.DECIDED:
        return ""
    return row.chosen.shown.name if row.chosen else "Aucun service retenu"
