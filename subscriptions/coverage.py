"""Who has which service: an organisation's own socle, and an operator's members, service by service.

All need a tenant scope: the organisation's, or that of the operator with its members.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Case, CharField, F, OuterRef, Q, QuerySet, Subquery, Value, When

from catalog.finding.strata import stratum_of
from catalog.models import Family, ShelfEntry
from subscriptions.models import Cover, Fundamental, State, Subscription
from tenants.members.adhesions import members_of, operators_of
from tenants.models import Operator, Organisation, Population
from tenants.models.territory import PopulationKind, TerritoryKind

# Whoever tries a service for nothing does not have it yet: as one who asks for it.
UNTRIED_STATE = Case(
    When(trial_days__isnull=False, then=Value(State.REQUESTED.value)),
    default=F("state"),
    output_field=CharField(),
)
HAVING = (State.ACTIVE, State.SUSPENDED, State.TERMINATING)


@dataclass(frozen=True)
class Need:
    """What an organisation has for one need, and what its operators offer for it."""

    title: str
    text: str
    families: tuple[str, ...]
    held: list[Subscription]
    offers: list[ShelfEntry]
    covers: list[Cover] = field(default_factory=list)  # by its intercommunality's subscription

    @property
    def is_met(self) -> bool:
        """Whether one of its services is open, its own or its intercommunality's; a free trial meets no
        need."""
        return bool(self.covers) or any(row.state in HAVING and not row.is_trial for row in self.held)


@dataclass(frozen=True)
class Socle:
    """The fundamental services, with `source`, and every other family of services."""

    fundamentals: list[Need]
    others: list[Need]
    source: str


def socle_of(*, organisation: Organisation, on: date) -> Socle:
    """What the organisation has, lacks and is offered on that day. Four queries."""
    dated = Fundamental.objects.filter(in_force_from__lte=on).order_by("code", "-in_force_from")
    known = sorted(dated.distinct("code"), key=lambda row: row.position)
    rows = list(
        Subscription.objects.open()
        .filter(tenant=organisation)
        .select_related("operator")
        .order_by("service_name", "pk")
    )
    covers = list(
        Cover.objects.in_force(on=on)
        .filter(tenant=organisation)
        .select_related("covering")
        .order_by("service_name", "pk")
    )
    by_listing = [row.listing_id for row in (*rows, *covers)]
    entries = list(
        ShelfEntry.objects.filter(
            Q(listing__in=by_listing)
            | Q(listed=True, operator__in=operators_of(organisation=organisation, on=on))
        )
        .select_related("operator")
        .order_by("operator__short_name", "position", "name", "listing")
    )
    family_of = {entry.listing_id: entry.family for entry in entries}
    taken = set(by_listing)

    def need(title: str, text: str, families: tuple[str, ...]) -> Need:
        return Need(
            title=title,
            text=text,
            families=families,
            held=[row for row in rows if family_of.get(row.listing_id) in families],
            offers=[
                entry
                for entry in entries
                if entry.listed and entry.family in families and entry.listing_id not in taken
            ],
            covers=[row for row in covers if family_of.get(row.listing_id) in families],
        )

    fundamental = {family for row in known for family in row.families}
    others = [need(family.label, "", (family.value,)) for family in Family if family not in fundamental]
    return Socle(
        fundamentals=[need(row.title, row.text, tuple(row.families)) for row in known],
        others=[one for one in others if one.held or one.covers or one.offers],
        source=known[0].source if known else "",
    )


@dataclass(frozen=True)
class Member:
    """A member of the day; `inhabitants` None when unknown, or when it is no commune: an intercommunality's
    are those of its communes, and are not counted twice. `tries_until`: the last day of its free trial of the
    service in question, when one is open."""

    pk: int
    siren: str
    name: str
    kind: str
    inhabitants: int | None
    insee_code: str = ""  # of a commune
    tries_until: date | None = None


@dataclass
class ServiceCoverage:
    """One service of the shelf: how many members have it, are getting or trying it, and lack it."""

    entry: ShelfEntry
    having: set[int] = field(default_factory=set)
    under_way: set[int] = field(default_factory=set)
    inhabitants: int = 0  # of those that have it


@dataclass(frozen=True)
class Coverage:
    """An operator's members × its services; `families`: how many members have a service of each family."""

    members: int
    inhabitants: int
    services: list[ServiceCoverage]
    families: dict[str, int]


