"""What may be asked of the API. Each operation makes one call into a room, and writes the answer itself:
validating a hundred services again before each answer would take longer than finding them."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from ninja import NinjaAPI, Path, Query
from ninja.errors import HttpError, ValidationError

from catalog.models import Family
from catalog.opendata import bodies
from catalog.opendata.services import (
    MAX_QUERY,
    ServiceFilters,
    catalogue_version,
    service_detail,
    service_page,
)
from catalog.prices import list_price, listing_price, territory_facts
from marketplace.web.api import schemas, tell
from marketplace.web.api.answers import answer, not_found, problem, remembered, written
from marketplace.web.api.wrong import in_french
from tenants.territories.search import current_commune

MAX_PAGE_SIZE = 100

PageNumber = Annotated[int, Query(ge=1, le=100_000, description="Page, à partir de 1.")]
PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE, description="Éléments par page, 100 au plus.")]
Text = r"^[^\x00-\x1f]*$"
Siren = Annotated[str, Path(pattern=r"^[0-9]{9}$", description="SIREN, 9 chiffres.")]

DESCRIPTION = (
    "Le catalogue des services numériques que les collectivités achètent ensemble, en lecture seule et sans "
    "inscription. Aucun prix négocié n’y figure sans l’accord de l’opérateur, et aucun nom de personne. "
    "Les réponses portent une empreinte (ETag) : renvoyez-la dans If-None-Match pour ne rien recharger."
)

api = NinjaAPI(
    title="Halle",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,
    openapi_extra={"info": {"license": {"name": "Licence Ouverte 2.0", "identifier": "etalab-2.0"}}},
)

ERRORS = {400: schemas.Problem, 404: schemas.Problem}


@api.exception_handler(ValidationError)
def _refused(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = in_french(error.errors)
    return problem(400, "Demande mal formée", " ".join(one["detail"] for one in errors), errors=errors)


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, "Demande refusée", str(error))


@api.exception_handler(Http404)
def _nothing(request: HttpRequest, error: Http404) -> HttpResponse:
    return not_found()


@api.get("/", response=schemas.Root, summary="Ce que l’on peut demander", url_name="root", tags=["Entrée"])
def root(request):
    names = ("families", "operators", "vendors", "services")
    return answer(
        request,
        written(
            {
                "name": "Halle",
                "documentation": tell.absolute(reverse("api_documentation")),
                "openapi": tell.absolute(reverse("api:openapi")),
                **{name: tell.absolute(reverse(f"api:{name}")) for name in names},
            }
        ),
    )


@api.get("/openapi.json", include_in_schema=False, url_name="openapi")
def openapi(request):
    return answer(request, written(document()))


def document() -> dict:
    """The OpenAPI 3.1 document. Errors are problem+json wherever they may come."""
    made = dict(api.get_openapi_schema(path_prefix="/api/v1/"))
    made["servers"] = [{"url": tell.absolute("")}]
    for path in made["paths"].values():
        for status, response in path["get"]["responses"].items():
            if int(status) >= 400:
                response["content"] = {"application/problem+json": response["content"]["application/json"]}
    return made


@api.get("/families", response=schemas.Families, summary="Les familles de services", url_name="families",
         tags=["Services"])  # fmt: skip
def families(request):
    items = [{"id": family.value, "label": family.label} for family in Family]
    return answer(request, written({"items": items}))


@api.get("/operators", response=schemas.Operators, summary="Les opérateurs de mutualisation",
         url_name="operators", tags=["Opérateurs"])  # fmt: skip
def operators(request):
    return answer(request, written({"items": [tell.operator(one) for one in bodies.operators()]}))


@api.get("/operators/{slug:operator}", response={200: schemas.OperatorOut, 404: schemas.Problem},
         summary="Un opérateur", url_name="operator", tags=["Opérateurs"])  # fmt: skip
def operator(request, operator: str):
    found = bodies.operator(slug=operator)
    if found is None:
        return not_found("Aucun opérateur n’a cet identifiant.")
    return answer(request, written(tell.operator(found)))


@api.get("/operators/{slug:operator}/listings", response={200: schemas.Listings, **ERRORS},
         summary="Le catalogue d’un opérateur, avec les prix publiés pour une commune",
         url_name="listings", tags=["Opérateurs"])  # fmt: skip
def listings(
    request,
    operator: str,
    insee: Annotated[
        str, Query(pattern=r"^([0-9][0-9AB][0-9]{3})?$", description="Code INSEE d’une commune.")
    ] = "",
    page: PageNumber = 1,
    page_size: PageSize = 20,
):
    found = bodies.operator(slug=operator)
    if found is None:
        return not_found("Aucun opérateur n’a cet identifiant.")
    match = current_commune(code=insee) if insee else None
    if insee and match is None:
        return not_found("Aucune commune ne porte ce code INSEE.")
    commune = match.commune if match else None
    facts = territory_facts(territories=[commune], on=_today())[commune.pk] if commune else None
    shelf = bodies.shelf_page(operator=found, page=page, size=page_size)
    items = [
        tell.listing(
            one,
            price=listing_price(listing=one, facts=facts) if facts and one.price_is_public else None,
            list_price=list_price(listing=one, facts=facts) if facts else None,
        )
        for one in shelf.items
    ]
    return answer(
        request,
        written(
            {
                "operator": found.slug,
                "commune": {"insee": commune.code, "name": commune.name} if commune else None,
                **_links(request, page, page_size, shelf.total),
                "items": items,
            }
        ),
    )


@api.get("/vendors", response={200: schemas.Vendors, 400: schemas.Problem},
         summary="Les éditeurs dont un service est au catalogue", url_name="vendors",
         tags=["Éditeurs"])  # fmt: skip
def vendors(request, page: PageNumber = 1, page_size: PageSize = 20):
    found = bodies.vendors(page=page, size=page_size)
    items = [tell.vendor(one) for one in found.items]
    return answer(request, written({**_links(request, page, page_size, found.total), "items": items}))


@api.get("/vendors/{siren}", response={200: schemas.VendorOut, **ERRORS}, summary="Un éditeur",
         url_name="vendor", tags=["Éditeurs"])  # fmt: skip
def vendor(request, siren: Siren):
    found = bodies.vendor(siren=siren)
    if found is None:
        return not_found("Aucun éditeur de ce SIREN n’a de service au catalogue.")
    return answer(request, written(tell.vendor(found)))


@api.get("/services", response={200: schemas.Services, 400: schemas.Problem},
         summary="Les services, de tous les catalogues", url_name="services", tags=["Services"])  # fmt: skip
def services(
    request,
    q: Annotated[
        str, Query(pattern=Text, max_length=MAX_QUERY, description="Mots du nom ou du résumé.")
    ] = "",
    family: Annotated[schemas.FamilyId | Literal[""], Query(description="Famille de services.")] = "",
    operator: Annotated[
        str, Query(pattern=Text, max_length=50, description="Identifiant d’un opérateur.")
    ] = "",
    vendor: Annotated[str, Query(pattern=r"^([0-9]{9})?$", description="SIREN d’un éditeur.")] = "",
    licence: Annotated[
        str, Query(pattern=Text, max_length=120, description="Expression SPDX, par exemple MIT.")
    ] = "",
    connector: Annotated[schemas.ConnectorId | Literal[""], Query(description="Comment il s’ouvre.")] = "",
    page: PageNumber = 1,
    page_size: PageSize = 20,
):
    filters = ServiceFilters(q, family, operator, vendor, licence, connector)
    today = _today()

    def make() -> bytes:
        found = service_page(filters=filters, page=page, size=page_size, on=today)
        links = _links(request, page, page_size, found.total)
        return written({**links, "items": tell.services(found.services)})

    return answer(request, remembered.get((catalogue_version(), today, filters, page, page_size), make))


@api.get("/services/{slug:service}", response={200: schemas.ServiceDetail, 404: schemas.Problem},
         summary="Un service en entier", url_name="service", tags=["Services"])  # fmt: skip
def service(request, service: str):
    found = service_detail(slug=service, on=_today())
    if found is None:
        return not_found("Aucun service de cet identifiant n’est au catalogue.")
    return answer(request, written(tell.service_in_full(found)))


@api.get("/services/{slug:service}/claims", response={200: schemas.Claims, 404: schemas.Problem},
         summary="Ce que l’éditeur affirme d’un service, et qui l’a contrôlé", url_name="claims",
         tags=["Services"])  # fmt: skip
def claims(request, service: str):
    found = service_detail(slug=service, on=_today())
    if found is None:
        return not_found("Aucun service de cet identifiant n’est au catalogue.")
    return answer(request, written({"items": [tell.claim(one) for one in found.claims]}))


def _today():
    return localdate(timezone.now())


def _links(request: HttpRequest, page: int, size: int, total: int) -> dict:
    """Where the neighbouring pages are, with the filters of this one."""

    def link(number: int) -> str:
        kept = {**request.GET.dict(), "page": str(number), "page_size": str(size)}
        return f"{tell.absolute(request.path)}?{urlencode(kept)}"

    last = max(1, -(-total // size))
    return {
        "total": total,
        "page": page,
        "page_size": size,
        "next": link(page + 1) if page < last else None,
        "previous": link(min(page - 1, last)) if page > 1 else None,
    }
