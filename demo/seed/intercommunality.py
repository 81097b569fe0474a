"""Forez-Est has services for its communes: one by its own subscription, one asked for some of them, one that
is to cover some of them once approved, one that it may take for all of them by a convention."""

from random import Random

from demo.seed.agreements import list_for_many
from demo.seed.bills import jobs_forgotten
from demo.seed.members import FOREZ_EST
from demo.seed.moments import at
from demo.seed.operators import CANTONADE
from demo.seed.people import holders
from demo.seed.states import RECENT, Requests
from subscriptions import sharing
from subscriptions.bulk import Wanted
from subscriptions.models import LegalBasis, PurchasingVehicle, State, Subscription
from tenants.models import Organisation, Role

COVERED, ASKED_FOR, TO_COVER = 6, slice(10, 16), 4
FOR_ALL = "rue-signalee"


def make_forez_est(*, market, rng: Random) -> None:
    """By its secretary and its president."""
    epci = Organisation.objects.get(siren=FOREZ_EST)
    subscription = Subscription.objects.filter(tenant=epci, state=State.ACTIVE).order_by("pk")[0]
    communes = sharing.candidates(subscription=subscription, on=RECENT)
    sharing.cover(
        subscription=subscription,
        organisations=[one.organisation for one in communes if not one.has_own][:COVERED],
        by=holders(Role.SIGNATORY)[epci.pk],
        now=at(RECENT, 10),
    )
    requests = Requests(market, rng)
    asked_for = [one.organisation for one in communes][ASKED_FOR]
    with jobs_forgotten():
        list_for_many(
            initiator=epci,
            listing=requests.pick(asked_for[0], CANTONADE.slug, by_hand=True),
            wanted=[Wanted("", one) for one in asked_for],
            by=requests.secretaries[epci.pk],
            rng=rng,
        )
        _ask_for_some(epci, Requests(market, Random(FOREZ_EST)))
    listing = market.shelves[CANTONADE.slug].service(FOR_ALL)
    vehicle = PurchasingVehicle.objects.create(
        operator=listing.operator,
        name="Centrale d’achat du GIP",
        legal_basis=LegalBasis.CENTRALE,
        deliberation_required=False,
    )
    listing.vehicles.set([vehicle])


def _ask_for_some(epci: Organisation, requests: Requests) -> None:
    """Waits for its president: four communes, named in the draft of the deliberation."""
    listing = requests.pick(epci, CANTONADE.slug, by_hand=True)
    found = sharing.candidates_at(organisation=epci, listing=listing, on=RECENT)
    free = [one.organisation for one in found if not one.why_not]
    requests.ask(epci, listing, RECENT, covers=free[:TO_COVER])
