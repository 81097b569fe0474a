"""Two people decide at once, a service comes while the list is frozen, two workers do the same job."""

from datetime import timedelta

import pytest
from django.db import transaction

from catalog.models import Shortlist, ShortlistItem, ShortlistState
from catalog.shortlists import alerts, choice_file, deciding, favourites, preparing
from catalog.shortlists.refusals import NotFrozen, NotOpen
from tenants.models import AuditEvent, Letter
from tenants.tenancy import tenant_scope
from tests.catalog.shortlists.market import REASONS, Market
from tests.catalog.shortlists.test_alerts import listed, save
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def market():
    return Market()


def in_scope(market, verb, /, **values):
    """What a page does: one verb in a transaction, in the scope of one organisation."""
    values = {**market.by_secretary(), **values}

    def run():
        with transaction.atomic(), tenant_scope([market.commune.pk]):
            return verb(**values)

    return run


def made(market, how: str) -> Shortlist:
    with transaction.atomic(), tenant_scope([market.commune.pk]):
        return getattr(market, how)()


def reread(shortlist) -> Shortlist:
    with as_worker():
        return Shortlist.objects.get(pk=shortlist.pk)


def test_two_people_decide_once(market):
    for _ in range(5):
        shortlist = made(market, "frozen")
        choices = [
            in_scope(
                market,
                deciding.decide,
                shortlist=shortlist,
                chosen=listing,
                criteria=["fit", "data"],
                reasons=REASONS,
            )
            for listing in market.listings[:2]
        ]
        results = at_once(*choices)
        lost = [result for result in results if isinstance(result, NotFrozen)]
        assert len(lost) == 1, results
        won = next(result for result in results if isinstance(result, Shortlist))
        kept = reread(shortlist)
        assert (kept.state, kept.chosen_id) == (ShortlistState.DECIDED, won.chosen_id)
        with as_worker():
            told = AuditEvent.objects.filter(what="shortlist.decided", subject_id=str(shortlist.public_id))
            assert told.count() == 1


def test_a_service_is_added_before_the_list_is_frozen_or_not_at_all(market):
    for _ in range(5):
        with transaction.atomic(), tenant_scope([market.commune.pk]):
            shortlist = market.shortlist(services=2)
        adding = in_scope(market, preparing.add_item, shortlist=shortlist, listing=market.listings[2])
        added, frozen = at_once(adding, in_scope(market, deciding.freeze, shortlist=shortlist))
        assert isinstance(frozen, Shortlist), frozen
        assert added is True or isinstance(added, NotOpen), added
        with as_worker():
            snapshots = ShortlistItem.objects.filter(shortlist=shortlist).values_list("snapshot", flat=True)
            assert len(snapshots) == (3 if added is True else 2)
            assert all(snapshots)


def test_a_double_click_keeps_a_service_once(market):
    click = in_scope(
        market, favourites.add_favourite, organisation=market.commune, listing=market.listings[0]
    )
    assert sorted(at_once(click, click)) == [False, True]


def test_two_workers_make_one_file_and_tell_once(market):
    shortlist = made(market, "decided")
    with transaction.atomic(), tenant_scope([market.commune.pk]):
        save(market)
    listed(market.operator, "Cantine Neuve", at=NOW + timedelta(days=1))

    def making():
        with as_worker():
            choice_file.make_file(shortlist_id=shortlist.pk)

    def telling():
        with as_worker():
            return alerts.send_alerts(now=NOW + timedelta(days=2))

    results = at_once(making, making, telling, telling)
    assert not [result for result in results if isinstance(result, Exception)], results
    assert sum(results[2:]) == 1
    assert reread(shortlist).file.name.endswith(f"{shortlist.public_id}.pdf")
    with as_worker():
        assert Letter.objects.filter(key__startswith="alerts:").count() == 1
