"""A vendor's statement in words: the same for the operator and for the vendor."""

from datetime import timedelta

from billing.models import StatementLine, StatementState, VendorStatement
from billing.periods import Period
from billing.vendors.terms import in_words, vat_in_words
from marketplace.web.csv import plain_euros
from marketplace.web.formats import day, format_cents, moment
from marketplace.web.operator.forms import capitalised
from tenants.spreadsheets.writing import safe_cell

BADGES = {
    StatementState.DRAWN: "info",
    StatementState.AGREED: "success",
    StatementState.CONTESTED: "warning",
    StatementState.PAID: "success",
}
MOVES = {
    ("", StatementState.DRAWN): "Relevé établi",
    (StatementState.DRAWN, StatementState.AGREED): "Accepté par l’éditeur",
    (StatementState.CONTESTED, StatementState.AGREED): "Accepté par l’éditeur",
    (StatementState.DRAWN, StatementState.CONTESTED): "Contesté par l’éditeur",
    (StatementState.CONTESTED, StatementState.DRAWN): "Réponse de l’opérateur",
    (StatementState.AGREED, StatementState.PAID): "Payé en entier",
}
COLUMNS = (
    "Adhérent", "SIREN", "Service", "Ligne", "Facture ou avoir", "Émis le", "Du", "Au (inclus)",
    "Montant HT (EUR)", "Commission (EUR)", "Retenu (EUR)", "Commission convenue",
)  # fmt: skip


def label_of(statement: VendorStatement) -> str:
    """ "3e trimestre 2026"."""
    return capitalised(Period(statement.period_start, statement.period_end).label)


def dates_of(statement: VendorStatement) -> str:
    """ "du 1er juillet 2026 au 30 septembre 2026": people count the last day in."""
    return f"du {day(statement.period_start)} au {day(statement.period_end - timedelta(days=1))}"


def badge_of(statement: VendorStatement) -> dict:
    """Its state, for components/badge.html; a balance that is the operator's is nothing to pay."""
    if statement.state == StatementState.AGREED and not statement.to_pay_cents:
        return {"state": "neutral", "label": "Accepté, rien à payer"}
    return {
        "state": BADGES[StatementState(statement.state)],
        "label": capitalised(statement.get_state_display()),
    }


def amounts_of(statement: VendorStatement) -> list[dict]:
    """The reckoning, line by line, as `{label, amount}`: what is zero and says nothing is left out."""
    s = statement
    rows = [
        ("Facturé aux adhérents pour les services de l’éditeur", s.billed_cents, True),
        ("Avoirs émis sur ces factures", s.credited_cents, False),
        ("Retenu sur un relevé précédent, libéré", s.released_cents, False),
        ("Retenu : lignes contestées par des adhérents", -s.withheld_cents, False),
        ("Commission de l’opérateur", -s.commission_cents, True),
        ("Reporté du relevé précédent", s.carried_cents, False),
    ]
    return [{"label": label, "amount": _signed(cents)} for label, cents, always in rows if always or cents]


def _signed(cents: int) -> str:
    """With a true minus sign, as on invoices."""
    return format_cents(cents).replace("-", "−")


def totals_of(statement: VendorStatement) -> list[dict]:
    """Net, VAT, gross, paid and left, as `{label, amount}`. The statement has its `paid_cents`."""
    s = statement
    if s.gross_cents <= 0:
        return [
            {
                "label": "Solde en faveur de l’opérateur, reporté au relevé suivant",
                "amount": format_cents(-s.net_cents),
            }
        ]
    return [
        {"label": "Dû à l’éditeur HT", "amount": format_cents(s.net_cents)},
        {"label": vat_in_words(s), "amount": format_cents(s.vat_cents)},
        {"label": "Dû à l’éditeur TTC", "amount": format_cents(s.gross_cents)},
        {"label": "Payé", "amount": format_cents(s.paid_cents)},
        {"label": "Reste à payer", "amount": format_cents(s.to_pay_cents - s.paid_cents)},
    ]


def history_of(statement: VendorStatement) -> list[dict]:
    """What happened to it, in order, as `{what, when, by, reason}`."""
    return [
        {
            "what": MOVES[(one.before, StatementState(one.after))],
            "when": moment(one.at),
            "by": str(one.by) if one.by else "",
            "reason": one.reason,
        }
        for one in statement.moves.all()
    ]


def payments_of(statement: VendorStatement) -> list[dict]:
    """As `{on, amount, reference}`."""
    return [
        {"on": day(one.paid_on), "amount": format_cents(one.amount_cents), "reference": one.reference}
        for one in statement.payments.all()
    ]


def line_of(line: StatementLine) -> dict:
    """For the table of lines."""
    return {
        "member": line.member_name,
        "label": line.label,
        "number": line.number,
        "issued": day(line.issue_date),
        "amount": _signed(line.net_cents),
        "commission": _signed(line.commission_cents),
        "withheld": line.withheld,
    }


def csv_row(line: StatementLine) -> list[str]:
    """A line for a spreadsheet, under COLUMNS."""
    return [
        safe_cell(line.member_name),
        line.member_siren,
        safe_cell(line.service_name),
        safe_cell(line.label),
        line.number,
        f"{line.issue_date:%d/%m/%Y}",
        f"{line.period_start:%d/%m/%Y}",
        f"{line.period_end - timedelta(days=1):%d/%m/%Y}",
        plain_euros(line.net_cents),
        plain_euros(line.commission_cents),
        plain_euros(line.net_cents if line.withheld else 0),
        safe_cell(in_words(line.terms)),
    ]
