"""What waits for somebody's word at the syndicat: two requests that their vehicle wants agreed to, what was
written about them, and a list asked for many."""

from random import Random
from uuid import UUID

from demo.seed.bills import jobs_forgotten
from demo.seed.decisions import act_pdf
from demo.seed.members import MAIN, SECOND
from demo.seed.moments import at
from demo.seed.operators import BRUMELLE
from demo.seed.people import holders
from demo.seed.states import RECENT, Requests
from subscriptions import approving, bulk, messaging
from subscriptions.bulk import Wanted
from subscriptions.models import LegalBasis, Party, PurchasingVehicle, Subscription
from tenants.models import Organisation, Role, User

AGREED = "repos-et-memoire"  # of Tablée Douce
LISTED = slice(20, 32)


def make_agreements(*, market, rng: Random) -> None:
    """One vehicle of the syndicat asks for its word and the vendor's."""
    requests = Requests(market, rng)
    listing = market.shelves[BRUMELLE.slug].service(AGREED)
    vehicle = PurchasingVehicle.objects.create(
        operator=listing.operator,
        name="Services avec accord préalable",
        legal_basis=LegalBasis.CENTRALE,
        deliberation_required=False,
        operator_approves=True,
        vendor_approves=True,
    )
    listing.vehicles.set([vehicle])
    has_it = set(Subscription.objects.open().filter(listing=listing).values_list("tenant", flat=True))
    first, second = [
        one
        for one in market.members[BRUMELLE.slug]
        if one.pk not in has_it and one.territory.code not in (MAIN, SECOND)
    ][:2]
    curator = holders(Role.CURATOR)[listing.operator.organisation_id]
    with jobs_forgotten():
        for_operator = requests.ask(first, listing, RECENT)
        requests.approve(for_operator)
        for_vendor = requests.ask(second, listing, RECENT)
        requests.approve(for_vendor)
        now = at(for_vendor.requested_at.date(), 9, 30)
        _talk(for_operator, requests.secretaries[first.pk], curator, rng)
        _talk(for_vendor, requests.secretaries[second.pk], curator, rng)
        approving.agree(subscription=for_vendor, party=Party.OPERATOR, by=curator, now=now)
        _ask_for_many(requests, market, rng)


def _talk(subscription: Subscription, secretary: User, curator: User, rng: Random) -> None:
    """A question with a document, and its answer."""
    day = subscription.requested_at.date()
    plan = act_pdf(
        organisation=subscription.tenant.name,
        number=f"PLAN-{day:%Y}",
        day=day,
        subject="plan du cimetière et nombre de concessions",
    )
    said = (
        (Party.MEMBER, secretary, "Voici notre plan. Faut-il aussi le registre papier ?", plan, 11),
        (
            Party.OPERATOR,
            curator,
            "Merci, le plan suffit. Le registre sera repris à la mise en route.",
            None,
            15,
        ),
    )
    for party, by, text, file, hour in said:
        messaging.write_message(
            subscription=subscription,
            party=party,
            by=by,
            text=text,
            file=file,
            public_id=UUID(int=rng.getrandbits(128), version=4),
            now=at(day, hour),
        )


def _ask_for_many(requests: Requests, market, rng: Random) -> None:
    """For a dozen members, of which some have the service; one line is a mistake, another there twice."""
    members = market.members[BRUMELLE.slug][LISTED]
    listing = requests.pick(members[0], BRUMELLE.slug, by_hand=True)
    initiator = listing.operator.organisation
    list_for_many(
        initiator=initiator,
        listing=listing,
        wanted=[Wanted("", one) for one in (*members, members[0])] + [Wanted("01999", None)],
        by=holders(Role.CURATOR)[initiator.pk],
        rng=rng,
    )


def list_for_many(*, initiator: Organisation, listing, wanted: list[Wanted], by: User, rng: Random) -> None:
    """Prepared, confirmed and run; each member decides for itself. Jobs are the caller's."""
    now = at(RECENT, 14)
    found = bulk.prepare_bulk(
        initiator=initiator,
        listing=listing,
        wanted=wanted,
        convention=None,
        by=by,
        request_key=UUID(int=rng.getrandbits(128), version=4),
        now=now,
    )
    bulk.confirm_bulk(bulk=found, by=found.requested_by, now=now)
    bulk.run(bulk_id=found.pk, now=now)
