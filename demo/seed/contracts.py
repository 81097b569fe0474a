"""What becomes of contracts in progress: one is not renewed, others are amended, prices follow an index."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from demo.seed.decisions import act_pdf
from demo.seed.members import MAIN
from demo.seed.moments import at
from demo.seed.operators import BRUMELLE
from demo.seed.people import holders
from subscriptions import amending, indexing, renewing
from subscriptions.acts import Act
from subscriptions.amending import Changes
from subscriptions.models import Index, Side, Subscription
from tenants.models import Operator, Role

PROPOSED_ON, DECIDED_ON = date(2026, 11, 10), date(2026, 11, 18)
NEW_YEAR = date(2027, 1, 1)
# The index of the month of the first price, and of the same month a year later. Invented values.
VALUES = {date(2025, 10, 1): Decimal("322.4"), date(2026, 10, 1): Decimal("329.8")}
SOURCE = "Fédération Syntec (valeurs inventées pour la démonstration)"
TOLD_ON = date(2026, 12, 1)  # the day from which the revisions of January are due


def make_contracts(*, operators: dict[str, Operator]) -> None:
    """Of the main commune: signatures that are not renewed, aerial views added to the maps, a wording that
    waits. At the syndicat: the revision of January."""
    signatory = holders(Role.SIGNATORY)
    signatures = _of_main("paraphe-clair")
    renewing.give_notice(
        subscription=signatures,
        side=Side.MEMBER,
        by=signatory[signatures.tenant_id],
        reason="Le parapheur du département prendra le relais.",
        now=at(DECIDED_ON, 18),
    )
    _add_aerial_views(_of_main("plan-du-pays"))
    _reword(_of_main("place-du-village"))
    _revise(operators[BRUMELLE.slug])


def _of_main(service: str) -> Subscription:
    return Subscription.objects.get(
        tenant__territory__code=MAIN, listing__offer__product__sheet__slug=service
    )


def _add_aerial_views(subscription: Subscription) -> None:
    """An option more, decided by the mayor."""
    [option] = amending.choosable(subscription, on=PROPOSED_ON).offered
    amendment = _propose(
        subscription,
        Changes(
            effective_on=NEW_YEAR,
            text="Les vues aériennes serviront à la révision du plan local d’urbanisme.",
            counts={},
            options=[option],
        ),
        rank=1,
    )
    number = f"2026-D{DECIDED_ON:%m%d}"
    file = act_pdf(
        organisation=subscription.tenant.name,
        number=number,
        day=DECIDED_ON,
        subject=f"avenant n° {amendment.number} à l’abonnement au service {subscription.service_name}",
    )
    amending.approve(
        amendment=amendment,
        by=holders(Role.SIGNATORY)[subscription.tenant_id],
        act=Act(number, DECIDED_ON, file),
        now=at(DECIDED_ON, 18, 20),
    )


def _reword(subscription: Subscription) -> None:
    """Words alone: the mayor has not decided yet."""
    text = "L’assistance répond aussi le samedi matin, jour de permanence de la mairie."
    _propose(subscription, Changes(effective_on=NEW_YEAR, text=text), rank=2)


def _propose(subscription: Subscription, changes: Changes, *, rank: int):
    return amending.propose(
        subscription=subscription,
        changes=changes,
        by=holders(Role.SECRETARY)[subscription.tenant_id],
        request_key=UUID(int=42137_000 + rank, version=4),
        now=at(PROPOSED_ON, 10),
    )


def _revise(operator: Operator) -> None:
    """The administrator wrote down the index of October; the contracts' clause does the rest."""
    administrator = holders(Role.OPERATOR_ADMIN)[operator.organisation_id]
    for month, value in VALUES.items():
        indexing.record_value(
            operator=operator,
            index=Index.SYNTEC,
            month=month,
            value=value,
            source=SOURCE,
            by=administrator,
            now=at(DECIDED_ON, 9),
        )
    indexing.apply_due(on=TOLD_ON, now=at(DECIDED_ON, 9, 5))
