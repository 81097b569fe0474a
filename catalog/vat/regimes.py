"""Which VAT regime applies to a line: a pure function of the operator's rules, the nature of the line, the
member, its territory and the day (CGI 256 B, 261 B, 293 B, 294 and 296).

An operator that decided nothing for a nature is believed by its published tariff, whose category says both
the nature and the regime. The rate is always that of the territory.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from catalog.models.vat import LineNature, VatGround, VatLevel, VatTreatment, VatZone
from catalog.pricing import format_date, format_percent

NATURES = {"S": LineNature.SERVICE, "E": LineNature.SHARED, "O": LineNature.CONTRIBUTION}
NO_TAX = Decimal(0)
UNDECIDED = VatTreatment.UNDECIDED.value
# What the published tariff of today is found in, when nothing else was decided.
BY_THE_TARIFF = "tarif publié"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a published tariff says of VAT: its category, its rate in percent, why there is none."""

    category: str
    rate: Decimal
    reason: str = ""

    @property
    def nature(self) -> LineNature:
        return NATURES[self.category]


@dataclass(frozen=True, slots=True)
class Member:
    """Who is invoiced, as far as VAT looks at it: the kind and the id of its territory, and its zone."""

    kind: str
    zone: str
    territory: int | None = None


@dataclass(frozen=True, slots=True)
class RateRow:
    zone: str
    level: str
    rate: Decimal
    reason: str
    source: str
    own: bool  # of the operator
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class DecisionRow:
    nature: str
    treatment: str
    ground: str
    reason: str
    on_debits: bool
    source: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class EligibilityRow:
    """`territory` of one member, or the `kind` of all that have no row of their own."""

    kind: str
    territory: int | None
    eligible: bool
    source: str
    since: date
    until: date | None


Row = TypeVar("Row", RateRow, DecisionRow, EligibilityRow)


@dataclass(frozen=True, slots=True)
class Regime:
    """`category` (S, E, O), rate in percent, `reason` printed on the invoice (BT-120) with its `code`
    (BT-121), `source`: what it rests on. When `undecided` says why nobody knows, the rest is what the tariff
    says."""

    category: str
    rate: Decimal
    reason: str = ""
    code: str = ""
    source: str = ""
    on_debits: bool = False
    undecided: str = ""

    @property
    def taxed(self) -> bool:
        return self.category == "S"

    @property
    def note(self) -> str:
        """What is told beside a price without tax: the reason, or that nobody knows yet."""
        return f"TVA à déterminer. {self.undecided}" if self.undecided else self.reason


def as_published(terms: Terms, *, undecided: str = "") -> Regime:
    """By the tariff alone."""
    code = VatGround.PUBLIC_BODY.value if terms.category == "O" else ""
    return Regime(terms.category, terms.rate, terms.reason, code, BY_THE_TARIFF, undecided=undecided)


@dataclass(frozen=True, slots=True)
class Rules:
    """All that was decided for an operator, and the rates in force for it."""

    rates: tuple[RateRow, ...] = ()
    decisions: tuple[DecisionRow, ...] = ()
    eligibilities: tuple[EligibilityRow, ...] = ()

    def regime(self, terms: Terms, *, member: Member, on: date) -> Regime:
        """What applies to a line of this tariff, for this member, on that day."""
        decision = _in_force((one for one in self.decisions if one.nature == terms.nature), on)
        if decision is None:
            return self._taxed(terms, member, on) if terms.category == "S" else as_published(terms)
        if decision.treatment == UNDECIDED:
            return as_published(terms, undecided=f"Le régime reste à décider : {decision.source}.")
        if decision.treatment == VatTreatment.TAXED:
            return self._taxed(terms, member, on, decision)
        without = Regime(
            decision.treatment, NO_TAX, decision.reason, decision.ground, decision.source, decision.on_debits
        )
        if decision.ground != VatGround.SHARED_COSTS:
            return without
        eligible = self._eligibility(member, on)
        if eligible is None:
            return as_published(
                terms,
                undecided="Personne n’a dit si cet adhérent est éligible à l’exonération de l’article 261 B "
                "du CGI.",
            )
        return without if eligible.eligible else self._taxed(terms, member, on, decision, eligible.source)

    def changes_within(self, terms: Terms, *, member: Member, start: date, end: date) -> list[date]:
        """The days strictly between `start` and `end` on which the regime becomes another, in order."""
        rows = (*self.rates, *self.decisions, *self.eligibilities)
        days = sorted({day for row in rows for day in (row.since, row.until) if day and start < day < end})
        found, before = [], self.regime(terms, member=member, on=start)
        for day in days:
            after = self.regime(terms, member=member, on=day)
            if after != before:
                found.append(day)
            before = after
        return found

    def _taxed(
        self,
        terms: Terms,
        member: Member,
        on: date,
        decision: DecisionRow | None = None,
        source: str = "",
    ) -> Regime:
        level = self._level(terms)
        if level is None:
            rate = format_percent(terms.rate)
            return as_published(terms, undecided=f"Le taux de {rate} n’est dans aucun tableau de taux.")
        rows = (one for one in self.rates if (one.zone, one.level) == (member.zone, level))
        row = _in_force(sorted(rows, key=lambda one: not one.own), on)
        if row is None:
            where = f"« {VatZone(member.zone).label} »" if member.zone else "de cet adhérent"
            return as_published(
                terms,
                undecided=f"Aucun taux de TVA n’est enregistré pour le territoire {where} au "
                f"{format_date(on)}.",
            )
        source = source or (decision.source if decision else row.source)
        if not row.rate:
            return Regime("O", NO_TAX, row.reason, VatGround.PUBLIC_BODY, source)
        return Regime("S", row.rate, source=source, on_debits=bool(decision and decision.on_debits))

    def _level(self, terms: Terms) -> str | None:
        """The level that the tariff's own rate is, on the mainland first; the normal one for a tariff that
        has none. 20 % is the normal level also after the day it ended."""
        if terms.category != "S":
            return VatLevel.NORMAL
        rows = [one for one in self.rates if one.rate == terms.rate]
        rows.sort(key=lambda one: (one.zone != VatZone.METROPOLE, one.level != VatLevel.NORMAL))
        return rows[0].level if rows else None

    def _eligibility(self, member: Member, on: date) -> EligibilityRow | None:
        rows = [one for one in self.eligibilities if one.territory and one.territory == member.territory]
        rows += [one for one in self.eligibilities if not one.territory and one.kind == member.kind]
        return _in_force(rows, on)


def _in_force(rows: Iterable[Row], on: date) -> Row | None:
    """The first that holds the day."""
    return next((one for one in rows if one.since <= on and (one.until is None or on < one.until)), None)
