"""Importing members from a CSV file: send it, follow its reading, read the report, confirm or abandon."""

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.web.access import operator_view
from marketplace.web.csv import csv_response
from marketplace.web.fields import csv_field
from marketplace.web.file_imports import columns_in_words, model_csv
from marketplace.web.operator.lists import chosen, crumbs
from marketplace.web.operator.member_import_report import (
    UNDER_WAY,
    address,
    choice,
    progress_of,
    report_in_words,
    summary,
)
from marketplace.web.operator.member_import_words import EXAMPLE, MEANINGS, TABS
from marketplace.web.operator.roles import TASK_ROLES
from tenants.member_imports import operations
from tenants.member_imports.queries import imports_of, rejected_rows, report_of
from tenants.member_imports.rows import COLUMNS
from tenants.member_imports.states import OPEN, ImportOpen, ImportRefused
from tenants.models import ImportState, MemberImport
from tenants.spreadsheets.writing import rejected_as_csv

SHOWN_IMPORTS = 50


class MemberFileForm(forms.Form):
    """The file. What is in it is judged by the import."""

    file = csv_field(
        what="le fichier CSV de vos adhérents",
        help_text="Un fichier CSV de 5 Mo et 40 000 lignes au plus, tel que votre tableur l’enregistre.",
    )


@operator_view(*TASK_ROLES, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def import_list(request, operator):
    """The form that sends a file, what its columns mean, and the imports of before."""
    form = MemberFileForm()
    if request.method == "POST":
        form = MemberFileForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                found = operations.send_file(
                    operator=operator,
                    file=form.cleaned_data["file"],
                    sent_by=request.user,
                    now=timezone.now(),
                )
            except ImportOpen as refusal:
                messages.error(request, str(refusal))
                return _to(operator, refusal.open_import)
            except ImportRefused as refusal:
                form.add_error("file", str(refusal))
            else:
                return _to(operator, found)
    past = list(imports_of(operator=operator)[:SHOWN_IMPORTS])
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, _members(operator), ("Importer", "")),
        "form": form,
        "may_send": bool(request.roles & TASK_ROLES),
        "open": next((summary(one) for one in past if one.state in OPEN), None),
        "columns": columns_in_words(COLUMNS, MEANINGS),
        "template_url": reverse("operator_member_import_template", args=[operator.slug]),
        "imports": [summary(one) for one in past],
    }
    return render(request, "operator/member_imports.html", context)


@operator_view(*TASK_ROLES, with_members=False)
@require_safe
def template(request, operator):
    """The model file."""
    return csv_response(content=model_csv(COLUMNS, EXAMPLE), filename="adherents-modele.csv")


@operator_view(*TASK_ROLES, with_members=False)
@require_safe
def detail(request, operator, public_id):
    """One import: its progress while a job runs, then what was read, row by row."""
    found = _import(operator, public_id)
    context = {
        "operator": operator,
        "crumbs": crumbs(
            operator,
            _members(operator),
            ("Importer", reverse("operator_member_imports", args=[operator.slug])),
            (found.file_name, ""),
        ),
        **summary(found),
        "may_act": bool(request.roles & TASK_ROLES),
        "list_url": reverse("operator_member_imports", args=[operator.slug]),
        "abandon_url": address("operator_member_import_abandon", found),
    }
    if found.state in UNDER_WAY:
        context |= progress_of(found)
        context["may_abandon"] = context["may_act"] and found.state == ImportState.READING
        return render(request, "operator/member_import_under_way.html", context)
    if found.state == ImportState.REFUSED:
        return render(request, "operator/member_import_refused.html", {**context, "problem": found.problem})
    tab = chosen(request, TABS)
    report = report_of(member_import=found, verdict=TABS[tab][1], page=request.GET.get("page"))
    return render(
        request,
        "operator/member_import.html",
        {**context, **report_in_words(request, found, report, tab), **choice(found, report)},
    )


@operator_view(*TASK_ROLES, with_members=False)
@require_safe
def progress(request, operator, public_id):
    """The part that refreshes itself; without its trigger once there is nothing to wait for."""
    found = _import(operator, public_id)
    return render(request, "operator/_member_import_progress.html", progress_of(found))


@operator_view(*TASK_ROLES, with_members=False)
@require_POST
def confirm(request, operator, public_id):
    """Yes: apply what was read."""
    return _act(request, operator, public_id, operations.confirm, "L’import est confirmé, il commence.")


@operator_view(*TASK_ROLES, with_members=False)
@require_POST
def abandon(request, operator, public_id):
    """No: nothing of the file is kept as members."""
    return _act(
        request,
        operator,
        public_id,
        operations.abandon,
        "L’import est abandonné : rien n’a été enregistré.",
    )


@operator_view(*TASK_ROLES, with_members=False)
@require_safe
def rejected(request, operator, public_id):
    """The rows set aside, as they were, each with its reason: to be mended and sent again."""
    found = _import(operator, public_id)
    rows = rejected_rows(member_import=found)
    name = f"lignes-ecartees-{localdate(found.sent_at)}.csv"
    return csv_response(content=rejected_as_csv(found.notes.get("header", []), rows), filename=name)


def _act(request, operator, public_id, verb, done: str):
    found = _import(operator, public_id)
    try:
        verb(member_import=found, by=request.user, now=timezone.now())
    except ImportRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return _to(operator, found)


def _import(operator, public_id) -> MemberImport:
    return get_object_or_404(imports_of(operator=operator), public_id=public_id)


def _to(operator, found: MemberImport | None):
    """The page of an import; the list when it ended meanwhile."""
    if found is None:
        return redirect("operator_member_imports", operator=operator.slug)
    return redirect("operator_member_import", operator=operator.slug, public_id=found.public_id)


def _members(operator) -> tuple[str, str]:
    return "Adhérents", reverse("operator_members", args=[operator.slug])
