"""One request for many members: a report a line, safe to run again, by the rules of any request."""

import uuid
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from subscriptions import bulk, operations
from subscriptions.acts import Act
from subscriptions.bulk import Wanted
from subscriptions.exceptions import BulkRefused, DecisionInvalid, SamePerson, WrongState
from subscriptions.models import BulkLine, BulkRequest, BulkState, Decision, LineState, State, Subscription
from tenants.models import AuditEvent, Letter, Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    FrameworkLotFactory,
    ListingFactory,
    MembershipFactory,
    OrganisationFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
PER_AGENT = {"pattern": "per_unit", "unit": "agent", "unit_price": "2"}


def act(number="2026-12", day=date(2026, 3, 1)) -> Act:
    return Act(number, day, SimpleUploadedFile("acte.pdf", PDF))


@pytest.fixture
def listing():
    return ListingFactory(vehicle__legal_basis="centrale", vehicle__deliberation_required=False)


@pytest.fixture
def epci(listing):
    """An intercommunality whose adhesion covers its communes."""
    body = OrganisationFactory(epci=True)
    AdhesionFactory(operator=listing.operator, organisation=body, covers_communes=True)
    return body


@pytest.fixture
def communes(epci):
    return [OrganisationFactory(territory__epci=epci.territory, territory__population=860) for _ in range(4)]


def prepare(epci, listing, organisations, *, convention=None, by=None, key=None) -> BulkRequest:
    with tenant_scope([epci.pk]):
        return bulk.prepare_bulk(
            initiator=epci,
            listing=listing,
            wanted=[Wanted(typed="", organisation=one) for one in organisations],
            convention=convention,
            by=by or UserFactory(),
            request_key=key or uuid.uuid4(),
            now=NOW,
        )


def confirm(found, *, by=None) -> None:
    with tenant_scope([found.tenant_id]):
        bulk.confirm_bulk(bulk=found, by=by or UserFactory(), now=NOW)


def work(found) -> dict[str, str]:
    """A worker's turn; the state of each line by name of organisation."""
    with as_worker():
        bulk.run(bulk_id=found.pk, now=NOW)
        found.refresh_from_db()
        lines = BulkLine.objects.filter(bulk=found).order_by("position")
        return {
            line.typed or line.organisation.name: line.state for line in lines.select_related("organisation")
        }


def test_who_may_be_asked_for(listing, epci, communes):
    stranger = AdhesionFactory(operator=listing.operator).organisation
    OrganisationFactory(territory__epci=epci.territory, closed_on=TODAY)

    def names(initiator):
        found = bulk.reachable(initiator=initiator, operator=listing.operator, on=TODAY)
        return set(found.values_list("pk", flat=True))

    ids = {one.pk for one in communes}
    assert names(epci) == ids
    assert names(listing.operator.organisation) == {*ids, epci.pk, stranger.pk}
    assert names(stranger) == set()


def test_each_line_becomes_a_request_and_each_commune_decides(listing, epci, communes):
    mayor = MembershipFactory(organisation=communes[0], role=Role.SIGNATORY).user
    found = prepare(epci, listing, communes)
    assert [line.yearly_cents for line in _lines(found)] == [25_800] * 4
    confirm(found)
    assert set(work(found).values()) == {LineState.MADE}
    assert (found.state, found.done, found.total) == (BulkState.MADE, 4, 4)
    with as_worker():
        made = Subscription.objects.order_by("pk")
        assert {one.tenant_id for one in made} == {one.pk for one in communes}
        assert {(one.state, one.yearly_cents, one.requested_by_id) for one in made} == {
            (State.REQUESTED, 25_800, found.requested_by_id)
        }
        assert [letter.to for letter in Letter.objects.filter(key__startswith="bulk:")] == [mayor.email]
    with tenant_scope([epci.pk]), pytest.raises(BulkRefused, match="décide pour elle-même"):
        bulk.approve_bulk(bulk=found, act=act(), by=UserFactory(), now=NOW)


