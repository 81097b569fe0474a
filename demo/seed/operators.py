"""Three operators of different legal kinds. Their names and numbers are invented."""

from dataclasses import dataclass
from datetime import date

from demo.seed.identifiers import fictional_siren, iban, seat_siret, vat_number
from subscriptions.models import Index, LegalBasis, PurchasingVehicle, Renewal
from tenants.models import Establishment, Operator, Organisation
from tenants.models.operator import IssuerKind, LegalKind
from tenants.models.organisation import OrganisationKind

TREASURY_BIC = "BDFEFRPPCCT"


@dataclass(frozen=True)
class Vat:
    category: str
    rate: str = "0"
    reason: str = ""


STANDARD = Vat("S", "20")
EXEMPT = Vat("E", reason="Exonération de TVA, article 261 B du CGI")
OUT_OF_SCOPE = Vat("O", reason="Hors champ de la TVA, article 256 B du CGI")


@dataclass(frozen=True)
class Vehicle:
    name: str
    basis: LegalBasis
    deliberation: bool = True
    separate: bool = True
    years: int = 1
    renewal: Renewal = Renewal.OPEN
    renewals: int = 0
    notice_days: int = 60
    revised_from: date | None = None  # the month of the first index of its revision of prices


@dataclass(frozen=True)
class Body:
    """An operator, its purchasing vehicles and its storefront's words."""

    slug: str
    name: str
    short_name: str
    kind: OrganisationKind
    category: str
    legal_kind: LegalKind
    issuer: IssuerKind
    number: int
    address: tuple[str, str, str]
    accent: str
    contact: tuple[str, str]
    account: tuple[str, str, str]
    bic: str
    vehicles: tuple[Vehicle, ...]
    welcome: str
    introduction: str
    shows_applications: bool = False

    @property
    def siren(self) -> str:
        return fictional_siren(self.number)


