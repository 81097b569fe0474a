"""The vendors' people and papers: terms agreed to, declarations, presentations, one request to come in."""

from datetime import date

from django.conf import settings

from catalog.models import TermsAgreement, Vendor, VendorApplication, VendorDeclaration, VendorTerms
from demo.seed.identifiers import fictional_siren
from demo.seed.moments import at
from demo.seed.vendors import MAKERS, vendor_siren
from tenants.models import Membership, Role, User

VERSIONS = (
    (
        "2025-1",
        date(2025, 1, 1),
        "L’éditeur décrit ses services avec exactitude et les tient à jour.\n\n"
        "Il répond aux opérateurs sous dix jours ouvrés.\n\n"
        "Il ne demande ni ne verse rien à la plateforme pour être référencé.",
    ),
    (
        "2026-1",
        date(2026, 6, 1),
        "L’éditeur décrit ses services avec exactitude et les tient à jour. Il prouve ce qu’il affirme "
        "quand un opérateur le lui demande, et retire ce qui n’est plus vrai.\n\n"
        "Il répond aux opérateurs sous dix jours ouvrés, et prévient d’un incident de sécurité "
        "sous 24 heures.\n\n"
        "Une collectivité qui s’en va récupère ses données dans un format ouvert, sans frais.\n\n"
        "Il ne demande ni ne verse rien à la plateforme pour être référencé.",
    ),
)
PRESENTATIONS = {
    "tablee-douce": "Douze personnes à Lyon, cent quarante communes équipées depuis 2014.",
    "fabrique-mirabeline": "Une association d’anciens animateurs. Tout notre code est libre.",
    "brindavoine": "Éditeur nantais d’outils simples pour les petites communes.",
}
ANSWERS = {
    "no_exclusion": True,
    "taxes_paid": True,
    "declared_work": True,
    "processor_duties": True,
    "insurer": "Assurelle, contrat annuel",
    "incident_contact": "incidents@exemple.example",
    "size": "Entre 5 et 20 personnes",
}
STILL_TO_SIGN = "tablee-douce"  # its demo person finds last year's answers proposed again
STILL_TO_AGREE = "sceauvif"


def make_vendor_papers(*, people: dict[str, User]) -> None:
    """After the people: each vendor has an administrator, who agreed and declared."""
    versions = [
        VendorTerms.objects.create(version=version, in_force_from=day, text=text)
        for version, day, text in VERSIONS
    ]
    for maker in MAKERS:
        vendor = Vendor.objects.select_related("organisation").get(
            organisation__siren=vendor_siren(maker.slug)
        )
        vendor.presentation = PRESENTATIONS.get(maker.slug, "")
        vendor.website = f"https://{maker.slug}.example/"
        vendor.contact_email = f"bonjour@{maker.slug}.example"
        vendor.save(update_fields=["presentation", "website", "contact_email"])
        admin = _administrator(vendor, maker.slug)
        agreed = versions[:1] if maker.slug == STILL_TO_AGREE else versions
        TermsAgreement.objects.bulk_create(
            TermsAgreement(vendor=vendor, terms=terms, agreed_by=admin, agreed_at=at(terms.in_force_from, 10))
            for terms in agreed
        )
        VendorDeclaration.objects.bulk_create(
            VendorDeclaration(
                vendor=vendor,
                year=year,
                answers=ANSWERS,
                declared_by=admin,
                declared_at=at(date(year, 1, 15)),
            )
            for year in ((2025,) if maker.slug == STILL_TO_SIGN else (2025, 2026))
        )
    VendorApplication.objects.create(
        applicant=people["jonas-villebrun"],
        siren=fictional_siren(141),
        name="Les Carnets de Hautepierre",
        kind="company",
        address="4 rue des Alouettes",
        postcode="68000",
        city="Colmar",
        contact_email="contact@carnets-hautepierre.example",
        website="https://carnets-hautepierre.example/",
        presentation="Un carnet de liaison numérique entre l’école, la mairie et les familles. Trois "
        "communes l’essaient depuis la rentrée.",
        terms=versions[-1],
        sent_at=at(date(2026, 11, 16), 11, 20),
    )


def _administrator(vendor: Vendor, slug: str) -> User:
    held = Membership.objects.filter(organisation=vendor.organisation, role=Role.VENDOR_ADMIN)
    if mandate := held.select_related("user").first():
        return mandate.user
    user = User.objects.create_user(
        issuer=settings.OIDC_ISSUER,
        sub=f"direction-{slug}",
        email=f"direction@{slug}.example",
        first_name="Direction",
        last_name=vendor.organisation.name,
    )
    Membership.objects.create(user=user, organisation=vendor.organisation, role=Role.VENDOR_ADMIN)
    return user
