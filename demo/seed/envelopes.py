"""The main commune's envelope: its mayor has decided in advance for one category of services."""

from datetime import date
from uuid import UUID

from catalog.models import Family
from demo.seed.decisions import act_pdf
from demo.seed.members import MAIN
from demo.seed.moments import at
from demo.seed.people import holders
from subscriptions.acts import Act
from subscriptions.envelopes import EnvelopeTerms, open_envelope
from tenants.models import Organisation, Role

DECIDED = date(2026, 11, 2)
NUMBER = "D2026-038"


def make_envelope() -> None:
    """Of 1 500 € for the cemetery, until the end of the next year's first half."""
    commune = Organisation.objects.get(territory__code=MAIN, territory__kind="commune")
    file = act_pdf(
        organisation=commune.name,
        number=NUMBER,
        day=DECIDED,
        subject="enveloppe pour le cimetière",
    )
    open_envelope(
        organisation=commune,
        terms=EnvelopeTerms(
            amount_cents=150_000,
            starts_on=DECIDED,
            ends_on=date(2027, 7, 1),
            families=[Family.CEMETERY],
            delegation_number="2026-014",
            delegation_date=date(2026, 4, 10),
        ),
        act=Act(NUMBER, DECIDED, file),
        by=holders(Role.SIGNATORY)[commune.pk],
        request_key=UUID(int=38, version=4),
        now=at(DECIDED, 9),
    )
