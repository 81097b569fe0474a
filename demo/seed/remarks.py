"""A run to review by exception: drafts are blocked, one is set aside, some remarks are seen already; above an
amount, a second person confirms."""

from datetime import date

from billing import approving
from billing.anomalies import settling
from billing.models import Anomaly, AnomalyKind, BillingRun, RunState
from demo.seed.bills import IN_REVIEW
from demo.seed.members import MAIN, SECOND
from demo.seed.moments import at
from demo.seed.people import holders
from tenants.models import Establishment, Operator, Role

READ_ON = date(2026, 10, 6)
ABOVE_CENTS = 2_500_000  # beyond any invoice of the demo, whose operator has one finance officer
BLOCKED = 3
ASKED = "Numéro d’engagement demandé à la mairie le 6 octobre."
SEEN = 4


def make_remarks(*, operators: dict[str, Operator]) -> None:
    """What the finance officer of each run under review has done of it so far."""
    for slug in IN_REVIEW:
        operator = operators[slug]
        run = BillingRun.objects.get(operator=operator, state=RunState.REVIEW)
        by, now = holders(Role.OPERATOR_FINANCE)[operator.organisation_id], at(READ_ON, 10)
        administrator = holders(Role.OPERATOR_ADMIN)[operator.organisation_id]
        approving.set_second_person(operator=operator, above_cents=ABOVE_CENTS, by=administrator, now=now)
        _ask_for_numbers(run)
        settling.look_again(run=run, now=now)
        blocked = Anomaly.objects.filter(run=run, kind=AnomalyKind.COMMITMENT).order_by("weight", "pk")
        settling.set_aside(run=run, ids=[blocked[0].pk], reason=ASKED, by=by, now=now)
        first = Anomaly.objects.filter(run=run, kind=AnomalyKind.FIRST).order_by("weight", "pk")[:SEEN]
        settling.see(
            run=run,
            kind=AnomalyKind.FIRST,
            ids=[one.pk for one in first],
            note="Adhésions de l’été.",
            by=by,
            now=now,
        )


def _ask_for_numbers(run: BillingRun) -> None:
    """Some members now want a commitment number on their invoices, and have given none."""
    without = run.invoices.exclude(lines__entry__subscription__commitment_number__gt="")
    members = without.exclude(tenant__territory__code__in=(MAIN, SECOND)).order_by("pk")
    chosen = list(members.values_list("tenant", flat=True)[:BLOCKED])
    Establishment.objects.filter(organisation__in=chosen, is_seat=True).update(commitment_required=True)
