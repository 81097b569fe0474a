"""Publish a sheet and put it before operators, now or on a day; take back what was planned or sent."""

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from catalog.curation import submitting
from catalog.curation.errors import CurationRefused
from catalog.models import Submission
from catalog.revisions import differences
from catalog.sheets import publishing
from catalog.sheets.drafts import Draft, draft_of
from catalog.sheets.errors import BadMoment, SheetChanged, SheetIncomplete, SheetRefused
from catalog.sheets.queries import shelves_of
from catalog.vendors.terms import MayNotSubmit
from marketplace.web.access import vendor_view
from marketplace.web.fields import text_field
from marketplace.web.formats import moment
from marketplace.web.vendor.services import missing_in_words, sheet_or_404
from marketplace.web.vendor.words import crumbs, sheet_states, shelf_in_words
from tenants.models import Operator

NOW, LATER = "now", "later"


class PublishForm(forms.Form):
    """To whom, when, and a word to them. `revision` is the version the person read."""

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=10**14)
    operators = forms.ModelMultipleChoiceField(
        label="Proposer à",
        queryset=Operator.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Chaque opérateur examine votre fiche avant de la montrer à ses adhérents.",
        error_messages={
            "invalid_choice": "Choisissez des opérateurs de la liste.",
            "invalid_pk_value": "Choisissez des opérateurs de la liste.",
            "invalid_list": "Choisissez des opérateurs de la liste.",
        },
    )
    note = text_field(
        "Un mot aux opérateurs",
        longest=submitting.MAX_NOTE,
        too_long="C’est trop long",
        required=False,
        help_text="Par exemple ce qui change, et pourquoi.",
    )
    when = forms.ChoiceField(
        label="Quand",
        choices=[(NOW, "Tout de suite"), (LATER, "À une date choisie")],
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choisissez quand publier.",
            "invalid_choice": "Choisissez quand publier.",
        },
    )
    at = forms.DateTimeField(
        label="Date et heure",
        required=False,
        help_text="Seulement pour une date choisie, heure de Paris.",
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
        error_messages={"invalid": "Écrivez une date et une heure, par exemple 01/03/2027 08:00."},
    )

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.fields["operators"].queryset = Operator.objects.order_by("short_name", "pk")

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("when") == LATER and not cleaned.get("at") and "at" not in self.errors:
            self.add_error("at", "Choisissez la date et l’heure.")
        return cleaned


@vendor_view()
@require_http_methods(["GET", "HEAD", "POST"])
def publish(request, vendor, slug):
    """What is missing, what changes, to whom; then the vendor's last word."""
    sheet = sheet_or_404(vendor, slug)
    draft = draft_of(sheet)
    if request.method != "POST":
        return _page(request, vendor, draft, _first_form(draft))
    form = PublishForm(request.POST)
    if not form.is_valid():
        return _page(request, vendor, draft, form)
    typed = form.cleaned_data
    asked = {
        "sheet": sheet,
        "revision_id": typed["revision"],
        "operators": list(typed["operators"]),
        "note": typed["note"],
        "by": request.user,
        "now": timezone.now(),
    }
    try:
        if typed["when"] == LATER:
            planned = publishing.plan(**asked, at=typed["at"])
            messages.success(request, f"La publication est prévue le {moment(planned.at)}.")
        else:
            _tell(request, publishing.publish(**asked))
    except BadMoment as refusal:
        form.add_error("at", str(refusal))
    except SheetChanged:
        refusal = "La fiche a changé depuis que vous avez ouvert cette page : relisez ce qui change."
        return _page(request, vendor, draft, _again(form, draft), refusal=refusal)
    except SheetIncomplete:
        return _page(request, vendor, draft, form)
    except (SheetRefused, MayNotSubmit) as error:
        return _page(request, vendor, draft, form, refusal=str(error))
    else:
        return redirect("vendor_service", siren=vendor.organisation.siren, slug=slug)
    return _page(request, vendor, draft, form)


@vendor_view()
@require_POST
def cancel_plan(request, vendor, slug):
    """Nothing will be published by itself."""
    sheet = sheet_or_404(vendor, slug)
    try:
        publishing.cancel_plan(sheet=sheet, by=request.user, now=timezone.now())
    except SheetRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "La publication prévue est annulée.")
    return redirect("vendor_service", siren=vendor.organisation.siren, slug=slug)


@vendor_view()
@require_POST
def take_back(request, vendor, slug, public_id):
    """Takes back what an operator has not decided yet."""
    sheet = sheet_or_404(vendor, slug)
    submission = get_object_or_404(
        Submission.objects.select_related("listing__operator", "listing__offer__product__sheet__vendor"),
        public_id=public_id,
        listing__offer__product__sheet=sheet,
    )
    try:
        submitting.cancel(submission=submission, by=request.user, now=timezone.now())
    except CurationRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Vous avez retiré la fiche de l’examen de {submission.listing.operator}.")
    return redirect("vendor_service", siren=vendor.organisation.siren, slug=slug)


def _tell(request, published) -> None:
    names = [submission.listing.operator.short_name for submission in published.submissions]
    if names:
        messages.success(request, f"La fiche est publiée, et proposée à : {', '.join(names)}.")
    else:
        messages.success(request, "La fiche est publiée.")
    for operator, why in published.refused.items():
        messages.warning(request, f"{operator.short_name} : {why}")


def _first_form(draft: Draft) -> PublishForm:
    """Ticked at first: the operators that already show the service, or have it under review."""
    shelves = shelves_of([draft.row]).get(draft.row.pk, [])
    ticked = [
        shelf.listing.operator_id
        for shelf in shelves
        if shelf.listing.state in ("listed", "suspended", "draft")
        and shelf.listing.approved_revision_id != draft.row.latest_revision_id
    ]
    return PublishForm(
        initial={"revision": draft.row.latest_revision_id or 0, "operators": ticked, "when": NOW}
    )


def _again(form: PublishForm, draft: Draft) -> PublishForm:
    """The same form, for the version that there is now."""
    data = form.data.copy()
    data["revision"] = str(draft.row.latest_revision_id or 0)
    return PublishForm(data)


def _page(request, vendor, draft: Draft, form: PublishForm, *, refusal: str = ""):
    siren, sheet = vendor.organisation.siren, draft.row
    service_url = reverse("vendor_service", args=[siren, sheet.slug])
    planned = publishing.planned_for(sheet)
    live = sheet.live_revision.content if sheet.live_revision_id else None
    context = {
        "vendor": vendor,
        "crumbs": crumbs(vendor, (draft.sheet.name, service_url), ("Publier et proposer", "")),
        "sheet": draft.sheet,
        "states": sheet_states(sheet),
        "form": form,
        "refusal": refusal,
        "missing": missing_in_words(vendor, sheet, publishing.missing(draft.sheet)),
        "planned": planned
        and {"at": moment(planned.at), "operators": [one.short_name for one in planned.operators.all()]},
        "differences": differences(live, draft.revision.content) if live and draft.revision else [],
        "first_time": live is None,
        "shelves": [shelf_in_words(shelf) for shelf in shelves_of([sheet]).get(sheet.pk, [])],
        "service_url": service_url,
    }
    return render(request, "vendor/service_publish.html", context)
