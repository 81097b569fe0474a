"""Two people who publish at once, one draft edited by two, and workers killed at a simulation."""

import random
from dataclasses import replace
from datetime import date

import pytest
from django.db import transaction
from django.utils import timezone
from django.utils.timezone import localdate

from catalog.grids import operations, simulations
from catalog.grids.refusals import DraftChanged, NotADraft, TermsInvalid
from catalog.grids.terms import GridTerms
from catalog.models import GridState, PriceGrid, SimulationRow, SimulationState
from tenants.models import Adhesion, AuditEvent, Organisation
from tenants.tenancy import tenant_scope
from tests.concurrency.worker_process import WorkerProcess
from tests.factories import ListingFactory, PriceGridFactory, UserFactory
from tests.factories.base import IN_FORCE_FROM
from tests.factories.tenants import siren
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

NEXT_YEAR = date(localdate().year + 1, 1, 1)
MEMBERS = 4000


def draft_of(listing) -> PriceGrid:
    return PriceGridFactory(listing=listing, state=GridState.DRAFT, effective_from=NEXT_YEAR)


def in_scope(listing, verb, /, **values):
    """What a page does: one operation in a transaction, inside the operator's scope."""

    def run():
        with transaction.atomic(), tenant_scope([listing.operator.organisation_id]):
            return verb(**values, by=values.get("by") or person, now=timezone.now())

    person = UserFactory()
    return run


def test_of_two_drafts_for_the_same_day_one_is_published():
    listing = ListingFactory()
    drafts = [draft_of(listing) for _ in range(4)]
    results = at_once(*(in_scope(listing, operations.publish, grid=draft) for draft in drafts))
    assert [type(result) for result in results].count(TermsInvalid) == 3
    [published] = [result for result in results if isinstance(result, PriceGrid)]
    [first, second] = listing.grids.filter(state=GridState.PUBLISHED).order_by("effective_from")
    assert (first.effective_until, second) == (NEXT_YEAR, published)


def test_one_draft_is_published_once():
    listing = ListingFactory()
    draft = draft_of(listing)
    results = at_once(*(in_scope(listing, operations.publish, grid=draft) for _ in range(4)))
    assert [type(result) for result in results].count(NotADraft) == 3
    with as_worker():
        assert AuditEvent.objects.filter(what="price_grid.published").count() == 1


def test_publishing_and_deleting_at_once():
    listing = ListingFactory()
    draft = draft_of(listing)
    results = at_once(
        in_scope(listing, operations.publish, grid=draft),
        in_scope(listing, operations.delete_draft, grid=draft),
    )
    assert [type(result) for result in results].count(NotADraft) == 1


def test_of_two_who_edit_the_same_draft_one_is_told():
    listing = ListingFactory()
    draft = draft_of(listing)
    seen = operations.fingerprint(draft)
    results = at_once(
        *(
            in_scope(
                listing,
                operations.edit_draft,
                grid=draft,
                terms=replace(GridTerms.of(draft), note=f"note {number}"),
                seen=seen,
            )
            for number in range(3)
        )
    )
    assert [type(result) for result in results].count(DraftChanged) == 2


def test_withdrawing_and_publishing_leave_no_hole():
    listing = ListingFactory()
    coming = operations_published(listing)
    other = draft_of(listing)
    PriceGrid.objects.filter(pk=other.pk).update(effective_from=NEXT_YEAR.replace(year=NEXT_YEAR.year + 1))
    at_once(
        in_scope(listing, operations.withdraw, grid=coming), in_scope(listing, operations.publish, grid=other)
    )
    versions = list(listing.grids.filter(state=GridState.PUBLISHED).order_by("effective_from"))
    assert len(versions) == 2
    assert versions[0].effective_until == versions[1].effective_from
    assert versions[1].effective_until is None


def operations_published(listing) -> PriceGrid:
    return in_scope(listing, operations.publish, grid=draft_of(listing))()


@pytest.fixture
def worker(tmp_path):
    process = WorkerProcess(tmp_path)
    yield process
    process.close()


def test_a_killed_worker_prices_each_member_once(worker):
    listing = ListingFactory()
    with as_worker():
        members = Organisation.objects.bulk_create(
            Organisation(siren=siren(4_000_000 + number), name=f"Membre {number}", kind="commune")
            for number in range(MEMBERS)
        )
        Adhesion.objects.bulk_create(
            Adhesion(operator=listing.operator, organisation=member, since=IN_FORCE_FROM)
            for member in members
        )
        simulation = simulations.start_simulation(
            grid=draft_of(listing), by=UserFactory(), now=timezone.now()
        )
        rows = SimulationRow.objects.filter(simulation=simulation)
        worker.start()
        for _ in range(3):
            worker.kill_when_grown(rows, by=random.randint(1, 1000), at_most=MEMBERS)

        def done():
            simulation.refresh_from_db()
            return simulation.state == SimulationState.DONE

        worker.wait_until(done)
        assert worker.kills == 3
        assert (simulation.done, simulation.total) == (MEMBERS, MEMBERS)
        assert rows.values("organisation").distinct().count() == rows.count() == MEMBERS
