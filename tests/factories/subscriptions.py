"""Purchasing vehicles and subscriptions in any state."""

import uuid
from datetime import date, timedelta

import factory
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.timezone import localdate

from catalog.prices import listing_price, territory_facts
from catalog.pricing import Quote
from subscriptions.chain import parties_of
from subscriptions.models import (
    Access,
    Approval,
    ApprovalState,
    Authority,
    BulkLine,
    BulkRequest,
    ContractTransfer,
    Cover,
    CoverageCampaign,
    Decision,
    Destination,
    DirectNeed,
    EligibleBuyer,
    Exit,
    ExitMove,
    ExitState,
    FrameworkLot,
    LegalBasis,
    ListedService,
    LotAmendment,
    LotHolder,
    Message,
    ModificationGround,
    OfferedAccess,
    Order,
    Party,
    PlannedSuspension,
    PurchasingVehicle,
    SeatCount,
    State,
    Subscription,
    Threshold,
    ThresholdCode,
    TransferNotice,
    TransferredService,
    Transition,
    UsageEvent,
    VendorAccess,
    WantedCover,
)
from subscriptions.trials import FREE
from tests.factories.base import ACTIVE_FROM, APPROVED_AT, NOW, OPENED_AT, REQUESTED_AT, Factory
from tests.factories.catalog import ListingFactory, ServiceSheetFactory, VendorFactory
from tests.factories.tenants import AdhesionFactory, InvitationFactory, OrganisationFactory, UserFactory
from tests.tools.database import as_worker

PDF = b"%PDF-1.7\n% an act\n%%EOF\n"

_OPEN = [State.REQUESTED, State.APPROVED, State.PROVISIONING, State.ACTIVE]
PATHS = {
    **{state: _OPEN[: position + 1] for position, state in enumerate(_OPEN)},
    State.REFUSED: [State.REQUESTED, State.REFUSED],
    State.CANCELLED: [State.REQUESTED, State.CANCELLED],
    State.SUSPENDED: [*_OPEN, State.SUSPENDED],
    State.TERMINATING: [*_OPEN, State.TERMINATING],
    State.ENDED: [*_OPEN, State.TERMINATING, State.ENDED],
}
WHEN = {State.REQUESTED: REQUESTED_AT, State.APPROVED: APPROVED_AT, State.PROVISIONING: APPROVED_AT}


class PurchasingVehicleFactory(Factory):
    """A grouping that asks for a deliberation and two people; `listing=` opens a listing through it."""

    class Meta:
        model = PurchasingVehicle

    operator = factory.SubFactory("tests.factories.tenants.OperatorFactory")
    name = "Groupement de commandes"
    legal_basis = LegalBasis.GROUPEMENT

    @factory.post_generation
    def listing(self, create, extracted, **kwargs):
        if extracted:
            self.listings.add(extracted)


class DecisionFactory(Factory):
    class Meta:
        model = Decision

    subscription = factory.SubFactory(
        "tests.factories.subscriptions.SubscriptionFactory", state=State.APPROVED, decision=False
    )
    tenant = factory.SelfAttribute("subscription.tenant")
    number = "2025-42"
    date = localdate(APPROVED_AT)
    file = factory.LazyFunction(lambda: ContentFile(PDF, name="acte.pdf"))
    authority = Authority.COUNCIL


STOPPED = (State.TERMINATING, State.ENDED)


class TransitionFactory(Factory):
    class Meta:
        model = Transition

    subscription = factory.SubFactory("tests.factories.subscriptions.SubscriptionFactory", transitions=False)
    tenant = factory.SelfAttribute("subscription.tenant")
    before = ""
    after = State.REQUESTED
    at = REQUESTED_AT


