"""How a service of the shelf is opened, and what the vendors' kit says of its broker."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from catalog.models import Listing
from marketplace.web.kit_words import connection_state, progress, report_words, run_row
from marketplace.web.operator.catalogue import frame
from marketplace.web.operator.submissions import curators
from provisioning import connecting, kit_runs
from provisioning.models.endpoint import ConnectorKind
from tenants.refusals import Refused


@curators
@require_http_methods(["GET", "HEAD", "POST"])
def connection(request, operator, listing):
    """The state of the connection and its last report; POST has a worker play the kit."""
    listings = Listing.objects.filter(operator=operator).select_related(
        "offer__product__sheet__vendor__organisation"
    )
    found = get_object_or_404(listings, pk=listing)
    sheet = found.sheet
    endpoint = connecting.endpoint_of(sheet)
    here = reverse("operator_listing_connection", args=[operator.slug, found.pk])
    if request.method == "POST":
        if endpoint is None:
            raise Http404
        try:
            kit_runs.ask_run(
                endpoint=endpoint,
                service=sheet.name,
                by=request.user,
                on_behalf_of=operator.organisation,
                now=timezone.now(),
            )
        except Refused as refusal:
            messages.info(request, str(refusal))
        else:
            messages.success(request, "Le banc d’essai est lancé. Rechargez la page pour suivre.")
        return redirect(here)
    runs = kit_runs.runs_of(endpoint) if endpoint else []
    last = next((run for run in runs if run.finished_at), None)
    under_way = next((run for run in runs if run.finished_at is None), None)
    is_broker = endpoint is not None and endpoint.connector == ConnectorKind.OSB
    context = frame(
        request,
        operator,
        "operator_shelf",
        (sheet.name, reverse("operator_listing", args=[operator.slug, found.pk])),
        ("Raccordement", ""),
        sheet=sheet,
        vendor=sheet.vendor.organisation,
        state=connection_state(endpoint),
        facts=_facts(endpoint) if is_broker else [],
        is_broker=is_broker,
        here=here,
        under_way=progress(under_way, url=here, progress_url="") if under_way else None,
        report=report_words(last, endpoint) if last else None,
        runs=[run_row(run, endpoint, "") for run in runs],
    )
    return render(request, "operator/connection.html", context)


def _facts(endpoint) -> list[dict]:
    config = endpoint.config
    return [
        {"label": "Adresse du courtier", "value": config.get("url", "")},
        {"label": "Identifiant", "value": config.get("username", "")},
        {
            "label": "Variable du mot de passe",
            "value": config.get("password_variable", ""),
            "note": "lue par le processus qui ouvre les services",
        },
        {"label": "Service", "value": config.get("service_id", "")},
        {"label": "Formule", "value": config.get("plan_id", "")},
    ]
