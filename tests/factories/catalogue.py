"""What surrounds a listing: vendors' applications, submissions, claims, searches, opinions, feeds.

(`catalog.py` makes the listing itself.)"""

from datetime import UTC, date, datetime

import factory

from catalog.models import (
    ChecklistItem,
    Claim,
    ClaimLevel,
    ClaimTopic,
    CurationFilter,
    EthicsVisa,
    ExperienceSheet,
    Favourite,
    FeedKind,
    FileKind,
    GridSimulation,
    GridState,
    ImportedItem,
    ImportFeed,
    ListingShare,
    ListingState,
    ModerationState,
    Need,
    NeedSupport,
    PlannedPublication,
    Review,
    SavedSearch,
    SheetFile,
    Shortlist,
    ShortlistItem,
    SimulationRow,
    Submission,
    VendorApplication,
    VendorTerms,
    VisaOpinion,
)
from tests.factories.base import NOW, Factory
from tests.factories.catalog import ListingFactory, PriceGridFactory, ServiceSheetFactory, VendorFactory
from tests.factories.tenants import OperatorFactory, OrganisationFactory, UserFactory


class VendorTermsFactory(Factory):
    class Meta:
        model = VendorTerms
        django_get_or_create = ("version",)

    version = "essai"
    in_force_from = date(2020, 1, 1)
    text = "Je décris mon service honnêtement."


class VendorApplicationFactory(Factory):
    class Meta:
        model = VendorApplication

    applicant = factory.SubFactory(UserFactory)
    siren = "732829320"
    name = "Essai Logiciels"
    kind = "company"
    address, postcode, city = "1 rue des Essais", "35000", "Rennes"
    contact_email = "bonjour@essai.example"
    presentation = "Un logiciel pour les cantines."
    terms = factory.SubFactory(VendorTermsFactory)
    sent_at = NOW


class SheetFileFactory(Factory):
    class Meta:
        model = SheetFile

    vendor = factory.SubFactory(VendorFactory)
    kind = FileKind.DOCUMENT
    file = factory.django.FileField(filename="x.pdf", data=b"%PDF-1.7 essai")
    sha256 = "0" * 64
    size = 14
    uploaded_at = NOW


class ClaimFactory(Factory):
    """Declared by the vendor, without evidence; `documented=True`, `verified=True` for more."""

    class Meta:
        model = Claim

    class Params:
        documented = factory.Trait(
            level=ClaimLevel.DOCUMENTED, evidence_url="https://editeur.example/preuve.pdf"
        )
        verified = factory.Trait(
            level=ClaimLevel.VERIFIED,
            evidence_url="https://editeur.example/preuve.pdf",
            checked_by=factory.SubFactory(UserFactory),
            checked_on=date(2026, 6, 1),
        )

    sheet = factory.SubFactory(ServiceSheetFactory)
    topic = ClaimTopic.LICENCE
    value = factory.LazyFunction(lambda: {"spdx_id": "EUPL-1.2"})
    level = ClaimLevel.DECLARED
    made_at = NOW


class PlannedPublicationFactory(Factory):
    """Of the sheet's last revision, on New Year's Day."""

    class Meta:
        model = PlannedPublication

    sheet = factory.SubFactory(ServiceSheetFactory)
    revision = factory.LazyAttribute(lambda o: o.sheet.save_revision())
    at = datetime(2099, 1, 1, 8, tzinfo=UTC)
    asked_by = factory.SubFactory(UserFactory)
    asked_at = NOW


class SubmissionFactory(Factory):
    """A revision of the listing's sheet, waiting for the operator."""

    class Meta:
        model = Submission

    listing = factory.SubFactory(ListingFactory, state=ListingState.DRAFT)
    revision = factory.LazyAttribute(lambda o: o.listing.sheet.save_revision())
    submitted_at = NOW


class ChecklistItemFactory(Factory):
    class Meta:
        model = ChecklistItem

    operator = factory.SubFactory(OperatorFactory)
    label = factory.Sequence(lambda n: f"Le point {n} est bon")


class EthicsVisaFactory(Factory):
    class Meta:
        model = EthicsVisa

    listing = factory.SubFactory(ListingFactory)
    opinion = VisaOpinion.FAVOURABLE
    given_on = date(2026, 6, 1)
    recorded_by = factory.SubFactory(UserFactory)
    recorded_at = NOW


class CurationFilterFactory(Factory):
    class Meta:
        model = CurationFilter

    tenant = factory.SubFactory(OrganisationFactory)
    user = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"Filtre {n}")
    query = "famille=canteen"


