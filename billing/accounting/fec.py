"""The FEC (fichier des écritures comptables) of a private issuer's sales: LPF art. A47 A-1, VII-1° (arrêté
du 29 juillet 2013), eighteen columns, and its name (IX).

It holds the journal of sales only: the bank, purchases and carried balances are in the issuer's own accounts,
with which it is put together. Every entry is balanced; a credit note is written on the other side. ISO
8859-15 (XII), tabs between columns, the comma for decimals, dates as AAAAMMJJ.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.utils.timezone import localdate

from billing.accounting.codes import accounts_on
from billing.accounting.journal import issued_between
from billing.latin import latin
from billing.models import AccountCodes, Invoice
from catalog.pricing.money import from_cents
from tenants import audit
from tenants.models import Operator, User
from tenants.refusals import Refused

COLUMNS = (
    "JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum",
    "CompAuxLib", "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet",
    "ValidDate", "Montantdevise", "Idevise",
)  # fmt: skip
ENCODING = "iso-8859-15"
CUSTOMERS, PRODUCTS, VAT = "Clients", "Ventes de services", "TVA collectée"
NO_ACCOUNTS = "Enregistrez d’abord les comptes que votre comptable vous a donnés."
NO_VAT_ACCOUNT = (
    "Des factures de cet exercice ont de la TVA : enregistrez d’abord le compte de TVA collectée."
)
NOTHING = "Aucune facture n’a été émise pendant cet exercice."
PUBLIC = (
    "Un émetteur public n’a pas de fichier des écritures comptables : son comptable public tient ses comptes."
)


@dataclass(frozen=True)
class Year:
    """A financial year, both days included."""

    start: date
    end: date


def year_ending(year: int, closing_month: int) -> Year:
    """The financial year that closes at the end of that month of that year."""
    after = date(year + closing_month // 12, closing_month % 12 + 1, 1)
    return Year(after.replace(year=after.year - 1), after - timedelta(days=1))


@transaction.atomic
def export_fec(*, operator: Operator, year: int, by: User, now) -> tuple[str, bytes]:
    """The name and the content of the FEC of the financial year that closes in `year`.

    Raises Refused for a public issuer, without accounts, without a VAT account where there is VAT, or with no
    invoice.
    """
    if operator.issuer_kind == "public":
        raise Refused(PUBLIC)
    accounts = accounts_on(operator=operator, day=localdate(now))
    if accounts is None:
        raise Refused(NO_ACCOUNTS)
    period = year_ending(year, accounts.closing_month)
    invoices = list(issued_between(operator=operator, start=period.start, end=period.end))
    if not invoices:
        raise Refused(NOTHING)
    if not accounts.vat and any(invoice.vat_cents for invoice in invoices):
        raise Refused(NO_VAT_ACCOUNT)
    content = render_fec(invoices, accounts)
    name = f"{operator.organisation.siren}FEC{period.end:%Y%m%d}.txt"
    audit.record(
        tenant=operator.organisation,
        actor=by,
        what="accounting.fec_made",
        sentence="{actor} a fait le fichier des écritures comptables de l’exercice clos le "
        f"{period.end:%d/%m/%Y}.",
        subject_id=accounts.pk,
        now=now,
        details={"entries": len(invoices)},
    )
    return name, content


def render_fec(invoices: Iterable[Invoice], accounts: AccountCodes) -> bytes:
    """The file. An entry for each invoice that is not of zero, numbered from 1 in this order."""
    lines = ["\t".join(COLUMNS)]
    entry = 0
    for invoice in invoices:
        if not invoice.gross_cents:
            continue
        entry += 1
        lines += ["\t".join(line) for line in _entry(invoice, accounts, entry)]
    return ("\r\n".join(lines) + "\r\n").encode(ENCODING)


def _entry(invoice: Invoice, accounts: AccountCodes, number: int) -> Iterator[list[str]]:
    """Debit what the customer owes, credit sales and VAT; the other way round for a credit note."""
    what = "Avoir" if invoice.is_credit_note else "Facture"
    label = latin(f"{what} {invoice.number} {invoice.buyer['name']}", 200)
    on = f"{invoice.issue_date:%Y%m%d}"
    aux = invoice.buyer["siren"], latin(invoice.buyer["name"], 120)

    def line(account: str, title: str, cents: int, *, debit: bool, customer: bool = False) -> list[str]:
        amount = f"{from_cents(cents):.2f}".replace(".", ",")
        both = [amount, "0,00"] if debit else ["0,00", amount]
        return [
            latin(accounts.journal, 10), latin(accounts.journal_label, 60), str(number), on, account, title,
            *(aux if customer else ("", "")), invoice.number, on, label, *both, "", "", on, "", "",
        ]  # fmt: skip

    credit = invoice.is_credit_note
    yield line(accounts.customer, CUSTOMERS, invoice.gross_cents, debit=not credit, customer=True)
    if invoice.net_cents:
        yield line(accounts.product, PRODUCTS, invoice.net_cents, debit=credit)
    if invoice.vat_cents:
        yield line(accounts.vat, VAT, invoice.vat_cents, debit=credit)
