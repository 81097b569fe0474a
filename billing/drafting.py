"""From subscriptions to draft invoices: facts, price engine, ledger, lines.

Everything is priced by `catalog.pricing`; this module only gathers facts and groups lines.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise, repeat

from billing.by_rhythm import parts_due
from billing.facts import KnownFacts, counted_terms, saying_seats, seats_frozen
from billing.models import BillingRun, LedgerEntry
from billing.months import months_owed, owes_in
from billing.parts import Part, PeriodPrice
from billing.payers import shared_out, shares_within
from billing.periods import Period
from billing.rhythms import days_due, rhythm_in
from billing.usage import usage_day, usage_parts
from billing.vat import change_days_of_vat, frozen, frozen_facts, regime_on, summing_to
from catalog.prices import TerritoryFacts, grid_in_force
from catalog.pricing import (
    Facts,
    Grid,
    Line,
    PricingError,
    Quote,
    format_date,
    prorate,
)
from catalog.pricing.usage import usage_of
from catalog.vat import Regime
from subscriptions.in_force import TermsInForce, change_days, terms_on
from subscriptions.models import PayerShare, Subscription

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
    of the period is priced by the terms then in force, and taxed by the regime then in force. What was used
    in it comes after, as it is known now.
    """
    rhythm = rhythm_in(subscription)
    if rhythm and not owes_in(subscription, period):
        return PeriodPrice(())
    if facts is None:
        raise _NoTerritory("Cet adhérent n’est rattaché à aucun territoire : sa population est inconnue.")
    if rhythm:
        parts = parts_due(subscription, rhythm, facts, period)
        if usage_of(subscription.grid):
            parts += usage_parts(subscription, facts.by_day[usage_day(subscription, period)], period)
        return PeriodPrice(tuple(parts))
    days = [period.start, *change_days(subscription, start=period.start, end=period.end), period.end]
    parts = [
        part for span in pairwise(days) for part in _taxed_parts(subscription, facts, Period(*span), period)
    ]
    if len(parts) > 1:
        parts = [_dated(part) for part in parts]
    return PeriodPrice((*parts, *usage_parts(subscription, facts, period)))


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


@dataclass(frozen=True)
class OnePrice:
    """Days of a subscription that have one price, whatever the population: all but the facts is known."""

    period: Period
    months: int
    terms: TermsInForce
    grid: Grid
    first_year: bool
    recurring: bool  # no fee that is owed once
    vat: Regime

    def part(self, facts: TerritoryFacts) -> Part:
        """What is owed from these facts, which have the VAT regime of those it was made with. Raises
        PricingError."""
        terms = counted_terms(self.terms, facts)
        year = saying_seats(terms.price(facts, first_year=self.first_year), facts)
        if self.recurring:
            year = year.recurring()
        engine_facts = terms.with_counts(facts).for_grid(self.grid, first_year=self.first_year)
        quote = part_of_year(year, self.months)
        owed = {"months": self.months} | seats_frozen(terms, facts)
        return Part(self.period, quote, year, engine_facts, self.vat, owed)


def one_price(
    subscription: Subscription, facts: TerritoryFacts, period: Period, *, whole: Period
) -> OnePrice:
    """The price of days in which neither the terms nor the VAT regime change, of the period `whole`."""
    return OnePrice(
        period=period,
        months=months_owed(subscription, period),
        terms=terms_on(subscription, period.start),
        grid=grid_in_force(subscription.grid),
        first_year=subscription.in_first_year(whole.start),
        recurring=bool(subscription.follows_id) or not period.start <= subscription.active_from < period.end,
        vat=regime_on(subscription, facts, period.start),
    )


def _part(subscription: Subscription, facts: TerritoryFacts, period: Period, *, whole: Period) -> Part:
    return one_price(subscription, facts, period, whole=whole).part(facts)


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
        days = days_due([subscription], Period(run.period_start, run.period_end))
        found = shares_within([subscription], start=days.start, end=days.end)
        shares = found.get(subscription.pk, [])
    return shared_out(subscription, entries_of(run, subscription, priced, now), shares)


def entries_of(run, subscription, priced: PeriodPrice, now) -> Iterable[LedgerEntry]:
    for values in values_of_entries(run, subscription, priced, now):
        yield LedgerEntry(**values)


def values_of_entries(run, subscription, priced: PeriodPrice, now) -> Iterable[dict]:
    """The same as values by attribute: a model is dear to make by the hundred thousand."""
    lines = (
        (part, line, year)
        for part in priced.parts
        for line, year in zip(part.quote.lines, part.year.lines if part.year else repeat(None), strict=False)
    )
    for part, line, year in lines:
        yield {
            "tenant_id": subscription.tenant_id,
            "operator_id": run.operator_id,
            "run_id": run.pk,
            "subscription_id": subscription.pk,
            "period_start": part.period.start,
            "period_end": part.period.end,
            "code": f"{line.code[: CODE_LENGTH - len(part.suffix)]}{part.suffix}",
            "label": f"{subscription.service_name} – {line.label}"[:200],
            "quantity": line.quantity,
            "unit": line.unit,
            "unit_price": line.unit_price,
            "amount_cents": line.amount_cents,
            **frozen(part.vat),
            "steps": line.steps,
            "facts": {**_frozen(part.facts), **_kept(part, year), **frozen_facts(part.vat)},
            "recorded_at": now,
        }


def _kept(part: Part, year: Line | None) -> dict:
    """Which part was billed, and the line of the whole year that it is a part of."""
    return part.owed | ({"year": year.to_dict()} if year else {})


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
