"""The services of all shelves, as everybody may read them: what operators approved, never a draft.

Lists come from the index of the shelves (ShelfEntry), a few queries whatever the length. A service on several
shelves is one service, told as it was approved last.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.postgres.search import SearchQuery
from django.db.models import Count, Max, QuerySet

from catalog.finding.words import LONGEST, plain_words
from catalog.models import Claim, Listing, ListingState, ServiceSheet, ShelfEntry

MAX_QUERY = 200
MAX_WORDS = 12
CONFIG = "public.halle_french"


@dataclass(frozen=True)
class ServiceFilters:
    """What is asked for; "" for whatever. `operator` is a slug, `vendor` a SIREN."""

    q: str = ""
    family: str = ""
    operator: str = ""
    vendor: str = ""
    licence: str = ""
    connector: str = ""


@dataclass(frozen=True)
class PublicService:
    """One service, with the operators (slugs, in order) on whose shelves it stands."""

    id: str
    name: str
    summary: str
    family: str
    connector: str
    licence: str
    vendor_siren: str
    vendor_name: str
    body_types: list[str]
    population_min: int | None
    population_max: int | None
    claims: list[dict]  # in force that day: topic, level, valid_until (an ISO date or None)
    rating_average: float | None
    rating_count: int
    listed_on: date | None
    updated_at: datetime | None  # when what is told was approved
    operators: list[str]


@dataclass(frozen=True)
class ServicePage:
    services: list[PublicService]
    total: int


def catalogue_version() -> int:
    """Grows whenever anything on a shelf changes: what a copy is compared with. One query, on an index."""
    return ShelfEntry.objects.aggregate(version=Max("version"))["version"] or 0


def service_page(*, filters: ServiceFilters, page: int, size: int, on: date) -> ServicePage:
    """The services that answer, by identifier; `page` counts from 1. Three queries."""
    found = _matching(filters)
    slugs = list(
        found.order_by("slug").values_list("slug", flat=True).distinct()[(page - 1) * size : page * size]
    )
    if page == 1 and len(slugs) < size:
        total = len(slugs)
    else:
        total = found.aggregate(total=Count("slug", distinct=True))["total"]
    return ServicePage(services=_told(slugs, prefer=filters.operator, on=on), total=total)


def all_services(*, on: date) -> list[PublicService]:
    """Every service, by identifier. One query."""
    return _told(None, prefer="", on=on)


def _matching(filters: ServiceFilters) -> QuerySet[ShelfEntry]:
    found = ShelfEntry.objects.filter(listed=True)
    wanted = {
        "family": filters.family,
        "connector": filters.connector,
        "operator__slug": filters.operator,
        "vendor__organisation__siren": filters.vendor,
    }
    found = found.filter(**{name: value for name, value in wanted.items() if value})
    if filters.licence:
        found = found.filter(licence_spdx__iexact=filters.licence)
    if words := plain_words(filters.q[:MAX_QUERY])[:MAX_WORDS]:
        found = found.filter(document=_searched(words))
    return found


def _searched(words: list[str]) -> SearchQuery:
    """All the words, whatever their accents and plurals; the last one as far as it is typed."""
    *before, last = (word[:LONGEST] for word in words)
    query = SearchQuery(f"{last}:*", search_type="raw", config=CONFIG)
    for word in before:
        query &= SearchQuery(word, search_type="raw", config=CONFIG)
    return query


_COLUMNS = (
    "slug",
    "name",
    "summary",
    "family",
    "connector",
    "licence_spdx",
    "vendor__organisation__siren",
    "vendor_name",
    "body_types",
    "population_min",
    "population_max",
    "claims",
    "rating_sum",
    "rating_count",
    "listed_at",
    "listing__approved_at",
    "operator__slug",
)


def _told(slugs: Iterable[str] | None, *, prefer: str, on: date) -> list[PublicService]:
    rows = ShelfEntry.objects.filter(listed=True)
    if slugs is not None:
        rows = rows.filter(slug__in=slugs)
    services: dict[str, PublicService] = {}
    for row in rows.order_by("slug", "-listed_at", "listing").values_list(*_COLUMNS):
        slug, operator = row[0], row[-1]
        known = services.get(slug)
        if known is None or (operator == prefer and known.operators[0] != prefer):
            services[slug] = _service(row, known.operators if known else [], on)
        else:
            known.operators.append(operator)
    return list(services.values())


def _service(row: tuple, operators: list[str], on: date) -> PublicService:
    ratings, count, listed_at, updated_at, operator = row[12:]
    return PublicService(
        *row[:11],
        claims=[
            {"topic": claim["topic"], "level": claim["level"], "valid_until": claim.get("until")}
            for claim in row[11]
            if not claim.get("until") or claim["until"] >= on.isoformat()
        ],
        rating_average=round(ratings / count, 2) if count else None,
        rating_count=count,
        listed_on=listed_at.date() if listed_at else None,
        updated_at=updated_at,
        operators=[operator, *operators],
    )


@dataclass(frozen=True)
class ServiceDetail:
    """One service in full: its text as approved last, its claims in force, the shelves it stands on."""

    sheet: ServiceSheet  # not to be saved: a revision's content
    listings: list[Listing]
    claims: list[Claim]


def service_detail(*, slug: str, on: date) -> ServiceDetail | None:
    """None when the service is on no shelf. Two queries."""
    listings = list(
        Listing.objects.filter(
            offer__product__sheet__slug=slug,
            state=ListingState.LISTED,
            offer__partner__vendor__state="active",
        )
        .select_related("offer__product__sheet__vendor__organisation", "operator", "approved_revision")
        .order_by("-approved_at", "pk")
    )
    if not listings:
        return None
    claims = Claim.objects.in_force(on=on).filter(sheet=listings[0].sheet).select_related("checked_for")
    return ServiceDetail(
        sheet=listings[0].shown,
        listings=sorted(listings, key=lambda listing: listing.operator.slug),
        claims=list(claims.order_by("topic")),
    )
