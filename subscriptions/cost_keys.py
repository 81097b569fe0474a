"""A shared instance: the cost of an intercommunality's subscription, shared out among its communes by a key.

The communes agree each for itself; whoever refuses leaves its part to the intercommunality. Counted again on
another reference date, the same key asks nobody again: it is the key that was agreed to, not the figure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.timezone import localdate

from catalog.pricing import format_number, format_percent
from subscriptions import signals
from subscriptions.exceptions import ShareRefused
from subscriptions.models import (
    RATE,
    CostKey,
    Cover,
    KeyMethod,
    PayerShare,
    ShareKind,
    ShareSide,
    ShareState,
    Subscription,
)
from subscriptions.payer_letters import tell_counted_again
from subscriptions.paying import Convention, check_months, check_open, check_payer, replace, write
from tenants.days import in_words
from tenants.models import Organisation, Population, User
from tenants.models.territory import PopulationKind
from tenants.tenancy import tenant_scope


@dataclass(frozen=True)
class Key:
    """`kept_percent`: what the intercommunality keeps for itself first. `percents` by organisation id, of
    what is shared out, for FIXED alone; they make 100."""

    method: KeyMethod
    kept_percent: Decimal = Decimal(0)
    population_kind: str = ""
    percents: Mapping[int, Decimal] | None = None


@dataclass(frozen=True)
class Weight:
    """How much one commune counts in a key; `words` say it (« 1 234 habitants »)."""

    commune: Organisation
    count: int
    words: str


def covered_communes(*, subscription: Subscription, on: date) -> list[Organisation]:
    """The communes that a subscription covers that day, by name. Opens their scope. Two queries."""
    epci = subscription.tenant
    here = list(Organisation.objects.filter(territory__epci=epci.territory_id).order_by("plain_name", "pk"))
    if epci.territory_id is None or not here:
        return []
    with tenant_scope({epci.pk, *(one.pk for one in here)}):
        covers = Cover.objects.in_force(on=on).filter(subscription=subscription, tenant__in=here)
        covered = set(covers.values_list("tenant", flat=True))
    return [one for one in here if one.pk in covered]


@transaction.atomic
def propose_key(
    *,
    subscription: Subscription,
    key: Key,
    reference_on: date,
    starts: date,
    convention: Convention,
    side: ShareSide,
    by: User,
    public_id: UUID,
    now: datetime,
) -> CostKey:
    """Proposes to each covered commune the part that the key gives it, counted on `reference_on`. `public_id`
    was drawn with the form. Raises ShareRefused with the field to mend; nothing is written then."""
    if again := CostKey.objects.filter(public_id=public_id, subscription=subscription).first():
        return again
    today = localdate(now)
    check_open(subscription)
    _check(key)
    check_months(starts, None)
    convention.check(today=today)
    communes = covered_communes(subscription=subscription, on=today)
    if not communes:
        raise ShareRefused("Cet abonnement ne couvre encore aucune commune.", "method")
    for commune in communes:
        check_payer(subscription=subscription, payer=commune, today=today)
    made = CostKey.objects.create(
        public_id=public_id,
        tenant=subscription.tenant,
        subscription=subscription,
        method=key.method,
        population_kind=key.population_kind,
        kept=int(key.kept_percent * 100),
        made_by=by,
        made_at=now,
    )
    weights = weights_of(made, communes, reference_on, key.percents)
    shares = counted_shares(made, weights, reference_on, starts)
    shares[0].convention_file.save("", convention.file, save=False)  # one file for all
    for share in shares:
        share.proposed_by, share.proposed_at = by, now
        share.convention_number, share.convention_date = convention.number.strip(), convention.date
        share.convention_file = shares[0].convention_file.name
    write(shares, side=side, by=by, now=now)
    return made


@transaction.atomic
def count_again(
    *, key: CostKey, reference_on: date, starts: date, side: ShareSide, by: User, now: datetime
) -> list[PayerShare]:
    """Counts an agreed key again on another day: from `starts` on, the communes that agreed pay their new
    parts; the others stay out. Raises ShareRefused."""
    if key.method == KeyMethod.FIXED:
        raise ShareRefused("Des pourcentages convenus ne se recalculent pas : proposez une autre clé.")
    check_open(key.subscription)
    check_months(starts, None)
    if starts <= localdate(now):
        raise ShareRefused("Choisissez le premier jour d’un mois à venir.", "starts")
    return parts_again(key=key, reference_on=reference_on, starts=starts, side=side, by=by, now=now)


def parts_again(
    *, key: CostKey, reference_on: date, starts: date, side: ShareSide, by: User | None, now: datetime
) -> list[PayerShare]:
    """The parts of a key as counted on `reference_on` take the place of the running ones from `starts` on,
    and their payers are told; `by` None for Halle itself. In the caller's transaction. Raises
    ShareRefused."""
    before = {one.payer_id: one for one in running(key, starts)}
    if not any(one.state == ShareState.AGREED for one in before.values()):
        raise ShareRefused("Aucune commune ne paie sa part par cette clé à cette date.", "starts")
    weights = weights_of(key, who_counts(key, before.values(), on=localdate(now)), reference_on)
    reason = f"Clé recalculée au {in_words(reference_on)}."
    for one in before.values():
        replace(share=one, on=starts, reason=reason, side=side, by=by, now=now)
    agreed, asked = [], []
    for share in counted_shares(key, weights, reference_on, starts):
        if old := before.get(share.payer_id):
            for name in _CARRIED_OVER:
                setattr(share, name, getattr(old, name))
            share.proposed_by, share.proposed_at = by or old.proposed_by, now
            (agreed if share.answered_by_id else asked).append(share)
    for shares, state in ((agreed, ShareState.AGREED), (asked, ShareState.PROPOSED)):
        if shares:
            write(shares, side=side, by=by, now=now, state=state)
    with tenant_scope({key.tenant_id, *before}):
        tell_counted_again(shares=agreed, before=before, now=now)
    signals.payers_changed.send(sender=PayerShare, subscription=key.subscription, now=now)
    return [*agreed, *asked]


def who_counts(key: CostKey, shares: Iterable[PayerShare], *, on: date) -> list[Organisation]:
    """The communes that a key counts: those covered that day, and whoever still pays by it. Whoever refused
    counts in the whole: its part stays the intercommunality's."""
    everybody = covered_communes(subscription=key.subscription, on=on)
    there = {one.pk for one in everybody}
    return everybody + [one.payer for one in shares if one.payer_id not in there]


