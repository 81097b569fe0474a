"""Who pays more than last year: every real member priced under the version in force and under a draft.

A job works batch by batch: each batch is one transaction that takes the simulation's row, prices the members
that follow those priced already, and counts them. A worker may be killed anywhere and another one go on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Q

from catalog import tasks
from catalog.grids.refusals import NotADraft
from catalog.grids.signals import subscribers_asked
from catalog.models import GridSimulation, GridState, PriceGrid, SimulationRow, SimulationState
from catalog.prices import TerritoryFacts, goes_by_college, territory_facts
from catalog.pricing import Grid, GridInvalid, PricingError, parse_grid, price
from tenants import audit, jobs
from tenants.members.adhesions import members_of
from tenants.models import Operator, Organisation, User

BATCH = 1000
# Younger than this, a job is most likely on its way.
PATIENCE = timedelta(seconds=30)
MAX_PROBLEM = 300
NO_TERRITORY = "Cette organisation n’est rattachée à aucun territoire : sa population est inconnue."
NO_GRID = "Aucun tarif n’était en vigueur."
OPEN = (SimulationState.WAITING, SimulationState.RUNNING)


@transaction.atomic
def start_simulation(*, grid: PriceGrid, by: User, now: datetime) -> GridSimulation:
    """Has a draft priced over all the members of its first day, by a job. The simulation under way, if it
    is of the same figures. Raises NotADraft, or GridInvalid for a draft that is still incomplete."""
    found = (
        PriceGrid.objects.select_for_update(of=("self",), no_key=True)
        .select_related("listing__operator__organisation", "listing__offer__product__sheet")
        .filter(pk=grid.pk, state=GridState.DRAFT)
        .first()
    )
    if found is None:
        raise NotADraft("Ce brouillon vient d’être publié ou supprimé : il n’y a plus rien à simuler.")
    parse_grid(found.definition)
    operator = found.listing.operator
    same = {"grid": found, "definition": found.definition, "on": found.effective_from}
    if under_way := GridSimulation.objects.filter(**same, state__in=OPEN).first():
        return under_way
    simulation = GridSimulation.objects.create(
        tenant=operator.organisation,
        **same,
        total=members_of(operator=operator, on=found.effective_from).count(),
        started_by=by,
        started_at=now,
    )
    audit.record(
        tenant=operator.organisation,
        actor=by,
        what="price_grid.simulated",
        sentence=f"{{actor}} a lancé la simulation d’un tarif de {found.listing.sheet.name}.",
        subject_id=found.pk,
        now=now,
    )
    _defer(simulation.pk)
    return simulation


def run(*, simulation_id: int, now: datetime) -> None:
    """Prices all members. Killed anywhere and called again, it goes on with the next one; called too often,
    does nothing."""
    while _run_batch(simulation_id, now):
        pass


def sweep(*, now: datetime) -> None:
    """Enqueues again the simulations that a dead worker or a lost job left behind."""
    waiting = jobs.waiting(tasks.run_simulation, "simulation_id")
    left = GridSimulation.objects.filter(state__in=OPEN, started_at__lt=now - PATIENCE)
    for pk in left.order_by("pk").values_list("pk", flat=True):
        if pk not in waiting:
            _defer(pk)


def replaced_grid(grid: PriceGrid) -> PriceGrid | None:
    """The published version that this one takes the place of on its first day; once it is published, still
    the one that it ended."""
    held = Q(effective_until__isnull=True) | Q(effective_until__gte=grid.effective_from)
    return (
        PriceGrid.objects.filter(
            held,
            listing=grid.listing_id,
            option=grid.option,
            state=GridState.PUBLISHED,
            effective_from__lt=grid.effective_from,
        )
        .exclude(pk=grid.pk)
        .order_by("-effective_from")
        .first()
    )


def _defer(simulation_id: int) -> None:
    # One at a time for a simulation: the one that waits finds nothing to do.
    lock = f"catalog.simulation:{simulation_id}"
    tasks.run_simulation.configure(lock=lock).defer(simulation_id=simulation_id)


@transaction.atomic
def _run_batch(simulation_id: int, now: datetime) -> bool:
    """False when there is nothing more to do."""
    simulation = (
        GridSimulation.objects.select_for_update(of=("self",), no_key=True)
        .select_related("grid__listing__operator")
        .filter(pk=simulation_id, state__in=OPEN)
        .first()
    )
    if simulation is None:
        return False
    rows = SimulationRow.objects.filter(simulation=simulation)
    last = rows.aggregate(last=Max("organisation"))["last"] or 0
    members = list(
        members_of(operator=simulation.grid.listing.operator, on=simulation.on)
        .filter(pk__gt=last)
        .select_related("territory")
        .order_by("pk")[:BATCH]
    )
    if not members:
        _finish(simulation, now)
        return False
    try:
        pricing = _Pricing.of(simulation)
    except GridInvalid as invalid:
        problem = str(invalid)[:MAX_PROBLEM]
        _move(simulation, SimulationState.FAILED, ended_at=now, problem=problem)
        return False
    SimulationRow.objects.bulk_create(_rows(simulation, members, pricing))
    _move(simulation, SimulationState.RUNNING, done=simulation.done + len(members))
    return True


def _finish(simulation: GridSimulation, now: datetime) -> None:
    _move(simulation, SimulationState.DONE, ended_at=now, total=simulation.done)
    # One result a draft is enough, and a large operator's has 35,000 rows.
    GridSimulation.objects.filter(grid=simulation.grid_id, pk__lt=simulation.pk).delete()


def _move(simulation: GridSimulation, state: SimulationState, **fields) -> None:
    GridSimulation.objects.filter(pk=simulation.pk, state__in=OPEN).update(state=state, **fields)


@dataclass(frozen=True)
class _Pricing:
    """Both grids, ready to price; `before` is None when nothing was in force."""

    before: Grid | None
    after: Grid
    college_at: Operator | None  # the operator, when one of them goes by college

    @classmethod
    def of(cls, simulation: GridSimulation) -> "_Pricing":
        replaced = replaced_grid(simulation.grid)
        former = replaced.definition if replaced else None
        by_college = goes_by_college(former) or goes_by_college(simulation.definition)
        return cls(
            before=parse_grid(former) if former else None,
            after=parse_grid(simulation.definition),
            college_at=simulation.grid.listing.operator if by_college else None,
        )


def _rows(
    simulation: GridSimulation, members: Sequence[Organisation], pricing: _Pricing
) -> list[SimulationRow]:
    listing = simulation.grid.listing
    territories = [member.territory for member in members if member.territory]
    facts = territory_facts(territories=territories, on=simulation.on, college_at=pricing.college_at)
    subscribed = _subscribers(listing, [member.pk for member in members])
    found = []
    for member in members:
        known = facts.get(member.territory_id)
        before, _, why_before = _year(pricing.before, known)
        after, population, why_after = _year(pricing.after, known)
        found.append(
            SimulationRow(
                tenant_id=simulation.tenant_id,
                simulation=simulation,
                organisation=member,
                population=population,
                subscribed=member.pk in subscribed,
                before_cents=before,
                after_cents=after,
                problem=(why_after or why_before)[:MAX_PROBLEM],
            )
        )
    return found


def _year(grid: Grid | None, facts: TerritoryFacts | None) -> tuple[int | None, int | None, str]:
    """A year after the first, in cents net of tax; the population counted; why there is no price."""
    if grid is None:
        return None, None, NO_GRID
    if facts is None:
        return None, None, NO_TERRITORY
    if facts.problem:
        return None, None, facts.problem
    known = facts.for_grid(grid)
    population = known.population.value if known.population else None
    try:
        return price(grid=grid, facts=known).total_cents, population, ""
    except PricingError as refusal:
        return None, population, str(refusal)


def _subscribers(listing, organisations: Iterable[int]) -> set[int]:
    answers = subscribers_asked.send(sender=None, listing=listing, organisations=list(organisations))
    return {pk for _, answer in answers for pk in answer}