class SubscriptionFactory(Factory):
    """A member's subscription in `state`, with all that led to it: adhesion, approval, act, transitions.

    The price is the engine's for the member's territory, as a request would have frozen it.
    """

    class Meta:
        model = Subscription

    class Params:
        priced = factory.LazyAttribute(lambda o: _priced(o.listing, o.tenant, localdate(o.requested_at)))
        was_approved = factory.LazyAttribute(lambda o: State.APPROVED in PATHS[o.state])
        was_active = factory.LazyAttribute(lambda o: State.ACTIVE in PATHS[o.state])

    tenant = factory.SubFactory(OrganisationFactory)
    listing = factory.SubFactory(ListingFactory)
    operator = factory.SelfAttribute("listing.operator")
    vehicle = factory.LazyAttribute(lambda o: o.listing.vehicles.get())
    request_key = factory.LazyFunction(uuid.uuid4)
    state = State.REQUESTED
    requested_by = factory.SubFactory(UserFactory)
    requested_at = REQUESTED_AT
    approved_by = factory.Maybe("was_approved", factory.SubFactory(UserFactory), None)
    approved_at = factory.Maybe("was_approved", APPROVED_AT, None)
    separate_approver = factory.SelfAttribute("vehicle.separate_approver")
    deliberation_required = factory.SelfAttribute("vehicle.deliberation_required")
    service_name = factory.SelfAttribute("listing.sheet.name")
    grid = factory.SelfAttribute("priced.grid.definition")
    quote = factory.LazyAttribute(lambda o: o.priced.quote.to_dict())
    yearly_cents = factory.SelfAttribute("priced.net_cents")
    vat_category = factory.SelfAttribute("priced.vat.category")
    vat_rate = factory.SelfAttribute("priced.vat.rate")
    vat_reason = factory.SelfAttribute("priced.vat.reason")
    active_from = factory.Maybe("was_active", ACTIVE_FROM, None)
    ended_on = factory.LazyAttribute(
        lambda o: o.active_from + timedelta(days=181) if o.state in STOPPED else None
    )
    service_url = factory.Maybe("was_active", "https://service.example/saint-essai", "")

    @factory.post_generation
    def adhesion(self, create, extracted, **kwargs):
        if extracted is not False and not self.operator.adhesions.filter(organisation=self.tenant).exists():
            AdhesionFactory(operator=self.operator, organisation=self.tenant)

    @factory.post_generation
    def transitions(self, create, extracted, **kwargs):
        if extracted is False:
            return
        before = ""
        for after in PATHS[self.state]:
            at = WHEN.get(after, OPENED_AT)
            TransitionFactory(subscription=self, before=before, after=after, at=at)
            before = after

    @factory.post_generation
    def approvals(self, create, extracted, **kwargs):
        """The chain of the vehicle: all given, refused by the member, or waiting."""
        for position, party in enumerate(parties_of(self.vehicle) if extracted is not False else (), start=1):
            who = {"subscription": self, "position": position, "party": party}
            if State.APPROVED in PATHS[self.state]:
                ApprovalFactory(state=ApprovalState.GIVEN, by=self.approved_by, at=self.approved_at, **who)
            elif self.state == State.REFUSED and party == Party.MEMBER:
                reason = {"by": UserFactory(), "at": APPROVED_AT, "reason": "Budget épuisé."}
                ApprovalFactory(state=ApprovalState.REFUSED, **reason, **who)
            else:
                ApprovalFactory(**who)
        if extracted is not False:
            VendorAccessFactory(subscription=self)

    @factory.post_generation
    def decision(self, create, extracted, **kwargs):
        if extracted is not False and State.APPROVED in PATHS[self.state]:
            DecisionFactory(subscription=self, **kwargs)


class TrialFactory(SubscriptionFactory):
    """A free trial of 30 days, opened on ACTIVE_FROM unless `active_from` says otherwise."""

    requested_by = factory.SubFactory(UserFactory)
    approved_by = factory.Maybe("was_approved", factory.SelfAttribute("requested_by"), None)
    separate_approver = deliberation_required = False
    state = State.ACTIVE
    grid = factory.LazyFunction(lambda: FREE)
    quote = factory.LazyFunction(lambda: Quote.of().to_dict())
    yearly_cents = 0
    vat_category, vat_rate, vat_reason = "S", 20, ""
    trial_days = 30
    trial_until = factory.LazyAttribute(
        lambda o: o.active_from and o.active_from + timedelta(days=o.trial_days)
    )
    ended_on = factory.LazyAttribute(lambda o: o.trial_until if o.state in STOPPED else None)

    @factory.post_generation
    def decision(self, create, extracted, **kwargs):
        """No act: nothing is committed."""


class ApprovalFactory(Factory):
    class Meta:
        model = Approval

    subscription = factory.SubFactory(SubscriptionFactory, approvals=False)
    tenant = factory.SelfAttribute("subscription.tenant")
    position = 1
    party = Party.MEMBER


