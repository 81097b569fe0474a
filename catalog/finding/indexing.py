"""Makes the rows that are searched and filtered: one ShelfEntry a listing, and the words of the catalogue.

Whoever changes what a shelf shows calls `refresh` at the end of the same transaction. Nothing here is the
truth: `rebuild` makes all of it again.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from django.db import connection, transaction
from django.db.models import Count, Min, Q, Sum

from catalog.finding.words import words_to_learn
from catalog.models import (
    Claim,
    Family,
    Listing,
    ListingMove,
    ListingState,
    ModerationState,
    Review,
    SearchWord,
    ServiceSheet,
    ShelfEntry,
    VendorState,
)

CHUNK = 500
# A text of a million letters has no room in a tsvector, and nobody looks for its end.
LONGEST_TEXT = 20_000
SHOWN = (
    "name",
    "summary",
    "description",
    "audience",
    "family",
    "connector",
    "licence_spdx",
    "body_types",
    "population_min",
    "population_max",
)

# `usage` is not written here: it is counted every night (record_usage).
COLUMNS = {
    "operator_id": "bigint",
    "listed": "boolean",
    "slug": "text",
    "name": "text",
    "summary": "text",
    "family": "text",
    "vendor_id": "bigint",
    "vendor_name": "text",
    "vendor_departement": "text",
    "connector": "text",
    "licence_spdx": "text",
    "body_types": "text[]",
    "population_min": "integer",
    "population_max": "integer",
    "claims": "jsonb",
    "rating_sum": "integer",
    "rating_count": "integer",
    "position": "smallint",
    "listed_at": "timestamptz",
}
TEXTS = ("around", "description")  # searched, not kept
_NAMES = ", ".join(COLUMNS)
_FROM = ", ".join(f"row.{name}" for name in COLUMNS)
_CONFIG = "'public.halle_french'"
WRITE = f"""
INSERT INTO catalog_shelfentry (listing_id, usage, version, written_in, {_NAMES}, document)
SELECT row.listing_id, '{{}}', 0, 0, {_FROM},
    setweight(to_tsvector({_CONFIG}, row.name), 'A') || setweight(to_tsvector({_CONFIG}, row.around), 'B')
    || setweight(to_tsvector({_CONFIG}, row.summary), 'B')
    || setweight(to_tsvector({_CONFIG}, row.description), 'C')
FROM jsonb_to_recordset(%s) AS row(
    listing_id bigint, {", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())},
    {", ".join(f"{name} text" for name in TEXTS)}
)
ON CONFLICT (listing_id) DO UPDATE
SET {", ".join(f"{name} = excluded.{name}" for name in (*COLUMNS, "document"))}
WHERE ({", ".join(f"catalog_shelfentry.{name}" for name in (*COLUMNS, "document"))})
    IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in (*COLUMNS, "document"))})
"""  # noqa: S608  (names of this module only)
LEARN = """
INSERT INTO catalog_searchword (word) SELECT word FROM unnest(%s::text[]) AS word ORDER BY word
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class _Row:
    listing_id: int
    operator_id: int
    listed: bool
    slug: str
    name: str
    summary: str
    family: str
    vendor_id: int
    vendor_name: str
    vendor_departement: str
    connector: str
    licence_spdx: str
    body_types: list[str]
    population_min: int | None
    population_max: int | None
    claims: list[dict]
    rating_sum: int
    rating_count: int
    position: int
    listed_at: str | None
    around: str
    description: str

    def words(self) -> list[str]:
        return [self.name, self.vendor_name, self.summary, _family_name(self.family)]


@transaction.atomic
def refresh(*, listings: Iterable[int]) -> None:
    """Makes the entries of these listings (by id) again, in the caller's transaction.

    Nine statements for five hundred listings. The listings are locked first: of two transactions that each
    change something of the same listing, the second reads what the first has written. A row that would be
    the same is not written.
    """
    ids = sorted(set(listings))
    for start in range(0, len(ids), CHUNK):
        _write(ids[start : start + CHUNK])


def refresh_sheet(*, sheet_id: int) -> None:
    """The same for every listing of a service: its claims or its reviews have changed."""
    refresh(listings=Listing.objects.filter(offer__product__sheet=sheet_id).values_list("pk", flat=True))


def refresh_vendor(*, vendor_id: int) -> None:
    """The same for every listing of a vendor: suspended, back, or renamed."""
    rows = Listing.objects.filter(offer__product__sheet__vendor=vendor_id)
    refresh(listings=rows.values_list("pk", flat=True))


def rebuild() -> int:
    """Brings every entry back to the truth and forgets the words that no service has any more; how many
    listings there are. Only what differs is written, so that it may run every night."""
    ids = list(Listing.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), CHUNK):
        refresh(listings=ids[start : start + CHUNK])
    _forget_words()
    return len(ids)


def rewrite() -> int:
    """Deletes and makes every entry again: after a dump was restored in another cluster, whose transactions
    are not numbered alike. How many listings there are."""
    with transaction.atomic():
        usage = dict(ShelfEntry.objects.values_list("listing", "usage"))
        ShelfEntry.objects.all().delete()
        count = rebuild()
        record_usage(usage=usage)
    return count


