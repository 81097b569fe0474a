"""A vendor's services: the list, a new one, and one service with all that can be done about it."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_safe

from catalog.models import ServiceSheet, Vendor
from catalog.sheets.drafts import create_service, draft_of
from catalog.sheets.errors import SheetInvalid
from catalog.sheets.publishing import missing, planned_for
from catalog.sheets.queries import service_of, shelves_of, vendor_services
from marketplace.web.access import vendor_view
from marketplace.web.formats import moment
from marketplace.web.vendor.sheet_forms import SECTION_OF, SECTIONS, NewServiceForm
from marketplace.web.vendor.todo import todo
from marketplace.web.vendor.words import crumbs, sheet_states, shelf_in_words
from tenants.models import Role


@vendor_view(with_subscribers=True)
@require_safe
def home(request, vendor):
    """What the vendor owes, then one row a service, with every shelf it is on or was proposed to."""
    page, services = vendor_services(vendor=vendor, page=request.GET.get("page"))
    siren = vendor.organisation.siren
    context = {
        "vendor": vendor,
        "name": vendor.organisation.name,
        "page": page,
        "suspension": vendor.suspension_reason,
        "todo": todo(
            vendor=vendor, may_sign=Role.VENDOR_ADMIN in request.roles, on=localdate(timezone.now())
        ),
        "actions": [
            {
                "label": "Créer un service",
                "url": reverse("vendor_service_new", args=[siren]),
                "style": "primary",
            }
        ],
        "services": [
            {
                "name": service.sheet.name,
                "url": reverse("vendor_service", args=[siren, service.sheet.slug]),
                "family": service.sheet.get_family_display(),
                "claims_url": reverse("vendor_claims", args=[siren, service.sheet.slug]),
                "states": sheet_states(service.sheet),
                "planned": moment(service.planned.at) if service.planned else "",
                "shelves": [shelf_in_words(shelf) for shelf in service.shelves],
            }
            for service in services
        ],
    }
    return render(request, "vendor/home.html", context)


@vendor_view()
@require_http_methods(["GET", "HEAD", "POST"])
def new(request, vendor):
    """A name and a family: the rest is written in the draft."""
    form = NewServiceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            sheet = create_service(
                vendor=vendor,
                name=form.cleaned_data["name"],
                family=form.cleaned_data["family"],
                by=request.user,
                now=timezone.now(),
            )
        except SheetInvalid as invalid:
            for name, sentence in invalid.errors.items():
                form.add_error(name, sentence)
        else:
            messages.success(request, f"La fiche « {sheet.name} » est créée. Décrivez maintenant le service.")
            return redirect(
                "vendor_service_edit",
                siren=vendor.organisation.siren,
                slug=sheet.slug,
                section="presentation",
            )
    context = {"vendor": vendor, "crumbs": crumbs(vendor, ("Nouveau service", "")), "form": form}
    return render(request, "vendor/service_new.html", context)


@vendor_view()
@require_safe
def service(request, vendor, slug):
    """One service: its sections, what is missing, where it stands, what to do next."""
    sheet = sheet_or_404(vendor, slug)
    draft = draft_of(sheet)
    siren = vendor.organisation.siren
    lacks = missing(draft.sheet)
    lacking = {SECTION_OF[one.field].slug for one in lacks}
    planned = planned_for(sheet)
    context = {
        "vendor": vendor,
        "crumbs": crumbs(vendor, (draft.sheet.name, "")),
        "sheet": draft.sheet,
        "states": sheet_states(sheet),
        "saved_at": moment(draft.revision.created_at) if draft.revision else "",
        "sections": [
            {
                "title": section.title,
                "url": reverse("vendor_service_edit", args=[siren, slug, section.slug]),
                "lacking": section.slug in lacking,
            }
            for section in SECTIONS.values()
        ],
        "missing": missing_in_words(vendor, sheet, lacks),
        "shelves": [shelf_in_words(shelf) for shelf in shelves_of([sheet]).get(sheet.pk, [])],
        "planned": planned
        and {"at": moment(planned.at), "operators": [str(one.short_name) for one in planned.operators.all()]},
        "actions": _actions(siren, slug, with_keys=Role.VENDOR_ADMIN in request.roles),
    }
    return render(request, "vendor/service.html", context)


def sheet_or_404(vendor: Vendor, slug: str) -> ServiceSheet:
    """The vendor's own service."""
    sheet = service_of(vendor=vendor, slug=slug)
    if sheet is None:
        raise Http404
    return sheet


def missing_in_words(vendor: Vendor, sheet: ServiceSheet, lacks) -> list[dict]:
    """Each thing that lacks, with the section where it is written."""
    return [
        {
            "text": one.sentence,
            "url": reverse(
                "vendor_service_edit",
                args=[vendor.organisation.siren, sheet.slug, SECTION_OF[one.field].slug],
            ),
            "section": SECTION_OF[one.field].title,
        }
        for one in lacks
    ]


def _actions(siren: str, slug: str, *, with_keys: bool) -> list[dict]:
    keys = {"label": "Clés d’accès", "url": reverse("vendor_keys", args=[siren, slug]), "style": "quiet"}
    agents = {
        "label": "Comptes des agents",
        "url": reverse("vendor_directory", args=[siren, slug]),
        "style": "quiet",
    }
    entering = {
        "label": "Connexion par Halle",
        "url": reverse("vendor_sign_in", args=[siren, slug]),
        "style": "quiet",
    }
    return [
        {
            "label": "Publier et proposer",
            "url": reverse("vendor_service_publish", args=[siren, slug]),
            "style": "primary",
        },
        {"label": "Aperçu", "url": reverse("vendor_service_preview", args=[siren, slug])},
        {"label": "Historique", "url": reverse("vendor_service_history", args=[siren, slug])},
        {
            "label": "Raccordement",
            "url": reverse("vendor_connection", args=[siren, slug]),
            "style": "quiet",
        },
        {
            "label": "Engagements et preuves",
            "url": reverse("vendor_claims", args=[siren, slug]),
            "style": "quiet",
        },
        {
            "label": "Remplir avec un publiccode.yml",
            "url": reverse("vendor_service_import", args=[siren, slug]),
            "style": "quiet",
        },
        *([keys, agents, entering] if with_keys else []),
    ]
