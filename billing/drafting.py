"""From subscriptions to draft invoices: facts, price engine, ledger, lines.

Everything is priced by `catalog.pricing`; this module only gathers facts and groups lines.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from django.db import connection

from billing.by_rhythm import parts_due
from billing.facts import KnownFacts
from billing.models import BillingRun, Invoice, LedgerEntry
from billing.months import months_owed, owes_in
from billing.parts import Part, PeriodPrice
from billing.payers import shared_out, shares_within
from billing.periods import Period
from billing.rhythms import rhythm_in
from billing.vat import change_days_of_vat, frozen, frozen_facts, reason_code, regime_on, summing_to
from catalog.prices import TerritoryFacts, grid_in_force
from catalog.pricing import (
    Facts,
    PricingError,
    Quote,
    format_date,
    prorate,
    vat_breakdown,
)
from subscriptions.in_force import change_days, terms_on
from subscriptions.models import PayerShare, Subscription

OUT_OF_SCOPE = "O"
CODE_LENGTH = 40  # LedgerEntry.code


def problem_of(subscription: Subscription, error: PricingError) -> dict:
    """As a run keeps it, for a person to look at."""
    return {
        "subscription": str(subscription.public_id),
        "organisation": subscription.tenant.name,
        "service": subscription.service_name,
        "reason": str(error),
    }


class _NoTerritory(PricingError):
    code = "no_territory"


def price_of_period(subscription: Subscription, facts: KnownFacts | None, period: Period) -> PeriodPrice:
    """The part of the year's price that falls in the period. Raises PricingError.

    A period that begins before the service's first anniversary is priced as its first year. A one-off fee
    (adhesion) is owed whole in the period the service was opened in, and never by whoever follows. Each part
    of the period is priced by the terms then in force, and taxed by the regime then in force.
    """
    rhythm = rhythm_in(subscription)
    if rhythm and not owes_in(subscription, period):
        return PeriodPrice(())
    if facts is None:
        raise _NoTerritory("Cet adhérent n’est rattaché à aucun territoire : sa population est inconnue.")
    if rhythm:
        return PeriodPrice(tuple(parts_due(subscription, rhythm, facts, period)))
    days = [period.start, *change_days(subscription, start=period.start, end=period.end), period.end]
    parts = [
        part for span in pairwise(days) for part in _taxed_parts(subscription, facts, Period(*span), period)
    ]
    return PeriodPrice(tuple(parts if len(parts) == 1 else map(_dated, parts)))


def _taxed_parts(
    subscription: Subscription, facts: TerritoryFacts, span: Period, whole: Period
) -> list[Part]:
    """The parts of days that have one price: one, unless the VAT regime changes among them; none of days that
    are not owed."""
    days = [span.start, *change_days_of_vat(subscription, facts, span), span.end]
    spans = [Period(*one) for one in pairwise(days) if months_owed(subscription, Period(*one))]
    parts = [_part(subscription, facts, one, whole=whole) for one in spans]
    if len(parts) < 2:
        return parts
    quotes = summing_to([one.quote for one in parts], _part(subscription, facts, span, whole=whole).quote)
    return [replace(part, quote=quote) for part, quote in zip(parts, quotes, strict=True)]


def _part(subscription: Subscription, facts: TerritoryFacts, period: Period, *, whole: Period) -> Part:
    first_year = subscription.in_first_year(whole.start)
    terms = terms_on(subscription, period.start)
    year = terms.price(facts, first_year=first_year)
    if subscription.follows_id or not period.start <= subscription.active_from < period.end:
        year = year.recurring()
    months = months_owed(subscription, period)
    grid = grid_in_force(subscription.grid)
    engine_facts = terms.with_counts(facts).for_grid(grid, first_year=first_year)
    vat = regime_on(subscription, facts, period.start)
    return Part(period, part_of_year(year, months), year, engine_facts, vat, {"months": months})


def _dated(part: Part) -> Part:
    """Each line says from when to when: the terms changed during the period."""
    start, end = part.period.start, part.period.end
    words = f"du {format_date(start)} au {format_date(end - timedelta(days=1))}"
    lines = (replace(line, label=f"{line.label}, {words}") for line in part.quote.lines)
    return replace(part, quote=Quote.of(*lines), suffix=f"~{start:%y%m}")


def part_of_year(year: Quote, months: int) -> Quote:
    """So many twelfths of a year's price, its one-off lines whole."""
    if months == 12:
        return year
    return prorate(quote=year, numerator=months, denominator=12, label="mois")


