"""The shelf in memory is as new as the database at each look, wherever and whenever others commit."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from django.db import connection, transaction

from catalog.finding.indexing import refresh
from catalog.finding.shelves import Shelf, Shelves
from catalog.models import Listing
from tests.factories import ListingFactory, OperatorFactory, succeeding_grid
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 2.0
UNDONE = 10_000  # positions above this one are written by transactions that are undone


@pytest.fixture
def operator():
    return OperatorFactory()


@pytest.fixture
def shelves():
    return Shelves()


def move(listing: Listing, position: int) -> None:
    """As a verb does: the change, and the entry that follows from it."""
    Listing.objects.filter(pk=listing.pk).update(position=position)
    refresh(listings=[listing.pk])


def commit(write: Callable[[], None]) -> None:
    with transaction.atomic(), as_worker():
        write()


def elsewhere(function: Callable):
    """Its result in another thread, with a connection of its own."""
    [result] = at_once(function)
    if isinstance(result, Exception):
        raise result
    return result


@contextmanager
def unfinished(*writes: Callable[[], None]) -> Iterator[Callable[..., None]]:
    """Another connection has written and not committed yet; what is given ends it, `undo=True` with nothing
    done."""
    written, over, undone = threading.Event(), threading.Event(), threading.Event()

    def run():
        try:
            with transaction.atomic(), as_worker():
                for write in writes:
                    write()
                written.set()
                over.wait(30)
                transaction.set_rollback(undone.is_set())
        finally:
            connection.close()

    thread = threading.Thread(target=run)

    def end(*, undo: bool = False) -> None:
        if undo:
            undone.set()
        over.set()
        thread.join(30)

    thread.start()
    try:
        assert written.wait(30)
        yield end
    finally:
        end()


def positions(shelf: Shelf) -> dict[int, int]:
    return dict(zip(shelf.columns.listing.tolist(), shelf.columns.position.tolist(), strict=True))


def test_what_another_has_committed_is_seen_at_the_next_look(operator, shelves):
    one, two = ListingFactory(operator=operator), ListingFactory(operator=operator)
    assert positions(shelves.of(operator.pk)) == {one.pk: 100, two.pk: 100}
    elsewhere(lambda: commit(lambda: move(one, 3)))
    assert positions(shelves.of(operator.pk)) == {one.pk: 3, two.pk: 100}
    three = elsewhere(lambda: ListingFactory(operator=operator))
    assert positions(shelves.of(operator.pk)) == {one.pk: 3, two.pk: 100, three.pk: 100}


def test_a_grid_that_another_has_published_is_seen(operator, shelves):
    listing = ListingFactory(operator=operator)
    [before] = shelves.of(operator.pk).columns.rows
    elsewhere(lambda: succeeding_grid(listing, effective_from=date(2027, 1, 1), flat=True))
    [after] = shelves.of(operator.pk).columns.rows
    assert [len(row.grids) for row in (before, after)] == [1, 2]


def test_a_change_of_one_hall_leaves_the_shelf_of_another_alone(operator, shelves):
    listing, other = ListingFactory(operator=operator), ListingFactory()
    kept = shelves.of(other.operator_id)
    elsewhere(lambda: commit(lambda: move(listing, 3)))
    assert shelves.of(other.operator_id) is kept


def test_a_long_transaction_is_seen_when_it_commits_however_late(operator, shelves):
    slow, quick = ListingFactory(operator=operator), ListingFactory(operator=operator)
    shelves.of(operator.pk)
    with unfinished(lambda: move(slow, 1)) as end:
        assert positions(shelves.of(operator.pk))[slow.pk] == 100
        for position in (5, 6, 7):  # others come and go meanwhile
            elsewhere(lambda position=position: commit(lambda: move(quick, position)))
            assert positions(shelves.of(operator.pk)) == {slow.pk: 100, quick.pk: position}
        end()
    assert positions(shelves.of(operator.pk)) == {slow.pk: 1, quick.pk: 7}


def test_of_two_long_transactions_the_older_one_may_commit_last(operator, shelves):
    one, two = ListingFactory(operator=operator), ListingFactory(operator=operator)
    shelves.of(operator.pk)
    with unfinished(lambda: move(one, 1)) as end_first, unfinished(lambda: move(two, 2)) as end_second:
        end_second()
        assert positions(shelves.of(operator.pk)) == {one.pk: 100, two.pk: 2}
        end_first()
        assert positions(shelves.of(operator.pk)) == {one.pk: 1, two.pk: 2}


def test_a_shelf_first_read_while_somebody_writes_misses_nothing_afterwards(operator, shelves):
    listing = ListingFactory(operator=operator)
    with unfinished(lambda: move(listing, 1)) as end:
        assert positions(shelves.of(operator.pk)) == {listing.pk: 100}
        end()
    assert positions(shelves.of(operator.pk)) == {listing.pk: 1}


def test_what_is_undone_was_never_there(operator, shelves):
    listing = ListingFactory(operator=operator)
    first = shelves.of(operator.pk)
    with unfinished(lambda: move(listing, 1), lambda: ListingFactory(operator=operator)) as end:
        assert shelves.of(operator.pk) is first
        end(undo=True)
    assert shelves.of(operator.pk) is first


def test_what_one_has_written_and_not_committed_is_seen_by_oneself_only(operator, shelves):
    listing = ListingFactory(operator=operator)
    first = shelves.of(operator.pk)

    def look():
        return positions(shelves.of(operator.pk))

    with transaction.atomic(), as_worker():
        move(listing, 1)
        assert look() == {listing.pk: 1}
        assert elsewhere(look) == {listing.pk: 100}
        move(listing, 2)
        assert look() == {listing.pk: 2}
        transaction.set_rollback(True)
    assert shelves.of(operator.pk) is first


def test_part_of_a_transaction_undone_and_the_rest_committed(operator, shelves):
    one, two = ListingFactory(operator=operator), ListingFactory(operator=operator)
    shelves.of(operator.pk)
    with transaction.atomic(), as_worker():
        move(one, 1)
        with transaction.atomic():
            move(two, 2)
            assert positions(shelves.of(operator.pk)) == {one.pk: 1, two.pk: 2}
            transaction.set_rollback(True)
        assert positions(shelves.of(operator.pk)) == {one.pk: 1, two.pk: 100}
    assert positions(shelves.of(operator.pk)) == {one.pk: 1, two.pk: 100}


def test_a_writer_keeps_nothing_for_others_even_of_a_shelf_not_yet_in_memory(operator, shelves):
    listing = ListingFactory(operator=operator)
    with transaction.atomic(), as_worker():
        move(listing, 1)
        assert positions(shelves.of(operator.pk)) == {listing.pk: 1}
        transaction.set_rollback(True)
    assert positions(shelves.of(operator.pk)) == {listing.pk: 100}


def test_threads_that_want_a_shelf_at_once_read_it_once(operator, shelves):
    listing = ListingFactory(operator=operator)
    read = []

    def look():
        def note(execute, sql, params, many, context):
            if 'FROM "catalog_shelfentry"' in sql:
                read.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            return shelves.of(operator.pk)

    for turn in range(5):
        read.clear()
        found = at_once(*(look for _ in range(6)))
        assert len(read) == 1
        assert {id(shelf) for shelf in found} == {id(shelves.of(operator.pk))}
        commit(lambda turn=turn: move(listing, turn))


def test_no_commit_is_ever_missed_and_nothing_undone_is_ever_seen(operator, shelves):
    listings = [ListingFactory(operator=operator) for _ in range(6)]
    committed = {listing.pk: 0 for listing in listings}
    for listing in listings:
        commit(lambda listing=listing: move(listing, 0))
    end, wrong, looks = time.monotonic() + SECONDS, [], []

    def write(own: list[Listing]):
        while time.monotonic() < end:
            listing, undo = random.choice(own), random.random() < 0.3
            position = committed[listing.pk] + 1
            with transaction.atomic(), as_worker():
                move(listing, position + UNDONE if undo else position)
                time.sleep(random.random() / 50)
                transaction.set_rollback(undo)
            if not undo:
                committed[listing.pk] = position

    def look():
        while time.monotonic() < end:
            known = dict(committed)
            seen = positions(shelves.of(operator.pk))
            looks.append(seen)
            wrong.extend((pk, known[pk], seen[pk]) for pk in known if not known[pk] <= seen[pk] < UNDONE)

    results = at_once(*(lambda own=listings[at::3]: write(own) for at in range(3)), look, look)
    assert [result for result in results if result is not None] == []
    assert wrong == []
    assert min(len(looks), sum(committed.values())) > 10
    assert positions(shelves.of(operator.pk)) == committed == positions(Shelves().of(operator.pk))
