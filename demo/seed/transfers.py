"""A vendor was bought: its contracts are to pass to another one, once each operator's amendment is signed."""

from datetime import date

from catalog.models import Vendor
from demo.seed.decisions import act_pdf
from demo.seed.moments import at
from demo.seed.operators import BRUMELLE, CANTONADE
from demo.seed.people import holders
from subscriptions.models import TransferBasis
from subscriptions.transfers import operations
from subscriptions.transfers.queries import transferable
from tenants.models import Operator, Role

BOUGHT, BUYER = "Brindavoine Logiciels", "Les Ateliers Pervenche"
PREPARED_ON, NEW_YEAR = date(2026, 11, 19), date(2027, 1, 1)


def prepare_transfers(*, operators: dict[str, Operator]) -> None:
    """All that the first vendor has at the GIP and at the syndicat, by their curators."""
    old, new = (Vendor.objects.get(organisation__name=name) for name in (BOUGHT, BUYER))
    for settings in (CANTONADE, BRUMELLE):
        operator = operators[settings.slug]
        operations.prepare(
            operator=operator,
            from_vendor=old,
            listings=list(transferable(operator=operator, vendor=old)),
            siren=new.organisation.siren,
            basis=TransferBasis.RESTRUCTURING,
            reason=f"Fusion-absorption de {BOUGHT} par {BUYER}",
            effective_on=NEW_YEAR,
            evidence=act_pdf(
                organisation=BUYER,
                number="2026-9",
                day=PREPARED_ON,
                subject=f"Fusion-absorption de {BOUGHT}",
            ),
            by=holders(Role.CURATOR)[operator.organisation_id],
            now=at(PREPARED_ON, 11),
        )