@transaction.atomic
def record_usage(*, usage: dict[int, dict[str, int]]) -> None:
    """Writes the open subscriptions of each listing (by id) by population stratum of the subscriber."""
    entries = ShelfEntry.objects.filter(listing__in=usage).select_for_update(no_key=True).order_by("pk")
    changed = [entry for entry in entries if entry.usage != usage[entry.pk]]
    for entry in changed:
        entry.usage = usage[entry.pk]
    ShelfEntry.objects.bulk_update(changed, ["usage"], batch_size=CHUNK)


def _write(ids: list[int]) -> None:
    list(Listing.objects.filter(pk__in=ids).select_for_update(no_key=True).order_by("pk").values_list("pk"))
    rows = list(_rows(ids))
    words = set().union(*(words_to_learn(row.words()) for row in rows)) if rows else set()
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [json.dumps([asdict(row) for row in rows])])
        cursor.execute(LEARN, [sorted(words)])


def _rows(ids: list[int]) -> Iterator[_Row]:
    listings = list(
        Listing.objects.filter(pk__in=ids).select_related(
            "offer__product__sheet__vendor__organisation__territory", "approved_revision"
        )
    )
    sheets = {listing.offer.product.sheet.pk for listing in listings}
    claims, ratings, moves = _claims(sheets), _ratings(sheets), _first_listed(ids)
    for listing in listings:
        sheet, vendor = listing.sheet, listing.vendor
        shown = _shown(listing)
        rating = ratings.get(sheet.pk, (0, 0))
        listed_at = moves.get(listing.pk) or listing.approved_at
        yield _Row(
            listing_id=listing.pk,
            operator_id=listing.operator_id,
            listed=listing.state == ListingState.LISTED and vendor.state == VendorState.ACTIVE,
            slug=sheet.slug,
            name=shown["name"],
            summary=shown["summary"],
            family=shown["family"],
            vendor_id=vendor.pk,
            vendor_name=vendor.organisation.name,
            vendor_departement=departement_of(vendor.organisation),
            connector=shown["connector"],
            licence_spdx=shown["licence_spdx"],
            body_types=sorted(shown["body_types"]),
            population_min=shown["population_min"],
            population_max=shown["population_max"],
            claims=claims[sheet.pk],
            rating_sum=rating[0],
            rating_count=rating[1],
            position=listing.position,
            listed_at=listed_at.isoformat() if listed_at else None,
            around=f"{vendor.organisation.name} {_family_name(shown['family'])} {shown['audience']}",
            description=f"{shown['description']} {listing.own_text}".replace("\0", "")[:LONGEST_TEXT],
        )


def _shown(listing: Listing) -> dict:
    """What the operator's members see of the sheet, read from the approved revision without making a sheet
    of it. A revision older than a field has the field's default."""
    if listing.approved_revision is None:
        return {name: getattr(listing.sheet, name) for name in SHOWN}
    content, shown = listing.approved_revision.content, {}
    for name in SHOWN:
        field = ServiceSheet._meta.get_field(name)
        shown[name] = field.to_python(content[name]) if name in content else field.get_default()
    return shown


def _family_name(family: str) -> str:
    return Family(family).label if family in Family.values else ""


def departement_of(organisation) -> str:
    """The code of the département an organisation sits in, "" when unknown."""
    if organisation.territory and organisation.territory.departement:
        return organisation.territory.departement
    postcode = organisation.postcode
    if postcode[:2] == "20":
        return "2A" if postcode[:3] in ("200", "201") else "2B"
    return postcode[:3] if postcode[:2] in ("97", "98") else postcode[:2]


def _claims(sheets: Iterable[int]) -> dict[int, list[dict]]:
    """The current claims of each sheet. Expiry is judged by whoever reads them, on her day."""
    found: dict[int, list[dict]] = defaultdict(list)
    for claim in Claim.objects.current().filter(sheet__in=sheets).order_by("topic"):
        until = claim.valid_until.isoformat() if claim.valid_until else None
        found[claim.sheet_id].append({"topic": claim.topic, "level": claim.level, "until": until})
    return found


def _ratings(sheets: Iterable[int]) -> dict[int, tuple[int, int]]:
    published = Review.objects.filter(sheet__in=sheets, state=ModerationState.PUBLISHED)
    rows = published.values_list("sheet").annotate(total=Sum("rating"), count=Count("pk"))
    return {sheet: (total, count) for sheet, total, count in rows}


def _first_listed(ids: list[int]) -> dict:
    """When each listing first stood on the shelf: one that comes back is no novelty."""
    moves = ListingMove.objects.filter(Q(after=ListingState.LISTED), listing__in=ids)
    return dict(moves.values_list("listing").annotate(first=Min("at")))


def _forget_words() -> None:
    entries = ShelfEntry.objects.filter(listed=True)
    known = words_to_learn([family.label for family in Family])
    for texts in entries.values_list("name", "vendor_name", "summary").iterator():
        known |= words_to_learn(list(texts))
    SearchWord.objects.exclude(word__in=known).delete()