class VendorAccessFactory(Factory):
    class Meta:
        model = VendorAccess

    subscription = factory.SubFactory(SubscriptionFactory, approvals=False)
    tenant = factory.SelfAttribute("subscription.listing.vendor.organisation")
    subscriber = factory.SelfAttribute("subscription.tenant")


def _priced(listing, organisation, day):
    facts = territory_facts(territories=[organisation.territory], on=day)[organisation.territory_id]
    priced = listing_price(listing=listing, facts=facts)
    assert not priced.problem, priced.problem
    return priced


class FrameworkLotFactory(Factory):
    """A published lot in force, of 100 000 €: `listing=` in it, `buyers=` and `holders=` named."""

    class Meta:
        model = FrameworkLot

    vehicle = factory.SubFactory(PurchasingVehicleFactory, legal_basis=LegalBasis.FRAMEWORK)
    number = factory.Sequence(lambda n: n + 1)
    title = "Téléservices"
    ceiling_cents = 10_000_000
    starts_on = date(2025, 1, 1)
    ends_on = date(2029, 1, 1)
    published_on = date(2024, 12, 1)

    @classmethod
    def _create(cls, model_class, *args, published_on, **kwargs):
        lot = super()._create(model_class, *args, **kwargs)
        lot.published_on = published_on  # saved last: what is published no longer changes
        return lot

    @factory.post_generation
    def listing(self, create, extracted, **kwargs):
        if extracted:
            self.listings.add(extracted)

    @factory.post_generation
    def buyers(self, create, extracted, **kwargs):
        for organisation in extracted or ():
            EligibleBuyerFactory(lot=self, organisation=organisation)

    @factory.post_generation
    def holders(self, create, extracted, **kwargs):
        for rank, vendor in enumerate(extracted or (), start=1):
            LotHolderFactory(lot=self, vendor=vendor, rank=rank)

    @classmethod
    def _after_postgeneration(cls, instance, create, results=None):
        with as_worker():
            instance.save(update_fields=["published_on"])


class LotAmendmentFactory(Factory):
    """The first amendment of a published lot, which changes nothing yet: `ceiling_cents=`, `ends_on=`…"""

    class Meta:
        model = LotAmendment

    lot = factory.SubFactory(FrameworkLotFactory)
    number = 1
    effective_on = NOW.date()
    made_on = NOW.date()
    ceiling_cents = factory.SelfAttribute("lot.ceiling_cents")
    ends_on = factory.SelfAttribute("lot.ends_on")
    renewals = factory.SelfAttribute("lot.renewals")
    revision_formula = factory.SelfAttribute("lot.revision_formula")
    ground = ModificationGround.SMALL
    reason = "Plus de communes que prévu"
    paper = factory.LazyFunction(lambda: SimpleUploadedFile("avenant.pdf", PDF))
    made_by = factory.SubFactory("tests.factories.tenants.UserFactory")


class EligibleBuyerFactory(Factory):
    class Meta:
        model = EligibleBuyer

    lot = factory.SubFactory(FrameworkLotFactory, published_on=None)
    organisation = factory.SubFactory(OrganisationFactory)


class LotHolderFactory(Factory):
    class Meta:
        model = LotHolder

    lot = factory.SubFactory(FrameworkLotFactory, published_on=None)
    vendor = factory.SubFactory(VendorFactory)
    rank = factory.Sequence(lambda n: n + 1)


class ThresholdFactory(Factory):
    class Meta:
        model = Threshold

    code = ThresholdCode.DIRECT
    amount_cents = 6_000_000
    in_force_from = date(2026, 4, 1)
    source = "Essai"


class DirectNeedFactory(Factory):
    class Meta:
        model = DirectNeed

    tenant = factory.SubFactory(OrganisationFactory)
    family = "canteen"


class OrderFactory(Factory):
    """A direct purchase, under the threshold."""

    class Meta:
        model = Order

    subscription = factory.SubFactory(
        SubscriptionFactory, state=State.APPROVED, listing__vehicle__legal_basis=LegalBasis.DIRECT
    )
    tenant = factory.SelfAttribute("subscription.tenant")
    family = factory.SelfAttribute("subscription.listing.sheet.family")
    amount_cents = factory.SelfAttribute("subscription.yearly_cents")
    placed_on = localdate(APPROVED_AT)


