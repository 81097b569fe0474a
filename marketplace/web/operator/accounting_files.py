"""The journal of sales and the aged balance as files for a spreadsheet."""

from collections.abc import Iterable, Iterator
from datetime import date

from billing.accounting.aged import BUCKETS, Aged
from billing.accounting.journal import Sale, sales
from catalog.pricing.money import from_cents
from marketplace.web.csv import plain_euros
from tenants.spreadsheets.workbook import xlsx_bytes
from tenants.spreadsheets.writing import csv_bytes, safe_cell

JOURNAL = (
    "Date", "Numéro", "Type", "Facture corrigée", "Client", "SIREN", "Code TVA", "Taux de TVA", "HT", "TVA",
    "TTC", "Échéance", "Réglée le", "Titre",
)  # fmt: skip
BALANCE = ("Adhérent", "SIREN", *BUCKETS.values(), "Total")


def journal_csv(operator, year: int) -> bytes:
    """A line for each invoice or credit note and VAT rate of the year: UTF-8 with a byte order mark,
    semicolons, decimal comma, days as DD/MM/YYYY, credit notes below zero."""
    return csv_bytes(JOURNAL, (_as_texts(sale) for sale in _sales(operator, year)))


def journal_xlsx(operator, year: int) -> bytes:
    """The same lines, amounts and days as such."""
    rows = (
        [
            sale.on, sale.number, sale.kind, sale.corrects, sale.buyer, sale.siren, sale.category, sale.rate,
            from_cents(sale.net_cents), from_cents(sale.vat_cents), from_cents(sale.gross_cents), sale.due,
            sale.paid, sale.titre,
        ]
        for sale in _sales(operator, year)
    )  # fmt: skip
    return xlsx_bytes(title=f"Ventes {year}", header=JOURNAL, rows=rows)


def balance_csv(members: Iterable[Aged]) -> bytes:
    """A line a member, amounts in euros."""
    return csv_bytes(
        BALANCE,
        (
            [safe_cell(one.name), one.siren, *map(plain_euros, one.cents.values()), plain_euros(one.total)]
            for one in members
        ),
    )


def _sales(operator, year: int) -> Iterator[Sale]:
    return sales(operator=operator, start=date(year, 1, 1), end=date(year, 12, 31))


def _as_texts(sale: Sale) -> list[str]:
    return [
        f"{sale.on:%d/%m/%Y}",
        safe_cell(sale.number),
        safe_cell(sale.kind),
        safe_cell(sale.corrects),
        safe_cell(sale.buyer),
        safe_cell(sale.siren),
        sale.category,
        f"{sale.rate}".replace(".", ","),
        plain_euros(sale.net_cents),
        plain_euros(sale.vat_cents),
        plain_euros(sale.gross_cents),
        f"{sale.due:%d/%m/%Y}" if sale.due else "",
        f"{sale.paid:%d/%m/%Y}" if sale.paid else "",
        safe_cell(sale.titre),
    ]
