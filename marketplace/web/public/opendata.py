"""Open data: the page that tells of it, the documentation of the API, the catalogue as DCAT and as CSV."""

import re

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from catalog.opendata import anct, bodies, dcat
from catalog.opendata.services import ServiceFilters, all_services, catalogue_version, service_page
from marketplace.web.api import tell
from marketplace.web.api.answers import answer, open_to_scripts, remembered
from marketplace.web.api.operations import document
from marketplace.web.public.api_documentation import documented
from tenants.spreadsheets.writing import csv_bytes, safe_cell

DCAT_PAGE = 100


@login_not_required
@require_safe
def open_data(request):
    """What is published, under which licence, and where."""
    return render(request, "public/open_data.html", {"files": _files(), "api_url": reverse("api:root")})


@login_not_required
@require_safe
def api_documentation(request):
    """The OpenAPI document, written for people: our policy allows nobody else's scripts."""
    crumbs = [
        {"label": "Données ouvertes", "url": reverse("open_data")},
        {"label": "Documentation de l’interface", "url": ""},
    ]
    return render(request, "public/api_documentation.html", {"api": documented(document()), "crumbs": crumbs})


@login_not_required
@require_safe
@transaction.non_atomic_requests
def catalogue_dcat(request, extension):
    """The catalogue as linked data, a hundred services a page."""
    page = request.GET.get("page", "1")
    if extension not in dcat.FORMATS or not re.fullmatch(r"[1-9][0-9]{0,5}", page):
        raise Http404
    number, today = int(page), localdate(timezone.now())

    def make() -> bytes:
        found = service_page(filters=ServiceFilters(), page=number, size=DCAT_PAGE, on=today)
        pages = max(1, -(-found.total // DCAT_PAGE))
        if number > pages:
            raise Http404
        graph = dcat.catalogue_graph(
            services=found.services,
            operators={one.slug: one.organisation.name for one in bodies.operators()},
            publisher=dcat.Publisher(name="Halle", homepage=tell.absolute(reverse("home"))),
            addresses=_addresses(extension),
            page=number,
            pages=pages,
            total=found.total,
            on=today,
        )
        return dcat.serialized(graph, extension)

    body = remembered.get(("dcat", extension, catalogue_version(), today, number), make)
    return open_to_scripts(answer(request, body, content_type=dcat.CONTENT_TYPES[extension]))


@login_not_required
@require_safe
@transaction.non_atomic_requests
def services_csv(request):
    """Every service, in the ANCT's columns."""
    today = localdate(timezone.now())

    def make() -> bytes:
        rows = anct.service_rows(all_services(on=today), url=_service_url)
        return csv_bytes(anct.SERVICES, ([safe_cell(cell) for cell in row] for row in rows))

    return _csv(request, remembered.get(("csv", catalogue_version(), today), make), "services.csv")


@login_not_required
@require_safe
@transaction.non_atomic_requests
def operators_csv(request):
    """Every operator, in the ANCT's columns."""
    rows = anct.operator_rows(
        bodies.operators(),
        families=bodies.operator_families(),
        url=lambda one: tell.absolute(reverse("storefront", args=[one.slug])),
        departement=tell.departement,
    )
    body = csv_bytes(anct.OPERATORS, ([safe_cell(cell) for cell in row] for row in rows))
    return _csv(request, body, "operateurs.csv")


def _csv(request, body: bytes, filename: str):
    response = open_to_scripts(answer(request, body, content_type="text/csv; charset=utf-8"))
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _files() -> list[dict]:
    return [
        {
            "title": "Les services",
            "text": "Une ligne par service, dans les colonnes du catalogue de l’ANCT.",
            "format": "CSV",
            "label": "services.csv",
            "media_type": "text/csv",
            "url": reverse("services_csv"),
        },
        {
            "title": "Les opérateurs",
            "text": "Une ligne par opérateur de mutualisation, dans les mêmes colonnes.",
            "format": "CSV",
            "label": "operateurs.csv",
            "media_type": "text/csv",
            "url": reverse("operators_csv"),
        },
        {
            "title": "Le catalogue, pour les portails",
            "text": "DCAT, une page de cent services à la fois, à donner à moissonner.",
            "format": "JSON-LD",
            "label": "dcat.jsonld",
            "media_type": "application/ld+json",
            "url": reverse("catalogue_dcat", args=["jsonld"]),
        },
        {
            "title": "Le même, en Turtle",
            "text": "DCAT, dans l’autre écriture que les portails lisent.",
            "format": "Turtle",
            "label": "dcat.ttl",
            "media_type": "text/turtle",
            "url": reverse("catalogue_dcat", args=["ttl"]),
        },
    ]


def _addresses(extension: str) -> dcat.Addresses:
    here = tell.absolute(reverse("catalogue_dcat", args=[extension]))
    return dcat.Addresses(
        catalogue=tell.absolute(reverse("open_data")),
        api=tell.absolute(reverse("api:root")),
        api_document=tell.absolute(reverse("api:openapi")),
        downloads=[
            (file["title"], tell.absolute(file["url"]), file["media_type"])
            for file in _files()
            if file["format"] == "CSV"
        ],
        service=_service_url,
        operator=lambda slug: tell.absolute(reverse("storefront", args=[slug])),
        page=lambda number: f"{here}?page={number}" if number > 1 else here,
    )


def _service_url(service) -> str:
    return tell.service_url(service.operators[0], service.id)