class CoverageCampaignFactory(Factory):
    class Meta:
        model = CoverageCampaign

    listing = factory.SubFactory(ListingFactory)
    operator = factory.SelfAttribute("listing.operator")
    tenant = factory.SelfAttribute("operator.organisation")
    people = 1
    asked_by = factory.SubFactory(UserFactory)
    asked_at = REQUESTED_AT


class ExitFactory(Factory):
    """A departure in `state`, asked for on 10 March 2026: see the days of each phase."""

    class Meta:
        model = Exit

    subscription = factory.SubFactory(SubscriptionFactory, state=State.ACTIVE)
    tenant = factory.SelfAttribute("subscription.tenant")
    state = ExitState.NOTICE
    destination = Destination.PROVIDER
    requested_by = factory.SubFactory(UserFactory)
    requested_at = REQUESTED_AT
    notice_from = date(2026, 3, 10)
    transition_from = date(2026, 5, 9)
    retrieval_from = date(2026, 6, 8)
    erasure_from = date(2026, 7, 8)

    @factory.post_generation
    def moves(self, create, extracted, **kwargs):
        if extracted is not False:
            ExitMoveFactory(exit=self)


class ExitMoveFactory(Factory):
    class Meta:
        model = ExitMove

    exit = factory.SubFactory(ExitFactory, moves=False)
    tenant = factory.SelfAttribute("exit.tenant")
    before = ""
    after = ExitState.NOTICE
    at = REQUESTED_AT


class PlannedSuspensionFactory(Factory):
    """To come on the first day of 2027."""

    class Meta:
        model = PlannedSuspension

    subscription = factory.SubFactory(SubscriptionFactory, state=State.ACTIVE)
    tenant = factory.SelfAttribute("subscription.tenant")
    on_date = date(2027, 1, 1)
    ground = "unpaid"
    words = "Deux factures."
    decided_by = factory.SubFactory(UserFactory)
    decided_at = REQUESTED_AT


class CoverFactory(Factory):
    """A commune that the subscription of its intercommunality covers."""

    class Meta:
        model = Cover

    class Params:
        epci = factory.SubFactory(OrganisationFactory, epci=True)

    subscription = factory.SubFactory(
        SubscriptionFactory, tenant=factory.SelfAttribute("..epci"), state=State.ACTIVE
    )
    covering = factory.SelfAttribute("subscription.tenant")
    tenant = factory.SubFactory(
        OrganisationFactory, territory__epci=factory.SelfAttribute("...covering.territory")
    )
    listing = factory.SelfAttribute("subscription.listing")
    operator = factory.SelfAttribute("subscription.operator")
    service_name = factory.SelfAttribute("subscription.service_name")
    since = ACTIVE_FROM


class WantedCoverFactory(Factory):
    """A commune that its intercommunality wants to cover, not settled."""

    class Meta:
        model = WantedCover

    class Params:
        epci = factory.SubFactory(OrganisationFactory, epci=True)

    subscription = factory.SubFactory(SubscriptionFactory, tenant=factory.SelfAttribute("..epci"))
    tenant = factory.SelfAttribute("subscription.tenant")
    commune = factory.SubFactory(
        OrganisationFactory, territory__epci=factory.SelfAttribute("...tenant.territory")
    )
    commune_name = factory.SelfAttribute("commune.name")


class BulkRequestFactory(Factory):
    """A list of whoever asks for others, to be confirmed."""

    class Meta:
        model = BulkRequest

    tenant = factory.SubFactory(OrganisationFactory)
    listing = factory.SubFactory(ListingFactory)
    vehicle = factory.LazyAttribute(lambda o: o.listing.vehicles.get())
    requested_by = factory.SubFactory(UserFactory)
    requested_at = REQUESTED_AT


class BulkLineFactory(Factory):
    class Meta:
        model = BulkLine

    bulk = factory.SubFactory(BulkRequestFactory)
    tenant = factory.SelfAttribute("bulk.tenant")
    position = 1
    organisation = factory.SubFactory(OrganisationFactory)
    yearly_cents = 25_800


class MessageFactory(Factory):
    """A message of the member's, with a PDF."""

    class Meta:
        model = Message

    subscription = factory.SubFactory(SubscriptionFactory)
    tenant = factory.SelfAttribute("subscription.tenant")
    party = Party.MEMBER
    by = factory.SubFactory(UserFactory)
    at = REQUESTED_AT
    text = "Le compte rendu de notre échange est joint."
    file = factory.LazyFunction(lambda: ContentFile(PDF, name="compte-rendu.pdf"))
    file_name = "compte-rendu.pdf"
    media_type = "application/pdf"


