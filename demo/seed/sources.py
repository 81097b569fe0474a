"""Sources that are followed: by curators, a free software's file and another Halle; by a vendor, its own."""

from datetime import date

from catalog.models import (
    Family,
    FeedKind,
    FeedState,
    ImportedItem,
    ImportFeed,
    ItemState,
    ServiceSheet,
    Vendor,
)
from demo.seed.moments import at
from demo.seed.operators import BRUMELLE, CANTONADE
from tenants.models import Operator, Role, User

ADDED, READ = date(2026, 11, 18), date(2026, 11, 25)
NEIGHBOUR = "https://halle-voisine.example/api/v1/"
FREE = "https://code.example/registre-libre/publiccode.yml"
FOLLOWED = "https://code.example/cantinelle/publiccode.yml"
NAMED = (
    ("carnet-des-chemins", "Carnet des chemins", Family.GIS, "Les chemins communaux et leurs riverains."),
    ("portail-des-familles", "Portail des familles", Family.CANTEEN, "Un seul dossier par famille."),
)  # fmt: skip


def make_sources(*, operators: dict[str, Operator]) -> None:
    """Read once, as a worker would have."""
    for body in (CANTONADE, BRUMELLE):
        _follow(operators[body.slug])
    _follow_own_file(ServiceSheet.objects.select_related("vendor__organisation").get(slug="cantinelle"))


def _follow(operator: Operator) -> None:
    curator = _holder(operator.organisation, Role.CURATOR)
    known = ServiceSheet.objects.select_related("vendor__organisation").get(slug="cantinelle").vendor
    neighbour = _feed(FeedKind.HALLE, NEIGHBOUR, operator, curator)
    for key, name, family, summary in NAMED:
        _item(neighbour, key, name, known, {"summary": summary, "family": family})
    _item(
        neighbour,
        "agenda-partage",
        "Agenda partagé",
        None,
        {},
        state=ItemState.REJECTED,
        problems=["La fiche reçue est mal formée (champ summary)."],
    )
    free = _feed(FeedKind.PUBLICCODE, FREE, operator, curator)
    _item(
        free,
        FREE,
        "Registre libre",
        None,
        {
            "summary": "Le registre des délibérations, du projet à l’affichage",
            "description": "Registre libre suit chaque délibération, de son projet à son affichage.",
            "licence_spdx": "EUPL-1.2",
            "repository_url": "https://code.example/registre-libre",
            "publiccode_url": FREE,
            "contractors": [{"name": "Coopérative du Pré", "until": "2028-06-30", "website": ""}],
        },
    )


def _follow_own_file(sheet: ServiceSheet) -> None:
    editor = _holder(sheet.vendor.organisation, Role.VENDOR_ADMIN)
    followed = _feed(FeedKind.PUBLICCODE, FOLLOWED, None, editor, sheet=sheet, vendor=sheet.vendor)
    _item(
        followed,
        FOLLOWED,
        FOLLOWED,
        None,
        {},
        state=ItemState.REJECTED,
        problems=[
            "legal/license, ligne 41\u202f: «\u00a0Libre\u00a0» n’est pas une licence de la liste SPDX "
            "(spdx.org/licenses), par exemple «\u00a0EUPL-1.2\u00a0» ou «\u00a0AGPL-3.0-or-later\u00a0»."
        ],
    )


def _feed(kind: FeedKind, url: str, operator: Operator | None, by: User, **owner) -> ImportFeed:
    return ImportFeed.objects.create(
        kind=kind,
        url=url,
        operator=operator,
        state=FeedState.OK,
        started_at=at(READ, 2, 41),
        read_at=at(READ, 2, 42),
        added_by=by,
        added_at=at(ADDED),
        **owner,
    )


def _item(
    feed: ImportFeed, key: str, name: str, vendor: Vendor | None, values: dict, **fields
) -> ImportedItem:
    body = vendor.organisation if vendor else None
    return ImportedItem.objects.create(
        feed=feed,
        key=key,
        content={
            "name": name,
            "values": {"name": name, **values} if values else {},
            "vendor": {"siren": body.siren, "name": body.name} if body else None,
            "applied": {},
        },
        content_hash="demo",
        first_seen_at=at(ADDED),
        last_seen_at=at(READ, 2, 42),
        **fields,
    )


def _holder(organisation, role: Role) -> User:
    return User.objects.filter(memberships__organisation=organisation, memberships__role=role).order_by("pk")[
        0
    ]