def owed_for(
    run: BillingRun,
    subscription: Subscription,
    facts: KnownFacts | None,
    now: datetime,
    *,
    shares: list[PayerShare] | None = None,
) -> list[LedgerEntry]:
    """What is owed for a subscription over the run's period, from these facts and by the terms in force: the
    entries of each who pays, not saved. `shares` are those of others that bind then, read when not given.
    Raises PricingError."""
    priced = price_of_period(subscription, facts, Period(run.period_start, run.period_end))
    return entries_by_payer(run, subscription, priced, now, shares=shares)


def entries_by_payer(
    run: BillingRun,
    subscription: Subscription,
    priced: PeriodPrice,
    now: datetime,
    *,
    shares: list[PayerShare] | None = None,
) -> list[LedgerEntry]:
    """The entries of a period that is priced, shared out between those who pay; not saved."""
    if shares is None:
        found = shares_within([subscription], start=run.period_start, end=run.period_end)
        shares = found.get(subscription.pk, [])
    return shared_out(subscription, entries_of(run, subscription, priced, now), shares)


def entries_of(run, subscription, priced: PeriodPrice, now) -> Iterable[LedgerEntry]:
    lines = (
        (part, line, year)
        for part in priced.parts
        for line, year in zip(part.quote.lines, part.year.lines, strict=True)
    )
    for part, line, year in lines:
        yield LedgerEntry(
            tenant_id=subscription.tenant_id,
            operator_id=run.operator_id,
            run_id=run.pk,
            subscription_id=subscription.pk,
            period_start=part.period.start,
            period_end=part.period.end,
            code=f"{line.code[: CODE_LENGTH - len(part.suffix)]}{part.suffix}",
            label=f"{subscription.service_name} – {line.label}"[:200],
            quantity=line.quantity,
            unit=line.unit,
            unit_price=line.unit_price,
            amount_cents=line.amount_cents,
            **frozen(part.vat),
            steps=line.steps,
            facts={**_frozen(part.facts), **part.owed, "year": year.to_dict(), **frozen_facts(part.vat)},
            recorded_at=now,
        )


def _frozen(facts: Facts) -> dict:
    """The facts as they were, JSON-safe."""
    population = facts.population
    return {
        "on": facts.on.isoformat(),
        "member_type": facts.member_type,
        "first_year": facts.first_year,
        "member_communes": facts.member_communes,
        "pooled_population": facts.pooled_population,
        **{name: value for name in ("agents", "budget") if (value := getattr(facts, name)) is not None},
        **({"units": dict(facts.units)} if facts.units else {}),
        "population": population
        and {
            "value": population.value,
            "kind": population.kind,
            "reference_year": population.reference_year,
            "in_force_from": population.in_force_from.isoformat(),
            "source": population.source,
        },
    }


def year_of(entry: LedgerEntry) -> Quote:
    """The line of the whole year that an entry bills a part of, as it was frozen with it."""
    line = entry.facts["year"]
    return Quote.from_dict({"lines": [line], "total_cents": line["amount_cents"]})


def write_invoices(run: BillingRun, entries: list[LedgerEntry]) -> None:
    """One draft per member and side of the tax border, with its lines and totals."""
    drafts = drafts_of(run, entries)
    Invoice.objects.bulk_create(invoice for invoice, _ in drafts)
    write_lines(drafts)


