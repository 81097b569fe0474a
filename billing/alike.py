"""What most subscriptions of a run owe: computed once for all that are alike, and written as it is.

A subscription is plain when nothing but its own terms and the facts of its subscriber says what it owes: no
amendment, no rhythm of its own, nothing counted or used, no merger, nobody else who pays. Its lines are those
of `billing.drafting`, remembered.
"""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast
from pydantic_core import from_json

from billing.copying import as_copied
from billing.drafting import one_price, price_of_period, values_of_entries
from billing.models import BillingRun, LedgerEntry
from billing.months import months_owed
from billing.parts import PeriodPrice
from billing.periods import Period
from billing.vat import change_days_of_vat
from catalog.prices import TerritoryFacts, goes_by_college, territory_facts
from catalog.pricing import PricingError
from catalog.pricing.facts import KIND_IN_WORDS
from catalog.pricing.rhythm import RHYTHM
from catalog.pricing.usage import USAGE
from catalog.vat.regimes import Rules
from subscriptions.in_force import never_amended
from subscriptions.models import Amendment, AmendmentState, PayerShare, SeatCount, Subscription
from subscriptions.pooling import POOLED, groups_of
from subscriptions.vat import KEPT, keep_apart
from tenants.models import Territory

# Lines: some twenty megabytes. Beyond, all is forgotten, and what comes next is computed again.
MOST_REMEMBERED = 10_000
# What each has of its own; the rest of an entry is the same for all that are alike.
OWN = ("id", "tenant_id", "subscription_id")
_JSON = ("grid", "options", "counts")
_COPIED = (
    "tenant_id", "listing_id", "service_name", "active_from", "ended_on", "vat_category", "vat_rate",
    "vat_reason",
)  # fmt: skip


class Plain(NamedTuple):
    """A plain subscription as the database has it; JSON is left as text, to be compared and not read."""

    id: int
    tenant_id: int
    territory_id: int | None
    listing_id: int
    service_name: str
    active_from: date
    ended_on: date | None
    vat_category: str
    vat_rate: Decimal
    vat_reason: str
    vat_kept: str | None
    grid: str
    options: str
    counts: str


_SERVICE = Plain._fields.index("service_name")
_TERMS = slice(Plain._fields.index("vat_category"), None)  # what is agreed, the days apart


class Line:
    """What an entry of plain subscriptions says, `copied` as COPY takes it after its `OWN` columns."""

    __slots__ = ("amount_cents", "copied", "facts", "vat_category", "vat_rate", "vat_reason")

    def __init__(self, values: dict):
        self.amount_cents = values["amount_cents"]
        self.vat_category, self.vat_rate = values["vat_category"], values["vat_rate"]
        self.vat_reason = values["vat_reason"]
        self.facts = {name: value for name, value in values["facts"].items() if name == "vat"}
        self.copied = as_copied(LedgerEntry, values, without=OWN)


class PlainEntry:
    """An entry that is written by COPY without ever being a model: it has what drafts read of one."""

    __slots__ = ("line", "pk", "subscription_id", "tenant_id")

    def __init__(self, tenant_id: int, subscription_id: int, line: Line):
        self.pk: int | None = None
        self.tenant_id, self.subscription_id, self.line = tenant_id, subscription_id, line

    amount_cents = property(lambda self: self.line.amount_cents)
    vat_category = property(lambda self: self.line.vat_category)
    vat_rate = property(lambda self: self.line.vat_rate)
    vat_reason = property(lambda self: self.line.vat_reason)
    facts = property(lambda self: self.line.facts)

    def copied(self) -> bytes:
        return b"%d\t%d\t%d\t%b" % (self.pk, self.tenant_id, self.subscription_id, self.line.copied)


def not_plain(period: Period) -> Q:
    """Those whose terms change, whose tariff has its own rhythm or asks for what is used, whose agents were
    counted, that follow another, or that somebody else pays a part of."""
    amended = Amendment.objects.filter(subscription=OuterRef("pk"), state=AmendmentState.APPROVED)
    shares = PayerShare.objects.binding().within(start=period.start, end=period.end)
    shared = shares.filter(subscription=OuterRef("pk"))
    counted = SeatCount.objects.filter(subscription=OuterRef("pk"), month__lte=period.start)
    by_itself = Q(grid__has_any_keys=[RHYTHM, USAGE]) | Exists(counted)
    return Q(follows__isnull=False) | by_itself | Exists(amended) | Exists(shared)


def read_plain(subscriptions: QuerySet[Subscription], period: Period) -> list[Plain]:
    """The plain ones among them, by tenant. One query."""
    texts = {f"{name}_text": Cast(name, TextField()) for name in _JSON}
    kept = Cast(KeyTransform(KEPT, "quote"), TextField())
    rows = subscriptions.exclude(not_plain(period)).annotate(place=F("tenant__territory"), kept=kept, **texts)
    names = {"territory_id": "place", "vat_kept": "kept", **{name: f"{name}_text" for name in _JSON}}
    found = rows.order_by("tenant_id", "pk").values_list(*(names.get(name, name) for name in Plain._fields))
    return list(map(Plain._make, found))


