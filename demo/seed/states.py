"""Subscriptions that are not simply open: made by the real operations, in every state."""

from datetime import date, timedelta
from random import Random
from uuid import UUID

from catalog.models import Listing
from demo.seed.bills import jobs_forgotten
from demo.seed.connections import BY_MESSAGE
from demo.seed.decisions import act_pdf
from demo.seed.departures import finish, leave
from demo.seed.members import MAIN, SECOND
from demo.seed.moments import at
from demo.seed.offers import Market
from demo.seed.people import holders
from provisioning import operations as provisioning
from provisioning.models import Endpoint, Run
from provisioning.models.endpoint import ConnectorKind
from subscriptions import operations as subscriptions
from subscriptions.models import Destination, State, Subscription
from tenants.models import Organisation, Role

RECENT = date(2026, 11, 9)
SUSPENDED, LEAVING, GONE = 4, 3, 6
BUILDING_WORK = "Locaux en travaux jusqu’au printemps."
ELSEWHERE = {
    "destination": Destination.PROVIDER,
    "reason": "Nous avons choisi un autre service.",
}
LEFT_FROM, LEFT_SINCE = date(2026, 3, 2), date(2026, 8, 20)


def close_some(*, history: list[Subscription]) -> None:
    """Some of the oldest subscriptions are suspended, left, or over: each bill then stops where it must."""
    curators = holders(Role.CURATOR)
    by_hand = offers_by_hand()
    old = [s for s in history if s.active_from < date(2026, 3, 1) and s.tenant.territory.code != MAIN]
    for subscription in old[:SUSPENDED]:
        curator = curators[subscription.operator.organisation_id]
        subscriptions.move(
            subscription=subscription,
            to=State.SUSPENDED,
            by=curator,
            now=at(date(2026, 9, 14), 10),
            reason=BUILDING_WORK,
        )
    # Who opened a service also closes it: these are closed by a person.
    left = [s for s in old[SUSPENDED:] if s.listing.offer_id in by_hand]
    with jobs_forgotten():
        for subscription in left[:LEAVING]:
            leave(subscription=subscription, on=LEFT_SINCE, **ELSEWHERE)
        for rank, subscription in enumerate(left[LEAVING:][:GONE]):
            day = LEFT_FROM + timedelta(days=17 * rank)
            departure = leave(subscription=subscription, on=day, **ELSEWHERE)
            finish(departure, by=curators[subscription.operator.organisation_id])


def offers_by_hand() -> set[int]:
    """The offers that a person opens and closes at the vendor's, by id."""
    manual = Endpoint.objects.filter(connector=ConnectorKind.MANUAL)
    return set(manual.values_list("offer_id", flat=True))


def make_requests(*, market: Market, rng: Random) -> None:
    """Requests of November: waiting, refused, cancelled, waiting for a person, and one being opened."""
    Requests(market, rng).make()


def ask_by_message(*, market: Market) -> None:
    """One more request of November: its vendor is told by a signed message as soon as a worker starts."""
    requests = Requests(market, Random(0))
    slug, listing = next(
        (slug, listing)
        for slug, shelf in market.shelves.items()
        for listing in shelf.listings
        if listing.sheet.slug in BY_MESSAGE
    )
    taken = set(Subscription.objects.open().filter(listing=listing).values_list("tenant_id", flat=True))
    organisation = next(
        one
        for one in market.members[slug]
        if one.pk not in taken and one.territory.code not in (MAIN, SECOND)
    )
    requests.approve(requests.ask(organisation, listing, RECENT))


class Requests:
    def __init__(self, market: Market, rng: Random):
        self.market, self.rng = market, rng
        self.secretaries, self.signatories = holders(Role.SECRETARY), holders(Role.SIGNATORY)
        self.by_hand = offers_by_hand()

    def make(self) -> None:
        main, second = self.market.member(MAIN), self.market.member(SECOND)
        # What these jobs would do, ask a person, is done at once.
        with jobs_forgotten():
            self.ask(
                main, self.market.shelves["etabli-communal"].service("rendez-vous-mairie-simple"), RECENT
            )
            self.wait_for_a_person(self.ask(main, self.pick(main, "brumelle", by_hand=True), RECENT))
            others = [o for o in self.market.members["cantonade"] if o.pk not in (main.pk, second.pk)]
            for rank, organisation in enumerate(others[5:60:5]):
                self.answer(organisation, rank)
        # Its plan stays: the worker opens the service at the broker's as soon as it starts.
        self.approve(self.ask(second, self.pick(second, "cantonade", by_hand=False), RECENT))

    def answer(self, organisation: Organisation, rank: int) -> None:
        """A neighbour's request and, in turn: no answer yet, a refusal, a change of mind, an approval."""
        day = RECENT + timedelta(days=rank)
        subscription = self.ask(organisation, self.pick(organisation, "cantonade", by_hand=True), day)
        match rank % 4:
            case 1:
                self.refuse(subscription, day)
            case 2:
                secretary = self.secretaries[organisation.pk]
                subscriptions.cancel(subscription=subscription, by=secretary, now=at(day, 15))
            case 3:
                self.wait_for_a_person(subscription)

    def pick(self, organisation: Organisation, slug: str, *, by_hand: bool) -> Listing:
        """The first service of a shelf that the organisation has not yet."""
        taken = set(
            Subscription.objects.open().filter(tenant=organisation).values_list("listing_id", flat=True)
        )
        return next(
            listing
            for listing in self.market.shelves[slug].listings
            if listing.pk not in taken
            and (listing.offer_id in self.by_hand) is by_hand
            and not any(one.get("required") for one in listing.sheet.prerequisites)
        )

    def ask(self, organisation: Organisation, listing: Listing, day: date, covers=()) -> Subscription:
        price = self.market.price(organisation=organisation, listing=listing, day=day)
        return subscriptions.request_subscription(
            organisation=organisation,
            listing=listing,
            requested_by=self.secretaries[organisation.pk],
            request_key=UUID(int=self.rng.getrandbits(128), version=4),
            shown_cents=price.net_cents,
            covers=covers,
            now=at(day, 10, 12),
        )

    def refuse(self, subscription: Subscription, day: date) -> None:
        subscriptions.refuse(
            subscription=subscription,
            by=self.signatories[subscription.tenant_id],
            reason="Le budget de l’année est épuisé. À revoir en janvier.",
            now=at(day, 16),
        )

    def approve(self, subscription: Subscription) -> None:
        """Approved three days later."""
        day = subscription.requested_at.date() + timedelta(days=3)
        organisation, number = subscription.tenant, f"2026-{day:%m%d}"
        subscriptions.approve(
            subscription=subscription,
            approved_by=self.signatories[organisation.pk],
            number=number,
            date=day,
            file=act_pdf(
                organisation=organisation.name,
                number=number,
                day=day,
                subject=f"abonnement au service {subscription.service_name}",
            ),
            now=at(day, 18, 30),
        )

    def wait_for_a_person(self, subscription: Subscription) -> None:
        """Approved; the manual connector asks a person at once, and calls nobody."""
        self.approve(subscription)
        run = Run.objects.get(subscription=subscription)
        provisioning.take_turn(run_id=run.pk, now=run.created_at + timedelta(minutes=1))
