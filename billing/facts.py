"""The facts that a period is priced from: as the register has them, or as entries froze them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from billing.models import LedgerEntry
from billing.periods import Period
from billing.rhythms import FACT, rhythm_in, terms_due
from catalog.prices import TerritoryFacts
from catalog.pricing import Population
from subscriptions.facts import facts_of_subscribers
from subscriptions.models import Subscription


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

    A few queries a day: the first of the period, those of mergers within it, and those on which the periods
    of a rhythm begin.
    """
    by_day: dict[date, list[Subscription]] = defaultdict(list)
    in_rhythm: dict[date, list[Subscription]] = defaultdict(list)
    for subscription in subscriptions:
        if rhythm := rhythm_in(subscription):
            for term in terms_due(subscription, rhythm, period):
                in_rhythm[term.days.start].append(subscription)
            continue
        day = max(period.start, subscription.active_from) if subscription.follows_id else period.start
        by_day[day].append(subscription)
    found: dict[int, KnownFacts] = {}
    for day, those in by_day.items():
        found |= facts_of_subscribers(those, on=day)
    terms: dict[int, dict[date, TerritoryFacts]] = defaultdict(dict)
    for day, those in in_rhythm.items():
        for pk, facts in facts_of_subscribers(those, on=day).items():
            terms[pk][day] = facts
    return found | {pk: RhythmFacts(by_day) for pk, by_day in terms.items()}


def facts_as_billed(entry: LedgerEntry, known: KnownFacts | None) -> KnownFacts:
    """The facts an entry was computed from, as they were; what it did not rest on is as `known`. Those of a
    rhythm are as each entry of the same run froze them: one query."""
    if FACT not in entry.facts:
        return _as_billed(entry, known)
    known = known or RhythmFacts({})
    own = LedgerEntry.objects.filter(
        run=entry.run_id, subscription=entry.subscription_id, facts__has_key=FACT, corrects__isnull=True
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
    )


def at_tier(facts: KnownFacts, inhabitants: int) -> KnownFacts:
    """The same, where the group that buys together counts so many."""
    if isinstance(facts, RhythmFacts):
        return RhythmFacts(
            {day: replace(one, pooled_population=inhabitants) for day, one in facts.by_day.items()}
        )
    return replace(facts, pooled_population=inhabitants)
