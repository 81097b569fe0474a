"""The figures of a statement, from its lines. Pure: no database."""

from collections.abc import Iterable

from billing.models import CommissionTerms, StatementLine
from catalog.pricing.money import round_half_up


def of(rows: Iterable[StatementLine], *, carried_cents: int, terms: CommissionTerms) -> dict:
    """The amounts of a statement by field, in cents. Each row says `is_credit` and `is_released` beside its
    fields. VAT once on the whole, where the vendor is owed something (EN 16931 BR-CO-17)."""
    found = {"billed": 0, "credited": 0, "released": 0, "withheld": 0, "commission": 0}
    for row in rows:
        kind = "credited" if row.is_credit else "released" if row.is_released else "billed"
        found[kind] += row.net_cents
        found["withheld"] += row.net_cents if row.withheld else 0
        found["commission"] += row.commission_cents
    owed = found["billed"] + found["credited"] + found["released"]
    net = owed - found["withheld"] - found["commission"] + carried_cents
    taxed = terms.vat_rate is not None and net > 0
    vat = round_half_up(net * terms.vat_rate / 100) if taxed else 0
    return {
        **{f"{name}_cents": cents for name, cents in found.items()},
        "carried_cents": carried_cents,
        "net_cents": net,
        "vat_rate": terms.vat_rate,
        "vat_reason": terms.vat_reason,
        "vat_cents": vat,
        "gross_cents": net + vat,
    }
