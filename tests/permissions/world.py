"""Two complete worlds, and the people who knock at their doors.

A: an operator, its member commune, its vendor, with something at every stage of a service's life. B: the
same elsewhere. Besides, a commune adheres to both operators: row-level security lets operator A see all
that it has, so that only A's pages keep apart what it does with B.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.test.client import ClientHandler
from django.utils import timezone
from django.utils.timezone import localdate

from billing import approving, credits, operations
from billing.models import (
    BillingRun,
    Channel,
    Deposit,
    DepositState,
    Invoice,
    InvoiceLine,
    LedgerEntry,
    LineContest,
    SettlementState,
    TitreCodes,
    TitreImport,
)
from catalog.models import (
    ChecklistItem,
    Claim,
    Favourite,
    GridSimulation,
    GridState,
    ImportedItem,
    ImportFeed,
    Listing,
    ListingShare,
    ListingState,
    Need,
    NeedSupport,
    PlannedPublication,
    PriceGrid,
    Review,
    SavedSearch,
    ServiceSheet,
    SheetFile,
    Shortlist,
    SimulationState,
    Submission,
    Vendor,
    VendorApplication,
    VendorTerms,
)
from catalog.shortlists import choice_file, deciding
from marketplace.pages.models import HelpArticlePage, NewsItemPage
from marketplace.pages.picture_storage import FOLDER
from provisioning.models import (
    AgentDirectory,
    Delivery,
    Departure,
    Drift,
    Errand,
    KitRun,
    ServiceKey,
    Step,
    StepState,
)
from subscriptions.models import (
    AccessReview,
    AgentGroup,
    AgentImport,
    BulkRequest,
    CostKey,
    Envelope,
    Exit,
    ExitState,
    FrameworkLot,
    ListedService,
    LotAmendment,
    Message,
    PayerShare,
    PlannedSuspension,
    ShareKind,
    ShareSide,
    ShareState,
    State,
    Subscription,
    Term,
    ValueFile,
)
from tenants.models import (
    Adhesion,
    Assistance,
    College,
    Invitation,
    JoinRequest,
    MemberImport,
    Operator,
    Organisation,
    Role,
    TerritoryChange,
    User,
)
from tests.factories import (
    AdhesionFactory,
    AgentDirectoryFactory,
    AgentGroupFactory,
    AgentImportRowFactory,
    AmendmentFactory,
    AssistanceFactory,
    BillingRunFactory,
    BindingFactory,
    BulkLineFactory,
    BulkRequestFactory,
    ChecklistItemFactory,
    ClaimFactory,
    CollegeFactory,
    CostKeyFactory,
    DeliveryFactory,
    DepositFactory,
    DriftFactory,
    EndpointFactory,
    EnvelopeFactory,
    ErrandFactory,
    ExitFactory,
    FavouriteFactory,
    GridSimulationFactory,
    ImportedItemFactory,
    ImportFeedFactory,
    InvitationFactory,
    InvoiceFactory,
    InvoiceFileFactory,
    JoinRequestFactory,
    KitReportFactory,
    LeaverClosingFactory,
    LedgerEntryFactory,
    LineContestFactory,
    ListedServiceFactory,
    ListingFactory,
    ListingShareFactory,
    LotAmendmentFactory,
    LotHolderFactory,
    MemberImportFactory,
    MemberImportRowFactory,
    MembershipFactory,
    MessageFactory,
    NeedFactory,
    NeedSupportFactory,
    NonRenewalFactory,
    OperatorFactory,
    OrganisationFactory,
    PayerShareFactory,
    PayerShareMoveFactory,
    PlannedPublicationFactory,
    PlannedSuspensionFactory,
    PriceGridFactory,
    ReviewFactory,
    ReviewLineFactory,
    RunFactory,
    SavedSearchFactory,
    SendingAccountFactory,
    SendingFactory,
    ServiceKeyFactory,
    ServiceSheetFactory,
    SettlementFactory,
    SheetFileFactory,
    ShortlistFactory,
    ShortlistItemFactory,
    SimulationRowFactory,
    StepFactory,
    SubmissionFactory,
    SubscriptionFactory,
    TermFactory,
    TitreCodesFactory,
    TitreImportRowFactory,
    TrialFactory,
    UserFactory,
    ValueFileFactory,
    VendorApplicationFactory,
    VendorFactory,
    VendorTermsFactory,
    succeeding_grid,
)
from tests.factories.base import NOW
from tests.factories.billing import read
from tests.factories.pages import editor_of, help_article, news_item
from tests.factories.subscriptions import PDF
from tests.factories.vintages import MergerFactory
from tests.tools.database import as_worker

FIRST_HALF, SECOND_HALF = ("2026-01-01", "2026-07-01"), ("2026-07-01", "2027-01-01")

ANONYMOUS, NO_MANDATE, ENDED, STAFF = "anonymous", "no mandate", "ended mandates", "platform staff"
# Whoever may knock: each role by its name in the database, then those who hold none.
PEOPLE = [*Role.values, ANONYMOUS, NO_MANDATE, ENDED, STAFF]
BOTH = "every role in both worlds"


@dataclass
class World:
    """What an operator does with one of its members. `word` is in every name of this world."""

    word: str
    operator: Operator  # with a logo
    college: College  # without an adhesion
    news: NewsItemPage
    article: HelpArticlePage
    writer: User  # an editor of the operator's pages
    picture: str  # its name in the folder of pictures
    submission: Submission  # waits for the operator's curators
    point: ChecklistItem
    offered: ListingShare  # by a neighbour, to this operator
    offering: ListingShare  # by this operator, to a neighbour
    lot: FrameworkLot  # in preparation, complete
    lot_amendment: LotAmendment  # of a lot that is published
    member_import: MemberImport  # waits for the operator's agreement
    titre_codes: TitreCodes
    titre_import: TitreImport  # waits, like that one
    vendor: Vendor
    need: Need  # of another member
    own_need: Need
    joined: NeedSupport
    opinion: Review  # to be read over
    published: Review
    terms: VendorTerms  # the vendors', in force
    application: VendorApplication  # of a body that would be one
    leaving: Adhesion  # of a commune that is this operator's only
    helped: Assistance  # that commune asked for
    commune: Organisation
    helper: Assistance  # asked of another operator, of which nobody knocks here
    secretary: User  # asked for every subscription
    colleague: User  # has a small role in all three organisations
    away: User  # the same, suspended
    invitations: dict[str, Invitation]  # by place: member, operator, vendor
    joiners: dict[str, JoinRequest]
    sheet: ServiceSheet  # of the vendor: published, with a draft after it
    sheet_file: SheetFile  # of that draft, which was sent to the operator
    sent: Submission
    planned: PlannedPublication  # of another sheet
    listing: Listing  # not asked for yet
    draft: PriceGrid  # of that listing
    coming: PriceGrid  # of that listing, published, not in force yet
    simulation: GridSimulation  # of `draft`, done
    claim: Claim  # documented, of that listing's service
    kept: Favourite  # of that listing
    search: SavedSearch  # the secretary's
    preparing: Shortlist  # holds that listing
    to_decide: Shortlist  # frozen, the same
    choice: Shortlist  # decided, with its file
    envelope: Envelope
    requested: Subscription
    renewing: Subscription  # tacitly, next year; with an act of its first term
    stopping: Subscription  # of which the member refused the renewal
    expiring: Subscription  # unless it is renewed expressly
    active: Subscription  # with the act that approved it
    suspended: Subscription
    bound: Subscription  # with credentials that nobody has seen
    tryable: Listing  # for nothing
    tried: Subscription  # a trial under way
    shares: dict[str, PayerShare]  # of that one: "proposed", "agreed"
    financed: dict[str, PayerShare]  # of somebody else's, asked of the commune: the same
    cost_key: CostKey  # of that one
    agreeing: Subscription  # waits for its operator
    concluding: Subscription  # waits for its vendor
    messages: dict[str, Message]  # with a file, on each of these three requests
    bulk: BulkRequest  # the operator's, to be confirmed
    decidable: BulkRequest  # the operator's, made, to be decided by one act
    value: ValueFile  # of a service opened more than a year ago
    parting: Exit  # in its notice
    erasing: Exit  # waits for its certificate
    left: Exit  # with its certificate
    opening: Subscription
    step: Step  # of `opening`: waits for a person
    errand: Errand  # of that step: who is asked
    proof: Errand  # settled, with its file
    delivery: Delivery  # of a message to the vendor, whose step waits for a person
    item: ImportedItem  # of a source that the operator follows
    service_key: ServiceKey  # of the vendor's sheet
    followed: ImportFeed  # a file of the vendor's own
    kit_run: KitRun  # of the service that is requested, with its report
    directory: AgentDirectory  # of the same
    drift: Drift  # of the active service
    listed: ListedService  # the active service
    departure: Departure
    access_review: AccessReview
    agent_group: AgentGroup
    agent_import: AgentImport
    to_be_suspended: PlannedSuspension  # another service, on a later day
    merger: TerritoryChange  # of a former member, whose adhesion waits to be handed over
    review: BillingRun
    issued: BillingRun
    invoice: Invoice  # of `issued`, with its file and its titre de recettes
    deposit: Deposit  # of `invoice`; nobody knows whether it succeeded
    refused: Invoice  # of `issued`: the payment provider refused it, a person must look
    credit_note: Invoice  # a draft, on `invoice`
    late: Invoice  # paid a day late
    contest: LineContest  # of the first line of `invoice`
    credit: Invoice  # an issued one, on `refused`: a person gives it back


def make_worlds() -> tuple[World, World, World]:
    """A, B, and what operator B does with the commune that adheres to A as well."""
    shared = OrganisationFactory(territory__name="Pontpartagé")
    a = _operator_side("Aubeterre")
    b = _operator_side("Bellombre")
    for side in (a, b):
        AdhesionFactory(operator=side["operator"], organisation=shared)
    a_own = _member_side(a, OrganisationFactory(territory__name="Aubeterre-le-Bourg"))
    b_own = _member_side(b, OrganisationFactory(territory__name="Bellombre-le-Bourg"))
    b_shared = _member_side(b, shared)
    return tuple(
        World(**side, **member, **billed)
        for side, members in ((a, [a_own]), (b, [b_own, b_shared]))
        for member, billed in zip(members, _bill(side, members), strict=True)
    )


def _operator_side(word: str) -> dict:
    name = f"Mutualisation {word}"
    operator = OperatorFactory(
        organisation__name=name, short_name=f"Mutu {word}", slug=f"mutualisation-{word.lower()}"
    )
    today = localdate()
    leaving = AdhesionFactory(
        operator=operator,
        organisation__territory__name=f"{word}-la-Partante",
        withdrawal_on=today,
        until=today + timedelta(days=90),
    )
    with as_worker():
        operator.logo.save("logo.png", ContentFile(b"PNG"))
    college = CollegeFactory(operator=operator, name=f"Communes {word}")
    vendor = VendorFactory(organisation__name=f"Éditions {word}")
    member_import = MemberImportFactory(operator=operator, state="ready", file_name=f"{word}.csv")
    MemberImportRowFactory(
        member_import=member_import, verdict="rejected", problems=["Le SIRET est faux."], raw=[word]
    )
    MemberImportRowFactory(member_import=member_import)
    return {
        **_curation_side(word, operator, vendor),
        "word": word,
        "operator": operator,
        "college": college,
        "lot": LotHolderFactory(
            vendor=vendor,
            lot__vehicle__operator=operator,
            lot__vehicle__name=f"Accord-cadre {word}",
            lot__title=f"Plans {word}",
            lot__published_on=None,
            lot__ends_on=today + timedelta(days=365),
            lot__buyers=[leaving.organisation],
            lot__listing=ListingFactory(operator=operator, sheet__vendor=vendor, sheet__name=f"Carte {word}"),
        ).lot,
        "lot_amendment": LotAmendmentFactory(
            lot__vehicle__operator=operator,
            lot__vehicle__name=f"Accord-cadre publié {word}",
            lot__ends_on=today + timedelta(days=365),
            made_on=today,
            effective_on=today,
            reason=f"Raison de {word}",
        ),
        "news": news_item(operator, title=f"Nouvelles de {word}"),
        "writer": editor_of(operator, last_name=f"Plume {word}"),
        "picture": default_storage.save(f"{FOLDER}{word}.png", ContentFile(b"PNG")).removeprefix(FOLDER),
        "article": help_article(operator, title=f"Aide de {word}"),
        "member_import": member_import,
        "titre_codes": TitreCodesFactory(operator=operator),
        "titre_import": TitreImportRowFactory(titre_import__operator=operator, raw=[word]).titre_import,
        "vendor": vendor,
        **_sheet_side(word, operator, vendor),
        "terms": VendorTermsFactory(),
        "application": VendorApplicationFactory(name=f"Aspirant {word}", siren=_new_siren(word)),
        "leaving": leaving,
        "helped": AssistanceFactory(operator=operator, tenant=leaving.organisation, opened_at=timezone.now()),
    }


def _new_siren(word: str) -> str:
    return {"Aubeterre": "732829320", "Bellombre": "542065479"}[word]


def _curation_side(word: str, operator: Operator, vendor: Vendor) -> dict:
    sheet = {"sheet__vendor": vendor, "sheet__name": f"Partagée {word}"}
    neighbour = OperatorFactory(short_name=f"Voisin {word}")
    return {
        "submission": SubmissionFactory(
            listing__operator=operator, listing__sheet__vendor=vendor, listing__sheet__name=f"Fiche {word}"
        ),
        "point": ChecklistItemFactory(operator=operator, label=f"Point {word}", compulsory=False),
        "offered": ListingShareFactory(
            listing=ListingFactory(operator=neighbour, sheet__name=f"Reçue {word}"), to_operator=operator
        ),
        "offering": ListingShareFactory(
            listing=ListingFactory(operator=operator, **sheet), to_operator=neighbour
        ),
    }


def _sheet_side(word: str, operator: Operator, vendor: Vendor) -> dict:
    sheet, other = (ServiceSheetFactory(vendor=vendor, name=f"{what} {word}") for what in ("Plans", "Parcs"))
    file = SheetFileFactory(vendor=vendor)
    with as_worker():
        for one in (sheet, other):
            one.description = "Un plan de la commune, ses réseaux et ses parcelles, à jour. " * 2
            one.contacts, one.hosting = [{"label": "Aide", "email": "aide@plans.example"}], "Caen"
            one.save_revision().publish(skip_permission_checks=True)
            one.refresh_from_db()
        sheet.documents = [{"file": str(file.public_id), "title": "Guide"}]
        sheet.save_revision()
    listing = ListingFactory(
        sheet=sheet, operator=operator, state=ListingState.DRAFT, grid=None, vehicle=False
    )
    sent = SubmissionFactory(listing=listing, revision=sheet.latest_revision)
    planned = PlannedPublicationFactory(sheet=other, revision=other.latest_revision)
    key = ServiceKeyFactory(sheet=sheet, secret=f"halle_{word}")
    return {"sheet": sheet, "sheet_file": file, "sent": sent, "planned": planned, "service_key": key}


def _member_side(side: dict, commune: Organisation) -> dict:
    def listing(what: str) -> Listing:
        return ListingFactory(
            operator=side["operator"], sheet__vendor=side["vendor"], sheet__name=f"{what} {side['word']}"
        )

    secretary = UserFactory(last_name=f"Secrétaire {side['word']}")
    MembershipFactory(user=secretary, organisation=commune, role=Role.SECRETARY)
    asked = {"tenant": commune, "requested_by": secretary}
    archives = listing("Archives")
    opening = SubscriptionFactory(state=State.PROVISIONING, listing=listing("Cimetière"), **asked)
    _person_of_all_three(side, commune, ADMINISTRATORS)  # so that nobody is the last one
    reinforcement = AdhesionFactory(operator__short_name=f"Renfort {side['word']}", organisation=commune)
    archives = listing("Archives")
    requested = SubscriptionFactory(listing=listing("Voirie"), **asked)
    active = SubscriptionFactory(state=State.ACTIVE, listing=listing("Cantine"), **asked)
    agreeing = _decided_by_member(listing("Moulin"), asked, operator_approves=True)
    concluding = _decided_by_member(listing("Marché"), asked, vendor_approves=True)
    return {
        "commune": commune,
        "item": ImportedItemFactory(
            feed__operator=side["operator"],
            feed__url=f"https://{side['word'].lower()}.example/publiccode.yml",
            key=f"Lu par {side['word']}",
        ),
        "kit_run": KitReportFactory(run__endpoint__offer=requested.listing.offer).run,
        "directory": AgentDirectoryFactory(offer=requested.listing.offer),
        "drift": DriftFactory(subscription=active, kind="different"),
        "to_be_suspended": PlannedSuspensionFactory(subscription=agreeing),
        "followed": ImportFeedFactory(
            operator=None,
            vendor=side["vendor"],
            sheet=archives.sheet,
            url=f"https://{side['word'].lower()}.example/publiccode.yml",
        ),
        "helper": AssistanceFactory(
            operator=reinforcement.operator, tenant=commune, opened_at=timezone.now()
        ),
        "merger": _merger(side),
        "secretary": secretary,
        "colleague": _person_of_all_three(side, commune, SMALL_ROLES),
        "away": _person_of_all_three(side, commune, SMALL_ROLES, suspended_at=NOW),
        "invitations": {
            "member": InvitationFactory(tenant=commune, roles=[Role.AGENT], created_at=timezone.now()),
            "operator": InvitationFactory(tenant=side["operator"].organisation, roles=[Role.CURATOR]),
            "vendor": InvitationFactory(tenant=side["vendor"].organisation, roles=[Role.VENDOR_EDITOR]),
        },
        "joiners": {
            "member": JoinRequestFactory(tenant=commune),
            "operator": JoinRequestFactory(tenant=side["operator"].organisation),
            "vendor": JoinRequestFactory(tenant=side["vendor"].organisation),
        },
        "listing": archives,
        **_tariffs(archives, side),
        "claim": ClaimFactory(documented=True, sheet=archives.sheet),
        "need": NeedFactory(operator=side["operator"], organisation=side["leaving"].organisation),
        "own_need": NeedFactory(operator=side["operator"], organisation=commune),
        "joined": NeedSupportFactory(
            need__operator=side["operator"],
            need__organisation=side["leaving"].organisation,
            organisation=commune,
        ),
        "opinion": ReviewFactory(
            operator=side["operator"], organisation=side["leaving"].organisation, state="pending"
        ),
        "published": ReviewFactory(operator=side["operator"], sheet__vendor=side["vendor"]),
        **_choices(side, commune, secretary, archives),
        "envelope": EnvelopeFactory(tenant=commune),
        "requested": requested,
        "active": active,
        "departure": LeaverClosingFactory(departure__tenant=commune).departure,
        "agent_import": AgentImportRowFactory(agent_import__tenant=commune).agent_import,
        "agent_group": AgentGroupFactory(tenant=commune, name=f"Accueil {side['word']}"),
        "access_review": ReviewLineFactory(review__tenant=commune).review,
        "listed": ListedServiceFactory(tenant=commune, sheet=active.listing.sheet),
        "suspended": SubscriptionFactory(state=State.SUSPENDED, listing=listing("Parapheur"), **asked),
        "bound": _bound(SubscriptionFactory(state=State.ACTIVE, listing=listing("Pont-levis"), **asked)),
        "tryable": ListingFactory(operator=side["operator"], grid__trial_days=30),
        "tried": TrialFactory(listing=listing("Agenda"), **asked),
        "shares": _shares(subscription=active),
        "cost_key": _paid_by_a_key(active),
        "financed": _shares(subscription__listing=archives, payer=commune),
        "value": _valued(SubscriptionFactory(state=State.ACTIVE, listing=listing("Four"), **asked)),
        "renewing": _amended(_with_term(listing("Pont"), asked), by=secretary),
        "stopping": _amended(NonRenewalFactory(term=_with_term(listing("Port"), asked)).term, by=secretary),
        "expiring": _with_term(listing("Parc"), asked, renewal="express").subscription,
        "agreeing": agreeing,
        "concluding": concluding,
        "messages": {
            where: MessageFactory(subscription=one, by=secretary, text=f"Bonjour de {side['word']}.")
            for where, one in (("member", requested), ("operator", agreeing), ("vendor", concluding))
        },
        **_bulks(side, listing("Lavoir"), commune),
        **_departures(listing, asked),
        "opening": opening,
        **_errands(side, opening, active),
        "delivery": DeliveryFactory(
            call__step__run__subscription=opening,
            call__step__run__event="change",
            call__step__state=StepState.NEEDS_PERSON,
        ),
    }


def _bound(subscription: Subscription) -> Subscription:
    """Its vendor gave credentials."""
    EndpointFactory(offer=subscription.listing.offer, osb=True, bindable=True)
    run = RunFactory(subscription=subscription, finished_at=NOW)
    BindingFactory(made_by__run=run, made_by__state=StepState.DONE, given=True)
    return subscription


def _paid_by_a_key(subscription: Subscription) -> CostKey:
    """One that a payer agreed to, after those years."""
    key = CostKeyFactory(subscription=subscription)
    terms = {"kind": ShareKind.COST_KEY, "part": 1, "whole": 10, "starts": date(2033, 1, 1)}
    PayerShareFactory(subscription=subscription, key=key, **terms)
    return key


def _shares(**terms) -> dict[str, PayerShare]:
    """One that waits for its answer, one agreed to, in two years nobody has billed."""
    waits, binds = date(2030, 1, 1), date(2031, 1, 1)
    asked = PayerShareFactory(state=ShareState.PROPOSED, starts=waits, ends=binds, **terms)
    PayerShareMoveFactory(share=asked, side=ShareSide.OPERATOR)
    return {
        "proposed": asked,
        "agreed": PayerShareFactory(starts=binds, ends=date(2032, 1, 1), **terms),
    }


def _errands(side, opening: Subscription, active: Subscription) -> dict:
    """What a curator is asked, and what one did."""
    curator = MembershipFactory(organisation=side["operator"].organisation, role=Role.CURATOR).user
    step = StepFactory(run__subscription=opening, state=StepState.NEEDS_PERSON, problem="Panne.")
    return {
        "step": step,
        "errand": ErrandFactory(step=step, assigned_to=curator),
        "proof": ErrandFactory(
            step__run__subscription=active,
            step__run__event="suspend",
            step__run__finished_at=NOW,
            step__state=StepState.DONE,
            settled_at=NOW,
            settled_by=curator,
            settled_as="done",
            file=default_storage.save("errands/preuve.pdf", ContentFile(PDF)),
        ),
    }


def _decided_by_member(listing: Listing, asked: dict, **rules) -> Subscription:
    """Its chain is one step further: the next is waited for."""
    with as_worker():
        listing.vehicles.update(**rules)
    subscription = SubscriptionFactory(listing=listing, **asked)
    with as_worker():
        subscription.approvals.filter(position=1).update(state="given", by=UserFactory(), at=NOW)
    return subscription


def _bulks(side: dict, listing: Listing, commune: Organisation) -> dict:
    asks = {"tenant": side["operator"].organisation, "listing": listing}
    draft = BulkRequestFactory(**asks)
    BulkLineFactory(bulk=draft, organisation=commune)
    with as_worker():
        proof = default_storage.save("conventions/convention.pdf", ContentFile(PDF))
    made = BulkRequestFactory(
        state="made", convention_number="C-1", convention_date=date(2026, 1, 5), convention_file=proof, **asks
    )
    requested = SubscriptionFactory(tenant=commune, listing=listing)
    BulkLineFactory(bulk=made, organisation=commune, state="made", subscription_id=requested.pk)
    return {"bulk": draft, "decidable": made}


def _departures(listing, asked: dict) -> dict:
    today = localdate(timezone.now())
    of_notice = {
        name: today + timedelta(days=days)
        for name, days in [
            ("notice_from", 0),
            ("transition_from", 60),
            ("retrieval_from", 90),
            ("erasure_from", 120),
        ]
    }
    stopped = {"state": State.TERMINATING, **asked}
    with as_worker():
        proof = default_storage.save("certificates/effacement.pdf", ContentFile(PDF))
    return {
        "parting": ExitFactory(
            subscription=SubscriptionFactory(state=State.ACTIVE, listing=listing("Phare"), **asked),
            **of_notice,
        ),
        "erasing": ExitFactory(
            subscription=SubscriptionFactory(listing=listing("Puits"), **stopped), state=ExitState.ERASURE
        ),
        "left": ExitFactory(
            subscription=SubscriptionFactory(state=State.ENDED, listing=listing("Pré"), **asked),
            state=ExitState.DONE,
            closed_at=NOW,
            certificate=proof,
            certified_on=date(2026, 7, 8),
        ),
    }


def _valued(subscription: Subscription) -> ValueFile:
    """Its value file, with a first year to review."""
    with as_worker():
        Subscription.objects.filter(pk=subscription.pk).update(active_from=date(2025, 1, 1))
    return ValueFileFactory(tenant=subscription.tenant, listing=subscription.listing)


def _amended(term: Term, *, by: User) -> Subscription:
    """Its subscription, with an amendment that waits, and the file of an act."""
    AmendmentFactory(
        subscription=term.subscription,
        number=1,
        requested_by=by,
        effective_on=localdate(timezone.now()) + timedelta(days=60),
        act_number="2026-8",
        act_date=date(2026, 1, 1),
        act_file=term.act_file.name,
    )
    return term.subscription


def _with_term(listing: Listing, asked: dict, renewal: str = "tacit") -> Term:
    """A term of which an act decided, that ends in ten months."""
    rules = {"renewal": renewal, "term_years": 4, "renewals": 3}
    subscription = SubscriptionFactory(state=State.ACTIVE, listing=listing, **rules, **asked)
    with as_worker():
        act = default_storage.save("decisions/acte-de-terme.pdf", ContentFile(PDF))
    return TermFactory(
        subscription=subscription,
        ends=localdate(timezone.now()) + timedelta(days=300),
        act_number="2026-7",
        act_date=date(2026, 1, 1),
        act_file=act,
    )


def _tariffs(listing: Listing, side: dict) -> dict:
    next_year = date(localdate().year + 1, 1, 1)
    coming = succeeding_grid(listing, effective_from=next_year + timedelta(days=365))
    draft = PriceGridFactory(
        listing=listing, state=GridState.DRAFT, effective_from=next_year, note=f"Brouillon {side['word']}"
    )
    simulation = GridSimulationFactory(grid=draft, on=next_year, state=SimulationState.DONE)
    SimulationRowFactory(simulation=simulation, organisation=side["leaving"].organisation)
    return {"draft": draft, "coming": coming, "simulation": simulation}


def _choices(side: dict, commune: Organisation, secretary: User, listing: Listing) -> dict:
    """What the commune keeps, and three shortlists: open, frozen, decided. Each holds the listing."""
    mine = {"tenant": commune, "operator": side["operator"], "created_by": secretary}
    shortlists = [
        ShortlistFactory(title=f"{what} {side['word']}", **mine) for what in ("Préparée", "Figée", "Choisie")
    ]
    for shortlist in shortlists:
        ShortlistItemFactory(shortlist=shortlist, listing=listing)
    now = timezone.now()
    reasons = {"criteria": ["fit", "data"], "reasons": "Il répond le mieux à notre besoin."}
    with as_worker():
        for shortlist in shortlists[1:]:
            deciding.freeze(shortlist=shortlist, by=secretary, now=now)
        deciding.decide(shortlist=shortlists[2], chosen=listing, by=secretary, now=now, **reasons)
        choice_file.make_file(shortlist_id=shortlists[2].pk)
        shortlists[2].refresh_from_db()
    return {
        "kept": FavouriteFactory(tenant=commune, listing=listing, added_by=secretary),
        "search": SavedSearchFactory(
            tenant=commune, operator=side["operator"], user=secretary, name=f"Recherche {side['word']}"
        ),
        **dict(zip(("preparing", "to_decide", "choice"), shortlists, strict=True)),
    }


SMALL_ROLES = (Role.AGENT, Role.CURATOR, Role.VENDOR_EDITOR)
ADMINISTRATORS = (Role.ORG_ADMIN, Role.OPERATOR_ADMIN, Role.VENDOR_ADMIN)


def _person_of_all_three(side: dict, commune: Organisation, roles: tuple[Role, ...], **mandate) -> User:
    """Somebody with a role in the commune, one at the operator's and one at the vendor's."""
    user = UserFactory(last_name=f"Collègue {side['word']}")
    places = (commune, side["operator"].organisation, side["vendor"].organisation)
    for organisation, role in zip(places, roles, strict=True):
        MembershipFactory(user=user, organisation=organisation, role=role, **mandate)
    return user


def _merger(side: dict) -> TerritoryChange:
    old, new = (OrganisationFactory(territory__name=f"{age} {side['word']}") for age in ("Vieille", "Jeune"))
    AdhesionFactory(operator=side["operator"], organisation=old, until=date(2026, 7, 1))
    return MergerFactory(old=old, new=new, effective_on=date(2026, 1, 1))


def _bill(side: dict, members: list[dict]) -> list[dict]:
    """The first half of the year is issued, the second one is under review."""
    issued, review = (
        BillingRunFactory(operator=side["operator"], period_start=start, period_end=end)
        for start, end in (FIRST_HALF, SECOND_HALF)
    )
    with as_worker():
        for run in (issued, review):
            operations.draft_run(run_id=run.pk, now=NOW)
        issued.refresh_from_db()
        read(issued)
        approving.approve_run(run=issued, approved_by=issued.started_by, now=NOW)
        operations.issue_run(run_id=issued.pk, now=NOW)
        invoices = [Invoice.objects.get(run=issued, tenant=member["commune"]) for member in members]
    SendingAccountFactory(operator=issued.operator)
    for invoice in invoices:
        path = default_storage.save(f"invoices/{invoice.public_id}.pdf", ContentFile(PDF))
        InvoiceFileFactory(invoice=invoice, path=path, content=PDF)
    return [
        {
            "issued": issued,
            "review": review,
            "invoice": invoice,
            "deposit": _deposited(invoice),
            "late": _paid_late(review, invoice),
            **_by_hand(issued, invoice),
        }
        for invoice in invoices
    ]


def _deposited(invoice: Invoice) -> Deposit:
    """It may be at Chorus Pro, or not: a person must look."""
    deposit = DepositFactory(operator=invoice.operator, state=DepositState.DOUBTFUL, problem="Sans réponse.")
    SendingFactory(deposit=deposit, invoice=invoice)
    return deposit


def _paid_late(run: BillingRun, like: Invoice) -> Invoice:
    """Paid a day after its time: interest to claim, or not."""
    same = {"tenant": like.tenant, "buyer": like.buyer, "payment": like.payment, "issued": True}
    late = InvoiceFactory(
        run=run, out_of_scope=True, sequence=9800 + like.sequence, due_date=date(2026, 9, 30), **same
    )
    SettlementFactory(invoice=late, state=SettlementState.PAID, paid_at=NOW)
    return late


def _by_hand(run: BillingRun, like: Invoice) -> dict:
    """Another invoice of that member and run, on the other side of the tax border, and a credit note on it:
    both ask for a person. A credit note on `like` is still a draft."""
    same = {"run": run, "tenant": like.tenant, "buyer": like.buyer, "payment": like.payment, "issued": True}
    refused = InvoiceFactory(out_of_scope=True, sequence=9000 + like.sequence, **same)  # far from those given
    credit = InvoiceFactory(out_of_scope=True, sequence=9500 + like.sequence, corrects=refused, **same)
    for invoice in (refused, credit):
        SettlementFactory(invoice=invoice, channel=Channel.STRIPE, state=SettlementState.NEEDS_PERSON)
    with as_worker():
        billed = LedgerEntry.objects.select_related("subscription").filter(line__invoice=like).first()
        entry = LedgerEntryFactory(
            run=run,
            subscription=billed.subscription,
            tenant=like.tenant,
            corrects=billed,
            code="avoir",
            label=billed.label,
            quantity=1,
            unit_price=-1,
            amount_cents=-100,
            vat_category=billed.vat_category,
            vat_rate=billed.vat_rate,
            vat_reason=billed.vat_reason,
        )
        credit_note = credits.draft_credit_note(corrects=like, entries=[entry])
    contest = LineContestFactory(line=_first_line(like))
    return {"refused": refused, "credit": credit, "credit_note": credit_note, "contest": contest}


def _first_line(invoice: Invoice) -> InvoiceLine:
    with as_worker():
        return invoice.lines.select_related("invoice").order_by("position").first()


class People:
    """One person for each of PEOPLE, in world A, signed in once; `client` gives her a fresh browser."""

    def __init__(self, world: World):
        self._sessions = {ANONYMOUS: None}
        self._handlers: dict[tuple, ClientHandler] = {}
        for role in Role.values:
            self.sign_in(role, _holder(world, role))
        self.sign_in(NO_MANDATE, UserFactory())
        self.sign_in(STAFF, UserFactory(is_staff=True, is_superuser=True))
        former = UserFactory()
        for role in Role.values:
            MembershipFactory(
                user=former, organisation=place(world, role), role=role, ended_at=timezone.now()
            )
        self.sign_in(ENDED, former)

    def sign_in(self, who: str, user: User) -> None:
        """From now on `client(who)` is this person's browser."""
        client = Client()
        client.force_login(user)
        self._sessions[who] = client.cookies[settings.SESSION_COOKIE_NAME].value

    def client(self, who: str, **options) -> Client:
        """`options` are those of django.test.Client. Its cookies are fresh, and no other call's; what answers
        it, the chain of middleware, is made once."""
        client = Client(**options)
        client.handler = self._handlers.setdefault(tuple(options.items()), client.handler)
        if session := self._sessions[who]:
            client.cookies[settings.SESSION_COOKIE_NAME] = session
        return client


def _holder(world: World, role: str) -> User:
    if role == Role.SECRETARY:
        return world.secretary
    return MembershipFactory(organisation=place(world, role), role=role).user


def place(world: World, role: str) -> Organisation:
    """Where a role is held."""
    if role in (Role.CURATOR, Role.OPERATOR_FINANCE, Role.OPERATOR_ADMIN, Role.AUDITOR):
        return world.operator.organisation
    if role in (Role.VENDOR_EDITOR, Role.VENDOR_ADMIN):
        return world.vendor.organisation
    return world.commune
