"""A catalogue of the size of the UK's G-Cloud: 17,000 services of 1,500 vendors on one operator's shelf.

Realistic where it matters to a search, a filter or a price: words, families, licences, claims, grids of all
patterns. The same seed always makes the same world. Import what needs Django inside functions only: see
`tests.bench.site`.
"""

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import quote_plus

SERVICES, VENDORS = 17_000, 1_500
TODAY = date(2026, 11, 26)
NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
BATCH = 2_000

# Family → what its services do: (what it is called, what it is for).
DOES = {
    "canteen": [
        (
            "Cantine",
            "Inscription à la cantine et au périscolaire, pointage des repas et facturation aux familles",
        ),
        ("Périscolaire", "Accueil du matin et du soir, centres de loisirs, réservations des familles"),
        ("Portail famille", "Un compte par famille pour la cantine, la garderie et l’école de musique"),
        ("Crèche", "Préinscriptions en crèche, contrats d’accueil et présences des enfants"),
    ],
    "civil-registry": [
        ("Rendez-vous", "Prise de rendez-vous pour les cartes d’identité et les passeports"),
        ("État civil", "Demandes d’actes de naissance, de mariage et de décès par internet"),
        ("Registre", "Tenue des registres d’état civil et tables décennales"),
        ("Recensement citoyen", "Recensement des jeunes de seize ans et transmission au service national"),
    ],
    "procurement": [
        ("Marchés", "Publication des marchés publics, dépôt et ouverture des plis dématérialisés"),
        ("Achats", "Bons de commande, seuils et suivi des marchés à procédure adaptée"),
        ("Rédaction", "Rédaction des pièces des marchés publics, du règlement à l’acte d’engagement"),
    ],
    "signature": [
        ("Parapheur", "Parapheur électronique, circuits de visa et signature des actes et des bordereaux"),
        ("Signature", "Signature électronique avancée et qualifiée des élus et des agents"),
        ("Certificat", "Certificats de signature, remise en main propre et renouvellement"),
    ],
    "email": [
        ("Messagerie", "Boîtes aux lettres de la commune, antispam et sauvegarde"),
        ("Agenda", "Agendas partagés des élus et des services, réservation des salles"),
        ("Visioconférence", "Réunions à distance du conseil municipal et des commissions"),
        ("Stockage", "Fichiers partagés entre agents, hébergés en France"),
    ],
    "gis": [
        ("Cadastre", "Consultation du cadastre, des propriétaires et du plan local d’urbanisme"),
        ("Cartographie", "Cartes des réseaux, de l’éclairage public et de la voirie"),
        ("Urbanisme", "Instruction des permis de construire et guichet des autorisations d’urbanisme"),
        ("Adresses", "Base adresse locale, numérotation des voies et signalement"),
    ],
    "archives": [
        ("Archivage", "Archivage électronique des délibérations, des marchés et des flux comptables"),
        ("Coffre", "Coffre numérique des bulletins de paie et des actes"),
        ("Records", "Tableau de gestion, durées de conservation et bordereaux d’élimination"),
    ],
    "cemetery": [
        ("Cimetière", "Concessions, plan du cimetière et échéances de renouvellement"),
        ("Funéraire", "Autorisations funéraires et suivi des convois"),
    ],
    "requests": [
        ("Demandes", "Demandes des usagers, signalements sur la voie publique et suivi des réponses"),
        ("Signalement", "Signalement d’un nid-de-poule, d’un éclairage en panne ou d’un dépôt sauvage"),
        ("Subventions", "Dossiers de subvention des associations, pièces et versements"),
        ("Guichet", "Guichet unique des démarches en ligne, formulaires et paiement par carte"),
    ],
    "website": [
        ("Site", "Site internet de la commune, accessible et conforme au RGAA"),
        ("Vitrine", "Actualités, agenda et publications légales de la mairie"),
        ("Application", "Application mobile d’information et d’alerte des habitants"),
    ],
}
QUALITIES = (
    "Facile", "Simple", "Claire", "Plus", "Express", "Horizon", "Bocage", "Rivage", "Clairière",
    "Tilleul", "Passerelle", "Lanterne", "Alizé", "Boréal", "Cèdre", "Domino", "Éclat", "Fontaine",
    "Garance", "Hirondelle", "Indigo", "Jonquille", "Kiosque", "Lavande", "Mistral", "Nacelle",
    "Olivier", "Pervenche", "Quartz", "Romarin", "Sillage", "Tandem", "Univers", "Verger", "Zénith",
    "Agora", "Belvédère", "Carillon", "Diapason", "Estuaire",
)  # fmt: skip
MAKERS = (
    "Numérique", "Logiciels", "Informatique", "Services", "Systèmes", "Édition", "Solutions", "Ateliers",
)  # fmt: skip
PEOPLE = (
    "Abeille", "Bruyère", "Charmille", "Dauphine", "Églantine", "Ferronnière", "Glycine", "Héraut",
    "Iris", "Jacinthe", "Kermès", "Lilas", "Mésange", "Noisette", "Ormeau", "Pivoine", "Quenouille",
    "Ruisseau", "Saulaie", "Tournesol",
)  # fmt: skip
DEPARTEMENTS = (
    "14", "29", "31", "33", "35", "38", "44", "54", "59", "67", "69", "72", "75", "76", "80", "86",
)  # fmt: skip
SORTS = ("prix", "nom", "satisfaction", "nouveautes")
PUBLICS = ("les petites communes", "toutes les mairies", "les intercommunalités")
LICENCES = ("EUPL-1.2", "AGPL-3.0-or-later", "GPL-3.0-only", "MIT", "Apache-2.0", "CECILL-2.1")
BODIES = ("commune", "epci", "syndicat", "ccas", "departement")
CLAIMS = {
    "rgpd": {"role": "processor", "dpa_signed": True},
    "hosting": {"datacentre_country": "FR", "secnumcloud": "no"},
    "rgaa": {"status": "partial", "rate_percent": "72"},
    "rgesn": {"score_percent": "60"},
    "sla": {"availability_percent": "99.5"},
    "reversibility": {"export_formats": ["CSV"]},
    "interoperability": {"api_doc_url": "https://editeur.example/api"},
    "sign_in": {"proconnect": True},
}


