"""Test data, written as a worker inside the test's transaction; the test itself runs as the web role.

    commune = OrganisationFactory(territory__population=860)
    subscription = SubscriptionFactory(tenant=commune, state=State.ACTIVE, listing__grid__exempt=True)

What is made is consistent: an active subscription has its approval, act, transitions and frozen price.
"""

from tests.factories.billing import (
    BillingRunFactory,
    InvoiceFactory,
    InvoiceFileFactory,
    InvoiceLineFactory,
    LedgerEntryFactory,
    NumberCounterFactory,
    SettlementFactory,
    drafted_run,
    issued_invoice,
)
from tests.factories.catalog import (
    ListingFactory,
    OfferFactory,
    PriceGridFactory,
    ServiceSheetFactory,
    VendorFactory,
)
from tests.factories.provisioning import CallFactory, EndpointFactory, RunFactory, StepFactory
from tests.factories.subscriptions import (
    DecisionFactory,
    PurchasingVehicleFactory,
    SubscriptionFactory,
    TransitionFactory,
)
from tests.factories.tenants import (
    AdhesionFactory,
    AssistanceFactory,
    AuditEventFactory,
    ChorusServiceFactory,
    CollegeFactory,
    DelegatedCommuneFactory,
    EpciFactory,
    EstablishmentFactory,
    InvitationFactory,
    LetterFactory,
    MemberImportFactory,
    MemberImportRowFactory,
    MembershipFactory,
    OperatorFactory,
    OrganisationFactory,
    TerritoryFactory,
    UserFactory,
)

__all__ = [
    "AdhesionFactory",
    "AssistanceFactory",
    "AuditEventFactory",
    "BillingRunFactory",
    "CallFactory",
    "ChorusServiceFactory",
    "CollegeFactory",
    "DecisionFactory",
    "DelegatedCommuneFactory",
    "EndpointFactory",
    "EpciFactory",
    "EstablishmentFactory",
    "InvitationFactory",
    "InvoiceFactory",
    "InvoiceFileFactory",
    "InvoiceLineFactory",
    "LedgerEntryFactory",
    "LetterFactory",
    "ListingFactory",
    "MemberImportFactory",
    "MemberImportRowFactory",
    "MembershipFactory",
    "NumberCounterFactory",
    "OfferFactory",
    "OperatorFactory",
    "OrganisationFactory",
    "PriceGridFactory",
    "PurchasingVehicleFactory",
    "RunFactory",
    "ServiceSheetFactory",
    "SettlementFactory",
    "StepFactory",
    "SubscriptionFactory",
    "TerritoryFactory",
    "TransitionFactory",
    "UserFactory",
    "VendorFactory",
    "drafted_run",
    "issued_invoice",
]