def drafts_of(run: BillingRun, entries: list[LedgerEntry]) -> list[tuple[Invoice, list[LedgerEntry]]]:
    """The same drafts, not saved, each with the entries that it bills."""
    groups: dict[tuple[int, bool], list[LedgerEntry]] = defaultdict(list)
    for entry in entries:
        groups[entry.tenant_id, entry.vat_category == OUT_OF_SCOPE].append(entry)
    return [(_draft(run, *key, group), group) for key, group in groups.items()]


# Copied by the server: what a line says is in the ledger already.
_LINES = """
    INSERT INTO billing_invoiceline (
        tenant_id, invoice_id, entry_id, position, name, description, steps, quantity, unit, unit_price,
        net_cents, vat_category, vat_rate, vat_reason
    )
    SELECT entry.tenant_id, drawn.invoice_id, entry.id, drawn.position, entry.label,
        coalesce(entry.facts #>> '{share,rests_on}', ''), entry.steps, entry.quantity, entry.unit,
        entry.unit_price * drawn.sign, entry.amount_cents * drawn.sign, entry.vat_category, entry.vat_rate,
        entry.vat_reason
    FROM unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::smallint[])
        AS drawn (entry_id, invoice_id, position, sign)
    JOIN billing_ledgerentry AS entry ON entry.id = drawn.entry_id
"""


def write_lines(drafts: Iterable[tuple[Invoice, Iterable[LedgerEntry]]]) -> None:
    """The lines of drafts, copied from the ledger in the order of these entries, all of them saved; positive
    on a credit note, whose type turns the sign. One query."""
    drawn = [
        (entry.pk, invoice.pk, position, invoice.sign)
        for invoice, entries in drafts
        for position, entry in enumerate(entries, start=1)
    ]
    if drawn:
        with connection.cursor() as cursor:
            cursor.execute(_LINES, [list(column) for column in zip(*drawn, strict=True)])


def _draft(run: BillingRun, tenant_id: int, out_of_scope: bool, entries: list[LedgerEntry]) -> Invoice:
    return Invoice(
        tenant_id=tenant_id,
        operator_id=run.operator_id,
        run=run,
        out_of_scope=out_of_scope,
        period_start=run.period_start,
        period_end=run.period_end,
        **totals_of(entries),
    )


def totals_of(entries: list[LedgerEntry], *, sign: int = 1, most: dict | None = None) -> dict:
    """The totals and the tax table of an invoice with those entries, in cents; `sign` -1 for a credit note.

    `most`: by category and rate, the tax that a credit note may give back at most (several of them are
    rounded one by one).
    """
    subtotals = vat_breakdown((e.amount_cents * sign, e.vat_category, e.vat_rate) for e in entries)
    reasons, codes = defaultdict(dict), defaultdict(set)
    for e in entries:
        reasons[e.vat_category, e.vat_rate][e.vat_reason] = None
        codes[e.vat_category, e.vat_rate].add(reason_code(e))
    vat = [
        {
            "category": subtotal.category,
            "rate": str(subtotal.rate),
            "base_cents": subtotal.base_cents,
            "vat_cents": subtotal.vat_cents,
            # One reason by category (BT-120), which names all of them; one code (BT-121), if they agree.
            "reason": " ; ".join(reasons[subtotal.category, subtotal.rate]),
            **_agreed(codes[subtotal.category, subtotal.rate]),
        }
        for subtotal in subtotals
    ]
    if most is not None:
        for row in vat:
            row["vat_cents"] = min(row["vat_cents"], most[row["category"], Decimal(row["rate"])])
    net = sum(entry.amount_cents for entry in entries) * sign
    tax = sum(row["vat_cents"] for row in vat)
    return {"vat": vat, "net_cents": net, "vat_cents": tax, "gross_cents": net + tax}


def _agreed(codes: set[str]) -> dict:
    code = next(iter(codes)) if len(codes) == 1 else ""
    return {"code": code} if code else {}