def test_run_again_it_makes_nothing_twice(listing, epci, communes):
    key = uuid.uuid4()
    first = prepare(epci, listing, communes, key=key)
    assert prepare(epci, listing, communes, key=key) == first
    confirm(first)
    work(first)
    with pytest.raises(WrongState):
        confirm(first)
    assert set(work(first).values()) == {LineState.MADE}
    second = prepare(epci, listing, communes)
    confirm(second)
    assert set(work(second).values()) == {LineState.THERE}
    with as_worker():
        assert Subscription.objects.count() == 4


def test_a_worker_that_dies_in_the_middle_is_followed_by_another(listing, epci, communes, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 2)
    found = prepare(epci, listing, communes)
    confirm(found)
    with as_worker():
        assert bulk._run_batch(found.pk, NOW)
        found.refresh_from_db()
        assert (found.done, found.total, Subscription.objects.count()) == (2, 4, 2)
        bulk.sweep(now=NOW)
    assert set(work(found).values()) == {LineState.MADE}
    with as_worker():
        assert Subscription.objects.count() == 4


def test_a_line_that_is_refused_takes_nothing_else_back(listing, epci, communes):
    there, closing, *others = communes
    SubscriptionFactory(tenant=there, listing=listing, adhesion=False)
    found = prepare(epci, listing, [*communes, communes[-1]])
    with as_worker():
        closing.closed_on = TODAY
        closing.save()
    confirm(found)
    states = work(found)
    assert states[there.name] == LineState.THERE
    assert states[closing.name] == LineState.REFUSED
    reasons = {line.position: line.reason for line in _lines(found)}
    assert "a fusionné" in reasons[2]
    assert reasons[5] == bulk.TWICE
    with as_worker():
        made = BulkLine.objects.filter(bulk=found, state=LineState.MADE)
        assert {line.organisation_id for line in made} == {one.pk for one in others}


def test_what_a_file_says_of_nobody_is_reported(listing, epci, communes):
    with tenant_scope([epci.pk]):
        found = bulk.prepare_bulk(
            initiator=epci,
            listing=listing,
            wanted=[Wanted("99999", None), Wanted("", communes[0])],
            convention=None,
            by=UserFactory(),
            request_key=uuid.uuid4(),
            now=NOW,
        )
    assert [(line.state, line.reason) for line in _lines(found)] == [
        (LineState.REFUSED, bulk.NOBODY),
        (LineState.WAITING, ""),
    ]


def test_one_act_decides_for_all_where_a_convention_says_so(listing, epci, communes):
    found = prepare(epci, listing, communes, convention=act("C-1"))
    confirm(found)
    work(found)
    with tenant_scope([epci.pk]):
        with pytest.raises(SamePerson):
            bulk.approve_bulk(bulk=found, act=act(), by=found.requested_by, now=NOW)
        with pytest.raises(DecisionInvalid):
            bulk.approve_bulk(bulk=found, act=act(day=date(2099, 1, 1)), by=UserFactory(), now=NOW)
        bulk.approve_bulk(bulk=found, act=act(), by=UserFactory(), now=NOW)
    assert set(work(found).values()) == {LineState.APPROVED}
    assert (found.state, found.done, found.total) == (BulkState.DONE, 4, 4)
    with as_worker():
        assert set(Subscription.objects.values_list("state", flat=True)) == {State.PROVISIONING}
        decisions = list(Decision.objects.all())
        assert {(one.number, one.date) for one in decisions} == {("2026-12", date(2026, 3, 1))}
        assert len({one.file.name for one in decisions}) == 4
        assert {one.file.open("rb").read() for one in decisions} == {PDF}


def test_no_convention_stands_for_a_council_that_must_vote(epci, listing, communes):
    grouping = ListingFactory(operator=listing.operator, vehicle__legal_basis="groupement")
    with pytest.raises(BulkRefused, match="délibère elle-même"):
        prepare(epci, grouping, communes, convention=act("C-1"))