class Alike:
    """Subscriptions that differ by their population only: what they owe, by population."""

    def __init__(self, run: BillingRun, subscription: Subscription, facts: TerritoryFacts, now: datetime):
        self.run, self.subscription, self.now = run, subscription, now
        self.period = period = Period(run.period_start, run.period_end)
        self.owes = months_owed(subscription, period) > 0
        self.one_price = None
        if self.owes and facts and not change_days_of_vat(subscription, facts, period):
            self.one_price = one_price(subscription, facts, period, whole=period)
        self.found: dict[tuple, list[Line]] = {}

    def lines(self, facts: TerritoryFacts | None) -> list[Line]:
        """Raises PricingError."""
        if not self.owes:
            return []
        if self.one_price:
            priced = PeriodPrice((self.one_price.part(facts),))
        else:
            priced = price_of_period(self.subscription, facts, self.period)
        values = values_of_entries(self.run, self.subscription, priced, self.now)
        return [Line(one) for one in values]


class Prices:
    """The lines of the plain subscriptions of one run. Lives as long as the job that drafts it."""

    def __init__(self, run: BillingRun, now: datetime):
        self.run, self.now = run, now
        self.period = Period(run.period_start, run.period_end)
        # Whoever was there before owes the same: its first year is over.
        self._long_ago = date(self.period.start.year - 2, 1, 1)
        self._rules: Rules | None = None
        self._alike: dict[tuple, Alike] = {}
        self._held = 0

    def entries(self, plain: list[Plain]) -> tuple[list[PlainEntry], dict[int, PricingError]]:
        """The entries, not saved, and by id of subscription why it could not be priced. A few queries,
        whatever their number."""
        places, groups = self._places(plain), self._groups(plain)
        entries, refused = [], {}
        for one in plain:
            facts, place = places[one.territory_id]
            try:
                lines = self._lines(one, facts, place, groups.get(one.listing_id))
            except PricingError as error:
                refused[one.id] = error
                continue
            entries += [PlainEntry(one.tenant_id, one.id, line) for line in lines]
        return entries, refused

    def _lines(
        self, one: Plain, facts: TerritoryFacts | None, place: tuple, pooled: int | None
    ) -> list[Line]:
        since = max(one.active_from, self._long_ago)
        until = one.ended_on if one.ended_on and one.ended_on < self.period.end else None
        key = (one[_SERVICE], one[_TERMS], since, until, place, pooled)
        if facts and pooled is not None:
            facts = replace(facts, pooled_population=pooled)
        alike = self._alike.get(key)
        if alike is None:
            subscription = _as_model(one, operator_id=self.run.operator_id)
            alike = self._alike[key] = Alike(self.run, subscription, facts, self.now)
            self._held += 1
        kinds = _kinds(one.grid, one.options) if facts else ()
        populations = tuple([facts.populations.get(kind) for kind in kinds])
        lines = alike.found.get(populations)
        if lines is None:
            lines = alike.found[populations] = alike.lines(facts)
            self._held += len(lines)
            if self._held > MOST_REMEMBERED:
                self._forget()
        return lines

    def _forget(self) -> None:
        self._alike.clear()
        self._held = 0

    def _places(self, plain: list[Plain]) -> dict[int | None, tuple[TerritoryFacts | None, tuple]]:
        """By territory, its facts on the first day, and as a key all of them that a price may look at, the
        populations apart."""
        terms = {(one.grid, one.options) for one in plain}
        by_college = any(goes_by_college(_read(grid), options=_read(options)) for grid, options in terms)
        known = territory_facts(
            territories=Territory.objects.filter(pk__in={one.territory_id for one in plain} - {None}),
            on=self.period.start,
            college_at=self.run.operator if by_college else None,
        )
        found: dict[int | None, tuple[TerritoryFacts | None, tuple]] = {None: (None, ())}
        for pk, facts in known.items():
            rules, member = facts.vat_rules.looking_at(self.run.operator_id, facts.vat_member)
            found[pk] = facts, (facts.member_type, facts.member_communes, facts.college, member)
            if rules != self._rules:
                # Decided since the last batch.
                self._rules = rules
                self._forget()
        return found

    def _groups(self, plain: list[Plain]) -> dict[int, int]:
        """By listing, the inhabitants of all who buy it together, where its price looks at them."""
        pooled = {one.listing_id for one in plain if _read(one.grid).get("pattern") == POOLED}
        groups = groups_of(listings=pooled, on=self.period.start) if pooled else {}
        return {listing: group.inhabitants for listing, group in groups.items()}


@lru_cache(maxsize=256)
def _kinds(*definitions: str) -> list[str]:
    """The kinds of population that these grids may look at: those that they name."""
    return [kind for kind in KIND_IN_WORDS if any(f'"{kind}"' in text for text in definitions)]


@lru_cache(maxsize=256)
def _read(text: str):
    """JSON, shared: not to be changed."""
    return from_json(text)


def _as_model(one: Plain, *, operator_id: int) -> Subscription:
    """For `billing.drafting`: it asks nothing more of the database."""
    subscription = Subscription(
        pk=one.id,
        operator_id=operator_id,
        **{name: getattr(one, name) for name in _COPIED},
        **{name: from_json(getattr(one, name)) for name in _JSON},
    )
    never_amended(subscription)
    keep_apart(subscription, from_json(one.vat_kept) if one.vat_kept else None)
    return subscription
