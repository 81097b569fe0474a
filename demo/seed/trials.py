"""The main commune tries a service for nothing."""

from datetime import date
from uuid import UUID

from demo.seed.members import MAIN
from demo.seed.moments import at
from demo.seed.offers import Market
from demo.seed.operators import CANTONADE
from demo.seed.people import holders
from subscriptions.trials import request_trial
from tenants.models import Role

ASKED_ON = date(2026, 11, 24)


def make_trial(*, market: Market) -> None:
    """Asked for by its secretary; the worker opens it at the broker's as soon as it starts: its days are
    counted from then."""
    commune = market.member(MAIN)
    request_trial(
        organisation=commune,
        listing=market.shelves[CANTONADE.slug].service("pigeonnier"),
        requested_by=holders(Role.SECRETARY)[commune.pk],
        request_key=UUID(int=30, version=4),
        now=at(ASKED_ON, 10),
    )
