"""Writing a sheet, one section at a time. Each save is a draft: nobody reads it before it is published."""

import uuid

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from catalog.sheets import files
from catalog.sheets.drafts import draft_of, save_draft
from catalog.sheets.errors import FileRefused, SheetChanged, SheetInvalid
from catalog.sheets.queries import under_review_at
from marketplace.web.access import vendor_view
from marketplace.web.vendor.services import sheet_or_404
from marketplace.web.vendor.sheet_forms import SECTIONS, Section, SheetSection
from marketplace.web.vendor.words import crumbs

KEEPERS = {"screenshots": files.keep_picture, "documents": files.keep_document}


@vendor_view()
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request, vendor, slug, section):
    """One section's form; then the next section."""
    if section not in SECTIONS:
        raise Http404
    wanted = SECTIONS[section]
    sheet = sheet_or_404(vendor, slug)
    draft = draft_of(sheet)
    latest = draft.revision.pk if draft.revision else 0
    if request.method != "POST":
        return _page(request, vendor, draft, SheetSection(wanted, draft.sheet), based_on=latest)
    # A copy: a file that was received is named in it, so that a mistake elsewhere does not ask for it again.
    written = SheetSection(wanted, draft.sheet, request.POST.copy(), request.FILES)
    based_on = _number(request.POST.get("revision"))
    if not written.is_readable() or not _keep_files(request, vendor, written):
        return _page(request, vendor, draft, written, based_on=based_on)
    try:
        saved = save_draft(
            sheet=sheet, values=written.values(), based_on=based_on, by=request.user, now=timezone.now()
        )
    except SheetInvalid as invalid:
        written.show(invalid)
        return _page(request, vendor, draft, written, based_on=based_on)
    except SheetChanged as conflict:
        return _page(request, vendor, draft, written, based_on=conflict.latest.pk, conflict=conflict.changed)
    _tell(request, wanted, saved)
    following = _following(wanted) if request.POST.get("then") == "next" else None
    if following:
        return redirect(
            "vendor_service_edit", siren=vendor.organisation.siren, slug=slug, section=following.slug
        )
    return redirect("vendor_service", siren=vendor.organisation.siren, slug=slug)


def _tell(request, section: Section, saved) -> None:
    if saved.changed:
        messages.success(request, f"« {section.title} » est enregistré dans le brouillon.")
    else:
        messages.info(request, "Rien n’a changé : le brouillon reste le même.")
    if saved.meanwhile:
        names = ", ".join(one.label.lower() for one in saved.meanwhile)
        messages.info(request, f"Entre-temps, une autre personne a modifié : {names}. Rien n’est perdu.")


def _keep_files(request, vendor, written: SheetSection) -> bool:
    """Keeps each file received, and names it in its row. False when one is refused."""
    kept_all = True
    for name in KEEPERS.keys() & written.lists.keys():
        for row in written.rows_sent(name):
            upload = row.cleaned_data.get("upload")
            if not upload:
                continue
            try:
                kept = KEEPERS[name](vendor=vendor, file=upload, by=request.user, now=timezone.now())
            except FileRefused as refusal:
                row.add_error("upload", str(refusal))
                kept_all = False
            else:
                row.cleaned_data["file"] = row.data[row.add_prefix("file")] = str(kept.public_id)
    return kept_all


def _page(request, vendor, draft, written: SheetSection, *, based_on: int, conflict=()):
    section = written.section
    siren, slug = vendor.organisation.siren, draft.row.slug
    mistakes = written.mistakes() if written.form.is_bound else []
    context = {
        "vendor": vendor,
        "crumbs": crumbs(
            vendor, (draft.sheet.name, reverse("vendor_service", args=[siren, slug])), (section.title, "")
        ),
        "sheet": draft.sheet,
        "section": section,
        "tabs": [
            {
                "label": one.title,
                "url": reverse("vendor_service_edit", args=[siren, slug, one.slug]),
                "active": one is section,
            }
            for one in SECTIONS.values()
        ],
        "form": written.form,
        "lists": [_list(written, one) for one in section.lists],
        "mistakes": mistakes,
        "conflict": conflict,
        "under_review_at": ", ".join(under_review_at(sheet=draft.row)),
        "revision": based_on,
        "following": _following(section),
        "back_url": reverse("vendor_service", args=[siren, slug]),
    }
    return render(request, "vendor/service_edit.html", context)


def _list(written: SheetSection, one) -> dict:
    formset = written.lists[one.name]
    for row in formset.forms:
        row.say_what_is_required()
    return {
        "name": one.name,
        "title": one.title,
        "one": one.one,
        "hint": one.hint,
        "formset": formset,
        "errors": list(formset.non_form_errors()) if formset.is_bound else [],
        "rows": [
            {
                "fields": [row[name] for name in one.row.base_fields],
                "delete": row["DELETE"],
                "is_new": not any(row[name].value() for name in one.row.base_fields),
                "file_url": _file_url(row),
            }
            for row in formset.forms
        ],
        "is_image": one.name == "screenshots",
    }


def _file_url(row) -> str:
    """The address of the file that a row already has."""
    if "file" not in row.fields:
        return ""
    try:
        return reverse("sheet_file", args=[uuid.UUID(str(row["file"].value()))])
    except ValueError:
        return ""


def _following(section: Section) -> Section | None:
    """The section after this one."""
    order = list(SECTIONS.values())
    rank = order.index(section) + 1
    return order[rank] if rank < len(order) else None


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 15 else 0
