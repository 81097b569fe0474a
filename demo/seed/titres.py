"""What the finance software of the Brumelle said of its titres: the numbers of a quarter, taken over, and a
file that waits for somebody to read its report."""

from datetime import date

from billing.accounting.codes import AccountsStatement, set_accounts
from billing.collecting import imports
from billing.collecting.codes import CodesStatement, set_codes
from billing.models import BillingRun, Invoice, SettlementState
from demo.seed.bills import FIRST_QUARTER, SECOND_QUARTER, jobs_forgotten
from demo.seed.moments import at
from demo.seed.people import holders
from tenants.models import Operator, Role, User

CODES_ON, FIRST_ON, SECOND_ON = date(2026, 1, 12), date(2026, 6, 2), date(2026, 10, 6)
PARTLY_PAID_ON, LATER_PAID_ON = date(2026, 9, 15), date(2026, 10, 1)
HEADER = "Exercice;Bordereau;Titre;Référence;Montant;Payé le;Montant payé"
FIRST_BORDEREAU, SECOND_BORDEREAU = 14, 27
WAITING = 6  # lines of the second file


def make_titres(*, operators: dict[str, Operator]) -> None:
    """By the real operations: codes and accounts, a file taken over, another one that waits."""
    _accounts(operators["etabli-communal"])
    operator = operators["brumelle"]
    by = holders(Role.OPERATOR_FINANCE)[operator.organisation_id]
    given = CodesStatement(
        since=date(2026, 1, 1),
        post="042018",
        budget_siret=operator.organisation.siret,
        collectivity="400",
        budget="00",
        product="70",
        account="7068",
        function="",
    )
    set_codes(operator=operator, statement=given, by=by, now=at(CODES_ON, 10))
    with jobs_forgotten():
        _take_first_quarter(operator, by)
        _send_second_quarter(operator, by)


def _accounts(operator: Operator) -> None:
    given = AccountsStatement(date(2026, 1, 1), "VE", "Ventes", "411000", "706000", "445710", 12)
    by = holders(Role.OPERATOR_FINANCE)[operator.organisation_id]
    set_accounts(operator=operator, statement=given, by=by, now=at(CODES_ON, 11))


def _take_first_quarter(operator: Operator, by: User) -> None:
    lines = [
        f"2026;{FIRST_BORDEREAU};{100 + place};{invoice.number};{_euros(invoice.gross_cents)};;"
        for place, invoice in enumerate(_issued(operator, FIRST_QUARTER))
    ]
    found = imports.read_file(
        operator=operator,
        name="titres-t1-2026.csv",
        content="\n".join([HEADER, *lines]).encode(),
        by=by,
        now=at(FIRST_ON, 9),
    )
    imports.confirm(titre_import=found, with_doubtful=False, by=by, now=at(FIRST_ON, 10))
    imports.take(import_id=found.pk, now=at(FIRST_ON, 10, 1))


def _send_second_quarter(operator: Operator, by: User) -> None:
    """A whole payment, a part of one, an amount that differs, a number given twice, and a stranger's
    titre."""
    unpaid = [
        invoice
        for invoice in _issued(operator, SECOND_QUARTER)
        if invoice.settlement.state == SettlementState.PROPOSED and invoice.gross_cents > 10_000
    ][:WAITING]
    lines = []
    for place, invoice in enumerate(unpaid):
        amount = _euros(invoice.gross_cents if place != 2 else invoice.gross_cents + 900)
        number = 300 + (place if place != 3 else 0)
        paid = {0: f"{LATER_PAID_ON:%d/%m/%Y};{amount}", 1: f"{PARTLY_PAID_ON:%d/%m/%Y};50,00"}.get(
            place, ";"
        )
        lines.append(f"2026;{SECOND_BORDEREAU};{number};{invoice.number};{amount};{paid}")
    lines.append(f"2026;{SECOND_BORDEREAU};340;Régie piscine;120,00;;")
    imports.read_file(
        operator=operator,
        name="titres-t2-2026.csv",
        content="\n".join([HEADER, *lines]).encode(),
        by=by,
        now=at(SECOND_ON, 9),
    )


def _issued(operator: Operator, period) -> list[Invoice]:
    run = BillingRun.objects.get(operator=operator, period_start=period.start)
    found = Invoice.objects.issued().invoices().filter(run=run).select_related("settlement")
    return list(found.order_by("sequence"))


def _euros(cents: int) -> str:
    return f"{cents // 100},{cents % 100:02d}"
