"""What the main commune keeps and how it has chosen: favourites, a search with alerts, and three shortlists,
one at each stage."""

from datetime import date

from catalog.models import Listing, Shortlist
from catalog.shortlists import deciding, favourites, preparing, searches
from demo.seed.members import MAIN
from demo.seed.moments import at
from demo.seed.offers import Market
from demo.seed.operators import BRUMELLE, CANTONADE
from demo.seed.people import holders
from tenants.models import Organisation, Role

DAY = date(2026, 11, 23)


def make_choices(*, market: Market) -> None:
    """Once the shelves can be searched: a snapshot copies what they say."""
    organisation = market.member(MAIN)
    secretary = holders(Role.SECRETARY)[organisation.pk]
    mayor = holders(Role.SIGNATORY)[organisation.pk]
    brumelle, cantonade = (market.shelves[body.slug].listings for body in (BRUMELLE, CANTONADE))
    for rank, listing in enumerate((*brumelle[:3], cantonade[0])):
        favourites.add_favourite(
            organisation=organisation, listing=listing, by=secretary, now=at(DAY, 9, rank)
        )
    searches.save_search(
        organisation=organisation,
        operator=brumelle[0].operator,
        name="Logiciels libres",
        query="licence=libre",
        alert=True,
        by=secretary,
        now=at(DAY, 10),
    )
    signature = _shortlist(
        organisation,
        _of_family(cantonade, "signature", "email"),
        title="Signer et échanger en ligne",
        need="Le maire et les adjoints signent à distance. Les échanges restent en France.",
        by=secretary,
        day=date(2026, 11, 9),
    )
    deciding.freeze(shortlist=signature, by=secretary, now=at(date(2026, 11, 12)))
    deciding.decide(
        shortlist=signature,
        chosen=signature.items.order_by("added_at", "pk")[0].listing,
        criteria=["fit", "price", "environment", "reversibility"],
        reasons="Il répond à ce que nous demandons, ses données restent en France et nous pouvons les "
        "reprendre.\n\nLe coût sur trois ans est voisin de celui des autres.",
        by=mayor,
        now=at(date(2026, 11, 16), 14),
    )
    archives = _shortlist(
        organisation,
        _of_family(brumelle, "archives", "requests"),
        title="Garder nos archives numériques",
        need="Délibérations et registres, à conserver au moins dix ans.",
        by=secretary,
        day=date(2026, 11, 19),
    )
    deciding.freeze(shortlist=archives, by=secretary, now=at(date(2026, 11, 20), 16))
    _shortlist(
        organisation,
        list(brumelle[:2]),
        title="Un service pour la rentrée",
        need="",
        by=secretary,
        day=DAY,
    )


def _of_family(listings: tuple[Listing, ...], *families: str) -> list[Listing]:
    """Three at most, those of the first family first."""
    found = [listing for family in families for listing in listings if listing.sheet.family == family]
    return (found or list(listings))[:3]


def _shortlist(
    organisation: Organisation, listings: list[Listing], *, title: str, need: str, by, day: date
) -> Shortlist:
    doing = {"by": by, "now": at(day, 10)}
    found = preparing.open_shortlist(
        organisation=organisation, operator=listings[0].operator, title=title, need=need, **doing
    )
    preparing.add_items(shortlist=found, listings=listings, **doing)
    return found
