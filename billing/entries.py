"""Entries of the ledger made from others: it only grows."""

from billing.models import LedgerEntry

FLAT_UNIT = "forfait"
_COPIED = (
    "tenant_id", "operator_id", "run_id", "subscription_id", "period_start", "period_end", "label",
    "quantity", "unit", "vat_category", "vat_rate", "vat_reason", "facts", "adjustment_id",
)  # fmt: skip


def copied(entry: LedgerEntry, **values) -> LedgerEntry:
    """Another entry about the same subscription, period, facts and tax, `values` apart. Not saved."""
    return LedgerEntry(**{name: getattr(entry, name) for name in _COPIED} | values)


def said_of_share(entry: LedgerEntry) -> dict:
    """The facts of a correction: whose part it gives back, where it is one, and why its VAT is what it is."""
    return {name: value for name, value in entry.facts.items() if name in ("share", "vat")}