class ContractTransferFactory(Factory):
    """Prepared, of `listing=` (a new one if none is given) to another vendor; `state="signed"`, with what a
    signature leaves."""

    class Meta:
        model = ContractTransfer

    class Params:
        listing = factory.SubFactory(ListingFactory)

    operator = factory.SelfAttribute("listing.operator")
    tenant = factory.SelfAttribute("operator.organisation")
    from_vendor = factory.SelfAttribute("listing.vendor")
    to_vendor = factory.SubFactory(VendorFactory)
    basis = "restructuring"
    reason = "Rachat"
    effective_on = NOW.date()
    evidence = factory.LazyFunction(lambda: ContentFile(PDF, name="acte.pdf"))
    signed_file = factory.LazyAttribute(
        lambda o: ContentFile(PDF, name="avenant.pdf") if o.state == "signed" else ""
    )
    state = "prepared"
    prepared_by = factory.SubFactory(UserFactory)
    prepared_at = NOW
    signed_by = factory.LazyAttribute(lambda o: o.prepared_by if o.state == "signed" else None)
    signed_at = factory.LazyAttribute(lambda o: NOW if o.state == "signed" else None)
    service = factory.RelatedFactory(
        "tests.factories.subscriptions.TransferredServiceFactory",
        factory_related_name="transfer",
        listing=factory.SelfAttribute("..listing"),
    )


class TransferredServiceFactory(Factory):
    class Meta:
        model = TransferredService

    listing = factory.SubFactory(ListingFactory)
    transfer = factory.SubFactory(
        ContractTransferFactory, service=None, listing=factory.SelfAttribute("..listing")
    )
    tenant = factory.SelfAttribute("transfer.tenant")


class TransferNoticeFactory(Factory):
    """What the old vendor keeps of a transfer; `subscription=` for what its subscriber does."""

    class Meta:
        model = TransferNotice

    transfer = factory.SubFactory(ContractTransferFactory)
    tenant = factory.SelfAttribute("transfer.from_vendor.organisation")
    subscription = None
    side = factory.LazyAttribute(lambda o: "subscriber" if o.subscription else "old")
    service_name = "Cantine"
    operator_name = "Brume"
    from_name = factory.SelfAttribute("transfer.from_vendor.organisation.name")
    to_name = factory.SelfAttribute("transfer.to_vendor.organisation.name")
    since = NOW.date()


class ListedServiceFactory(Factory):
    """A service of an organisation that only those use whom a list names."""

    class Meta:
        model = ListedService

    tenant = factory.SubFactory(OrganisationFactory)
    sheet = factory.SubFactory(ServiceSheetFactory)
    since = OPENED_AT
    listed_by = factory.SubFactory(UserFactory)


class AccessFactory(Factory):
    """An open access."""

    class Meta:
        model = Access

    tenant = factory.SubFactory(OrganisationFactory)
    user = factory.SubFactory(UserFactory)
    sheet = factory.SubFactory(ServiceSheetFactory)
    opened_at = OPENED_AT
    opened_by = factory.SubFactory(UserFactory)


class SeatCountFactory(Factory):
    class Meta:
        model = SeatCount

    subscription = factory.SubFactory(SubscriptionFactory)
    tenant = factory.SelfAttribute("subscription.tenant")
    month = ACTIVE_FROM
    counted_at = OPENED_AT
    agents = 12
    named = 0


class UsageEventFactory(Factory):
    """120 SMS on the day the service opened."""

    class Meta:
        model = UsageEvent

    subscription = factory.SubFactory(SubscriptionFactory)
    tenant = factory.SelfAttribute("subscription.tenant")
    source = "service:1"
    source_event_id = factory.Sequence("usage-{}".format)
    unit = "sms"
    quantity = 120
    used_on = ACTIVE_FROM
    received_at = OPENED_AT


class OfferedAccessFactory(Factory):
    class Meta:
        model = OfferedAccess

    invitation = factory.SubFactory(InvitationFactory)
    tenant = factory.SelfAttribute("invitation.tenant")
    sheet = factory.SubFactory(ServiceSheetFactory)
