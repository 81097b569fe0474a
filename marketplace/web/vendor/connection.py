"""How a vendor's service is connected: where its broker is, and its runs of the kit."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.web.access import vendor_view
from marketplace.web.catalogue_words import catalogue_words
from marketplace.web.kit_words import connection_state, progress, report_words, run_row
from marketplace.web.vendor.forms import ConnectionForm
from marketplace.web.vendor.services import sheet_or_404
from marketplace.web.vendor.words import crumbs
from provisioning import catalogue_readings, catalogues, connecting, kit_runs
from provisioning.models import KitRun
from provisioning.models.endpoint import ConnectorKind
from tenants.refusals import Refused


@vendor_view()
@require_http_methods(["GET", "HEAD", "POST"])
def connection(request, vendor, slug):
    """Where the broker is, whether it opens services by itself, and the last runs of the kit."""
    sheet = sheet_or_404(vendor, slug)
    endpoint = connecting.endpoint_of(sheet)
    connected = endpoint is not None and endpoint.connector == ConnectorKind.OSB
    form = ConnectionForm(
        request.POST if request.method == "POST" else None,
        initial=connecting.said_of(endpoint),
    )
    if form.is_valid():
        try:
            connecting.connect(sheet=sheet, typed=form.cleaned_data, by=request.user, now=timezone.now())
        except Refused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, "Le raccordement est enregistré. Lancez maintenant le banc d’essai.")
            return redirect("vendor_connection", siren=vendor.organisation.siren, slug=slug)
    context = {
        "vendor": vendor,
        "sheet": sheet,
        "crumbs": _crumbs(vendor, sheet),
        "form": form,
        "state": connection_state(endpoint),
        "connected": connected,
        "catalogue": _catalogue(vendor, sheet, endpoint) if connected else None,
        "variable": endpoint.config.get("password_variable", "") if connected else "",
        "runs": [run_row(run, endpoint, _run_url(vendor, sheet, run)) for run in kit_runs.runs_of(endpoint)]
        if endpoint
        else [],
    }
    return render(request, "vendor/connection.html", context)


@vendor_view()
@require_http_methods(["GET", "HEAD", "POST"])
def catalogue(request, vendor, slug):
    """The part of the page that says what the catalogue says: it refreshes itself while a worker reads it.
    POST has it read."""
    sheet = sheet_or_404(vendor, slug)
    endpoint = connecting.endpoint_of(sheet)
    if endpoint is None or endpoint.connector != ConnectorKind.OSB:
        raise Http404
    if request.method != "POST":
        words = _catalogue(vendor, sheet, endpoint)
        return render(request, "vendor/_catalogue.html", {"catalogue": words})
    try:
        catalogue_readings.ask_reading(
            endpoint=endpoint,
            service=sheet.name,
            by=request.user,
            on_behalf_of=vendor.organisation,
            now=timezone.now(),
        )
    except Refused as refusal:
        messages.info(request, str(refusal))
    here = reverse("vendor_connection", args=[vendor.organisation.siren, slug])
    return redirect(f"{here}#catalogue")


@vendor_view()
@require_POST
def try_out(request, vendor, slug):
    """Has a worker play the kit; leads to the run under way if there is one."""
    sheet = sheet_or_404(vendor, slug)
    endpoint = connecting.endpoint_of(sheet)
    if endpoint is None:
        raise Http404
    try:
        run = kit_runs.ask_run(
            endpoint=endpoint,
            service=sheet.name,
            by=request.user,
            on_behalf_of=vendor.organisation,
            now=timezone.now(),
        )
    except Refused as refusal:
        messages.info(request, str(refusal))
        return redirect("vendor_connection", siren=vendor.organisation.siren, slug=slug)
    return redirect(_run_url(vendor, sheet, run))


@vendor_view()
@require_safe
def kit_run(request, vendor, slug, public_id):
    """Its progress while a worker plays, then the report."""
    sheet, endpoint, run = _found(vendor, slug, public_id)
    context = {
        "vendor": vendor,
        "sheet": sheet,
        "crumbs": _crumbs(vendor, sheet, "Banc d’essai"),
        "report": report_words(run, endpoint),
        "back_url": reverse("vendor_connection", args=[vendor.organisation.siren, slug]),
        **_progress(vendor, sheet, run),
    }
    return render(request, "vendor/kit_run.html", context)


@vendor_view()
@require_safe
def kit_progress(request, vendor, slug, public_id):
    """The part that refreshes itself; without its trigger once there is nothing to wait for."""
    sheet, _, run = _found(vendor, slug, public_id)
    return render(request, "vendor/_kit_progress.html", _progress(vendor, sheet, run))


def _found(vendor, slug, public_id) -> tuple:
    sheet = sheet_or_404(vendor, slug)
    endpoint = connecting.endpoint_of(sheet)
    runs = KitRun.objects.filter(endpoint=endpoint).select_related("report")
    return sheet, endpoint, get_object_or_404(runs, public_id=public_id)


def _catalogue(vendor, sheet, endpoint) -> dict:
    return {
        "url": reverse("vendor_catalogue", args=[vendor.organisation.siren, sheet.slug]),
        **catalogue_words(endpoint, catalogues.kept_for(endpoint), catalogue_readings.last_reading(endpoint)),
    }


def _progress(vendor, sheet, run: KitRun) -> dict:
    where = [vendor.organisation.siren, sheet.slug, run.public_id]
    return progress(
        run,
        url=reverse("vendor_kit_run", args=where),
        progress_url=reverse("vendor_kit_progress", args=where),
    )


def _run_url(vendor, sheet, run: KitRun) -> str:
    return reverse("vendor_kit_run", args=[vendor.organisation.siren, sheet.slug, run.public_id])


def _crumbs(vendor, sheet, last: str = "") -> list[dict]:
    where = [vendor.organisation.siren, sheet.slug]
    here = ("Raccordement", reverse("vendor_connection", args=where) if last else "")
    return crumbs(
        vendor, (sheet.name, reverse("vendor_service", args=where)), here, *([(last, "")] if last else [])
    )
