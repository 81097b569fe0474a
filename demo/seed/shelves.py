"""Sixty services, and which stand on which shelf at which price."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

from oscar.core.loading import get_model

from catalog.models import Family, GridState, Listing, ListingState, PriceGrid, ServiceSheet
from demo.seed.moments import at
from demo.seed.operators import BRUMELLE, CANTONADE, ETABLI, EXEMPT, OUT_OF_SCOPE, STANDARD, Vat
from demo.seed.price_grids import definition
from demo.seed.sheets import SHEETS_FROM, describe, published
from subscriptions.models import LegalBasis, PurchasingVehicle

FOLDER = Path(__file__).with_name("services")
COPIED = ("name", "slug", "summary", "audience", "hosting", "licence")
GRIDS_FROM = date(2026, 1, 1)
# Euros an inhabitant a year, before an operator's own terms.
RATES = {
    Family.CANTEEN: "0.75",
    Family.CIVIL_REGISTRY: "0.40",
    Family.PROCUREMENT: "0.55",
    Family.SIGNATURE: "0.30",
    Family.EMAIL: "0.60",
    Family.GIS: "0.90",
    Family.ARCHIVES: "0.45",
    Family.CEMETERY: "0.35",
    Family.REQUESTS: "0.50",
    Family.WEBSITE: "0.65",
}
TERMS = {CANTONADE.slug: "1.00", BRUMELLE.slug: "0.90", ETABLI.slug: "1.08"}
# Rank of a service in its family → shelves. The first of each family stands on all three.
SHELVES = (
    (CANTONADE.slug, BRUMELLE.slug, ETABLI.slug),
    (CANTONADE.slug, ETABLI.slug),
    (BRUMELLE.slug,),
    (CANTONADE.slug,),
    (ETABLI.slug,),
    (CANTONADE.slug, BRUMELLE.slug),
)
LIST_PRICE = Decimal("1.30")  # what a vendor asks outside the group, of the group's price
# Bought otherwise than the others of their shelf: which of its operator's vehicles.
ELSEWHERE = {
    (BRUMELLE.slug, "lecture-facile"): LegalBasis.FRAMEWORK,
    (BRUMELLE.slug, "scrutin-paisible"): LegalBasis.FRAMEWORK,
    (BRUMELLE.slug, "quatre-heures"): LegalBasis.DIRECT,
    (BRUMELLE.slug, "coffre-des-echanges"): LegalBasis.GROUPEMENT,
    (BRUMELLE.slug, "demandes-entendues"): LegalBasis.GROUPEMENT,
    (BRUMELLE.slug, "place-du-village"): LegalBasis.GROUPEMENT,
}
STATUTORY_RANK = 2  # a contribution under the syndicat's statutes
# Services that may be tried for nothing, wherever they stand: for how many days.
TRIALS = {"pigeonnier": 30, "urbanisme-au-clair": 15}
# Invoiced by quarter in advance, and for the text messages that it sends.
WITH_USAGE = "demarches-du-bourg"
HOW_INVOICED = {
    (BRUMELLE.slug, WITH_USAGE): {
        "rhythm": {"period": "quarter", "due": "advance", "anchor": "january", "proration": "month"},
        "usage": [
            {"unit": "sms", "name": "SMS", "plural": "SMS", "unit_price": "0.08", "included": 100},
        ],
    }
}
NOT_LISTED = {
    (CANTONADE.slug, Family.CEMETERY, 3): ListingState.DRAFT,
    (CANTONADE.slug, Family.EMAIL, 5): ListingState.SUSPENDED,
    (BRUMELLE.slug, Family.GIS, 2): ListingState.DRAFT,
    (BRUMELLE.slug, Family.REQUESTS, 5): ListingState.SUSPENDED,
    (ETABLI.slug, Family.PROCUREMENT, 4): ListingState.DRAFT,
    (ETABLI.slug, Family.WEBSITE, 4): ListingState.SUSPENDED,
}
CONDITIONS = (
    "Engagement d’un an, renouvelé chaque 1er janvier. Arrêt possible avec trois mois de préavis.",
    "Sans durée minimale. Tout mois commencé est dû. Vos données vous sont rendues à la fin.",
    "Engagement de deux ans. La formation de deux agents est comprise.",
)


def services(family: Family) -> list[dict]:
    """The six services of a family, as written in its file."""
    return json.loads((FOLDER / f"{family.value}.json").read_text(encoding="utf-8"))


def shelves_of(rank: int, family_rank: int) -> tuple[str, ...]:
    """Where the service stands; the last of a family is on two shelves in every other family."""
    return SHELVES[rank] if rank < 5 else SHELVES[5][family_rank % 2 :]


def make_shelves(*, operators: dict, vendors: dict) -> None:
    """Sheets, Oscar's products and offers, listings with their grid and their purchasing vehicle."""
    ProductClass, Product = get_model("catalogue", "ProductClass"), get_model("catalogue", "Product")
    StockRecord = get_model("partner", "StockRecord")
    teleservice, _ = ProductClass.objects.get_or_create(
        slug="teleservice",
        defaults={"name": "Téléservice", "requires_shipping": False, "track_stock": False},
    )
    vehicles = {
        slug: list(PurchasingVehicle.objects.filter(operator=operator).order_by("pk"))
        for slug, operator in operators.items()
    }
    for family_rank, family in enumerate(Family):
        for rank, text in enumerate(services(family)):
            vendor = vendors[text["vendor"]]
            product = Product.objects.create(
                product_class=teleservice, title=text["name"], slug=text["slug"], structure=Product.STANDALONE
            )
            sheet = ServiceSheet.objects.create(
                product=product,
                vendor=vendor,
                family=family,
                description="\n\n".join(text["description"]),
                **{name: text[name] for name in COPIED},
            )
            offer = StockRecord.objects.create(
                product=product, partner=vendor.partner, partner_sku=text["slug"], price_currency="EUR"
            )
            describe(sheet, maker=text["vendor"], rank=rank, family_rank=family_rank)
            approved = published(sheet)
            for slug in shelves_of(rank, family_rank):
                state = NOT_LISTED.get((slug, family, rank), ListingState.LISTED)
                listing = Listing.objects.create(
                    operator=operators[slug],
                    offer=offer,
                    state=state,
                    approved_revision=None if state == ListingState.DRAFT else approved,
                    approved_at=None if state == ListingState.DRAFT else at(SHEETS_FROM),
                    position=10 * (family_rank + 1) + rank,
                    terms=CONDITIONS[(family_rank + rank) % len(CONDITIONS)],
                )
                statutory = slug == BRUMELLE.slug and rank == STATUTORY_RANK
                vehicle = vehicles[slug][1 if statutory or rank == 1 else 0]
                basis = ELSEWHERE.get((slug, text["slug"]), vehicle.legal_basis)
                vehicle = next(one for one in vehicles[slug] if one.legal_basis == basis)
                vehicle.listings.add(listing)
                turn = family_rank + rank + list(operators).index(slug)
                rate = Decimal(RATES[family]) * Decimal(TERMS[slug]) * (20 - rank) / 20
                listed = definition(rate=rate * LIST_PRICE, turn=turn) if rank % 2 == 0 else None
                grid = definition(rate=rate, turn=turn) | HOW_INVOICED.get((slug, text["slug"]), {})
                vat = _vat(slug, statutory)
                _grid(listing, grid, vat, listed, TRIALS.get(text["slug"]))


def _vat(slug: str, statutory: bool) -> Vat:
    if slug != BRUMELLE.slug:
        return STANDARD
    return OUT_OF_SCOPE if statutory else EXEMPT


def _grid(listing: Listing, grid: dict, vat: Vat, listed: dict | None, trial_days: int | None) -> None:
    row = PriceGrid(
        listing=listing,
        state=GridState.PUBLISHED,
        effective_from=GRIDS_FROM,
        definition=grid,
        list_definition=listed,
        vat_category=vat.category,
        vat_rate=Decimal(vat.rate),
        vat_reason=vat.reason,
        trial_days=trial_days,
    )
    row.clean()
    row.save()
