"""Two members of the Brumelle that left in May, which was known in July only: one credit note is issued, the
other waits to be read."""

from datetime import date

from billing import credits
from billing.models import BillingRun, Invoice, LedgerEntry
from demo.seed.bills import SECOND_QUARTER, jobs_forgotten
from demo.seed.letters import send_later
from demo.seed.members import MAIN, SECOND
from demo.seed.moments import at
from demo.seed.people import holders
from subscriptions import operations as subscriptions
from subscriptions.models import State, Subscription
from tenants.models import Operator, Role

LEFT, KNOWN, ISSUED = date(2026, 5, 15), date(2026, 7, 15), date(2026, 7, 20)
NOTICE = "Résiliation au 15 mai, reçue en juillet."
GIVEN_BACK = "Données rendues à l’adhérent."


def make_credit_notes(*, operators: dict[str, Operator]) -> None:
    """Ends both by the real operations, and issues the first credit note."""
    operator = operators["brumelle"]
    by = holders(Role.OPERATOR_FINANCE)[operator.organisation_id]
    # In two steps: no planner knows yet how many rows the seed has just written.
    run = BillingRun.objects.get(operator=operator, period_start=SECOND_QUARTER.start)
    billed = list(LedgerEntry.objects.filter(run=run).values_list("subscription_id", flat=True))
    dear = Subscription.objects.filter(pk__in=billed, state=State.ACTIVE, yearly_cents__gt=10_000)
    left = [
        one
        for one in dear.select_related("tenant__territory", "operator").order_by("pk")
        if one.tenant.territory.code not in (MAIN, SECOND)
    ]
    with jobs_forgotten():
        for subscription in left[:2]:
            _end(subscription, by)
        note = Invoice.objects.credit_notes().filter(operator=operator).order_by("pk").first()
        credits.issue_credit_note(credit_note=note, shown_cents=note.gross_cents, by=by, now=at(ISSUED, 15))
    send_later(kind="credit-note")


def _end(subscription: Subscription, by) -> None:
    for to, hour, reason in ((State.TERMINATING, 10, NOTICE), (State.ENDED, 11, GIVEN_BACK)):
        subscriptions.move(
            subscription=subscription, to=to, by=by, now=at(KNOWN, hour), reason=reason, ended_on=LEFT
        )
    credits.note_closing(subscription=subscription, on=LEFT, now=at(KNOWN, 11))
    credits.settle_closing(closing_id=subscription.closing.pk, now=at(KNOWN, 11, 1))