def test_a_vote_that_became_necessary_meanwhile_is_left_to_each_council(epci, listing, communes):
    found = prepare(epci, listing, communes, convention=act("C-1"))
    with as_worker():
        listing.vehicles.update(deliberation_required=True)
    confirm(found)
    work(found)
    with tenant_scope([epci.pk]):
        bulk.approve_bulk(bulk=found, act=act(), by=UserFactory(), now=NOW)
    assert set(work(found).values()) == {LineState.NOT_APPROVED}
    assert {line.reason for line in _lines(found)} == {bulk.EACH_VOTES}
    with as_worker():
        assert set(Subscription.objects.values_list("state", flat=True)) == {State.REQUESTED}
        assert not Decision.objects.exists()


def test_a_price_that_counts_what_each_says_is_asked_one_at_a_time(epci, listing, communes):
    counting = ListingFactory(operator=listing.operator, grid__definition=PER_AGENT)
    with pytest.raises(BulkRefused, match="une collectivité à la fois"):
        prepare(epci, counting, communes)


def test_a_price_that_changed_meanwhile_is_told_line_by_line(listing, epci, communes):
    found = prepare(epci, listing, communes)
    with as_worker():
        BulkLine.objects.filter(bulk=found, position=1).update(yearly_cents=1)
    confirm(found)
    assert list(work(found).values()) == [LineState.REFUSED, *[LineState.MADE] * 3]
    assert "Le prix a changé" in _lines(found)[0].reason


def test_a_ceiling_reached_in_the_middle_stops_what_is_beyond(epci, communes, listing):
    framework = ListingFactory(
        operator=listing.operator, vehicle__legal_basis="framework", vehicle__deliberation_required=False
    )
    with as_worker():
        vehicle = framework.vehicles.get()
    room_for_three = 3 * 25_800 * vehicle.term_years
    FrameworkLotFactory(vehicle=vehicle, listing=framework, buyers=communes, ceiling_cents=room_for_three)
    found = prepare(epci, framework, communes, convention=act("C-1"))
    confirm(found)
    work(found)
    with tenant_scope([epci.pk]):
        bulk.approve_bulk(bulk=found, act=act(), by=UserFactory(), now=NOW)
    assert list(work(found).values()) == [*[LineState.APPROVED] * 3, LineState.NOT_APPROVED]
    assert "dépasserait le montant maximum" in _lines(found)[3].reason


def test_a_request_that_its_commune_took_back_is_left_alone(listing, epci, communes):
    found = prepare(epci, listing, communes, convention=act("C-1"))
    confirm(found)
    work(found)
    with as_worker():
        operations.cancel(
            subscription=Subscription.objects.get(tenant=communes[0]), by=UserFactory(), now=NOW
        )
    with tenant_scope([epci.pk]):
        bulk.approve_bulk(bulk=found, act=act(), by=UserFactory(), now=NOW)
    assert list(work(found).values()) == [LineState.NOT_APPROVED, *[LineState.APPROVED] * 3]


def test_a_list_is_thrown_away_until_it_is_confirmed(listing, epci, communes):
    found, by = prepare(epci, listing, communes), UserFactory()
    with tenant_scope([epci.pk]):
        bulk.discard_bulk(bulk=found, by=by, now=NOW)
        assert not BulkLine.objects.exists()
        assert AuditEvent.objects.get(what="bulk.discarded").actor_id == by.pk
    other = prepare(epci, listing, communes)
    confirm(other)
    with tenant_scope([epci.pk]), pytest.raises(WrongState):
        bulk.discard_bulk(bulk=other, by=by, now=NOW)


def test_the_log_says_who_confirmed(listing, epci, communes):
    by = UserFactory()
    confirm(prepare(epci, listing, communes), by=by)
    with tenant_scope([epci.pk]):
        assert AuditEvent.objects.get(what="bulk.confirmed").actor_id == by.pk


def _lines(found) -> list[BulkLine]:
    with as_worker():
        return list(BulkLine.objects.filter(bulk=found).order_by("position"))
