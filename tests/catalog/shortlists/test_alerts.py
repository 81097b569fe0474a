"""Saved searches: kept per person, and told once of what comes onto the shelf."""

from datetime import timedelta

import pytest

from catalog.finding.indexing import refresh
from catalog.models import Listing, ListingMove, ListingState, SavedSearch
from catalog.shortlists import alerts, searches
from catalog.shortlists.refusals import KeepingRefused
from tenants.models import AuditEvent, Letter, Membership
from tests.factories import ListingFactory, MembershipFactory
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def save(market, **values) -> SavedSearch:
    return searches.save_search(
        **{
            "organisation": market.commune,
            "operator": market.operator,
            "name": "Cantines",
            "query": "q=cantine",
            "alert": True,
            **market.by_secretary(),
            **values,
        }
    )


def listed(operator, name: str, *, at, **values) -> Listing:
    """A service put on the shelf at that moment."""
    listing = ListingFactory(operator=operator, sheet__name=name, **values)
    with as_worker():
        ListingMove.objects.create(
            listing=listing, before=ListingState.DRAFT, after=ListingState.LISTED, at=at
        )
        refresh(listings=[listing.pk])
    return listing


def run(now) -> int:
    with as_worker():
        return alerts.send_alerts(now=now)


def letters() -> list[Letter]:
    with as_worker():
        return list(Letter.objects.filter(key__startswith="alerts:").order_by("pk"))


def test_only_what_came_since_is_news_and_is_told_once(market):
    search = save(market)
    assert run(NOW + DAY) == 0  # all that was there when she saved it
    listed(market.operator, "Cantine Neuve", at=NOW + DAY)
    listed(
        market.operator,
        "Etat civil",
        at=NOW + DAY,
        sheet__family="civil-registry",
        sheet__summary="Actes.",
        sheet__description="Actes.",
    )
    listed(ListingFactory().operator, "Cantine Ailleurs", at=NOW + DAY)
    assert run(NOW + 2 * DAY) == 1
    assert run(NOW + 2 * DAY) == 0
    assert run(NOW + 3 * DAY) == 0
    (letter,) = letters()
    assert (letter.to, letter.tenant) == (market.secretary.email, market.commune)
    assert letter.subject == "Nouveautés pour vos recherches : Cantines"
    assert "- Cantine Neuve, de" in letter.body
    for absent in ("Etat civil", "Ailleurs", "Cantine Une"):
        assert absent not in letter.body
    code = market.commune.territory.code
    assert f"/halles/{market.operator.slug}/?q=cantine&insee={code}" in letter.body
    assert f"/collectivites/{market.commune.siren}/recherches/" in letter.body
    search.refresh_from_db()
    assert search.seen_until == NOW + 2 * DAY - alerts.SETTLED


def test_what_is_listed_while_the_job_runs_is_told_the_next_day(market):
    save(market)
    just_before = NOW + DAY - alerts.SETTLED / 2
    listed(market.operator, "Cantine Neuve", at=just_before)
    assert run(NOW + DAY) == 0
    assert run(NOW + 2 * DAY) == 1


def test_several_searches_make_one_letter(market):
    save(market)
    save(market, name="Tout", query="")
    listed(market.operator, "Cantine Neuve", at=NOW + DAY)
    assert run(NOW + 2 * DAY) == 1
    (letter,) = letters()
    assert letter.subject == "Nouveautés pour vos recherches : Cantines, Tout"
    assert letter.body.count("- Cantine Neuve") == 2


def test_filters_count_as_on_the_shelf(market):
    save(market, query="licence=libre")
    listed(market.operator, "Cantine Neuve", at=NOW + DAY)
    assert run(NOW + 2 * DAY) == 0
    listed(market.operator, "Cantine Libre", at=NOW + DAY, sheet__licence_spdx="EUPL-1.2")
    assert run(NOW + 2 * DAY) == 1
    assert "Cantine Libre" in letters()[0].body


@pytest.mark.parametrize("why", ["no alert", "no mandate", "no adhesion", "inactive"])
def test_nobody_else_is_written(market, why):
    search = save(market, alert=why != "no alert")
    listed(market.operator, "Cantine Neuve", at=NOW + DAY)
    with as_worker():
        match why:
            case "no mandate":
                Membership.objects.filter(user=search.user).update(ended_at=NOW)
            case "no adhesion":
                market.operator.adhesions.update(until=NOW.date())
            case "inactive":
                type(search.user).objects.filter(pk=search.user_id).update(is_active=False)
    assert run(NOW + 2 * DAY) == 0
    assert letters() == []


def test_turned_on_again_only_what_comes_then_is_news(market):
    search = save(market)
    searches.set_alert(search=search, alert=False, **market.by_secretary())
    listed(market.operator, "Cantine Neuve", at=NOW + DAY)
    searches.set_alert(search=search, alert=True, by=market.secretary, now=NOW + 2 * DAY)
    assert run(NOW + 3 * DAY) == 0
    told = AuditEvent.objects.filter(what__startswith="search.").order_by("pk")
    assert [event.what for event in told] == ["search.saved", "search.alert", "search.alert"]


def test_a_search_is_kept_as_the_shortest_address_that_asks_it(market):
    search = save(market, query="q=cantine&page=3&insee=42137&famille=beurre&famille=canteen&x=1")
    assert search.query == "q=cantine&famille=canteen"


def test_a_name_is_a_persons_own(market):
    save(market)
    with pytest.raises(KeepingRefused, match="déjà une recherche de ce nom") as refusal:
        save(market)
    assert refusal.value.field == "name"
    save(market, by=MembershipFactory(organisation=market.commune).user)


def test_thirty_searches_are_enough(market):
    for number in range(searches.MOST):
        save(market, name=f"Recherche {number}")
    with pytest.raises(KeepingRefused, match="déjà 30 recherches"):
        save(market)


@pytest.mark.parametrize(
    "query", ["q=" + "x" * 10_000, "q=" + "é" * 1000, "&".join(f"licence=X{n:0>100}" for n in range(20))]
)
def test_a_search_too_long_is_refused(market, query):
    with pytest.raises(KeepingRefused, match="trop longue"):
        save(market, query=query)


@pytest.mark.parametrize("query", ["%00=%00&q=%00", "prix=9-1&niveau=a&tri=b&&&==", "q=((|&!", "licence=%27"])
def test_nonsense_is_read_as_the_shelf_reads_it(market, query):
    assert len(save(market, query=query).query) < 20
    assert run(NOW + DAY) == 0


def test_a_search_is_forgotten(market):
    searches.forget_search(search=save(market), **market.by_secretary())
    assert not SavedSearch.objects.exists()
