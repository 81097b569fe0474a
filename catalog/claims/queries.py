"""Reads about claims, for pages and for the verbs. Expiry is judged by the day given, never stored."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Min, Q, QuerySet

from catalog.claims.checks import Rule, Rules, Verdict, check
from catalog.claims.reading import headline, in_words, stored
from catalog.claims.values import Value
from catalog.models import (
    Claim,
    ClaimLevel,
    ClaimRule,
    ClaimTopic,
    Listing,
    ListingState,
    ServiceSheet,
    Vendor,
)
from tenants.models import Operator

PAGE_SIZE = 25
SOON = timedelta(days=60)
# Under review or on the shelf: what an operator's curators read.
BEFORE_OPERATOR = (ListingState.DRAFT, ListingState.LISTED, ListingState.SUSPENDED)
MAX_HISTORY = 20


def rules() -> Rules:
    """Every version of every limit. One query; few rows."""
    return Rules(
        Rule(**row) for row in ClaimRule.objects.values("topic", "code", "value", "in_force_from", "source")
    )


def rules_in_force(*, on: date) -> list[Rule]:
    """The limits of that day. One query."""
    return rules().in_force(on=on)


@dataclass(frozen=True)
class ClaimRead:
    """A claim with its value as it is read: None and no words when it is no longer readable."""

    claim: Claim
    value: Value | None
    headline: str
    words: list[tuple[str, str]]


def read(claim: Claim) -> ClaimRead:
    """No query."""
    value = stored(claim.topic, claim.value)
    return ClaimRead(claim, value, headline(claim.topic, value), in_words(value) if value else [])


def public_claims(*, sheet: ServiceSheet, on: date) -> list[ClaimRead]:
    """What the service's page shows: claims in force that day, in the order of the topics. One query."""
    claims = Claim.objects.in_force(on=on).filter(sheet=sheet).select_related("checked_for", "evidence_file")
    return [read(claim) for claim in _in_order(claims)]


@dataclass(frozen=True)
class TopicState:
    """One topic of a service for its vendor: the last word, if any, and what the rules say of it that day."""

    topic: ClaimTopic
    read: ClaimRead | None
    verdict: Verdict | None


def topics_of(*, sheet: ServiceSheet, on: date) -> list[TopicState]:
    """Every topic, said or not. Two queries."""
    claims = Claim.objects.current().filter(sheet=sheet).select_related("checked_for", "evidence_file")
    found, limits = {claim.topic: claim for claim in claims}, rules()
    return [_state(topic, found.get(topic), limits, on) for topic in ClaimTopic]


def topic_of(*, sheet: ServiceSheet, topic: ClaimTopic, on: date) -> TopicState:
    """One topic. Two queries."""
    claim = (
        Claim.objects.current()
        .filter(sheet=sheet, topic=topic)
        .select_related("checked_for", "evidence_file", "sheet__vendor__organisation")
        .first()
    )
    return _state(topic, claim, rules(), on)


def history_of(*, sheet: ServiceSheet, topic: str) -> list[Claim]:
    """What was said and checked before on a topic, last first: the MAX_HISTORY last ones."""
    former = Claim.objects.filter(sheet=sheet, topic=topic).exclude(
        replaced_at__isnull=True, withdrawn_at__isnull=True
    )
    return list(former.select_related("checked_for").order_by("-pk")[:MAX_HISTORY])


@dataclass(frozen=True)
class Ending:
    """One service whose claims have ended, or end soon: how many of each, and the next end."""

    slug: str
    name: str
    ended: int
    soon: int
    next_end: date | None  # None when all have ended


def endings_of(*, vendor: Vendor, on: date) -> list[Ending]:
    """What the vendor renews if it still holds, service by service. One query."""
    states = _states(on)
    rows = (
        Claim.objects.current()
        .filter(states[EXPIRING] | states[EXPIRED], sheet__vendor=vendor)
        .values(slug=F("sheet__slug"), name=F("sheet__name"))
        .annotate(
            ended=Count("pk", filter=states[EXPIRED]),
            soon=Count("pk", filter=states[EXPIRING]),
            next_end=Min("valid_until", filter=states[EXPIRING]),
        )
        .order_by("name", "slug")
    )
    return [Ending(**row) for row in rows]


