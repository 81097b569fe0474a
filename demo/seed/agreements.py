"""What waits for somebody's word: a request that its operator must agree to, and a list asked for many."""

from random import Random
from uuid import UUID

from demo.seed.bills import jobs_forgotten
from demo.seed.moments import at
from demo.seed.people import holders
from demo.seed.states import RECENT, Requests
from subscriptions import bulk
from subscriptions.bulk import Wanted
from subscriptions.models import LegalBasis, PurchasingVehicle
from tenants import tasks
from tenants.models import Letter, Role

WAITS, LIST = 70, slice(72, 84)


def make_agreements(*, market, rng: Random) -> None:
    """On the shelf of the centre de gestion: one vehicle asks for its word and the vendor's."""
    requests = Requests(market, rng)
    members = [one for one in market.members["cantonade"] if one.pk in requests.signatories]
    waits, listed = members[WAITS % len(members)], members[LIST] or members[:8]
    listing = requests.pick(waits, "cantonade", by_hand=True)
    vehicle = PurchasingVehicle.objects.create(
        operator=listing.operator,
        name="Services avec accord préalable",
        legal_basis=LegalBasis.CENTRALE,
        deliberation_required=False,
        operator_approves=True,
        vendor_approves=True,
    )
    listing.vehicles.set([vehicle])
    with jobs_forgotten():
        requests.approve(requests.ask(waits, listing, RECENT))
        _ask_for_many(requests, market, listed, rng)
    for pk in Letter.objects.filter(key__startswith="bulk:").order_by("pk").values_list("pk", flat=True):
        tasks.send_letter.defer(letter_id=pk)


def _ask_for_many(requests: Requests, market, organisations: list, rng: Random) -> None:
    operator = market.shelves["cantonade"].listings[0].operator
    listing = requests.pick(organisations[0], "cantonade", by_hand=True)
    now = at(RECENT, 14)
    found = bulk.prepare_bulk(
        initiator=operator.organisation,
        listing=listing,
        wanted=[Wanted("", one) for one in organisations] + [Wanted("01999", None)],
        convention=None,
        by=holders(Role.CURATOR)[operator.organisation_id],
        request_key=UUID(int=rng.getrandbits(128), version=4),
        now=now,
    )
    bulk.confirm_bulk(bulk=found, by=found.requested_by, now=now)
    bulk.run(bulk_id=found.pk, now=now)