class ListingShareFactory(Factory):
    class Meta:
        model = ListingShare

    listing = factory.SubFactory(ListingFactory)
    to_operator = factory.SubFactory(OperatorFactory)
    offered_by = factory.SubFactory(UserFactory)
    offered_at = NOW


class GridSimulationFactory(Factory):
    class Meta:
        model = GridSimulation

    grid = factory.SubFactory(PriceGridFactory, state=GridState.DRAFT)
    tenant = factory.SelfAttribute("grid.listing.operator.organisation")
    definition = factory.SelfAttribute("grid.definition")
    on = date(2027, 1, 1)
    started_by = factory.SubFactory(UserFactory)
    started_at = NOW


class SimulationRowFactory(Factory):
    class Meta:
        model = SimulationRow

    simulation = factory.SubFactory(GridSimulationFactory)
    tenant = factory.SelfAttribute("simulation.tenant")
    organisation = factory.SubFactory(OrganisationFactory)
    before_cents = 25800
    after_cents = 26000


class FavouriteFactory(Factory):
    class Meta:
        model = Favourite

    tenant = factory.SubFactory(OrganisationFactory)
    listing = factory.SubFactory(ListingFactory)
    added_by = factory.SubFactory(UserFactory)
    added_at = NOW


class SavedSearchFactory(Factory):
    class Meta:
        model = SavedSearch

    tenant = factory.SubFactory(OrganisationFactory)
    user = factory.SubFactory(UserFactory)
    operator = factory.SubFactory(OperatorFactory)
    name = factory.Sequence(lambda n: f"Recherche {n}")
    query = "q=cantine"
    created_at = NOW
    seen_until = NOW


class ShortlistFactory(Factory):
    class Meta:
        model = Shortlist

    tenant = factory.SubFactory(OrganisationFactory)
    operator = factory.SubFactory(OperatorFactory)
    title = "Un logiciel pour la cantine"
    created_by = factory.SubFactory(UserFactory)
    created_at = NOW


class ShortlistItemFactory(Factory):
    class Meta:
        model = ShortlistItem

    shortlist = factory.SubFactory(ShortlistFactory)
    tenant = factory.SelfAttribute("shortlist.tenant")
    listing = factory.SubFactory(ListingFactory, operator=factory.SelfAttribute("..shortlist.operator"))
    added_at = NOW


class ReviewFactory(Factory):
    """Published."""

    class Meta:
        model = Review

    sheet = factory.SubFactory(ServiceSheetFactory)
    operator = factory.SubFactory(OperatorFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    rating = 4
    text = "Simple et rapide."
    written_by = factory.SubFactory(UserFactory)
    written_at = NOW
    state = ModerationState.PUBLISHED


class ExperienceSheetFactory(Factory):
    """Published."""

    class Meta:
        model = ExperienceSheet

    sheet = factory.SubFactory(ServiceSheetFactory)
    operator = factory.SubFactory(OperatorFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    what_we_did = "Nous avons repris nos tableaux."
    weeks = 3
    advice = "Prévenez les familles avant la rentrée."
    written_by = factory.SubFactory(UserFactory)
    written_at = NOW
    state = ModerationState.PUBLISHED


class NeedFactory(Factory):
    class Meta:
        model = Need

    operator = factory.SubFactory(OperatorFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    title = "Réserver la salle des fêtes"
    description = "Les habitants réservent en ligne, la mairie encaisse la caution."
    written_by = factory.SubFactory(UserFactory)
    written_at = NOW


class NeedSupportFactory(Factory):
    class Meta:
        model = NeedSupport

    need = factory.SubFactory(NeedFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    added_by = factory.SubFactory(UserFactory)
    added_at = NOW


class ImportFeedFactory(Factory):
    class Meta:
        model = ImportFeed

    kind = FeedKind.PUBLICCODE
    url = "https://code.example/publiccode.yml"
    operator = factory.SubFactory(OperatorFactory)
    added_by = factory.SubFactory(UserFactory)
    added_at = NOW


class ImportedItemFactory(Factory):
    """A service that a source told of, to be examined."""

    class Meta:
        model = ImportedItem

    feed = factory.SubFactory(ImportFeedFactory)
    key = factory.Sequence(lambda n: f"service-{n}")
    content = factory.LazyAttribute(
        lambda o: {"name": o.key, "values": {"name": o.key, "summary": "Lu ailleurs."}, "vendor": None}
    )
    content_hash = "0"
    first_seen_at = last_seen_at = NOW