def make_catalogue(*, services: int = SERVICES, vendors: int = VENDORS, seed: int = 17):
    """An operator whose shelf holds that many services; indexed, and the server has looked at the tables."""
    from catalog.finding.indexing import rebuild, record_usage
    from catalog.finding.strata import STRATA
    from tests.bench.tenants_world import analyse
    from tests.factories import OperatorFactory, UserFactory
    from tests.tools.database import as_worker

    rng = random.Random(seed)
    operator, checker = OperatorFactory(), UserFactory()
    with as_worker():
        makers = _vendors(rng, vendors, seed)
        sheets = _sheets(rng, makers, services, seed)
        listings = _listings(rng, operator, sheets)
        _claims(rng, sheets, checker)
        _reviews(rng, operator, sheets, makers, checker)
        rebuild()
        usage = {
            listing.pk: {rng.choice(STRATA): rng.randint(1, 40) for _ in range(rng.randint(1, 4))}
            for listing in rng.sample(listings, len(listings) // 3)
        }
        record_usage(usage=usage)
    analyse(
        *(
            "catalog_shelfentry",
            "catalog_searchword",
            "catalog_pricegrid",
            "catalog_listing",
            "catalog_claim",
        ),
        *("catalog_servicesheet", "catalog_vendor", "catalog_review", "partner_stockrecord"),
        *("catalogue_product", "wagtailcore_revision", "tenants_organisation"),
    )
    return operator


def _vendors(rng: random.Random, count: int, seed: int) -> list:
    from oscar.core.loading import get_model

    from catalog.models import Vendor
    from tenants.models import Organisation

    names = {}
    while len(names) < count:
        name = f"{rng.choice(PEOPLE)} {rng.choice(MAKERS)}"
        if name in names:
            name = f"{name} {rng.choice(QUALITIES)} {len(names)}"
        names[name] = None
    organisations = Organisation.objects.bulk_create(
        Organisation(
            siren=f"{seed:02}{place:07}",
            name=name,
            kind="company",
            postcode=f"{rng.choice(DEPARTEMENTS)}000",
            city="Ville",
        )
        for place, name in enumerate(names)
    )
    Partner = get_model("partner", "Partner")
    partners = Partner.objects.bulk_create(
        Partner(name=organisation.name, code=f"editeur-{organisation.pk}") for organisation in organisations
    )
    return Vendor.objects.bulk_create(
        Vendor(organisation=organisation, partner=partner)
        for organisation, partner in zip(organisations, partners, strict=True)
    )


def _sheets(rng: random.Random, makers: list, count: int, seed: int) -> list:
    from catalog.models import Connector, ServiceSheet
    from tests.factories.catalog import ProductClassFactory, ProductFactory

    product_class = ProductClassFactory()
    Product = ProductFactory._meta.model
    families, words = list(DOES), []
    for place in range(count):
        family = families[place % len(families)]
        what, purpose = rng.choice(DOES[family])
        words.append((family, f"{what} {rng.choice(QUALITIES)} {place}", purpose))
    products = Product.objects.bulk_create(
        [
            Product(product_class=product_class, title=name, slug=f"service-{seed}-{place}")
            for place, (_, name, _) in enumerate(words)
        ],
        batch_size=BATCH,
    )
    sheets = []
    for place, ((family, name, purpose), product) in enumerate(zip(words, products, strict=True)):
        least = rng.choice((None, None, None, 500, 2_000))
        spdx = rng.choice(LICENCES) if rng.random() < 0.4 else ""
        sheets.append(
            ServiceSheet(
                product=product,
                vendor=rng.choice(makers),
                name=name,
                slug=f"service-{seed}-{place}",
                family=family,
                summary=f"{purpose}. {rng.choice(QUALITIES)}, pour {rng.choice(PUBLICS)}.",
                description=_description(rng, family),
                audience=rng.choice(("", "Secrétaires de mairie", "Directions des systèmes d’information")),
                body_types=rng.sample(BODIES, rng.randint(1, 3)) if rng.random() < 0.2 else [],
                population_min=least,
                population_max=rng.choice((None, None, 5_000, 20_000)),
                hosting="En France",
                licence="Logiciel libre" if spdx else "Licence propriétaire",
                licence_spdx=spdx,
                connector=rng.choice(Connector.values),
            )
        )
    return ServiceSheet.objects.bulk_create(sheets, batch_size=BATCH)


def _description(rng: random.Random, family: str) -> str:
    """Five paragraphs, some of them about something else."""
    families = [rng.choice((family, rng.choice(list(DOES)))) for _ in range(5)]
    return "\n\n".join(f"{rng.choice(DOES[one])[1]}." for one in families)


def _listings(rng: random.Random, operator, sheets: list) -> list:
    """Approved as they are, with their grid in force and for some of them next year's."""
    from django.contrib.contenttypes.models import ContentType
    from oscar.core.loading import get_model
    from wagtail.models import Revision

    from catalog.models import Listing, ListingState, PriceGrid, ServiceSheet

    StockRecord = get_model("partner", "StockRecord")
    kind = ContentType.objects.get_for_model(ServiceSheet)
    revisions = Revision.objects.bulk_create(
        (
            Revision(
                content_type=kind,
                base_content_type=kind,
                object_id=str(sheet.pk),
                object_str=sheet.name,
                created_at=NOW,
                content=json.loads(json.dumps(sheet.serializable_data(), default=str)),
            )
            for sheet in sheets
        ),
        batch_size=BATCH,
    )
    offers = StockRecord.objects.bulk_create(
        [
            StockRecord(
                product_id=sheet.product_id,
                partner_id=sheet.vendor.partner_id,
                partner_sku=sheet.slug,
                price_currency="EUR",
            )
            for sheet in sheets
        ],
        batch_size=BATCH,
    )
    listings = Listing.objects.bulk_create(
        [
            Listing(
                operator=operator,
                offer=offer,
                state=ListingState.LISTED,
                approved_revision=revision,
                approved_at=NOW - timedelta(days=rng.randrange(900)),
                position=rng.randrange(1, 1_000),
            )
            for offer, revision in zip(offers, revisions, strict=True)
        ],
        batch_size=BATCH,
    )
    PriceGrid.objects.bulk_create(
        (grid for place, listing in enumerate(listings) for grid in _grids(rng, listing, place)),
        batch_size=BATCH,
    )
    return listings


def _grids(rng: random.Random, listing, turn: int) -> Iterator:
    from catalog.models import PriceGrid
    from demo.seed.price_grids import definition

    rate = Decimal(rng.randrange(15, 150)) / 100
    common = {"listing": listing, "state": "published", "vat_category": "S", "vat_rate": Decimal(20)}
    if turn % 5 == 0:
        common |= {"vat_category": "E", "vat_rate": Decimal(0), "vat_reason": "Article 261 B du CGI"}
    grid = definition(rate=rate, turn=turn)
    listed = definition(rate=rate * Decimal("1.25"), turn=turn)
    end = date(2027, 1, 1) if turn % 10 == 0 else None
    yield PriceGrid(
        **common,
        effective_from=date(2025, 1, 1),
        effective_until=end,
        definition=grid,
        list_definition=listed,
    )
    if end:
        following = definition(rate=rate * Decimal("1.02"), turn=turn)
        yield PriceGrid(**common, effective_from=end, definition=following)


def _claims(rng: random.Random, sheets: list, checker) -> None:
    from catalog.models import Claim, ClaimLevel

    def made() -> Iterator:
        for sheet in sheets:
            for topic in rng.sample(sorted(CLAIMS), rng.randint(0, 6)):
                level = rng.choice(ClaimLevel.values)
                until = TODAY + timedelta(days=rng.randrange(-60, 700)) if rng.random() < 0.7 else None
                claim = Claim(
                    sheet=sheet, topic=topic, value=CLAIMS[topic], level=level, made_at=NOW, valid_until=until
                )
                if level != ClaimLevel.DECLARED:
                    claim.evidence_url = "https://editeur.example/preuve.pdf"
                if level == ClaimLevel.VERIFIED:
                    claim.checked_by, claim.checked_on = checker, date(2026, 6, 1)
                yield claim

    Claim.objects.bulk_create(made(), batch_size=BATCH)


def _reviews(rng: random.Random, operator, sheets: list, makers: list, writer) -> None:
    from catalog.models import Review

    Review.objects.bulk_create(
        (
            Review(
                sheet=sheet,
                operator=operator,
                organisation_id=maker.organisation_id,
                rating=rng.choice((2, 3, 4, 4, 5, 5)),
                text="Bon service.",
                written_by=writer,
                written_at=NOW,
                state="published",
                moderated_by=writer,
                moderated_at=NOW,
            )
            for sheet in rng.sample(sheets, len(sheets) // 3)
            for maker in rng.sample(makers, min(len(makers), rng.randint(1, 3)))
        ),
        batch_size=BATCH,
    )


FILTERS = (
    "famille=canteen",
    "famille=gis&famille=website",
    "preuve=rgaa&niveau=verified",
    "preuve=hosting",
    "licence=libre",
    "licence=EUPL-1.2",
    "ouverture=osb",
    "prix=200-500",
    "prix=500-1000",
    "local=departement",
    "semblables=1",
    "pourmoi=1",
)
# Known words, plurals, without accents, badly typed, several, beginnings.
TYPED = """
cantine / cantines / CANTINE / catnine / cantinne / etat civil / état-civil / marchés publics / marche public
signature electronique / parapheur / paraheur / cadastre / cadatsre / urbanisme / cimetiere / concession
périscolaire / periscolaire garderie / portail fam / site internet / rgaa / agenda partagé / visioconference
archivage electronique / bulletins de paie / permis de construire / eclairage public / nid de poule
subvention association / hirondelle / cantine hirondelle / mesange logiciels / l’adresse
rendez vous passeport / zzyzx / commune / les
"""
HOSTILE = ("&|!():*<->", "a" * 10_000)


def list_addresses(*, communes: list[str], count: int, seed: int = 5) -> list[str]:
    """What visitors ask of the list: most have named a commune, half of them filter, some turn pages."""
    rng = random.Random(seed)
    addresses = []
    for _ in range(count):
        parts = [f"insee={rng.choice(communes)}"] if rng.random() < 0.9 else []
        parts += rng.sample(FILTERS, rng.choice((0, 0, 1, 1, 2, 3)))
        parts += [f"tri={rng.choice(SORTS)}"] if rng.random() < 0.4 else []
        parts += [f"page={rng.randint(2, 12)}"] if rng.random() < 0.4 else []
        addresses.append("?" + "&".join(parts))
    return addresses


def search_addresses(*, communes: list[str], seed: int = 6) -> list[str]:
    """What is typed in the search box, and what nobody should type; each for five communes."""
    rng = random.Random(seed)
    typed = [words.strip() for words in TYPED.strip().replace("\n", "/").split("/")]
    return [
        f"?q={quote_plus(words)}&insee={rng.choice(communes)}"
        for words in (*typed, *HOSTILE)
        for _ in range(5)
    ]
