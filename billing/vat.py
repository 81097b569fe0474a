"""The VAT of what is billed: the regime in force on the first day of each part of a period, frozen there.

`catalog.vat` picks the regime. A month begun under one regime is owed under it, as a month begun is owed
whole: a change within a month counts from the next one on.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from billing.entries import FLAT_UNIT
from billing.models import Invoice, InvoiceLine, LedgerEntry
from billing.periods import Period
from catalog.prices import TerritoryFacts
from catalog.pricing import Line, Quote, format_cents
from catalog.vat import Regime
from catalog.vat.regimes import as_published
from subscriptions.models import Subscription
from subscriptions.vat import terms_of
from tenants.days import month_begun_or_next

FACT = "vat"  # what an entry keeps of it, beside its category, its rate and its reason


def regime_on(subscription: Subscription, facts: TerritoryFacts | None, on: date) -> Regime:
    """The regime of a subscription's lines that day; by its tariff alone where its territory is unknown."""
    terms = terms_of(subscription)
    if facts is None:
        return as_published(terms)
    return facts.vat(terms, operator_id=subscription.operator_id, on=on)


def change_days_of_vat(subscription: Subscription, facts: TerritoryFacts, period: Period) -> list[date]:
    """The firsts of months strictly within the period from which another regime applies, in order."""
    if facts.vat_rules is None:
        return []
    found = facts.vat_rules.changes_within(
        subscription.operator_id,
        terms_of(subscription),
        member=facts.vat_member,
        start=period.start,
        end=period.end,
    )
    return sorted({month_begun_or_next(day) for day in found if month_begun_or_next(day) < period.end})


def summing_to(parts: Sequence[Quote], whole: Quote) -> list[Quote]:
    """The parts of a period that has one price: what rounding each apart adds or takes is put right on the
    last, so that they sum to `whole`, line by line and to the cent."""
    *before, last = parts
    billed: dict[str, int] = defaultdict(int)
    for quote in before:
        for line in quote.lines:
            billed[line.code] += line.amount_cents
    due = {line.code: line.amount_cents for line in whole.lines}
    return [*before, Quote.of(*(_levelled(line, due[line.code] - billed[line.code]) for line in last.lines))]


def _levelled(line: Line, cents: int) -> Line:
    if line.amount_cents == cents:
        return line
    step = f"Ramené à {format_cents(cents)} : les parties de la période font ensemble son prix"
    return replace(
        line,
        quantity=Decimal(1),
        unit=FLAT_UNIT,
        unit_price=Decimal(cents) / 100,
        amount_cents=cents,
        steps=[*line.steps, step],
    )


def frozen(vat: Regime) -> dict:
    """The fields of an entry that say its VAT."""
    return {"vat_category": vat.category, "vat_rate": vat.rate, "vat_reason": vat.reason}


def frozen_facts(vat: Regime) -> dict:
    """What an entry keeps of its regime beside its fields, JSON-safe."""
    kept = {
        "code": vat.code,
        "source": vat.source,
        "on_debits": vat.on_debits,
        "undecided": vat.undecided,
    }
    return {FACT: {name: value for name, value in kept.items() if value}}


def frozen_as(entry: LedgerEntry) -> tuple[dict, dict]:
    """The same of another entry, in fields and facts."""
    fields = {name: getattr(entry, name) for name in ("vat_category", "vat_rate", "vat_reason")}
    return fields, {FACT: entry.facts[FACT]} if FACT in entry.facts else {}


def reason_code(entry: LedgerEntry) -> str:
    """Why there is no tax, by its code in EN 16931 (BT-121)."""
    return entry.facts.get(FACT, {}).get("code") or ("VATEX-EU-O" if entry.vat_category == "O" else "")


def on_debits(entries: Iterable[LedgerEntry]) -> bool:
    """Whether their issuer opted for the tax to be due when invoiced."""
    return any(entry.facts.get(FACT, {}).get("on_debits") for entry in entries)


def undecided(invoices: Iterable[Invoice]) -> dict[int, list[str]]:
    """By id of invoice, why the VAT regime of its lines is undecided, each reason once and in French; only
    those that have one. Blocking: nobody may issue them. One query."""
    lines = InvoiceLine.objects.filter(
        invoice__in=invoices, entry__facts__vat__undecided__isnull=False
    ).order_by("invoice_id", "position")
    found: dict[int, list[str]] = defaultdict(list)
    for invoice_id, why in lines.values_list("invoice_id", "entry__facts__vat__undecided"):
        if why not in found[invoice_id]:
            found[invoice_id].append(why)
    return dict(found)
