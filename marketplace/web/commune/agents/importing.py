"""Importing agents from a CSV file: send it, read the report, confirm or abandon, follow the invitations."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from marketplace.web.commune.agents.frame import PAGE, administered_view, frame
from marketplace.web.commune.agents.import_words import (
    EXAMPLE,
    MEANINGS,
    STATE_BADGES,
    TABS,
    row_in_words,
)
from marketplace.web.csv import csv_response
from marketplace.web.fields import csv_field
from marketplace.web.file_imports import columns_in_words, model_csv, report_of, summary_of
from marketplace.web.formats import format_number, moment
from marketplace.web.operator.lists import chosen, counted
from subscriptions.agents.imports import operations
from subscriptions.agents.imports.queries import counts_of_rows, imports_of, refused_rows, rows_of
from subscriptions.agents.imports.rows import COLUMNS, MAX_BYTES
from subscriptions.agents.listing import services_of
from subscriptions.agents.queries import groups_of, listed_since
from subscriptions.models import AgentImport, AgentImportState, AgentRowState
from tenants.refusals import Refused
from tenants.spreadsheets.writing import rejected_as_csv

PAGE_SIZE = 50
SHOWN_IMPORTS = 20
OPEN = (AgentImportState.READY, AgentImportState.SENDING)


class AgentFileForm(forms.Form):
    """The file. What is in it is judged by the room."""

    file = csv_field(
        what="le fichier CSV de vos agents",
        help_text="1 Mo et 2 000 lignes au plus, tel que votre tableur ou votre logiciel l’enregistre.",
        max_bytes=MAX_BYTES,
    )


@administered_view
@require_http_methods(PAGE)
def import_list(request, organisation):
    """The form that sends a file, what its columns mean, the model file, and the imports of before."""
    if request.GET.get("fichier") == "modele":
        return csv_response(content=model_csv(COLUMNS, EXAMPLE), filename="agents-modele.csv")
    form = AgentFileForm()
    if request.method == "POST":
        form = AgentFileForm(request.POST, request.FILES)
        if form.is_valid():
            file = form.cleaned_data["file"]
            try:
                made = operations.read_file(
                    organisation=organisation,
                    name=file.name,
                    content=file.read(),
                    by=request.user,
                    now=timezone.now(),
                )
            except operations.ImportOpen as refusal:
                messages.error(request, str(refusal))
                return redirect("member_agent_imports", organisation.siren)
            except Refused as refusal:
                form.add_error("file", str(refusal))
            else:
                return redirect("member_agent_import", organisation.siren, made.public_id)
    past = list(imports_of(organisation=organisation)[:SHOWN_IMPORTS])
    services, lists = (
        services_of(organisation, on=localdate(timezone.now())),
        listed_since(organisation=organisation),
    )
    context = {
        **frame(request, organisation, ("Importer des agents", "")),
        "form": form,
        "open": next((_summary(one) for one in past if one.state in OPEN), None),
        "columns": columns_in_words(COLUMNS, MEANINGS),
        "groups": [group.name for group in groups_of(organisation=organisation)],
        "listed": [name for sheet, name in services.items() if sheet in lists],
        "model_url": f"{request.path}?fichier=modele",
        "imports": [_summary(one) for one in past],
    }
    return render(request, "commune/agents/imports.html", context)


@administered_view
@require_http_methods(PAGE)
def agent_import(request, organisation, public_id):
    """One import: what was read row by row, the question, then how far its invitations are."""
    found = get_object_or_404(imports_of(organisation=organisation), public_id=public_id)
    if request.method == "POST":
        return _answer(request, organisation, found)
    if request.GET.get("fichier") == "ecartees":
        content = rejected_as_csv(found.notes["header"], refused_rows(agent_import=found))
        return csv_response(content=content, filename=f"agents-ecartes-{localdate(found.sent_at)}.csv")
    tab = chosen(request, TABS)
    counts = counts_of_rows(found)
    rows = rows_of(agent_import=found, state=TABS[tab][1])
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    services = services_of(organisation, on=localdate(timezone.now()))
    groups = {group.pk: group.name for group in groups_of(organisation=organisation)}
    here = ("Importer des agents", reverse("member_agent_imports", args=[organisation.siren]))
    refused = counts[AgentRowState.REFUSED]
    context = {
        **frame(request, organisation, here, (found.file_name or "Fichier effacé", "")),
        **_summary(found),
        "import": found,
        "progress": f"{format_number(found.done)} sur {counted(found.total, 'ligne')}",
        "sending": found.state == AgentImportState.SENDING,
        "to_confirm": found.state == AgentImportState.READY,
        "is_done": found.state == AgentImportState.DONE,
        "is_abandoned": found.state == AgentImportState.ABANDONED,
        "forgotten": moment(found.forgotten_at) if found.forgotten_at else "",
        "announce": "Les invitations sont parties." if found.state == AgentImportState.DONE else "",
        "outcome": counted(counts[AgentRowState.INVITED], "invitation partie", "invitations parties"),
        "confirm_label": f"Inviter {counted(found.total, 'agent')}",
        "refused": counted(refused, "ligne écartée", "lignes écartées") if refused else "",
        "refused_url": f"{request.path}?fichier=ecartees",
        **report_of(request, groups=TABS, counts=counts, active=tab, page=page, notes=found.notes),
        "rows": [row_in_words(row, services=services, groups=groups) for row in page],
    }
    return render(request, "commune/agents/import.html", context)


def _answer(request, organisation, found: AgentImport):
    verb, done = operations.abandon, "L’import est abandonné : personne n’a été invité."
    if request.POST.get("what") == "confirm":
        verb, done = operations.confirm, "Les invitations partent. Vous pouvez quitter cette page."
    try:
        verb(agent_import=found, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("member_agent_import", organisation.siren, found.public_id)


def _summary(found: AgentImport) -> dict:
    url = reverse("member_agent_import", args=[found.tenant.siren, found.public_id])
    return summary_of(found, url=url, badges=STATE_BADGES) | {
        "file_name": found.file_name or "Fichier effacé"
    }
