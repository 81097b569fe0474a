"""Several services in one go: a request each, and an approval each; all are asked for, or none."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from catalog.models import Listing
from subscriptions.exceptions import AlreadySubscribed, SubscriptionRefused
from subscriptions.models import Subscription
from subscriptions.operations import request_subscription
from subscriptions.places import hold_places
from tenants.models import Organisation, User


@dataclass(frozen=True)
class Companion:
    """A service asked for with another one, at the yearly price that was shown, net of tax."""

    listing: Listing
    shown_cents: int


class CompanionRefused(SubscriptionRefused):
    """One of the services asked for with another was refused, so nothing was asked for. `refusal`: why."""

    def __init__(self, listing: Listing, refusal: SubscriptionRefused):
        self.listing, self.refusal = listing, refusal
        super().__init__(f"{listing.shown.name} : {refusal}")


@transaction.atomic
def request_bundle(
    *,
    organisation: Organisation,
    requested_by: User,
    request_key: uuid.UUID,
    companions: Sequence[Companion],
    now: datetime,
    wanted_from=None,
    commitment_number: str = "",
    service_code: str = "",
    **main,
) -> Subscription:
    """Asks for the companions, then for the service that needs them (`main`, as `request_subscription` takes
    it), whose request is returned. One that the organisation has asked for meanwhile is left as it is.

    Sending the same `request_key` again asks for nothing more. Raises what `request_subscription` raises, or
    CompanionRefused; nothing is asked for then.
    """
    listings = [main["listing"], *(companion.listing for companion in companions)]
    # All places first, in one order: two people who ask for the same services do not wait for each other.
    for listing in sorted(listings, key=lambda one: one.pk):
        hold_places(organisations=[organisation], listing_id=listing.pk)
    common = {
        "organisation": organisation,
        "requested_by": requested_by,
        "now": now,
        "wanted_from": wanted_from,
        "commitment_number": commitment_number,
        "service_code": service_code,
    }
    together: list[Listing] = []
    for companion in companions:
        try:
            request_subscription(
                listing=companion.listing,
                request_key=uuid.uuid5(request_key, str(companion.listing.pk)),
                shown_cents=companion.shown_cents,
                together=together,
                **common,
            )
        except AlreadySubscribed:
            pass
        except SubscriptionRefused as refusal:
            raise CompanionRefused(companion.listing, refusal) from refusal
        together.append(companion.listing)
    return request_subscription(request_key=request_key, together=together, **main, **common)
