"""An organisation's establishments, and what Chorus Pro asks of invoices sent there."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from marketplace.web.access import organisation_view
from marketplace.web.organisation.home import ADDRESS_ROLES, organisation_crumbs
from tenants.identifiers import BadIdentifier, grouped
from tenants.models import Establishment
from tenants.organisations import OrganisationRefused, Service, set_chorus, set_establishment

MAX_NAME = 120  # Establishment.name, ChorusService.name
MAX_SERVICES = 50
SEPARATOR = ";"


class EstablishmentForm(forms.Form):
    """An establishment. The SIRET is checked by the operation; it never changes."""

    siret = forms.CharField(
        label="SIRET",
        max_length=30,
        help_text="14 chiffres.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
        error_messages={
            "required": "Indiquez le SIRET.",
            "max_length": "Ce numéro est trop long : un SIRET compte 14 chiffres.",
        },
    )
    name = forms.CharField(
        label="Nom de l’établissement",
        required=False,
        max_length=MAX_NAME,
        help_text="Par exemple « Mairie » ou « École des Tilleuls ».",
        error_messages={"max_length": f"Ce nom est trop long : {MAX_NAME} caractères au plus."},
    )
    is_seat = forms.BooleanField(
        label="C’est le siège", required=False, help_text="Les factures sont adressées au siège."
    )
    service_code_required = forms.BooleanField(
        label="Un code service est obligatoire sur les factures", required=False
    )
    commitment_required = forms.BooleanField(
        label="Un numéro d’engagement est obligatoire sur les factures",
        required=False,
        help_text="Il sera demandé à chaque nouvel abonnement.",
    )
    services = forms.CharField(
        label="Codes des services",
        required=False,
        max_length=8000,
        help_text="Un service par ligne : son code, puis un point-virgule et son nom, par exemple "
        "« FIN ; Finances ». Le premier reçoit les factures.",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        error_messages={"max_length": "Cette liste est trop longue."},
    )

    def __init__(self, *args, known: Establishment | None, has_seat: bool, **kwargs):
        super().__init__(*args, **kwargs)
        if known:
            del self.fields["siret"]
        if has_seat:
            del self.fields["is_seat"]  # it moves by a form of its own, with its evidence (seat_moves)

    def clean_services(self) -> list[Service]:
        """The services, the default one first."""
        services = []
        for line in self.cleaned_data["services"].splitlines():
            code, _, name = (part.strip() for part in line.partition(SEPARATOR))
            if len(name) > MAX_NAME:
                raise forms.ValidationError(
                    f"Le nom du service {code} est trop long : {MAX_NAME} caractères au plus."
                )
            if code or name:
                services.append(Service(code, name))
        if len(services) > MAX_SERVICES:
            raise forms.ValidationError(f"{MAX_SERVICES} services au plus.")
        return services


@organisation_view(*ADDRESS_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request, organisation):
    """Add an establishment."""
    return _page(request, organisation, None, initial={"is_seat": True})


@organisation_view(*ADDRESS_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request, organisation, siret):
    """Change what is known of one."""
    place = get_object_or_404(organisation.establishments.prefetch_related("services"), siret=siret)
    services = sorted(place.services.all(), key=lambda service: (not service.is_default, service.pk))
    initial = {
        "name": place.name,
        "service_code_required": place.service_code_required,
        "commitment_required": place.commitment_required,
        "services": "\n".join(_typed(service) for service in services),
    }
    return _page(request, organisation, place, initial=initial)


def _typed(service) -> str:
    return f"{service.code} {SEPARATOR} {service.name}" if service.name else service.code


def _page(request, organisation, place: Establishment | None, *, initial: dict):
    has_seat = organisation.seat is not None
    form = EstablishmentForm(request.POST or None, known=place, has_seat=has_seat, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            _save(request, organisation, place, form.cleaned_data)
        except (OrganisationRefused, BadIdentifier) as refusal:
            field = getattr(refusal, "field", "siret")
            form.add_error(field if field in form.fields else None, str(refusal))
        else:
            messages.success(request, "L’établissement est enregistré.")
            return redirect("organisation_home", siren=organisation.siren)
    title = f"Établissement {grouped(place.siret)}" if place else "Ajouter un établissement"
    context = {
        "organisation": organisation,
        "crumbs": organisation_crumbs(request, organisation, (title, "")),
        "title": title,
        "form": form,
        "home_page": reverse("organisation_home", args=[organisation.siren]),
    }
    return render(request, "organisation/establishment.html", context)


@transaction.atomic
def _save(request, organisation, place: Establishment | None, typed: dict) -> None:
    by, now = request.user, timezone.now()
    saved = set_establishment(
        organisation=organisation,
        siret=place.siret if place else typed["siret"],
        name=typed["name"],
        is_seat=typed.get("is_seat", False),
        by=by,
        now=now,
    )
    services = typed["services"]
    set_chorus(
        establishment=saved,
        service_code_required=typed["service_code_required"],
        commitment_required=typed["commitment_required"],
        services=services,
        default=services[0].code if services else "",
        by=by,
        now=now,
    )
