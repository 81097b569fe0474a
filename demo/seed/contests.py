"""Lines that members of the Brumelle contest: one waits for its answer, one is refused, one is accepted."""

from datetime import date

from billing import contests
from billing.models import ContestReason, InvoiceLine, InvoiceState, InvoiceType
from demo.seed.bills import SECOND_QUARTER, jobs_forgotten
from demo.seed.letters import send_later
from demo.seed.members import MAIN
from demo.seed.moments import at
from demo.seed.people import holders
from tenants.models import Operator, Role

ASKED, ANSWERED = date(2026, 7, 9), date(2026, 7, 16)
SAID = {
    ContestReason.POPULATION: "Notre population municipale est passée sous ce nombre au dernier recensement.",
    ContestReason.PRICE: "La délibération parlait d’un tarif réduit pour le premier semestre.",
    ContestReason.NOT_DELIVERED: "Le service n’a pas répondu pendant trois semaines en mai.",
}
WHY_NOT = "La facture suit la population légale en vigueur au 1er janvier ; la prochaine vaudra en 2027."


def make_contests(*, operators: dict[str, Operator]) -> None:
    """All by the real operations: the main commune's is open, and one of its others was refused."""
    operator = operators["brumelle"]
    finance = holders(Role.OPERATOR_FINANCE)[operator.organisation_id]
    people = holders(Role.SECRETARY)
    # In two steps: no planner knows yet how many rows the seed has just written.
    lines = InvoiceLine.objects.filter(
        invoice__operator=operator,
        invoice__state=InvoiceState.ISSUED,
        invoice__type_code=InvoiceType.INVOICE,
        invoice__period_start=SECOND_QUARTER.start,
        net_cents__gt=1000,
    ).select_related("invoice__settlement", "invoice__operator", "tenant__territory", "entry")
    ordered = sorted(lines, key=lambda line: (line.tenant.territory.code != MAIN, line.pk))
    mine = [line for line in ordered if line.tenant.territory.code == MAIN]
    other = next(line for line in ordered if line not in mine and line.tenant_id in people)
    chosen = (
        (mine[0], ContestReason.PRICE),
        (mine[1], ContestReason.POPULATION),
        (other, ContestReason.NOT_DELIVERED),
    )
    with jobs_forgotten():
        asked = [
            contests.contest(
                line=line, reason=reason, text=SAID[reason], by=people[line.tenant_id], now=at(ASKED, 10)
            )
            for line, reason in chosen
        ]
        contests.refuse(contest=asked[1], answer=WHY_NOT, by=finance, now=at(ANSWERED, 11))
        contests.accept(
            contest=asked[2],
            cents=chosen[2][0].net_cents // 4,
            answer="Nous rendons trois semaines du trimestre.",
            by=finance,
            now=at(ANSWERED, 15),
        )
    for kind in ("contest-opened", "contest-answered"):
        send_later(kind=kind)