@dataclass(frozen=True)
class ServiceMembers:
    """The members of a stratum (of all sizes when none was asked), by what they have of one service.
    `strata`: how many members of each stratum lack it."""

    entry: ShelfEntry
    having: list[Member]
    under_way: list[Member]
    lacking: list[Member]
    strata: dict[str, int]


def coverage_of(*, operator: Operator, on: date) -> Coverage:
    """The members of that day that have each service with this operator, by itself or by its
    intercommunality. Three queries, whatever the number of members and of services."""
    members = {member.pk: member for member in _members(operator, on)}
    opened = (
        Subscription.objects.open()
        .filter(operator=operator)
        .order_by()
        .values_list("listing", UNTRIED_STATE)
        .annotate(tenants=ArrayAgg("tenant_id"))
    )
    held: dict[int, dict[bool, set[int]]] = defaultdict(lambda: {True: set(), False: set()})
    covered = (
        Cover.objects.in_force(on=on)
        .filter(operator=operator)
        .order_by()
        .annotate(state=Value(State.ACTIVE.value))
        .values_list("listing", "state")
        .annotate(tenants=ArrayAgg("tenant_id"))
    )
    for listing, state, tenants in opened.union(covered, all=True):
        held[listing][state in HAVING].update(members.keys() & set(tenants))
    entries = ShelfEntry.objects.filter(Q(listed=True) | Q(listing__in=list(held)), operator=operator)
    services, by_family = [], defaultdict(set)
    for entry in sorted(entries, key=lambda row: (Family(row.family).label, row.name, row.pk)):
        having, under_way = held[entry.pk][True], held[entry.pk][False]
        inhabitants = sum(members[pk].inhabitants or 0 for pk in having)
        services.append(ServiceCoverage(entry, having, under_way, inhabitants))
        by_family[entry.family] |= having
    return Coverage(
        members=len(members),
        inhabitants=sum(member.inhabitants or 0 for member in members.values()),
        services=services,
        families={family: len(having) for family, having in by_family.items()},
    )


def members_by_service(
    *, operator: Operator, listing_id: int, on: date, stratum: str = ""
) -> ServiceMembers | None:
    """Each member of that day by what it has of one service; None when it is not one of this operator's.
    Four queries."""
    entry = ShelfEntry.objects.filter(operator=operator, listing=listing_id).first()
    if entry is None:
        return None
    rows = (
        Subscription.objects.open()
        .filter(operator=operator, listing=listing_id)
        .order_by(F("trial_days").asc(nulls_last=True))  # the subscription says more than the trial before it
        .values_list("tenant", UNTRIED_STATE, "trial_until", "state")
    )
    states, tries = {}, {}
    for tenant, state, until, own in rows:
        states[tenant] = state
        if until and own == State.ACTIVE:
            tries[tenant] = until - timedelta(days=1)
    covered = Cover.objects.in_force(on=on).filter(operator=operator, listing=listing_id)
    states.update(dict.fromkeys(covered.values_list("tenant", flat=True), State.ACTIVE))
    groups: dict[str, list[Member]] = {"having": [], "under_way": [], "lacking": []}
    strata: Counter[str] = Counter()
    for member in _members(operator, on):
        state = states.get(member.pk)
        group = "lacking" if state is None else "having" if state in HAVING else "under_way"
        own = stratum_of(member.inhabitants)
        if group == "lacking" and own:
            strata[own] += 1
        if stratum in ("", own):
            groups[group].append(replace(member, tries_until=tries.get(member.pk)))
    return ServiceMembers(entry=entry, strata=dict(strata), **groups)


def _members(operator: Operator, on: date) -> list[Member]:
    """Members of the day by name, with their municipal population. One query."""
    rows: QuerySet = (
        members_of(operator=operator, on=on)
        .order_by("plain_name", "pk")
        .values_list("pk", "siren", "name", "kind", "territory__kind", "territory__code", _population(on))
    )
    return [
        Member(pk, siren, name, kind, inhabitants, code)
        if territory == TerritoryKind.COMMUNE
        else Member(pk, siren, name, kind, None)
        for pk, siren, name, kind, territory, code, inhabitants in rows
    ]


def _population(on: date) -> Subquery:
    """As Population.in_force does: the newest count that is known."""
    return Subquery(
        Population.objects.filter(
            territory=OuterRef("territory"),
            kind=PopulationKind.MUNICIPALE,
            in_force_from__lte=on,
            value__isnull=False,
        )
        .order_by("-in_force_from", "id")
        .values("value")[:1]
    )
