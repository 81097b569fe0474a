"""The platform's staff and vendors: who asks to come in, who is here, which terms they agree to."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.models import VendorApplication, VendorState
from catalog.vendors import applications, operations, publishing
from catalog.vendors.queries import duties, pending_applications, vendors
from marketplace.web.access import platform_view
from marketplace.web.fields import TYPED_DATE
from marketplace.web.formats import day, moment
from marketplace.web.operator.lists import rest_of_address, typed
from tenants.identifiers import grouped
from tenants.models.organisation import OrganisationKind
from tenants.refusals import Refused

PAGE = 50


class TermsForm(forms.Form):
    version = forms.CharField(
        label="Version", max_length=20, error_messages={"required": "Nommez la version, par exemple 2027-1."}
    )
    in_force_from = forms.DateField(
        label="En vigueur le",
        widget=TYPED_DATE,
        error_messages={
            "required": "Indiquez le jour où elle entre en vigueur.",
            "invalid": "Cette date n’existe pas. Écrivez-la ainsi : 01/01/2027.",
        },
    )
    text = forms.CharField(
        label="Texte",
        help_text="Texte simple, un paragraphe par ligne vide.",
        widget=forms.Textarea(attrs={"rows": 14}),
        error_messages={"required": "Écrivez le texte des conditions."},
    )


@platform_view
@require_safe
def home(request):
    """Requests first, then every vendor."""
    search, state = typed(request), request.GET.get("etat", "")
    state = state if state in VendorState.values else ""
    page = Paginator(vendors(search=search, state=state), PAGE).get_page(request.GET.get("page"))
    context = {
        "crumbs": _crumbs(),
        "search": search,
        "state": state,
        "states": [{"value": v, "label": label.capitalize()} for v, label in VendorState.choices],
        "page": page,
        "rest": rest_of_address(q=search, etat=state),
        "applications": [
            {
                "name": one.name,
                "siren": grouped(one.siren),
                "sent": day(one.sent_at),
                "url": reverse("platform_vendor_application", args=[one.public_id]),
            }
            for one in pending_applications()[:PAGE]
        ],
        "rows": [
            {
                "name": vendor.organisation.name,
                "siren": grouped(vendor.organisation.siren),
                "url": reverse("platform_vendor", args=[vendor.organisation.siren]),
                "services": vendor.services,
                "shelves": vendor.shelves,
                "suspended": vendor.state == VendorState.SUSPENDED,
                "state": vendor.get_state_display().capitalize(),
            }
            for vendor in page
        ],
    }
    return render(request, "platform/vendors.html", context)


@platform_view
@require_http_methods(["GET", "HEAD", "POST"])
def application(request, public_id):
    """One request, and its decision."""
    found = VendorApplication.objects.select_related("terms", "applicant").filter(public_id=public_id).first()
    if found is None:
        raise Http404
    error, message = "", request.POST.get("message", "")
    if request.method == "POST":
        try:
            if request.POST.get("decision") == "accept":
                applications.accept(application=found, by=request.user, now=timezone.now())
                messages.success(request, f"{found.name} est éditeur.")
            else:
                applications.refuse(application=found, message=message, by=request.user, now=timezone.now())
                messages.success(request, "La demande est refusée, la personne est prévenue.")
        except Refused as refusal:
            error = str(refusal)
        else:
            return redirect("platform_vendors")
    found.refresh_from_db()
    context = {
        "crumbs": _crumbs((found.name, "")),
        "application": found,
        "error": error,
        "message": message,
        "pending": found.state == "pending",
        "state": found.get_state_display().capitalize(),
        "facts": [
            {"label": "SIREN", "value": grouped(found.siren)},
            {"label": "Nature", "value": OrganisationKind(found.kind).label.capitalize()},
            {"label": "Adresse", "value": f"{found.address}, {found.postcode} {found.city}"},
            {"label": "Courriel", "value": found.contact_email},
            {"label": "Téléphone", "value": found.contact_phone or "non renseigné"},
            {"label": "Site internet", "value": found.website or "non renseigné"},
            {"label": "Demandé par", "value": found.applicant.get_full_name()},
            {"label": "Envoyée le", "value": moment(found.sent_at)},
            {"label": "Conditions acceptées", "value": str(found.terms)},
        ],
    }
    return render(request, "platform/vendor_application.html", context)


@platform_view
@require_safe
def vendor(request, siren):
    """A vendor, whether its papers are in order, and the button that stops it."""
    return _vendor_page(request, _vendor(siren))


@platform_view
@require_POST
def suspend(request, siren):
    """Takes its services off every shelf."""
    found = _vendor(siren)
    reason = request.POST.get("reason", "")
    try:
        operations.suspend(vendor=found, reason=reason, by=request.user, now=timezone.now())
    except Refused as refusal:
        return _vendor_page(request, found, error=str(refusal), reason=reason)
    messages.success(request, "L’éditeur est suspendu : ses services ne sont plus au catalogue.")
    return redirect("platform_vendor", siren=siren)


@platform_view
@require_POST
def resume(request, siren):
    """Puts them back."""
    found = _vendor(siren)
    try:
        operations.resume(vendor=found, by=request.user, now=timezone.now())
    except Refused as refusal:
        return _vendor_page(request, found, error=str(refusal))
    messages.success(request, "L’éditeur est rétabli.")
    return redirect("platform_vendor", siren=siren)


@platform_view
@require_http_methods(["GET", "HEAD", "POST"])
def terms(request):
    """Versions of the vendors' terms, and publishing the next one."""
    form = TermsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            publishing.publish_terms(**form.cleaned_data, now=timezone.now())
        except Refused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, "La nouvelle version est enregistrée.")
            return redirect("platform_vendor_terms")
    context = {
        "crumbs": _crumbs(("Conditions des éditeurs", "")),
        "form": form,
        "versions": [
            {"version": v.version, "since": day(v.in_force_from), "agreed": v.agreed}
            for v in publishing.versions()
        ],
        "terms_url": reverse("vendors_terms"),
    }
    return render(request, "platform/vendor_terms.html", context)


def _vendor(siren: str):
    found = vendors().filter(organisation__siren=siren).first()
    if found is None:
        raise Http404
    return found


def _vendor_page(request, found, *, error: str = "", reason: str = ""):
    organisation = found.organisation
    due = duties(vendor=found, on=localdate(timezone.now()))
    context = {
        "crumbs": _crumbs((organisation.name, "")),
        "vendor": found,
        "name": organisation.name,
        "siren": organisation.siren,
        "suspended": found.state == VendorState.SUSPENDED,
        "error": error,
        "reason": reason,
        "facts": [
            {"label": "SIREN", "value": grouped(organisation.siren)},
            {"label": "Nature", "value": organisation.get_kind_display().capitalize()},
            {"label": "Services", "value": found.services},
            {"label": "Présences en rayon", "value": found.shelves},
            {"label": "Conditions en vigueur", "value": "à accepter" if due.terms else "acceptées"},
            {
                "label": "Déclaration de l’année",
                "value": "à signer" if due.declaration_year else "signée",
            },
        ],
    }
    return render(request, "platform/vendor.html", context)


def _crumbs(*items: tuple[str, str]) -> list[dict]:
    here = {"label": "Éditeurs", "url": reverse("platform_vendors") if items else ""}
    return [
        {"label": "Plateforme", "url": reverse("platform_home")},
        here,
        *({"label": label, "url": url} for label, url in items),
    ]
