"""An organisation's audit log: read, filtered, verified, exported."""

import re
from datetime import date

from django import forms
from django.apps import apps
from django.core.paginator import Paginator
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localtime
from django.views.decorators.http import require_safe

from billing.models import AccountCodes, TitreCodes
from catalog.models import ClaimLevel
from marketplace.web.access import organisation_view
from marketplace.web.context import place_of
from marketplace.web.csv import csv_response
from marketplace.web.formats import day, format_cents, format_number, moment
from marketplace.web.operator.lists import counted, rest_of_address
from marketplace.web.organisation.roles import LOG_READERS
from tenants.audit.chain import broken_links, last_seal
from tenants.audit.reading import SUBJECTS, Filters, events_of, people_in
from tenants.models import AuditEvent, Role, User
from tenants.models.operator import VatRegime
from tenants.spreadsheets.writing import csv_bytes, safe_cell

PAGE_SIZE = 50
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")  # as changes keep a date
COLUMNS = (
    "n°", "date", "heure", "personne", "au nom de", "code", "événement", "avant → après", "objet", "sceau",
)  # fmt: skip


class FiltersForm(forms.Form):
    """Which events to show. Nothing is required."""

    sujet = forms.ChoiceField(
        label="Sujet",
        required=False,
        choices=[("", "Tous les sujets"), *((key, label) for key, (label, _) in SUBJECTS.items())],
    )
    personne = forms.ModelChoiceField(
        label="Personne", required=False, queryset=User.objects.none(), empty_label="Toutes les personnes"
    )
    du = forms.DateField(
        label="Du",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Cette date n’existe pas. Choisissez un jour dans le calendrier."},
    )
    au = forms.DateField(
        label="Au",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Cette date n’existe pas. Choisissez un jour dans le calendrier."},
    )
    aide = forms.BooleanField(label="Seulement ce qu’un opérateur a fait à notre demande", required=False)

    def __init__(self, *args, organisation, **kwargs):
        super().__init__(*args, **kwargs)
        people = people_in(organisation=organisation)
        self.fields["personne"].queryset = User.objects.filter(pk__in=[person.pk for person in people])
        self.fields["personne"].choices = [("", "Toutes les personnes"), *((p.pk, str(p)) for p in people)]

    def clean(self):
        """The first day comes first."""
        since, until = self.cleaned_data.get("du"), self.cleaned_data.get("au")
        if since and until and until < since:
            self.add_error("au", "Le dernier jour vient avant le premier. Échangez les deux dates.")
        return self.cleaned_data

    def filters(self) -> Filters:
        """What was asked; the fields that could not be understood filter nothing."""
        data = self.cleaned_data
        person = data.get("personne")
        return Filters(
            subject=data.get("sujet", ""),
            person=person.pk if person else None,
            since=data.get("du"),
            until=None if self.errors else data.get("au"),
            on_behalf=bool(data.get("aide")),
        )


