"""Some seven hundred subscriptions opened since January: the rows that the operations would have written.

Written in bulk for speed, with the same columns, log rows and acts. Their services were opened by a person:
no job is left that would call a vendor.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from uuid import UUID

from catalog.models import Listing, Vendor
from demo.seed.decisions import act_pdf
from demo.seed.members import MAIN
from demo.seed.moments import at
from demo.seed.offers import Market
from demo.seed.people import holders
from provisioning.connectors.outcomes import NeedsPerson
from provisioning.models import Call, Lane, Run, Step, StepState
from subscriptions.deciding import authorities
from subscriptions.models import (
    Approval,
    ApprovalState,
    Decision,
    Party,
    State,
    Subscription,
    Transition,
    VendorAccess,
)
from subscriptions.terms import first_term, rules_of
from subscriptions.vat import told
from tenants.models import AuditEvent, Organisation, Role, User

FIRST_REQUEST = date(2026, 1, 2)
# Half of the requests of the year are made in its first weeks, once budgets are settled.
EARLY_DAYS, LATE_DAYS = 45, 280
HOW_MANY = (1, 1, 2, 2, 2, 3)
SETUP_DAYS = (6, 20)

# What the main commune has already: (operator, service, day of the request). The rest is left to try.
OF_MAIN = (
    ("cantonade", "place-du-village", date(2026, 4, 13)),
    ("cantonade", "paraphe-clair", date(2026, 3, 2)),
    ("brumelle", "memoire-longue", date(2026, 1, 8)),
    ("brumelle", "demarches-du-bourg", date(2026, 1, 8)),
    ("etabli-communal", "plan-du-pays", date(2026, 1, 12)),
)


@dataclass
class Rows:
    """What is to be written, model by model, in the order of the foreign keys."""

    subscriptions: list = field(default_factory=list)
    approvals: list = field(default_factory=list)
    vendor_accesses: list = field(default_factory=list)
    decisions: list = field(default_factory=list)
    runs: list = field(default_factory=list)
    steps: list = field(default_factory=list)
    calls: list = field(default_factory=list)
    transitions: list = field(default_factory=list)
    events: list = field(default_factory=list)
    terms: list = field(default_factory=list)

    def write(self) -> None:
        for rows in vars(self).values():
            if rows:
                type(rows[0]).objects.bulk_create(rows, batch_size=1000)


def make_history(*, market: Market, rng: Random) -> list[Subscription]:
    """Active subscriptions of every member. Returns them, the oldest first."""
    secretaries, signatories = holders(Role.SECRETARY), holders(Role.SIGNATORY)
    curators = holders(Role.CURATOR)
    lanes = {vendor.pk: Lane.objects.get_or_create(vendor=vendor)[0] for vendor in Vendor.objects.all()}
    rows = Rows()
    for organisation, listing, day in _choices(market, rng):
        priced = market.price(organisation=organisation, listing=listing, day=day)
        if priced.quote is None:
            continue
        _write(
            rows,
            market=market,
            priced=priced,
            organisation=organisation,
            listing=listing,
            day=day,
            rng=rng,
            secretary=secretaries[organisation.pk],
            signatory=signatories[organisation.pk],
            curator=curators[listing.operator.organisation_id],
            lane=lanes[listing.vendor.pk],
        )
    rows.write()
    return rows.subscriptions


def _choices(market: Market, rng: Random):
    for slug, members in market.members.items():
        listings = market.shelves[slug].listings
        for organisation in members:
            if organisation.territory.code == MAIN:
                continue
            for listing in rng.sample(listings, rng.choice(HOW_MANY)):
                span = EARLY_DAYS if rng.random() < 0.5 else LATE_DAYS
                yield organisation, listing, FIRST_REQUEST + timedelta(days=rng.randrange(span))
    for slug, service, day in OF_MAIN:
        yield market.member(MAIN), market.shelves[slug].service(service), day


def _write(
    rows: Rows,
    *,
    market: Market,
    priced,
    organisation: Organisation,
    listing: Listing,
    day: date,
    rng: Random,
    secretary: User,
    signatory: User,
    curator: User,
    lane: Lane,
) -> None:
    vehicle = market.vehicles[listing.pk]
    requested = at(day, rng.randrange(9, 17), rng.randrange(60))
    approved = requested + timedelta(days=rng.randrange(*SETUP_DAYS))
    opened = approved + timedelta(days=1, hours=rng.randrange(1, 5))
    name, slug = listing.sheet.name, listing.sheet.slug
    subscription = Subscription(
        tenant=organisation,
        public_id=_uuid(rng),
        request_key=_uuid(rng),
        listing=listing,
        operator=listing.operator,
        vehicle=vehicle,
        state=State.ACTIVE,
        requested_by=secretary,
        requested_at=requested,
        approved_by=signatory,
        approved_at=approved,
        separate_approver=vehicle.separate_approver,
        deliberation_required=vehicle.deliberation_required,
        service_name=name,
        grid=priced.grid.definition,
        yearly_cents=priced.net_cents,
        **told(vat=priced.vat, grid=priced.grid, quote=priced.quote),
        active_from=opened.date(),
        commitment_number=f"BC2026-{rng.randrange(1, 400):04d}" if rng.random() < 0.15 else "",
        service_url=f"https://{slug}.example/{organisation.siren}",
        **rules_of(vehicle),
    )
    rows.subscriptions.append(subscription)
    if (term := first_term(subscription, starts=subscription.active_from, now=opened)) is not None:
        rows.terms.append(term)
    rows.approvals.append(
        Approval(
            tenant=organisation,
            subscription=subscription,
            position=1,
            party=Party.MEMBER,
            state=ApprovalState.GIVEN,
            by=signatory,
            at=approved,
        )
    )
    vendor = listing.vendor.organisation
    rows.vendor_accesses.append(
        VendorAccess(tenant=vendor, subscription=subscription, subscriber=organisation)
    )
    number = f"{approved:%Y}-{approved.timetuple().tm_yday:03d}"
    rows.decisions.append(
        Decision(
            tenant=organisation,
            subscription=subscription,
            number=number,
            date=approved.date(),
            authority=authorities(subscription)[0 if subscription.deliberation_required else -1],
            file=act_pdf(
                organisation=organisation.name,
                number=number,
                day=approved.date(),
                subject=f"abonnement au service {name}",
            ),
        )
    )
    _provisioning(rows, subscription, lane, approved, opened, rng)
    moves = (
        ("", State.REQUESTED, requested, secretary),
        (State.REQUESTED, State.APPROVED, approved, signatory),
        (State.APPROVED, State.PROVISIONING, approved, None),
        (State.PROVISIONING, State.ACTIVE, opened, None),
    )
    rows.transitions += [
        Transition(
            tenant=organisation, subscription=subscription, before=before, after=after, at=moment, by=by
        )
        for before, after, moment, by in moves
    ]
    facts = (
        ("subscription.requested", f"{{actor}} a demandé l’abonnement à {name}.", requested, secretary),
        (
            "subscription.approved",
            f"{{actor}} a approuvé l’abonnement à {name} (acte n° {number}).",
            approved,
            signatory,
        ),
        ("provisioning.marked_done", f"{{actor}} a déclaré ouvert le service {name}.", opened, curator),
        ("subscription.activated", f"Le service {name} est ouvert.", opened, None),
    )
    rows.events += [
        AuditEvent(
            tenant=organisation,
            actor=actor,
            what=what,
            sentence=sentence,
            subject_id=str(subscription.public_id),
            at=moment,
            details={"yearly_cents": subscription.yearly_cents} if what.endswith("requested") else {},
        )
        for what, sentence, moment, actor in facts
    ]


def _provisioning(rows: Rows, subscription: Subscription, lane: Lane, approved, opened, rng: Random) -> None:
    tenant = subscription.tenant
    run = Run(
        tenant=tenant,
        public_id=_uuid(rng),
        subscription=subscription,
        event="activate",
        created_at=approved,
        starts_at=approved,
        finished_at=opened,
    )
    step = Step(
        tenant=tenant,
        run=run,
        lane=lane,
        position=1,
        name="open",
        label="Ouverture du service chez l’éditeur",
        state=StepState.DONE,
        attempts=1,
        run_after=approved,
        first_tried_at=approved,
        done_at=opened,
    )
    rows.runs.append(run)
    rows.steps.append(step)
    rows.calls.append(
        Call(
            tenant=tenant,
            step=step,
            started_at=approved,
            finished_at=approved,
            outcome=NeedsPerson.__name__.lower(),
        )
    )


def _uuid(rng: Random) -> UUID:
    return UUID(int=rng.getrandbits(128), version=4)
