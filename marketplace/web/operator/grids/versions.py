"""The tariffs of an operator's services: the list, the versions of one service, one version, a new draft."""

from functools import partial

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from catalog.grids import operations
from catalog.grids.queries import (
    ALL,
    DRAFTS,
    NONE,
    TO_COME,
    grids_of,
    grids_to_copy,
    is_current,
    latest_simulation,
    listings_of,
    tariffs,
    versions_of,
)
from catalog.grids.simulations import replaced_grid
from catalog.models import GridState, Listing, PriceGrid
from marketplace.web.access import operator_view
from marketplace.web.operator.grids.charts import charts
from marketplace.web.operator.grids.patterns import PATTERNS
from marketplace.web.operator.grids.words import (
    EDITORS,
    INCOMPLETE,
    badge,
    facts,
    parsed,
    period,
    sections,
    summary,
)
from marketplace.web.operator.lists import crumbs, searched_list

TITLE = "Tarifs"
TABS = {ALL: "Tous", DRAFTS: "Brouillons", TO_COME: "Changements à venir", NONE: "Sans tarif en vigueur"}
FROM_FORCE, FROM_OTHER = "en-vigueur", "autre"


@operator_view(with_members=False)
@require_safe
def tariff_list(request, operator):
    """Every service of the operator, with its tariff in force, the next one and the drafts."""
    today = timezone.localdate()
    context, found = searched_list(
        request, operator, partial(tariffs, on=today), title=TITLE, noun="service", labels=TABS
    )
    context["rows"] = [_row(operator, listing, today) for listing in found.page]
    return render(request, "operator/grids/list.html", context)


@operator_view(with_members=False)
@require_safe
def listing_versions(request, operator, listing):
    """All the versions of one service's tariff, the newest first."""
    return _versions_page(request, operator, get_object_or_404(listings_of(operator=operator), pk=listing))


def _versions_page(request, operator, found: Listing):
    today = timezone.localdate()
    versions = versions_of(listing=found)
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, _tariffs(operator), (found.sheet.name, "")),
        "service": found.sheet.name,
        "vendor": found.vendor.organisation.name,
        "versions": [_version(operator, grid, today, found.sheet.options) for grid in versions],
        "actions": _start_actions(request, operator, found),
    }
    return render(request, "operator/grids/versions.html", context)


@operator_view(*EDITORS, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request, operator, listing):
    """From what a new version starts: the one in force, a pattern with its picture, or another service's."""
    found = get_object_or_404(listings_of(operator=operator), pk=listing)
    if request.reads_only:
        return _versions_page(request, operator, found)
    today, option = timezone.localdate(), request.POST.get("option", "")
    options = {one["code"]: one["name"] for one in found.sheet.options}
    in_force, others = found.grid_on(today), grids_to_copy(listing=found, on=today)
    problem = ""
    if request.method == "POST":
        same = found.grid_on(today, option) if option in options else in_force
        asked, problem = _start_of(request, operator, same, others)
        if option and option not in options:
            asked, problem = None, "Choisissez une option de ce service."
        if asked is not None:
            draft = operations.start_draft(
                listing=found, option=option, by=request.user, now=timezone.now(), **asked
            )
            messages.success(request, "Le brouillon est commencé : rien n’est publié avant votre accord.")
            return redirect("operator_grid_edit", operator.slug, draft.pk)
    start = request.POST.get("start", FROM_FORCE if in_force else "")
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, _tariffs(operator), _listing(operator, found), ("Nouvelle version", "")),
        "service": found.sheet.name,
        "options": [
            {"value": code, "label": f"L’option « {name} »", "selected": code == option}
            for code, name in options.items()
        ],
        "in_force": in_force and f"{summary(in_force)} ({period(in_force)})",
        "start": start,
        "patterns": [{"plan": plan, "checked": start == plan.code} for plan in PATTERNS.values()],
        "others": [
            {
                "value": str(grid.pk),
                "label": f"{grid.listing.sheet.name} : {summary(grid)}",
                "selected": request.POST.get("other") == str(grid.pk),
            }
            for grid in others
        ],
        "problem": problem,
        "back_url": reverse("operator_listing_grids", args=[operator.slug, found.pk]),
    }
    return render(request, "operator/grids/new.html", context)


@operator_view(with_members=False)
@require_safe
def grid(request, operator, grid):
    """One version: the tariff for every size, its curve, and for a draft what is left to do."""
    return version_page(request, operator, get_object_or_404(grids_of(operator=operator), pk=grid))


