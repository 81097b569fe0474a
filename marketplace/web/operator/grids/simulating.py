"""Simulation of a draft over all real members: start it, follow it, read it, take it away."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_POST, require_safe

from catalog.grids import simulations
from catalog.grids.queries import grids_of, is_current
from catalog.grids.refusals import NotADraft
from catalog.grids.results import (
    EVERYBODY,
    LESS,
    MORE,
    NO_PRICE,
    SAME,
    page_of,
    rows_of,
    simulations_of,
    totals_of,
)
from catalog.grids.simulations import OPEN
from catalog.models import GridSimulation, SimulationRow, SimulationState
from catalog.pricing import GridInvalid
from marketplace.web.access import operator_view
from marketplace.web.csv import csv_response, plain_euros
from marketplace.web.formats import day, format_cents, format_number, moment
from marketplace.web.operator.grids.bars import bars
from marketplace.web.operator.grids.charts import difference
from marketplace.web.operator.grids.versions import version_crumbs
from marketplace.web.operator.grids.words import EDITORS
from marketplace.web.operator.lists import chosen, counted, rest_of_address, tabs, typed
from tenants.spreadsheets.writing import csv_bytes, safe_cell

TABS = {
    EVERYBODY: "Tous",
    MORE: "Paient plus",
    LESS: "Paient moins",
    SAME: "Paient pareil",
    NO_PRICE: "Sans prix",
}
CSV_COLUMNS = (
    "Nom",
    "SIREN",
    "Population",
    "Abonné",
    "Prix avant ({unit})",
    "Prix après ({unit})",
    "Différence ({unit})",
    "Pourquoi il n’y a pas de prix",
)


@operator_view(*EDITORS, with_members=False)
@require_POST
def simulate(request, operator, grid):
    """Starts a simulation of a draft; a worker does it."""
    found = get_object_or_404(grids_of(operator=operator), pk=grid)
    try:
        simulation = simulations.start_simulation(grid=found, by=request.user, now=timezone.now())
    except NotADraft as refusal:
        messages.error(request, str(refusal))
        return redirect("operator_grid", operator.slug, found.pk)
    except GridInvalid:
        messages.error(request, "Ce brouillon est encore incomplet : complétez le barème, puis simulez.")
        return redirect("operator_grid", operator.slug, found.pk)
    return redirect("operator_simulation", operator.slug, simulation.public_id)


@operator_view(with_members=False)
@require_safe
def detail(request, operator, public_id):
    """Its progress while a job runs, then who pays more, by how much."""
    found = _simulation(operator, public_id)
    grid = found.grid
    context = {
        "operator": operator,
        "crumbs": version_crumbs(operator, grid, "Simulation"),
        "service": grid.listing.sheet.name,
        "grid_url": reverse("operator_grid", args=[operator.slug, grid.pk]),
        "url": _url("operator_simulation", found),
        "lead": f"Lancée le {moment(found.started_at)}, pour les adhérents et les populations du "
        f"{day(found.on)}.",
        "outdated": not is_current(found, grid),
    }
    if found.state in OPEN:
        return render(request, "operator/grids/simulation_under_way.html", context | _progress(found))
    if found.state == SimulationState.FAILED:
        context["problem"] = found.problem
        return render(request, "operator/grids/simulation_failed.html", context)
    group, search, subscribed = _asked(request)
    totals = totals_of(simulation=found, subscribed=subscribed)
    page = page_of(
        rows_of(simulation=found, group=group, subscribed=subscribed, search=search), request.GET.get("page")
    )
    rest = rest_of_address(q=search, etat=group, abonnes="oui" if subscribed else "")
    context |= {
        "figures": _figures(totals),
        "bars": bars(totals.bars),
        "tabs": _tabs(request, totals, group, search, subscribed),
        "search": search,
        "subscribed": subscribed,
        "group": group,
        "rows": [_row(operator, row) for row in page],
        "page": page,
        "rest": rest,
        "total": counted(page.paginator.count, "adhérent"),
        "csv_url": f"{_url('operator_simulation_csv', found)}?{rest}".rstrip("?&"),
    }
    return render(request, "operator/grids/simulation.html", context)


@operator_view(with_members=False)
@require_safe
def progress(request, operator, public_id):
    """The part that refreshes itself; without its trigger once there is nothing to wait for."""
    found = _simulation(operator, public_id)
    return render(request, "operator/grids/_simulation_progress.html", _progress(found))


@operator_view(with_members=False)
@require_safe
def simulation_csv(request, operator, public_id):
    """The same members, all of them. UTF-8 with a byte order mark, semicolons, decimal commas."""
    found = _simulation(operator, public_id)
    group, search, subscribed = _asked(request)
    rows = rows_of(simulation=found, group=group, subscribed=subscribed, search=search)
    unit = "EUR HT par an" if found.grid.vat_category == "S" else "EUR par an"
    return csv_response(
        content=csv_bytes([name.format(unit=unit) for name in CSV_COLUMNS], (_csv_row(row) for row in rows)),
        filename=f"simulation-{operator.slug}-{localdate(found.started_at)}.csv",
    )


def _asked(request) -> tuple[str, str, bool]:
    return chosen(request, TABS), typed(request), request.GET.get("abonnes") == "oui"


def _simulation(operator, public_id) -> GridSimulation:
    return get_object_or_404(simulations_of(operator=operator), public_id=public_id)


def _url(name: str, found: GridSimulation) -> str:
    return reverse(name, args=[found.grid.listing.operator.slug, found.public_id])


def _progress(found: GridSimulation) -> dict:
    running = found.state in OPEN
    done, total = min(found.done, found.total), max(found.total, 1)
    label = "Simulation en cours" if running else "La simulation est terminée"
    if found.state == SimulationState.FAILED:
        label = "La simulation s’est arrêtée"
    return {
        "running": running,
        "progress_label": label,
        "progress_text": f"{format_number(done)} sur {counted(found.total, 'adhérent')}",
        "done": done,
        "max": total,
        "url": _url("operator_simulation", found),
        "progress_url": _url("operator_simulation_progress", found),
        "announced": "" if running else label,
    }


def _figures(totals) -> list[dict]:
    counts = totals.counts
    return [
        {"label": "Total avant", "value": format_cents(totals.before_cents), "note": "HT par an"},
        {
            "label": "Total après",
            "value": format_cents(totals.after_cents),
            "note": f"soit {difference(totals.before_cents, totals.after_cents)}",
        },
        {"label": "Paient plus", "value": format_number(counts[MORE])},
        {"label": "Paient moins", "value": format_number(counts[LESS])},
        {
            "label": "Paient pareil",
            "value": format_number(counts[SAME]),
            "note": f"et {format_number(counts[NO_PRICE])} sans prix",
        },
    ]


def _tabs(request, totals, group: str, search: str, subscribed: bool) -> list[dict]:
    found = tabs(request, labels=TABS, counts=totals.counts, active=group, search=search)
    if subscribed:
        for tab in found:
            tab["url"] += "&abonnes=oui"
    return found


def _row(operator, row: SimulationRow) -> dict:
    return {
        "name": row.organisation.name,
        "url": reverse("operator_member", args=[operator.slug, row.organisation.siren]),
        "population": "inconnue" if row.population is None else format_number(row.population),
        "subscribed": row.subscribed,
        "before": _amount(row.before_cents),
        "after": _amount(row.after_cents),
        "difference": difference(row.before_cents, row.after_cents) or "—",
        "problem": row.problem,
    }


def _amount(cents: int | None) -> str:
    return "pas de prix" if cents is None else format_cents(cents)


def _csv_row(row: SimulationRow) -> list[str]:
    both = row.before_cents is not None and row.after_cents is not None
    return [
        safe_cell(row.organisation.name),
        row.organisation.siren,
        "" if row.population is None else str(row.population),
        "oui" if row.subscribed else "non",
        plain_euros(row.before_cents),
        plain_euros(row.after_cents),
        plain_euros(row.after_cents - row.before_cents if both else None),
        safe_cell(row.problem),
    ]
