"""Filling a draft from a publiccode.yml, sent or pasted. Nothing is fetched here: jobs read addresses."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from catalog.publiccode import PublicCodeInvalid, read_publiccode
from catalog.publiccode.tree import MAX_BYTES
from catalog.sheets.drafts import draft_of, save_draft
from catalog.sheets.errors import SheetChanged, SheetInvalid
from catalog.sheets.importing import proposals, values_from
from marketplace.web.access import vendor_view
from marketplace.web.vendor.services import sheet_or_404
from marketplace.web.vendor.words import crumbs

MAX_SHOWN = 30
MAX_KILOBYTES = MAX_BYTES // 1024


class PublicCodeForm(forms.Form):
    """The file, or its text."""

    file = forms.FileField(
        label="Fichier publiccode.yml",
        required=False,
        help_text=f"{MAX_KILOBYTES} Ko au plus.",
        widget=forms.FileInput(attrs={"accept": ".yml,.yaml,text/yaml"}),
        error_messages={"empty": "Ce fichier est vide."},
    )
    text = forms.CharField(
        label="Ou son texte",
        required=False,
        strip=False,
        max_length=MAX_BYTES,
        widget=forms.Textarea(attrs={"spellcheck": "false", "class": "halle-tall halle-code"}),
        error_messages={"max_length": f"Ce texte est trop long : {MAX_KILOBYTES} Ko au plus."},
    )

    def clean(self):
        cleaned = super().clean()
        file = cleaned.get("file")
        if file and file.size > MAX_BYTES:
            self.add_error("file", f"Ce fichier est trop lourd : {MAX_KILOBYTES} Ko au plus.")
        elif file:
            try:
                cleaned["text"] = file.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", "Ce fichier n’est pas un texte (UTF-8).")
        elif not cleaned.get("text", "").strip() and not self.errors:
            self.add_error("text", "Envoyez le fichier, ou collez son texte.")
        return cleaned


@vendor_view()
@require_http_methods(["GET", "HEAD", "POST"])
def publiccode(request, vendor, slug):
    """The form; what the file would fill, field by field; then the draft."""
    sheet = sheet_or_404(vendor, slug)
    draft = draft_of(sheet)
    if request.method != "POST":
        return _page(request, vendor, draft, PublicCodeForm())
    form = PublicCodeForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, vendor, draft, form)
    text = form.cleaned_data["text"]
    try:
        values = values_from(read_publiccode(text))
    except PublicCodeInvalid as invalid:
        return _page(request, vendor, draft, PublicCodeForm(initial={"text": text}), problems=invalid.errors)
    found = proposals(draft.sheet, values)
    ticked = request.POST.getlist("fields")
    if not ticked:
        if "fill" in request.POST:
            messages.warning(request, "Cochez au moins une information à reprendre.")
        return _page(request, vendor, draft, PublicCodeForm(initial={"text": text}), found=found, text=text)
    try:
        saved = save_draft(
            sheet=sheet,
            values={one.field: values[one.field] for one in found if one.field in ticked},
            based_on=_number(request.POST.get("revision")),
            by=request.user,
            now=timezone.now(),
        )
    except (SheetInvalid, SheetChanged) as refusal:
        problems = [str(refusal)]
        return _page(
            request,
            vendor,
            draft,
            PublicCodeForm(initial={"text": text}),
            found=found,
            text=text,
            problems=problems,
        )
    messages.success(
        request,
        "Le brouillon est rempli : relisez-le avant de le publier."
        if saved.changed
        else "Rien n’a changé : le brouillon disait déjà la même chose.",
    )
    return redirect("vendor_service", siren=vendor.organisation.siren, slug=slug)


def _page(request, vendor, draft, form, *, found=None, text="", problems=()):
    service_url = reverse("vendor_service", args=[vendor.organisation.siren, draft.row.slug])
    context = {
        "vendor": vendor,
        "crumbs": crumbs(vendor, (draft.sheet.name, service_url), ("publiccode.yml", "")),
        "sheet": draft.sheet,
        "form": form,
        "proposals": found,
        "text": text,
        "revision": draft.revision.pk if draft.revision else 0,
        "problems": list(problems)[:MAX_SHOWN],
        "service_url": service_url,
    }
    return render(request, "vendor/service_import.html", context)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 15 else 0
