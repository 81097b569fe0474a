"""Twelve invented vendors, public and private. The first four open their services by themselves."""

from dataclasses import dataclass

from oscar.core.loading import get_model

from catalog.models import Vendor
from demo.seed.identifiers import fictional_siren, seat_siret, vat_number
from tenants.models import Establishment, Organisation
from tenants.models.organisation import OrganisationKind as Kind


@dataclass(frozen=True)
class Maker:
    slug: str
    name: str
    kind: Kind
    category: str
    address: tuple[str, str, str]


MAKERS = (
    Maker("tablee-douce", "Tablée Douce", Kind.COMPANY, "5710", ("3 quai des Tanneurs", "69009", "Lyon")),
    Maker(
        "ateliers-pervenche",
        "Les Ateliers Pervenche",
        Kind.COMPANY,
        "5458",
        ("21 rue Vive", "35000", "Rennes"),
    ),
    Maker(
        "brindavoine",
        "Brindavoine Logiciels",
        Kind.COMPANY,
        "5710",
        ("8 rue des Remparts", "44000", "Nantes"),
    ),
    Maker(
        "regie-ambrelle",
        "Régie numérique du Val d’Ambrelle",
        Kind.OTHER,
        "7379",
        ("1 place de l’Hôtel-de-Ville", "38000", "Grenoble"),
    ),
    Maker(
        "fabrique-mirabeline",
        "La Fabrique Mirabeline",
        Kind.ASSOCIATION,
        "9220",
        ("16 rue de la Source", "54000", "Nancy"),
    ),
    Maker("gip-ressourcelle", "GIP Ressourcelle", Kind.GIP, "7410", ("2 rue du Lavoir", "87000", "Limoges")),
    Maker(
        "spl-arborelle",
        "SPL Arborelle",
        Kind.PUBLIC_COMPANY,
        "5515",
        ("30 cours des Ormes", "21000", "Dijon"),
    ),
    Maker(
        "archivoltine", "Archivoltine", Kind.COMPANY, "5499", ("5 rue des Vieux-Murs", "67000", "Strasbourg")
    ),
    Maker("cartolune", "Cartolune", Kind.COMPANY, "5710", ("14 allée des Géomètres", "31000", "Toulouse")),
    Maker("sceauvif", "Sceauvif", Kind.COMPANY, "5499", ("9 rue du Cadran", "59000", "Lille")),
    Maker(
        "plumerelle",
        "Plumerelle",
        Kind.COMPANY,
        "5710",
        ("27 rue de la Papeterie", "63000", "Clermont-Ferrand"),
    ),
    Maker(
        "ostrelle-numerique",
        "Syndicat Ostrelle Numérique",
        Kind.SYNDICAT,
        "7354",
        ("6 route des Salines", "17000", "La Rochelle"),
    ),
)
AUTOMATIC = frozenset(maker.slug for maker in MAKERS[:4])
FIRST_NUMBER = 101


def vendor_siren(slug: str) -> str:
    return fictional_siren(FIRST_NUMBER + [maker.slug for maker in MAKERS].index(slug))


def make_vendors() -> dict[str, Vendor]:
    """The vendors by slug, each with its organisation and Oscar's partner."""
    Partner = get_model("partner", "Partner")
    vendors = {}
    for maker in MAKERS:
        siren = vendor_siren(maker.slug)
        address, postcode, city = maker.address
        organisation = Organisation.objects.create(
            siren=siren,
            name=maker.name,
            kind=maker.kind,
            legal_category=maker.category,
            address=address,
            postcode=postcode,
            city=city,
            vat_number=vat_number(siren) if maker.kind in (Kind.COMPANY, Kind.PUBLIC_COMPANY) else "",
            email=f"bonjour@{maker.slug}.example",
        )
        Establishment.objects.create(organisation=organisation, siret=seat_siret(siren), is_seat=True)
        partner = Partner.objects.create(name=maker.name, code=maker.slug)
        vendors[maker.slug] = Vendor.objects.create(organisation=organisation, partner=partner)
    return vendors
