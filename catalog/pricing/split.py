"""A settled amount shared out between several payers, to the cent: the parts always make the whole.

Parts are exact fractions until the end; the cents that remain go to the largest remainders, equal ones to the
subscriber first, then to the payer of the lowest number. The order in which payers are given changes nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from .money import COLON, format_cents, round_ratio

# Whoever pays what nobody else does.
SUBSCRIBER = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """What a payer (a number above 0) takes over of each month that begins in the half-open days
    [starts, ends): the fraction `part / whole` of all, or `yearly_cents` / 12 of what fractions leave.
    `words` name it in French (« 40 % »)."""

    payer: int
    words: str
    starts: date
    ends: date | None = None
    part: int = 0
    whole: int = 1
    yearly_cents: int | None = None

    def __post_init__(self) -> None:
        if self.payer <= SUBSCRIBER or self.whole <= 0 or not 0 <= self.part <= self.whole:
            raise ValueError(f"no share: {self.part}/{self.whole} of payer {self.payer}")
        if self.yearly_cents is not None and (self.yearly_cents < 0 or self.part):
            raise ValueError("a share is a fraction or an amount, not both, and never negative")

    def holds(self, month: date) -> bool:
        """Whether a month, by its first day, is one of its months."""
        return self.starts <= month and (self.ends is None or month < self.ends)

    @property
    def fraction(self) -> Fraction:
        """Of each month; 0 for an amount."""
        return Fraction(self.part, self.whole)


@dataclass(slots=True)
class Portion:
    """What one payer owes of one amount, in cents; `words` name its shares, `steps` say how."""

    cents: int = 0
    words: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)


def apportion(total_cents: int, weights: Mapping[int, Fraction]) -> dict[int, int]:
    """Whole cents in proportion to the weights (none negative, not all 0), by largest remainder; they sum to
    the total exactly. Raises ``ValueError``."""
    everything = sum(weights.values())
    if total_cents < 0 or everything <= 0 or min(weights.values()) < 0:
        raise ValueError("only a positive amount is shared out, by weights that are not all zero")
    exact = {key: total_cents * weight / everything for key, weight in weights.items()}
    found = {key: int(cents) for key, cents in exact.items()}
    by_remainder = sorted(exact, key=lambda key: (found[key] - exact[key], key))
    for key in by_remainder[: total_cents - sum(found.values())]:
        found[key] += 1
    return found


def split(
    amounts: Sequence[tuple[int, bool]], *, months: Sequence[date], claims: Sequence[Claim]
) -> list[dict[int, Portion]]:
    """The portions of each amount by payer, what is left by SUBSCRIBER; those of an amount sum to it.

    `amounts`: (cents, one-off) of the lines billed for `months` (first days, in order). A one-off line
    belongs to the first of them; amounts a year are taken from the other lines, in their order, and never
    beyond what there is. At any month the fractions together are at most the whole. Raises ``ValueError``.
    """
    if not months:
        raise ValueError("no month is billed")
    shared = [_by_fractions(cents, months[:1] if one_off else months, claims) for cents, one_off in amounts]
    recurring = [found for found, (_, one_off) in zip(shared, amounts, strict=True) if not one_off]
    _take_amounts(recurring, months, claims)
    return shared


def _by_fractions(cents: int, months: Sequence[date], claims: Sequence[Claim]) -> dict[int, Portion]:
    weights: dict[int, Fraction] = defaultdict(Fraction)
    found: dict[int, Portion] = defaultdict(Portion)
    found[SUBSCRIBER]
    for claim in _in_order(claims):
        held = sum(map(claim.holds, months))
        if not claim.part or not held:
            continue
        weights[claim.payer] += claim.fraction * held / len(months)
        found[claim.payer].words.append(claim.words)
        found[claim.payer].steps.append(f"{_during(claim, held, months)} de {format_cents(cents)}")
    weights[SUBSCRIBER] = 1 - sum(weights.values(), Fraction())
    if weights[SUBSCRIBER] < 0:
        raise ValueError("payers take over more than the whole")
    for payer, its in apportion(cents, weights).items():
        found[payer].cents = its
    return found


def _take_amounts(
    lines: Sequence[dict[int, Portion]], months: Sequence[date], claims: Sequence[Claim]
) -> None:
    """Moves what amounts a year come to from the subscriber's portions to their payers'."""
    due: dict[int, int] = defaultdict(int)
    words: dict[int, list[str]] = defaultdict(list)
    for claim in _in_order(claims):
        held = sum(map(claim.holds, months))
        if claim.yearly_cents and held:
            due[claim.payer] += round_ratio(claim.yearly_cents * held, 12)
            words[claim.payer].append(_during(claim, held, months))
    room = sum(line[SUBSCRIBER].cents for line in lines)
    asked = sum(due.values())
    taken = apportion(room, {payer: Fraction(cents) for payer, cents in due.items()}) if asked > room else due
    for payer in sorted(taken):
        left = taken[payer]
        for line in lines:
            here = min(left, line[SUBSCRIBER].cents)
            if not here:
                continue
            left -= here
            line[SUBSCRIBER].cents -= here
            line[payer].cents += here
            line[payer].words += words[payer]
            line[payer].steps += words[payer]
            if asked > room:
                line[payer].steps.append(
                    f"Ramené à {format_cents(taken[payer])}{COLON}les payeurs ne paient pas plus que le prix"
                )


def _in_order(claims: Sequence[Claim]) -> list[Claim]:
    return sorted(claims, key=lambda claim: (claim.payer, claim.starts))


def _during(claim: Claim, held: int, months: Sequence[date]) -> str:
    """« 40 % », « 40 % pendant 6 mois sur 12 »."""
    if held == len(months) and claim.yearly_cents is None:
        return claim.words
    return f"{claim.words} pendant {held} mois sur {len(months) if claim.yearly_cents is None else 12}"
