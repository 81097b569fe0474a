"""What is billed, shared out between those who pay: each line of a price becomes an entry for each payer.

The whole line is frozen with every part of it, so that a draft can be shared out again, and an end given back
to the same payers, without pricing anything again.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import groupby

from billing.entries import FLAT_UNIT, copied
from billing.models import LedgerEntry
from billing.months import owed_months
from billing.periods import Period
from catalog.pricing import SUBSCRIBER, Claim, Portion, format_cents, format_percent, split
from subscriptions.models import RATE, PayerShare, Subscription
from tenants.days import in_words
from tenants.models import Operator

MANY = 5  # payers named one by one in the calculation of what is left
_LINE = ("label", "unit", "steps")


def paying_within(*, operator: Operator, start: date, end: date) -> frozenset[int]:
    """The organisations (ids) that pay a part of somebody else's subscription in [start, end). One query."""
    shares = PayerShare.objects.binding().within(start=start, end=end)
    return frozenset(shares.filter(subscription__operator=operator).values_list("payer", flat=True))


def shares_within(
    subscriptions: Iterable[Subscription], *, start: date, end: date
) -> dict[int, list[PayerShare]]:
    """By subscription id, the shares that bind on a day of [start, end). One query."""
    found = defaultdict(list)
    shares = PayerShare.objects.binding().within(start=start, end=end)
    shares = shares.filter(subscription__in=list(subscriptions)).select_related("payer", "key")
    for share in shares.order_by("payer_id", "starts"):
        found[share.subscription_id].append(share)
    return found


def claim_of(share: PayerShare) -> Claim:
    """A share as the sharing out reads it."""
    return Claim(
        payer=share.payer_id,
        words=words_of(share),
        starts=share.starts,
        ends=share.ends,
        part=share.part or 0,
        whole=share.whole or 1,
        yearly_cents=share.yearly_cents,
    )


def words_of(share: PayerShare) -> str:
    """« 40 % », « 1 200,00 € par an », « 1 234 habitants sur 40 567 »."""
    if share.yearly_cents is not None:
        return f"{format_cents(share.yearly_cents)} par an"
    if share.key_id is None:
        return format_percent(Decimal(share.part) * 100 / share.whole)
    kept = share.key.kept
    rest = f"{format_percent(Decimal(RATE - kept) / 100)} × " if kept else ""
    return f"{rest}{share.basis}"


def yearly_parts(subscription: Subscription, shares: Iterable[PayerShare]) -> dict[int, int]:
    """By payer, what a year of the price frozen at the request comes to, in cents net of tax, were these
    shares to last all year; what is left by SUBSCRIBER."""
    january = date(2000, 1, 1)
    months = [january.replace(month=month) for month in range(1, 13)]
    claims = [replace(claim_of(share), starts=january, ends=None) for share in shares]
    [portions] = split([(subscription.yearly_cents, False)], months=months, claims=claims)
    return {payer: portion.cents for payer, portion in portions.items()}


def shared_out(
    subscription: Subscription, wholes: Iterable[LedgerEntry], shares: Iterable[PayerShare]
) -> list[LedgerEntry]:
    """The entries of whole lines of one subscription, unsaved, shared out between payers and subscriber; a
    line that nobody else pays is left as it is. The parts of a line sum to it, to the cent."""
    shares = list(shares)
    if not shares:
        return list(wholes)
    claims = [claim_of(share) for share in shares]
    entries = []
    for (start, end), lines in groupby(wholes, key=lambda entry: (entry.period_start, entry.period_end)):
        lines = list(lines)
        months = owed_months(subscription, Period(start, end))
        amounts = [(line.amount_cents, is_one_off(line)) for line in lines]
        for line, portions in zip(lines, split(amounts, months=months, claims=claims), strict=True):
            entries += _parts(subscription, line, portions, shares)
    return entries


def is_one_off(entry: LedgerEntry) -> bool:
    """Whether it bills a fee that is owed once (adhesion)."""
    return bool((entry.facts.get("year") or {}).get("one_off"))


def whole_of(subscription: Subscription, parts: list[LedgerEntry]) -> LedgerEntry:
    """The line that these entries share, as the price engine made it; itself, when it was not shared. A copy,
    not saved."""
    entry = parts[0]
    facts = {name: value for name, value in entry.facts.items() if name not in ("whole", "share")}
    line = entry.facts.get("whole")
    return copied(
        entry,
        tenant_id=subscription.tenant_id,
        code=entry.code,
        recorded_at=entry.recorded_at,
        facts=facts,
        **(
            {name: line[name] for name in _LINE}
            | {name: Decimal(line[name]) for name in ("quantity", "unit_price")}
            | {"amount_cents": line["amount_cents"]}
            if line
            else {name: getattr(entry, name) for name in ("unit_price", "amount_cents", "steps")}
        ),
    )


