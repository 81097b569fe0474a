"""Doors opened by the real operations: an invitation that waits, and a commune that asked for help."""

from datetime import datetime

from demo.seed.members import MAIN, THIRD
from demo.seed.operators import BRUMELLE
from tenants.assistance import operations as assistance
from tenants.models import Operator, Organisation, Role, User
from tenants.people import invitations

INVITED = "lise.marchandeau@margerie-chantagret.mairie.example"
DAYS = 60


def open_doors(*, operators: dict[str, Operator], people: dict[str, User], now: datetime) -> None:
    """Odile awaits a colleague; Nadège lets the syndicat act for one of her communes."""
    invitations.invite(
        organisation=Organisation.objects.get(territory__code=MAIN),
        email=INVITED,
        roles=[Role.AGENT],
        invited_by=people["odile-brunerie"],
        now=now,
    )
    assistance.ask_for_help(
        organisation=Organisation.objects.get(territory__code=THIRD),
        operator=operators[BRUMELLE.slug],
        by=people["nadege-escoulin"],
        days=DAYS,
        now=now,
    )
