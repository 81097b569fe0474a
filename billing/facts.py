"""The facts that a period is priced from: as the register has them, or as entries froze them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from billing.models import LedgerEntry
from billing.periods import Period
from billing.rhythms import FACT, rhythm_in, terms_due
from catalog.prices import TerritoryFacts
from catalog.pricing import Population, Quote, month_in_words
from catalog.pricing.counted import AGENTS
from catalog.pricing.usage import usage_of
from subscriptions.agents.seats import counts_on
from subscriptions.facts import facts_of_subscribers
from subscriptions.in_force import TermsInForce, agents_matter
from subscriptions.models import Subscription

SEATS = "seats"  # what an entry keeps of the agents that were counted for it


@dataclass(frozen=True)
class RhythmFacts:
    """The facts of each period of a tariff with a rhythm, by the first of its days that is open; of none that
    has no territory."""

    by_day: dict[date, TerritoryFacts]


KnownFacts = TerritoryFacts | RhythmFacts


def facts_for_period(subscriptions: Iterable[Subscription], period: Period) -> dict[int, KnownFacts]:
    """By subscription id, the facts of its subscriber on the first day of the period; on its own first day
    when it follows a merged commune's, the population of the commune nouvelle being in force from then on. A
    tariff with a rhythm has those of each of its own periods that falls due.

    Agents are as they were last counted by then, where they were. A few queries a day: the first of the
    period, those of mergers within it, and those on which the periods of a rhythm begin.
    """
    by_day: dict[date, list[Subscription]] = defaultdict(list)
    in_rhythm: dict[date, list[Subscription]] = defaultdict(list)
    for subscription in subscriptions:
        if rhythm := rhythm_in(subscription):
            days = {term.days.start for term in terms_due(subscription, rhythm, period)}
            if usage_of(subscription.grid):
                days.add(max(period.start, subscription.active_from))
            for day in days:
                in_rhythm[day].append(subscription)
            continue
        day = max(period.start, subscription.active_from) if subscription.follows_id else period.start
        by_day[day].append(subscription)
    found: dict[int, KnownFacts] = {}
    for day, those in by_day.items():
        found |= with_seats(facts_of_subscribers(those, on=day), those, on=day)
    terms: dict[int, dict[date, TerritoryFacts]] = defaultdict(dict)
    for day, those in in_rhythm.items():
        for pk, facts in with_seats(facts_of_subscribers(those, on=day), those, on=day).items():
            terms[pk][day] = facts
    return found | {pk: RhythmFacts(by_day) for pk, by_day in terms.items()}


def with_seats(
    found: dict[int, TerritoryFacts], subscriptions: Iterable[Subscription], *, on: date
) -> dict[int, TerritoryFacts]:
    """The same with the agents counted by that day, of those whose price counts any. One query, none where no
    price does."""
    counting = [one for one in subscriptions if one.pk in found and agents_matter(one)]
    counts = counts_on(counting, on) if counting else {}
    return found | {
        pk: replace(found[pk], counts={AGENTS: one.agents}, agents_counted=one.month)
        for pk, one in counts.items()
    }


def counted_terms(terms: TermsInForce, facts: TerritoryFacts) -> TermsInForce:
    """The terms where the agents counted stand instead of those that the member said."""
    if facts.agents_counted is None or AGENTS not in terms.counts:
        return terms
    return replace(terms, counts={**terms.counts, AGENTS: facts.counts[AGENTS]})


def saying_seats(year: Quote, facts: TerritoryFacts) -> Quote:
    """The price with, on its lines by agent, when they were counted."""
    if facts.agents_counted is None:
        return year
    step = f"Agents comptés en {month_in_words(facts.agents_counted)}, d’après les accès ouverts"
    return Quote.of(
        *(replace(one, steps=[step, *one.steps]) if one.unit == "agent" else one for one in year.lines)
    )


def seats_frozen(terms: TermsInForce, facts: TerritoryFacts) -> dict:
    """What an entry keeps of the agents that were counted, beside their number."""
    if facts.agents_counted is None or AGENTS not in terms.counts:
        return {}
    return {SEATS: {"agents": facts.counts[AGENTS], "month": facts.agents_counted.isoformat()}}


def facts_as_billed(entry: LedgerEntry, known: KnownFacts | None) -> KnownFacts:
    """The facts an entry was computed from, as they were; what it did not rest on is as `known`. Those of a
    rhythm are as each entry of the same run froze them: one query."""
    if not isinstance(known, RhythmFacts) and FACT not in entry.facts:
        return _as_billed(entry, known)
    known = known or RhythmFacts({})
    own = LedgerEntry.objects.filter(
        run=entry.run_id, subscription=entry.subscription_id, facts__has_key="on", corrects__isnull=True
    )
    frozen = {date.fromisoformat(one.facts["on"]): one for one in own.order_by("-pk")}
    return RhythmFacts(
        {
            day: _as_billed(frozen[day], facts) if day in frozen else facts
            for day, facts in known.by_day.items()
        }
    )


def _as_billed(entry: LedgerEntry, known: TerritoryFacts | None) -> TerritoryFacts:
    frozen = entry.facts
    population = frozen["population"] and Population(
        **{**frozen["population"], "in_force_from": date.fromisoformat(frozen["population"]["in_force_from"])}
    )
    on, member_type = date.fromisoformat(frozen["on"]), frozen["member_type"]
    known = known or TerritoryFacts(on=on, member_type=member_type, populations={})
    return replace(
        known,
        on=on,
        member_type=member_type,
        populations=known.populations | ({population.kind: population} if population else {}),
        member_communes=frozen.get("member_communes"),  # written since grids may count them
        pooled_population=frozen.get("pooled_population"),  # the same
        **_seats_as_billed(frozen.get(SEATS)),
    )


def _seats_as_billed(seats: dict | None) -> dict:
    if not seats:
        return {"counts": {}, "agents_counted": None}
    return {
        "counts": {AGENTS: seats["agents"]},
        "agents_counted": date.fromisoformat(seats["month"]),
    }


def at_tier(facts: KnownFacts, inhabitants: int) -> KnownFacts:
    """The same, where the group that buys together counts so many."""
    if isinstance(facts, RhythmFacts):
        return RhythmFacts(
            {day: replace(one, pooled_population=inhabitants) for day, one in facts.by_day.items()}
        )
    return replace(facts, pooled_population=inhabitants)
