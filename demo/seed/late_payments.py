"""What was done about payments that came late: a reminder, a claim of interest, and one not claimed."""

from datetime import date

from billing import dunning, late_letters
from billing.late_queries import assess, known_rates, late_invoices
from billing.models import Invoice
from demo.seed.bills import jobs_forgotten
from demo.seed.letters import send_later
from demo.seed.members import MAIN
from demo.seed.moments import at
from demo.seed.people import holders
from tenants.models import Operator, Role

DECIDED, REMINDED = date(2026, 6, 15), date(2026, 9, 10)
WHY = "Trois jours de retard, pour la première fois."


def make_late_payments(*, operators: dict[str, Operator]) -> None:
    """By the real operations, for members where somebody reads letters. The rate of the second half of 2026
    is missing, as it is for whoever starts with Halle."""
    finance = holders(Role.OPERATOR_FINANCE)
    with jobs_forgotten():
        for slug in ("brumelle", "etabli-communal"):
            operator = operators[slug]
            by = finance[operator.organisation_id]
            decided = _late(operator, DECIDED, paid=True)
            for invoice in decided[:1]:
                _claim(operator, invoice, by)
            for invoice in decided[1:2]:
                dunning.let_go(invoice=invoice, reason=WHY, by=by, now=at(DECIDED, 11))
            for invoice in _late(operator, REMINDED, paid=False)[:1]:
                text = late_letters.proposed_reminder(invoice, _assessed(operator, invoice, REMINDED))
                dunning.remind(invoice=invoice, text=text, by=by, now=at(REMINDED, 10))
    send_later(kind="dunning")


def _late(operator: Operator, today: date, *, paid: bool) -> list[Invoice]:
    """Not contested, of members where somebody is told; the main commune's first."""
    people = holders(Role.SECRETARY)
    rows = late_invoices(operator=operator, today=today).select_related("operator", "tenant__territory")
    rows = rows.filter(paid_day__isnull=not paid, contested=False, tenant__in=people.keys())
    if paid:
        rows = rows.filter(paid_day__lte=today)
    return sorted(rows, key=lambda one: (one.tenant.territory.code != MAIN, one.pk))


def _assessed(operator: Operator, invoice: Invoice, today: date):
    return assess(invoice, rates=known_rates(operator=operator), today=today)


def _claim(operator: Operator, invoice: Invoice, by) -> None:
    assessment = _assessed(operator, invoice, DECIDED)
    dunning.claim(
        invoice=invoice,
        shown_cents=assessment.late.total_cents,
        text=late_letters.proposed_claim(invoice, assessment),
        by=by,
        now=at(DECIDED, 10),
    )