# --- For whoever checks --------------------------------------------------------------------------------

TO_CHECK, EXPIRING, EXPIRED, CONTESTED, VERIFIED, DECLARED = (
    "a-verifier",
    "bientot-finis",
    "finis",
    "contestes",
    "verifies",
    "declares",
)


@dataclass(frozen=True)
class ClaimFilters:
    """What is looked for; "" for all."""

    search: str = ""
    topic: str = ""
    state: str = TO_CHECK


@dataclass(frozen=True)
class ClaimsFound:
    """One page of claims, and how many there are in each state, whatever state is looked at."""

    page: Page
    counts: dict[str, int]


def claims_before(*, operator: Operator | None) -> QuerySet[Claim]:
    """The last words on the services that an operator has on its shelf or under review; on all services for
    the platform (None)."""
    return _before(Claim.objects.current(), operator)


def was_before(*, operator: Operator | None, public_id) -> bool:
    """Whether this claim was once a last word of theirs: somebody changed it since."""
    return _before(Claim.objects.all(), operator).filter(public_id=public_id).exists()


def _before(claims: QuerySet[Claim], operator: Operator | None) -> QuerySet[Claim]:
    if operator is None:
        return claims
    listings = Listing.objects.filter(operator=operator, state__in=BEFORE_OPERATOR)
    return claims.filter(sheet__product__in=listings.values("offer__product"))


def claims_to_check(
    *, operator: Operator | None, filters: ClaimFilters, on: date, number: int
) -> ClaimsFound:
    """The claims an operator (the platform: None) may check: what ends first comes first. Three queries."""
    found = claims_before(operator=operator)
    if filters.topic:
        found = found.filter(topic=filters.topic)
    if filters.search:
        found = found.filter(
            Q(sheet__name__icontains=filters.search)
            | Q(sheet__vendor__organisation__name__icontains=filters.search)
        )
    states = _states(on)
    counts = found.aggregate(
        **{state.replace("-", "_"): Count("pk", filter=asked) for state, asked in states.items()}
    )
    asked = (
        found.filter(states[filters.state])
        .select_related("sheet__vendor__organisation", "checked_for")
        .order_by("valid_until", "made_at", "pk")
    )
    paginator = Paginator(asked, PAGE_SIZE)
    paginator.count = counts[filters.state.replace("-", "_")]
    return ClaimsFound(
        paginator.get_page(number), {state: counts[state.replace("-", "_")] for state in states}
    )


def claim_before(*, operator: Operator | None, public_id) -> Claim | None:
    """The last word, with all that its page shows; None when it is not this operator's to check."""
    return (
        claims_before(operator=operator)
        .filter(public_id=public_id)
        .select_related("sheet__vendor__organisation", "checked_for", "evidence_file")
        .first()
    )


def verdict_on(claim: Claim, *, on: date) -> Verdict | None:
    """What the rules say that day of a stored claim; None when its value is no longer readable. One query."""
    value = stored(claim.topic, claim.value)
    return None if value is None else check(value, rules=rules(), on=on)


def _states(on: date) -> dict[str, Q]:
    current = Q(valid_until__isnull=True) | Q(valid_until__gte=on)
    return {
        TO_CHECK: current & Q(level=ClaimLevel.DOCUMENTED, checked_on__isnull=True),
        EXPIRING: Q(valid_until__gte=on, valid_until__lte=on + SOON),
        EXPIRED: Q(valid_until__lt=on),
        VERIFIED: current & Q(level=ClaimLevel.VERIFIED),
        CONTESTED: current & Q(checked_on__isnull=False) & ~Q(level=ClaimLevel.VERIFIED),
        DECLARED: current & Q(level=ClaimLevel.DECLARED, checked_on__isnull=True),
    }


def _state(topic: ClaimTopic, claim: Claim | None, limits: Rules, on: date) -> TopicState:
    if claim is None:
        return TopicState(topic, None, None)
    shown = read(claim)
    verdict = None if shown.value is None else check(shown.value, rules=limits, on=on)
    return TopicState(topic, shown, verdict)


def _in_order(claims: QuerySet[Claim]) -> list[Claim]:
    order = list(ClaimTopic.values)
    return sorted(claims, key=lambda claim: order.index(claim.topic))
