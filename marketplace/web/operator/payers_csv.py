"""The file of who pays what for whom."""

from datetime import date
from decimal import Decimal

from marketplace.web.csv import plain_euros
from marketplace.web.payers.words import said
from subscriptions.models import PayerShare
from tenants.spreadsheets.writing import safe_cell

CSV_COLUMNS = (
    "Abonné",
    "SIREN de l’abonné",
    "Service",
    "Payeur",
    "SIREN du payeur",
    "Titre",
    "Part",
    "Taux (%)",
    "Montant convenu par an (EUR, avant TVA s’il y en a)",
    "Par an, aux parts du jour (EUR, avant TVA s’il y en a)",
    "À partir du",
    "Jusqu’au (inclus)",
    "État",
    "Convention",
    "Date de la convention",
)


def csv_row(share: PayerShare, yearly_cents: int | None) -> list[str]:
    """One part; `yearly_cents` is what a year of it comes to today, None where nothing is paid today."""
    words = said(share)
    subscription, payer = share.subscription, share.payer
    return [
        safe_cell(subscription.tenant.name),
        subscription.tenant.siren,
        safe_cell(subscription.service_name),
        safe_cell(payer.name),
        payer.siren,
        words["kind"],
        words["words"],
        _rate(share),
        plain_euros(share.yearly_cents),
        plain_euros(yearly_cents),
        _day(share.starts),
        _day(share.last_day),
        words["badge"]["label"],
        safe_cell(share.convention_number),
        _day(share.convention_date),
    ]


def _rate(share: PayerShare) -> str:
    """Of all that is billed, with four decimals at most: a key is a fraction of inhabitants."""
    if share.part is None:
        return ""
    return f"{Decimal(share.part) * 100 / share.whole:.4f}".rstrip("0").rstrip(".").replace(".", ",")


def _day(value: date | None) -> str:
    return f"{value:%d/%m/%Y}" if value else ""