def version_page(request, operator, found: PriceGrid):
    """A version, for whoever reads it; also what an auditor sees of the pages that change one."""
    today = timezone.localdate()
    read, replaced = parsed(found.definition), replaced_grid(found)
    before = parsed(replaced.definition) if replaced else None
    is_draft = found.state == GridState.DRAFT
    may_edit = bool(request.roles & EDITORS)
    simulation = latest_simulation(grid=found)
    context = {
        "operator": operator,
        "crumbs": version_crumbs(operator, found, ""),
        "service": found.listing.sheet.name,
        "grid": found,
        "badge": badge(found, today),
        "title": _title(found),
        "facts": facts(found),
        "sections": sections(read),
        "incomplete": INCOMPLETE if read is None else "",
        "list_sections": sections(parsed(found.list_definition)),
        "charts": charts(read, before=before) if read is not None else [],
        "before_words": f"en vigueur {period(replaced)}" if replaced and before else "",
        "is_draft": is_draft,
        "may_edit": may_edit and is_draft,
        "may_withdraw": may_edit and found.state == GridState.PUBLISHED and found.effective_from > today,
        "simulation": _simulation(operator, found, simulation),
    }
    return render(request, "operator/grids/version.html", context)


def version_crumbs(operator, found: PriceGrid, last: str) -> list[dict]:
    """Down to this version, then `last` unless it is empty."""
    url = reverse("operator_grid", args=[operator.slug, found.pk]) if last else ""
    items = [_tariffs(operator), _listing(operator, found.listing), (_title(found), url)]
    return crumbs(operator, *items, *([(last, "")] if last else []))


def _title(found: PriceGrid) -> str:
    what = "Brouillon" if found.state == GridState.DRAFT else "Tarif"
    return f"{what} {period(found)}"


def _tariffs(operator) -> tuple[str, str]:
    return TITLE, reverse("operator_grids", args=[operator.slug])


def _listing(operator, listing: Listing) -> tuple[str, str]:
    return listing.sheet.name, reverse("operator_listing_grids", args=[operator.slug, listing.pk])


def _row(operator, listing: Listing, today) -> dict:
    grids = [grid for grid in listing.grids.all() if grid.option == ""]
    in_force = listing.grid_on(today)
    to_come = [g for g in grids if g.state == GridState.PUBLISHED and g.effective_from > today]
    return {
        "name": listing.sheet.name,
        "vendor": listing.vendor.organisation.name,
        "url": reverse("operator_listing_grids", args=[operator.slug, listing.pk]),
        "in_force": summary(in_force) if in_force else "",
        "period": period(in_force) if in_force else "",
        "to_come": [period(grid) for grid in reversed(to_come)],
        "drafts": [
            {
                "label": f"Brouillon {period(grid)}",
                "url": reverse("operator_grid", args=[operator.slug, grid.pk]),
            }
            for grid in grids
            if grid.state == GridState.DRAFT
        ],
    }


def _version(operator, grid: PriceGrid, today, options: list[dict]) -> dict:
    names = {one["code"]: one["name"] for one in options}
    return {
        "url": reverse("operator_grid", args=[operator.slug, grid.pk]),
        "title": _title(grid),
        "option": names.get(grid.option, grid.option),
        "summary": summary(grid),
        "badge": badge(grid, today),
        "note": grid.note,
    }


def _start_actions(request, operator, listing: Listing) -> list[dict]:
    if not request.roles & EDITORS:
        return []
    url = reverse("operator_grid_new", args=[operator.slug, listing.pk])
    return [{"label": "Préparer une nouvelle version", "url": url, "style": "primary"}]


def _start_of(request, operator, in_force: PriceGrid | None, others: list[PriceGrid]):
    """What `start_draft` is told, or why it cannot be."""
    start = request.POST.get("start", "")
    if start == FROM_FORCE and in_force:
        return {"copy_of": in_force}, ""
    if start in PATTERNS:
        kind = {"population_kind": operator.population_kind}
        counts = any(ask.name == "population_kind" for ask in PATTERNS[start].asks)
        return {"definition": {"pattern": start, **(kind if counts else {})}}, ""
    if start == FROM_OTHER:
        copied = next((grid for grid in others if str(grid.pk) == request.POST.get("other")), None)
        return (
            ({"copy_of": copied}, "") if copied else (None, "Choisissez le service dont reprendre le tarif.")
        )
    return None, "Choisissez d’où partir."


def _simulation(operator, found: PriceGrid, simulation) -> dict | None:
    if simulation is None:
        return None
    return {
        "url": reverse("operator_simulation", args=[operator.slug, simulation.public_id]),
        "current": is_current(simulation, found),
        "state": simulation.state,
    }
