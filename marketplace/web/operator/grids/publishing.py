"""Publishing a draft, deleting one, withdrawing what is not in force yet."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from catalog.grids import operations
from catalog.grids.jumping import lowering_jumps, never_priced
from catalog.grids.queries import grids_of, is_current, latest_simulation
from catalog.grids.refusals import DraftChanged, GridRefused, LowersTotal, NotADraft, TermsInvalid
from catalog.grids.simulations import replaced_grid
from catalog.models import GridState, PriceGrid
from catalog.pricing import GridInvalid
from marketplace.web.access import operator_view
from marketplace.web.formats import day
from marketplace.web.operator.grids.versions import version_crumbs, version_page
from marketplace.web.operator.grids.words import EDITORS, parsed, sections


@operator_view(*EDITORS, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def publish(request, operator, grid):
    """What publishing does, read once more, then asked."""
    found = get_object_or_404(grids_of(operator=operator), pk=grid)
    if request.reads_only:
        return version_page(request, operator, found)
    if request.method != "POST":
        return _page(request, operator, found)
    try:
        operations.publish(
            grid=found,
            by=request.user,
            now=timezone.now(),
            accept_lowering=request.POST.get("accept_lowering") == "oui",
            seen=request.POST.get("seen", ""),
        )
    except (GridInvalid, TermsInvalid, LowersTotal, DraftChanged) as refusal:
        found.refresh_from_db()
        return _page(request, operator, found, problem=str(refusal))
    except NotADraft as refusal:
        messages.error(request, str(refusal))
        return redirect("operator_listing_grids", operator.slug, found.listing_id)
    messages.success(request, f"Le tarif est publié : il s’applique à partir du {day(found.effective_from)}.")
    return redirect("operator_listing_grids", operator.slug, found.listing_id)


@operator_view(*EDITORS, with_members=False)
@require_POST
def delete(request, operator, grid):
    """Deletes a draft."""
    return _act(request, operator, grid, operations.delete_draft, "Le brouillon est supprimé.")


@operator_view(*EDITORS, with_members=False)
@require_POST
def withdraw(request, operator, grid):
    """Takes back a published version before its first day."""
    return _act(request, operator, grid, operations.withdraw, "Le tarif est retiré : celui d’avant continue.")


def _act(request, operator, grid: int, verb, done: str):
    found = get_object_or_404(grids_of(operator=operator), pk=grid)
    try:
        verb(grid=found, by=request.user, now=timezone.now())
    except GridRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("operator_listing_grids", operator.slug, found.listing_id)


def _page(request, operator, found: PriceGrid, *, problem: str = ""):
    if found.state != GridState.DRAFT:
        messages.info(request, "Ce tarif n’est plus un brouillon.")
        return redirect("operator_grid", operator.slug, found.pk)
    read, replaced = parsed(found.definition), replaced_grid(found)
    simulation = latest_simulation(grid=found)
    consequences = [f"Il s’applique à partir du {day(found.effective_from)}, et ne se modifie plus."]
    if replaced:
        consequences.append("Le tarif en vigueur s’arrête la veille.")
    consequences.append("Les abonnements déjà souscrits gardent le prix qu’ils ont gelé.")
    context = {
        "operator": operator,
        "crumbs": version_crumbs(operator, found, "Publier"),
        "service": found.listing.sheet.name,
        "grid": found,
        "problem": problem,
        "incomplete": read is None,
        "sections": sections(read),
        "consequences": consequences,
        "lowering": [jump.in_words() for jump in lowering_jumps(read)] if read else [],
        "never_priced": never_priced(read) if read else "",
        "simulated": bool(simulation and is_current(simulation, found)),
        "seen": operations.fingerprint(found),
        "back_url": reverse("operator_grid", args=[operator.slug, found.pk]),
        "edit_url": reverse("operator_grid_edit", args=[operator.slug, found.pk]),
    }
    return render(request, "operator/grids/publish.html", context)