_CARRIED_OVER = (
    "convention_number", "convention_date", "convention_file", "answered_by", "answered_at",
    "commitment_number", "service_code",
)  # fmt: skip


def running(key: CostKey, starts: date) -> QuerySet[PayerShare]:
    """The shares of a key that last beyond a day, agreed or still to be answered."""
    lasts = Q(ends__isnull=True) | Q(ends__gt=starts)
    begun = Q(state=ShareState.AGREED, starts__lt=starts) | Q(state=ShareState.PROPOSED)
    found = PayerShare.objects.filter(lasts, begun, key=key)
    return found.select_related("payer__territory", "subscription__tenant").order_by("pk")


def _check(key: Key) -> None:
    if not 0 <= key.kept_percent < 100 or key.kept_percent * 100 % 1:
        raise ShareRefused(
            "La part gardée est entre 0 et 99,99 %, avec deux décimales au plus.", "kept_percent"
        )
    if key.method == KeyMethod.INHABITANTS and key.population_kind not in PopulationKind.values:
        raise ShareRefused("Choisissez la population que compte la clé.", "population_kind")
    if key.method != KeyMethod.INHABITANTS and key.population_kind:
        raise ShareRefused("Cette clé ne compte pas d’habitants.", "population_kind")


def weights_of(
    key: CostKey,
    communes: list[Organisation],
    on: date,
    percents: Mapping[int, Decimal] | None = None,
) -> list[Weight]:
    """How much each commune counts that day. Raises ShareRefused."""
    if key.method == KeyMethod.EQUAL:
        return [Weight(one, 1, "1 part") for one in communes]
    if key.method == KeyMethod.FIXED:
        return _fixed(communes, percents or {})
    rows = Population.objects.filter(territory__organisation__in=communes, kind=key.population_kind)
    known = {row.territory_id: row for row in rows.in_force(on=on)}
    lacking = [
        one.name for one in communes if (row := known.get(one.territory_id)) is None or row.value is None
    ]
    if lacking:
        raise ShareRefused(
            f"Population inconnue au {in_words(on)} : {', '.join(lacking)}. Choisissez une autre date, ou "
            "une autre clé.",
            "reference_on",
        )
    counts = [(one, known[one.territory_id].value) for one in communes]
    return [Weight(one, count, f"{format_number(count)} habitants") for one, count in counts]


def _fixed(communes: list[Organisation], percents: Mapping[int, Decimal]) -> list[Weight]:
    weights = []
    for one in communes:
        percent = percents.get(one.pk, Decimal(0))
        if not 0 <= percent <= 100 or percent * 100 % 1:
            raise ShareRefused(
                f"{one.name} : le pourcentage est entre 0 et 100, avec deux décimales au plus.", "percents"
            )
        weights.append(Weight(one, int(percent * 100), format_percent(percent)))
    total = Decimal(sum(weight.count for weight in weights)) / 100
    if total != 100:
        raise ShareRefused(
            f"Les pourcentages font {format_percent(total)} ensemble : ils doivent faire 100 %.", "percents"
        )
    return weights


def counted_shares(key: CostKey, weights: list[Weight], reference_on: date, starts: date) -> list[PayerShare]:
    """The shares of a key, one for each commune that counts: a commune without inhabitants pays nothing. Not
    saved. Raises ShareRefused."""
    total = sum(weight.count for weight in weights)
    if not total:
        raise ShareRefused(
            "Ces communes n’ont pas d’habitants à compter. Choisissez une autre clé.", "method"
        )
    return [
        PayerShare(
            public_id=uuid4(),
            tenant_id=key.tenant_id,
            subscription=key.subscription,
            payer=weight.commune,
            kind=ShareKind.COST_KEY,
            part=weight.count * (RATE - key.kept),
            whole=total * RATE,
            starts=starts,
            key=key,
            reference_on=reference_on,
            basis=weight.words
            if key.method == KeyMethod.FIXED
            else f"{weight.words} sur {format_number(total)}",
        )
        for weight in weights
        if weight.count
    ]