def by_line(entries: Iterable[LedgerEntry]) -> list[list[LedgerEntry]]:
    """Entries of one subscription and run, gathered by the line they share."""
    lines: dict[tuple, list[LedgerEntry]] = defaultdict(list)
    for entry in entries:
        lines[entry.period_start, entry.period_end, entry.code].append(entry)
    return list(lines.values())


def give_back(billed: dict[int, int], owed: dict[int, int]) -> dict[int, int]:
    """By payer, the cents to give back when `billed` becomes `owed`: none negative, and all of them the
    difference of the two sums, to the cent (rounding may leave one payer a cent short)."""
    back = {payer: max(0, cents - owed.get(payer, 0)) for payer, cents in billed.items()}
    too_much = sum(back.values()) - (sum(billed.values()) - sum(owed.values()))
    for payer in sorted(back, key=lambda payer: (-back[payer], payer)):
        taken = min(too_much, back[payer])
        back[payer] -= taken
        too_much -= taken
    return {payer: cents for payer, cents in back.items() if cents}


def _parts(
    subscription: Subscription, whole: LedgerEntry, portions: dict[int, Portion], shares: list[PayerShare]
) -> Iterable[LedgerEntry]:
    others = {payer: one for payer, one in portions.items() if payer != SUBSCRIBER and one.cents}
    if not others:
        yield whole
        return
    facts = whole.facts | {
        "whole": {
            **{name: getattr(whole, name) for name in _LINE},
            "quantity": f"{whole.quantity:f}",
            "unit_price": f"{whole.unit_price:f}",
            "amount_cents": whole.amount_cents,
        }
    }
    of_payer = {share.payer_id: share for share in shares}  # the last of each, where one follows another
    if left := portions[SUBSCRIBER].cents:
        steps = _left_in_words(whole, left, others, of_payer)
        yield _part(whole, left, label=f"{whole.label}, reste à votre charge", steps=steps, facts=facts)
    for payer, portion in sorted(others.items()):
        share = of_payer[payer]
        words = " puis ".join(portion.words)
        label = f"Part de {share.payer.name} ({words}) de l’abonnement {_of(subscription.tenant.name)}"
        steps = [*whole.steps, f"{' ; '.join(portion.steps)} : {format_cents(portion.cents)}"]
        facts_of_share = facts | {
            "share": {
                "id": str(share.public_id),
                "payer": share.payer.name,
                "subscriber": subscription.tenant.name,
                "words": words,
                "rests_on": f"{share.get_kind_display().capitalize()}, convention {share.convention_number} "
                f"du {in_words(share.convention_date)}",
                "commitment_number": share.commitment_number,
                "service_code": share.service_code,
            }
        }
        yield _part(
            whole,
            portion.cents,
            tenant_id=payer,
            label=f"{label} : {whole.label}"[:200],
            steps=steps,
            facts=facts_of_share,
        )


def _part(whole: LedgerEntry, cents: int, **values) -> LedgerEntry:
    lump = {"quantity": Decimal(1), "unit": FLAT_UNIT, "unit_price": Decimal(cents) / 100}
    return copied(whole, code=whole.code, amount_cents=cents, recorded_at=whole.recorded_at, **lump | values)


def _left_in_words(
    whole: LedgerEntry, left: int, others: dict[int, Portion], of_payer: dict[int, PayerShare]
) -> list[str]:
    paid = whole.amount_cents - left
    if len(others) <= MANY:
        named = [
            f"Part de {of_payer[payer].payer.name} ({' puis '.join(portion.words)}) : "
            f"{format_cents(portion.cents)}"
            for payer, portion in sorted(others.items())
        ]
    else:
        named = [f"Parts de {len(others)} autres payeurs : {format_cents(paid)}"]
    sum_up = f"{format_cents(whole.amount_cents)} − {format_cents(paid)} = {format_cents(left)}"
    return [*whole.steps, *named, f"Reste à votre charge : {sum_up}"]


def _of(name: str) -> str:
    """« d’Évran », « de Plouër », « du Mans »."""
    for article, contracted in (("Le ", "du "), ("Les ", "des ")):
        if name.startswith(article):
            return contracted + name.removeprefix(article)
    return f"d’{name}" if name[:1] in "AEIOUYÀÂÉÈÊËÎÏÔŒ" else f"de {name}"