CANTONADE = Body(
    slug="cantonade",
    name="GIP Cantonade",
    short_name="GIP Cantonade",
    kind=OrganisationKind.GIP,
    category="7410",
    legal_kind=LegalKind.GIP,
    issuer=IssuerKind.PUBLIC,
    number=11,
    address=("4 rue de l’Ancienne-Poste", "42600", "Montbrison"),
    accent="#8a3324",
    contact=("Solène Kerguilly", "0400000011"),
    account=("30001", "00000", "42000000011"),
    bic=TREASURY_BIC,
    vehicles=(
        Vehicle(
            "Groupement de commandes « Services en ligne »",
            LegalBasis.GROUPEMENT,
            years=4,
            renewal=Renewal.TACIT,
            renewals=3,
        ),
        Vehicle("Services du GIP à ses membres", LegalBasis.IN_HOUSE),
    ),
    welcome="Les services en ligne choisis ensemble par plus de cent communes",
    introduction=(
        "<p>Le GIP Cantonade négocie pour ses membres des services en ligne sûrs, au prix du groupe. "
        "Chaque service a été essayé par trois mairies avant d’entrer au catalogue.</p>"
        "<p>Vous voyez le prix pour votre commune avant toute démarche.</p>"
    ),
)
BRUMELLE = Body(
    slug="brumelle",
    shows_applications=True,
    name="Syndicat mixte numérique de la Brumelle",
    short_name="Syndicat de la Brumelle",
    kind=OrganisationKind.SYNDICAT,
    category="7355",
    legal_kind=LegalKind.SYNDICAT_MIXTE,
    issuer=IssuerKind.PUBLIC,
    number=12,
    address=("12 place du Marché", "63300", "Thiers"),
    accent="#1b4f8f",
    contact=("Fatou Dembrelle", "0400000012"),
    account=("30001", "00000", "63000000012"),
    bic=TREASURY_BIC,
    vehicles=(
        Vehicle(
            "Centrale d’achat du syndicat",
            LegalBasis.CENTRALE,
            deliberation=False,
            years=2,
            renewal=Renewal.EXPRESS,
            renewals=1,
        ),
        Vehicle("Services prévus par les statuts", LegalBasis.STATUTORY),
        Vehicle("Accord-cadre « Information des habitants »", LegalBasis.FRAMEWORK, deliberation=False),
        Vehicle("Achats directs du syndicat", LegalBasis.DIRECT, deliberation=False),
        Vehicle(
            "Groupement de commandes « Échanger »",
            LegalBasis.GROUPEMENT,
            years=4,
            renewal=Renewal.TACIT,
            renewals=3,
            notice_days=30,
            revised_from=date(2025, 10, 1),
        ),
    ),
    welcome="Le numérique des communes, porté par leur syndicat",
    introduction=(
        "<p>Créé par ses communes, le syndicat partage les coûts au plus juste : chacun paie sa part, "
        "selon sa population.</p>"
        "<p>Notre équipe installe les services avec vous et répond au téléphone.</p>"
    ),
)
ETABLI = Body(
    slug="etabli-communal",
    name="L’Établi communal",
    short_name="L’Établi communal",
    kind=OrganisationKind.ASSOCIATION,
    category="9220",
    legal_kind=LegalKind.ASSOCIATION,
    issuer=IssuerKind.PRIVATE,
    number=13,
    address=("7 impasse des Tisserands", "07160", "Le Cheylard"),
    accent="#2f6b3a",
    contact=("Lucien Arbogat", "0400000013"),
    account=("99901", "00001", "00000000013"),
    bic="",
    vehicles=(
        Vehicle("Centrale d’achat de l’association", LegalBasis.CENTRALE, deliberation=False, separate=False),
        Vehicle("Groupement de commandes 2026", LegalBasis.GROUPEMENT),
    ),
    welcome="Des outils simples, faits pour les petites mairies",
    introduction=(
        "<p>L’Établi communal est une association de communes. Nous préférons les logiciels libres et les "
        "éditeurs qui répondent au téléphone.</p>"
        "<p>Nos adhérents choisissent, essaient et notent les services.</p>"
    ),
)
BODIES = (CANTONADE, BRUMELLE, ETABLI)


def make_operators() -> dict[str, Operator]:
    """The operators by slug, with their organisations and purchasing vehicles."""
    return {body.slug: _make(body) for body in BODIES}


def _make(body: Body) -> Operator:
    address, postcode, city = body.address
    bank, branch, account = body.account
    contact_name, phone = body.contact
    email = f"contact@{body.slug}.example"
    organisation = Organisation.objects.create(
        siren=body.siren,
        name=body.name,
        kind=body.kind,
        legal_category=body.category,
        address=address,
        postcode=postcode,
        city=city,
        vat_number=vat_number(body.siren),
        email=email,
    )
    Establishment.objects.create(organisation=organisation, siret=seat_siret(body.siren), is_seat=True)
    operator = Operator.objects.create(
        organisation=organisation,
        slug=body.slug,
        short_name=body.short_name,
        legal_kind=body.legal_kind,
        issuer_kind=body.issuer,
        hostname=f"{body.slug}.localhost",
        accent=body.accent,
        contact_name=contact_name,
        contact_email=email,
        contact_phone=phone,
        iban=iban(bank=bank, branch=branch, account=account),
        bic=body.bic,
        shows_applications=body.shows_applications,
    )
    PurchasingVehicle.objects.bulk_create(
        PurchasingVehicle(
            operator=operator,
            name=vehicle.name,
            legal_basis=vehicle.basis,
            deliberation_required=vehicle.deliberation,
            separate_approver=vehicle.separate,
            term_years=vehicle.years,
            renewal=vehicle.renewal,
            renewals=vehicle.renewals,
            notice_days=vehicle.notice_days,
            revision_index=Index.SYNTEC if vehicle.revised_from else "",
            revision_base_month=vehicle.revised_from,
        )
        for vehicle in body.vehicles
    )
    return operator
