"""What is owed of the periods of a tariff with a rhythm: each priced by its own facts and terms."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from math import ceil

from billing.facts import RhythmFacts, counted_terms, saying_seats, seats_frozen
from billing.parts import Part
from billing.periods import Period
from billing.rhythms import FACT, Term, terms_due
from billing.vat import change_days_of_vat, regime_on
from catalog.prices import TerritoryFacts, grid_in_force
from catalog.pricing import Quote, Rhythm, format_date, slice_of_year
from subscriptions.in_force import change_days, terms_on
from subscriptions.models import Subscription


def parts_due(subscription: Subscription, rhythm: Rhythm, facts: RhythmFacts, within: Period) -> list[Part]:
    """The parts of the periods that fall due within those days, one for each time in which its terms and its
    VAT are the same; a period that is owed whole once begun keeps those of its first day. Raises PricingError
    """
    return [
        part
        for term in terms_due(subscription, rhythm, within)
        for part in _parts(subscription, rhythm, facts.by_day[term.days.start], term)
    ]


def _parts(subscription: Subscription, rhythm: Rhythm, facts: TerritoryFacts, term: Term) -> Iterator[Part]:
    days = term.days
    changes = set()
    if rhythm.proration != "none":
        changes |= set(change_days(subscription, start=days.start, end=days.end))
        changes |= set(change_days_of_vat(subscription, facts, days))
    for start, end in pairwise([days.start, *sorted(changes - {days.start}), days.end]):
        span = Period(start, end)
        since, until = term.moments(span)
        if since < until:
            yield _part(subscription, facts, term, span)


def _part(subscription: Subscription, facts: TerritoryFacts, term: Term, span: Period) -> Part:
    first_year = subscription.in_first_year(term.days.start)
    terms = counted_terms(terms_on(subscription, span.start), facts)
    year = saying_seats(terms.price(facts, first_year=first_year), facts)
    if subscription.follows_id or span.start != subscription.active_from:
        year = year.recurring()
    since, until = term.moments(span)
    grid = grid_in_force(subscription.grid)
    owed = {
        "start": term.whole.start.isoformat(),
        "end": term.whole.end.isoformat(),
        "months": str(until - since),
    }
    return Part(
        period=span,
        quote=_dated(slice_of_year(year, start=since, end=until), span),
        year=year,
        facts=terms.with_counts(facts).for_grid(grid, first_year=first_year),
        vat=regime_on(subscription, facts, span.start),
        owed={FACT: owed, "months": ceil(until - since)}
        | seats_frozen(terms, facts),  # those begun, for whoever compares with a year
        suffix=f"~{span.start:%y%m%d}",
    )


def _dated(quote: Quote, span: Period) -> Quote:
    """Each line says its own days: those of the invoice are its run's."""
    words = f"du {format_date(span.start)} au {format_date(span.end - timedelta(days=1))}"
    return Quote.of(*(replace(line, label=f"{line.label}, {words}") for line in quote.lines))