@organisation_view(*LOG_READERS)
@require_safe
def audit_log(request, organisation):
    """Everything done for the organisation or by it, last first; one page at a time."""
    form = FiltersForm(request.GET, organisation=organisation)
    form.is_valid()
    asked = {name: request.GET[name] for name in form.fields if request.GET.get(name)}
    page = Paginator(events_of(organisation=organisation, filters=form.filters()), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    seal = last_seal(organisation=organisation)
    export = reverse("organisation_audit_export", args=[organisation.siren])
    context = {
        "organisation": organisation,
        "crumbs": [_start(request, organisation), {"label": "Journal", "url": ""}],
        "form": form,
        "filtered": bool(asked),
        "page": page,
        "rest": rest_of_address(**asked),
        "total": counted(page.paginator.count, "événement"),
        "rows": [_row(event) for event in page],
        "export_url": f"{export}?{rest_of_address(**asked)}".rstrip("?&"),
        "seal": seal and {"position": format_number(seal.position), "digest": seal.digest},
        "verification": _verification(organisation) if "verifier" in request.GET else None,
    }
    return render(request, "organisation/audit.html", context)


@organisation_view(*LOG_READERS)
@require_safe
def audit_export(request, organisation):
    """The same events as a file for a spreadsheet, each with its seal: `verify_audit --against` takes it."""
    form = FiltersForm(request.GET, organisation=organisation)
    form.is_valid()
    events = events_of(organisation=organisation, filters=form.filters())
    rows = (_cells(event) for event in events.iterator(chunk_size=2000))
    return csv_response(content=csv_bytes(COLUMNS, rows), filename=f"journal-{organisation.siren}.csv")


def _start(request, organisation) -> dict:
    place = place_of(organisation, sorted(request.roles)[0])
    return {"label": place["label"], "url": place["url"]}


def _verification(organisation) -> dict:
    broken = broken_links(organisation=organisation)
    if not broken:
        return {
            "level": "success",
            "title": "Le journal est intact",
            "text": "Chaque événement porte le bon sceau : rien n’a été modifié, supprimé ni ajouté ensuite.",
        }
    return {
        "level": "danger",
        "title": "Le journal a été altéré",
        "text": f"{counted(len(broken), 'anomalie')}, la première : {broken[0]}. Prévenez votre opérateur.",
    }


def _row(event: AuditEvent) -> dict:
    return {
        "sentence": str(event),
        "when": moment(event.at),
        "iso": event.at.isoformat(),
        "via": event.via.short_name if event.via else "",
        "changes": _changes(event),
        "position": format_number(event.seal.position) if hasattr(event, "seal") else "",
    }


def _cells(event: AuditEvent) -> list[str]:
    local = localtime(event.at)
    seal = getattr(event, "seal", None)
    changes = " ; ".join(
        f"{change['label']} : {change['before']} → {change['after']}" for change in _changes(event)
    )
    return [
        str(seal.position) if seal else "",
        f"{local:%d/%m/%Y}",
        f"{local:%H:%M:%S}",
        safe_cell(str(event.actor) if event.actor else "Halle"),
        safe_cell(event.via.short_name if event.via else ""),
        event.what,
        safe_cell(str(event)),
        safe_cell(changes),
        safe_cell(event.subject_id),
        seal.digest if seal else "",
    ]


def _changes(event: AuditEvent) -> list[dict]:
    """What reads otherwise than before: nothing that became an empty text has not changed."""
    return [
        {"label": _label(name), "before": _word(before, name), "after": _word(after, name)}
        for name, (before, after) in event.changes.items()
        if _word(before, name) != _word(after, name)
    ]


def _word(value: object, name: str) -> str:
    """The value of a field as a person reads it."""
    if value is None or value in ("", []):
        return "—"
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, list):
        return ", ".join(_word(one, name) for one in value)
    if name.endswith("_cents") and isinstance(value, int):
        return format_cents(value)
    if name in _CHOICES:
        return str(dict(_CHOICES[name].choices).get(value, value))
    if isinstance(value, str) and ISO_DAY.fullmatch(value):
        return day(date.fromisoformat(value))
    return str(Role(value).label) if value in Role.values else str(value)


def _label(name: str) -> str:
    """The name of a changed field: that of the model it belongs to, or as it was written."""
    return LABELS.get(name, name)


# Whose values are words of ours.
_CHOICES = {"level": ClaimLevel, "regime": VatRegime}
LABELS = {
    **{
        field.name: str(field.verbose_name)
        for model in (*apps.get_app_config("tenants").get_models(), AccountCodes, TitreCodes)
        for field in model._meta.fields
        if str(field.verbose_name) != field.name.replace("_", " ")
    },
    # Not one model's word for it, but everybody's; and fields whose name no page shows.
    "accesses": "accès",
    "above_cents": "montant à partir duquel une deuxième personne confirme",
    "ceiling_cents": "plafond",
    "commitment_number": "numéro d’engagement",
    "college": "collège",
    "grids_from_january": "tarifs au 1er janvier seulement",
    "own_text": "mot de l’opérateur",
    "price_is_public": "prix publié",
    "product": "produit",  # an account of one table, a code of the other
    "state": "état",
    "terms": "conditions",
    "vehicle": "cadre d’achat",
    "visa_required": "visa du comité d’éthique",
    "expires_at": "valable jusqu’au",
    "level": "niveau",
    "logo": "logo",
    "name": "nom",
    "roles": "rôles",
    "seat": "siège",
    "service_code": "code service",
    "siren": "SIREN",
    "successor": "remplacée par",
    "value": "valeur",
    "vendor": "éditeur",
    "yearly_cents": "montant par an",
}
