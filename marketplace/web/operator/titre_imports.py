"""Numbers of titres and payments taken back from the finance software: send a file, read the report,
confirm."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from billing.collecting import imports
from billing.collecting.queries import counts_of_rows, imports_of, rows_of, set_aside
from billing.collecting.rows import COLUMNS, MAX_BYTES
from billing.models import TitreImport, TitreImportState, TitreRowState
from marketplace.web.access import operator_view
from marketplace.web.csv import csv_response
from marketplace.web.fields import csv_field
from marketplace.web.file_imports import columns_in_words, model_csv, report_of, summary_of
from marketplace.web.formats import format_number
from marketplace.web.operator.lists import chosen, counted, crumbs
from marketplace.web.operator.roles import MONEY_ROLES
from marketplace.web.operator.titre_import_words import (
    EXAMPLE,
    MEANINGS,
    STATE_BADGES,
    TABS,
    row_in_words,
)
from tenants.models.operator import IssuerKind
from tenants.refusals import Refused
from tenants.spreadsheets.writing import rejected_as_csv

PAGE_SIZE = 50
SHOWN_IMPORTS = 20
OPEN = (TitreImportState.READY, TitreImportState.TAKING)
PAGE = ["GET", "HEAD", "POST"]


class TitreFileForm(forms.Form):
    """The file. What is in it is judged by the room."""

    file = csv_field(
        what="le fichier CSV de votre logiciel financier",
        help_text="2 Mo et 20 000 lignes au plus, tel que votre logiciel ou votre tableur l’enregistre.",
        max_bytes=MAX_BYTES,
    )


@operator_view(*MONEY_ROLES)
@require_http_methods(PAGE)
def import_list(request, operator):
    """The form that sends a file, what its columns mean, the model file, and the imports of before."""
    if operator.issuer_kind != IssuerKind.PUBLIC:
        raise Http404
    if request.GET.get("fichier") == "modele":
        return csv_response(content=model_csv(COLUMNS, EXAMPLE), filename="titres-modele.csv")
    form = TitreFileForm()
    if request.method == "POST":
        form = TitreFileForm(request.POST, request.FILES)
        if form.is_valid():
            file = form.cleaned_data["file"]
            try:
                made = imports.read_file(
                    operator=operator,
                    name=file.name,
                    content=file.read(),
                    by=request.user,
                    now=timezone.now(),
                )
            except imports.ImportOpen as refusal:
                messages.error(request, str(refusal))
                return redirect("operator_titre_imports", operator.slug)
            except Refused as refusal:
                form.add_error("file", str(refusal))
            else:
                return redirect("operator_titre_import", operator.slug, made.public_id)
    past = list(imports_of(operator=operator)[:SHOWN_IMPORTS])
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, _titres(operator), ("Numéros et paiements", "")),
        "form": form,
        "open": next((_summary(one) for one in past if one.state in OPEN), None),
        "columns": columns_in_words(COLUMNS, MEANINGS),
        "model_url": f"{request.path}?fichier=modele",
        "imports": [_summary(one) for one in past],
    }
    return render(request, "operator/titre_imports.html", context)


@operator_view(*MONEY_ROLES)
@require_http_methods(PAGE)
def titre_import(request, operator, public_id):
    """One import: what was read row by row, the question, then how far it is."""
    found = get_object_or_404(imports_of(operator=operator), public_id=public_id)
    if request.method == "POST":
        return _answer(request, operator, found)
    if request.GET.get("fichier") == "ecartees":
        content = rejected_as_csv(found.notes["header"], set_aside(titre_import=found))
        return csv_response(content=content, filename=f"titres-ecartes-{localdate(found.sent_at)}.csv")
    tab = chosen(request, TABS)
    counts = counts_of_rows(found)
    page = Paginator(rows_of(titre_import=found, state=TABS[tab][1]), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    waiting, doubtful = counts[TitreRowState.WAITING], counts[TitreRowState.DOUBTFUL]
    aside = counts[TitreRowState.REFUSED] + doubtful
    here = ("Numéros et paiements", reverse("operator_titre_imports", args=[operator.slug]))
    context = {
        **_summary(found),
        "operator": operator,
        "crumbs": crumbs(operator, _titres(operator), here, (found.file_name, "")),
        "import": found,
        "progress": f"{format_number(found.done)} sur {counted(found.total, 'ligne')}",
        "taking": found.state == TitreImportState.TAKING,
        "to_confirm": found.state == TitreImportState.READY,
        "is_done": found.state == TitreImportState.DONE,
        "is_abandoned": found.state == TitreImportState.ABANDONED,
        "announce": "Le fichier est repris." if found.state == TitreImportState.DONE else "",
        "outcome": counted(counts[TitreRowState.TAKEN], "ligne reprise", "lignes reprises"),
        "waiting": waiting,
        "doubtful": doubtful,
        "doubtful_label": "Reprendre aussi "
        + counted(doubtful, "paiement partiel que j’ai vérifié", "paiements partiels que j’ai vérifiés"),
        "confirm_label": f"Reprendre {counted(waiting, 'ligne')}" if waiting else "Reprendre",
        "aside": counted(aside, "ligne écartée ou à vérifier", "lignes écartées ou à vérifier")
        if aside
        else "",
        "aside_url": f"{request.path}?fichier=ecartees",
        **report_of(request, groups=TABS, counts=counts, active=tab, page=page, notes=found.notes),
        "rows": [row_in_words(row) for row in page],
    }
    return render(request, "operator/titre_import.html", context)


def _answer(request, operator, found: TitreImport):
    try:
        if request.POST.get("what") == "confirm":
            imports.confirm(
                titre_import=found,
                with_doubtful="partiels" in request.POST,
                by=request.user,
                now=timezone.now(),
            )
            done = "La reprise commence. Vous pouvez quitter cette page."
        else:
            imports.abandon(titre_import=found, by=request.user, now=timezone.now())
            done = "L’import est abandonné : rien n’a été repris."
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("operator_titre_import", operator.slug, found.public_id)


def _titres(operator) -> tuple[str, str]:
    return "Titres de recettes", reverse("operator_titres", args=[operator.slug])


def _summary(found: TitreImport) -> dict:
    url = reverse("operator_titre_import", args=[found.operator.slug, found.public_id])
    return summary_of(found, url=url, badges=STATE_BADGES)
