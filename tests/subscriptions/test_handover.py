"""A merged commune's subscriptions go on with the commune nouvelle, once, and say why."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from provisioning.models import Event, Run
from subscriptions import leaving
from subscriptions.exceptions import HandOverBlocked, NotAMember
from subscriptions.handover import hand_over
from subscriptions.handover_plan import Fate, mergers_of, waiting_for
from subscriptions.models import Exit, ExitState, State, Subscription, Transition
from subscriptions.operations import vehicle_for
from tenants.models import Adhesion, AuditEvent, Letter, Role, Territory, TerritoryChange
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    AmendmentFactory,
    CollegeFactory,
    CoverFactory,
    ExitFactory,
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    OrganisationFactory,
    SubscriptionFactory,
    TrialFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.factories.subscriptions import PDF
from tests.factories.vintages import MergerFactory
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 1)


@pytest.fixture
def operator():
    return OperatorFactory()


@pytest.fixture
def merger(operator):
    """A merger of a member, into a commune nouvelle of 1,500 inhabitants that nobody knows yet."""
    change = MergerFactory()
    AdhesionFactory(operator=operator, organisation=change.territory.organisation)
    return change


def subscribe(change, operator, state=State.ACTIVE, **values) -> Subscription:
    return SubscriptionFactory(
        tenant=change.territory.organisation, listing__operator=operator, state=state, **values
    )


def done(change, operator, *, by=None, now=NOW):
    """As the operator's page does: in the scope of its members."""
    with tenant_scope([operator.organisation_id, change.territory.organisation.pk]):
        return hand_over(change=change, operator=operator, by=by or UserFactory(), now=now)


def plan_of(change, operator, today=None):
    with tenant_scope([operator.organisation_id]):
        return waiting_for(change=change, operator=operator, today=today or NOW.date())


def rows_of(organisation) -> list[Subscription]:
    with as_worker():
        rows = Subscription.objects.filter(tenant=organisation).select_related("follows")
        return list(rows.order_by("service_name"))


@pytest.mark.parametrize("state", [State.ACTIVE, State.SUSPENDED])
def test_an_open_subscription_goes_on_with_the_commune_nouvelle(state, merger, operator):
    subscribe(merger, operator, state, commitment_number="2026-17")
    person = UserFactory()
    plan = done(merger, operator, by=person)
    assert [item.fate for item in plan.items] == [Fate.FOLLOWED]
    (new,) = rows_of(merger.successor.organisation)
    (ended,) = rows_of(merger.territory.organisation)
    assert (ended.state, ended.ended_on) == (State.ENDED, DAY)
    assert (new.state, new.active_from, new.ended_on, new.follows) == (state, DAY, None, ended)
    for field in ("listing", "operator", "vehicle", "grid", "service_name", "service_url", "vat_rate",
                  "requested_by", "approved_by", "approved_at"):  # fmt: skip
        assert getattr(new, field) == getattr(ended, field), field
    # 1,500 inhabitants × 0,30 €, by the same engine.
    assert (ended.yearly_cents, new.yearly_cents) == (25800, 45000)
    assert "1\u202f500 habitants" in new.quote["lines"][0]["steps"][0]
    assert new.commitment_number == ""
    with as_worker():
        assert not Run.objects.exists()  # nothing is opened again
        assert new.vendor_access.subscriber == merger.successor.organisation
        logged = Transition.objects.order_by("pk").filter(by=person)
        assert [(t.before, t.after) for t in logged] == [(state, State.ENDED), ("", state)]
        assert logged[0].reason == f"reprise par {merger.successor.organisation.name} au 01/03/2026"
        assert logged[1].reason == f"reprise de l’abonnement de {merger.territory.organisation.name}"


def test_handed_over_twice_is_handed_over_once(merger, operator):
    subscribe(merger, operator)
    person = UserFactory()
    done(merger, operator, by=person)
    merger.refresh_from_db()
    assert (merger.handed_over_at, merger.handed_over_by) == (NOW, person)
    with as_worker():
        before = [model.objects.count() for model in (Subscription, Transition, AuditEvent, Letter, Adhesion)]
    again = done(merger, operator, now=NOW + timedelta(days=1))
    assert again.nothing
    with as_worker():
        after = [model.objects.count() for model in (Subscription, Transition, AuditEvent, Letter, Adhesion)]
    assert after == before
    merger.refresh_from_db()
    assert merger.handed_over_at == NOW


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once(merger, operator):
    from django.db import transaction

    subscribe(merger, operator)
    people = [UserFactory(), UserFactory()]

    def one(person):
        with transaction.atomic():
            return done(merger, operator, by=person)

    plans = at_once(*(lambda person=person: one(person) for person in people))
    assert sorted(plan.nothing for plan in plans) == [False, True]
    assert len(rows_of(merger.successor.organisation)) == 1


def test_the_adhesion_goes_on_in_the_same_college(operator):
    change, college = MergerFactory(), CollegeFactory(operator=operator)
    AdhesionFactory(
        operator=operator, organisation=change.territory.organisation, college=college,
        deliberation_number="2019-4",
    )  # fmt: skip
    assert done(change, operator).joins
    old = change.territory.organisation.adhesions.get()
    new = change.successor.organisation.adhesions.get()
    assert (old.until, new.since, new.until, new.college, new.deliberation_number) == (
        DAY, DAY, None, college, "2019-4",
    )  # fmt: skip


def test_a_withdrawal_under_way_goes_on(operator):
    change = MergerFactory()
    AdhesionFactory(
        operator=operator, organisation=change.territory.organisation, until=date(2027, 1, 1),
        withdrawal_on=date(2026, 2, 1), withdrawal_number="2026-2",
    )  # fmt: skip
    done(change, operator)
    new = change.successor.organisation.adhesions.get()
    assert (new.until, new.withdrawal_on, new.withdrawal_number) == (
        date(2027, 1, 1), date(2026, 2, 1), "2026-2",
    )  # fmt: skip


def test_a_commune_nouvelle_that_adheres_keeps_its_own_adhesion(merger, operator):
    own = AdhesionFactory(operator=operator, organisation=merger.successor.organisation)
    assert not done(merger, operator).joins
    assert merger.successor.organisation.adhesions.get() == own


def test_what_the_commune_nouvelle_has_already_is_closed_and_erased(merger, operator):
    old = subscribe(merger, operator)
    own = SubscriptionFactory(
        tenant=merger.successor.organisation, listing=old.listing, state=State.ACTIVE, operator=operator
    )
    plan = done(merger, operator)
    assert [item.fate for item in plan.items] == [Fate.ENDED]
    assert rows_of(merger.successor.organisation) == [own]
    (stopped,) = rows_of(merger.territory.organisation)
    assert (stopped.state, stopped.ended_on) == (State.TERMINATING, DAY)
    with as_worker():
        departure = Exit.objects.get(subscription=stopped)
    assert (departure.state, departure.retrieval_from) == (ExitState.RETRIEVAL, DAY)
    assert departure.reason.endswith("a déjà ce service")
    assert departure.erasure_from == NOW.date() + timedelta(days=30), "the data can be fetched from today"
    with as_worker():
        leaving.advance_exits(now=NOW + timedelta(days=29))
        assert not Run.objects.filter(event=Event.CLOSE).exists()
        leaving.advance_exits(now=NOW + timedelta(days=30))
        assert Run.objects.get(event=Event.CLOSE).subscription_id == stopped.pk
        leaving.closed_at_vendor(subscription=stopped, now=NOW + timedelta(days=31))
        departure.refresh_from_db()
        leaving.certify(
            leaving=departure,
            on=(NOW + timedelta(days=31)).date(),
            file=SimpleUploadedFile("certificat.pdf", PDF),
            by=UserFactory(),
            now=NOW + timedelta(days=31),
        )
    assert [row.state for row in rows_of(merger.territory.organisation)] == [State.ENDED]


def test_one_that_was_leaving_what_the_commune_nouvelle_has_is_closed_on_the_day_of_the_merger(
    merger, operator
):
    old = subscribe(merger, operator)
    SubscriptionFactory(
        tenant=merger.successor.organisation, listing=old.listing, state=State.ACTIVE, operator=operator
    )
    ExitFactory(subscription=old)
    done(merger, operator)
    with as_worker():
        departures = list(Exit.objects.order_by("pk").values_list("state", "retrieval_from"))
    assert [state for state, _ in departures] == [ExitState.CARRIED, ExitState.RETRIEVAL]
    assert departures[1][1] == DAY


def test_what_its_intercommunality_covers_is_closed_too(merger, operator):
    old = subscribe(merger, operator)
    held = SubscriptionFactory(listing=old.listing, operator=operator, state=State.ACTIVE)
    CoverFactory(tenant=merger.successor.organisation, subscription=held, since=DAY)
    [item] = done(merger, operator).items
    assert (item.fate, item.reason.endswith(f"par {held.tenant.name}")) == (Fate.ENDED, True)
    assert rows_of(merger.successor.organisation) == []
    assert [row.state for row in rows_of(merger.territory.organisation)] == [State.TERMINATING]


def test_a_change_of_price_to_come_is_priced_for_the_commune_nouvelle(merger, operator):
    """860 inhabitants become part of 1 500: 258 and 450 euros a year, and 10 % more from November."""
    old = subscribe(merger, operator)
    AmendmentFactory(subscription=old, coefficient=Decimal("1.10"), cents_after=28_380)
    done(merger, operator)
    (new,) = rows_of(merger.successor.organisation)
    with as_worker():
        [amendment] = new.amendments.all()
        [kept] = old.amendments.all()
    assert (amendment.cents_before, amendment.cents_after) == (45_000, 49_500)
    assert kept.cents_after == 28_380


def test_two_merged_communes_with_the_same_service(operator):
    """The first hand-over gives it to the commune nouvelle; the second finds it there."""
    listing, new = ListingFactory(operator=operator), OrganisationFactory(territory__population=1500)
    changes = [MergerFactory(new=new) for _ in range(2)]
    for change in changes:
        SubscriptionFactory(
            tenant=change.territory.organisation, listing=listing, operator=operator, state=State.ACTIVE
        )
    fates = [done(change, operator).items[0].fate for change in changes]
    assert fates == [Fate.FOLLOWED, Fate.ENDED]
    assert len(rows_of(new)) == 1
    assert TerritoryChange.objects.filter(handed_over_at__isnull=False).count() == 2


def test_a_request_is_cancelled_with_the_reason(merger, operator):
    subscribe(merger, operator, State.REQUESTED)
    plan = done(merger, operator)
    assert [item.fate for item in plan.items] == [Fate.CANCELLED]
    (cancelled,) = rows_of(merger.territory.organisation)
    assert (cancelled.state, rows_of(merger.successor.organisation)) == (State.CANCELLED, [])
    with as_worker():
        assert "a fusionné dans" in cancelled.transitions.last().reason


@pytest.mark.parametrize("state", [State.APPROVED, State.PROVISIONING])
def test_one_that_is_being_opened_blocks_everything(state, merger, operator):
    subscribe(merger, operator)
    subscribe(merger, operator, state)
    with pytest.raises(HandOverBlocked, match="son ouverture est en cours chez l’éditeur"):
        done(merger, operator)
    assert {row.state for row in rows_of(merger.territory.organisation)} == {State.ACTIVE, state}
    assert not rows_of(merger.successor.organisation)
    merger.refresh_from_db()
    assert merger.handed_over_at is None


def test_one_that_is_being_closed_goes_on_closing(merger, operator):
    subscribe(merger, operator, State.TERMINATING)
    plan = done(merger, operator)
    assert plan.items == []
    assert rows_of(merger.territory.organisation)[0].state == State.TERMINATING
    merger.refresh_from_db()
    assert merger.handed_over_at == NOW


def test_a_request_of_the_commune_nouvelle_must_end_first(merger, operator):
    old = subscribe(merger, operator)
    SubscriptionFactory(tenant=merger.successor.organisation, listing=old.listing, operator=operator)
    with pytest.raises(HandOverBlocked, match="a déjà une demande « en attente d’approbation »"):
        done(merger, operator)


def test_not_before_its_day(merger, operator):
    subscribe(merger, operator)
    TerritoryChange.objects.update(effective_on=date(2027, 1, 1))
    with pytest.raises(HandOverBlocked, match="La fusion prend effet le 1er janvier 2027"):
        done(merger, operator)


def test_not_without_a_successor(operator):
    change = MergerFactory(new=None)
    subscribe(change, operator)
    assert "ne donne pas encore le SIREN" in plan_of(change, operator).obstacles[0]
    with pytest.raises(HandOverBlocked, match="ne donne pas encore le SIREN"):
        done(change, operator)


def test_not_for_a_successor_without_territory(merger, operator):
    """Somebody of the platform named another organisation."""
    subscribe(merger, operator)
    merger.territory.organisation.successor = OrganisationFactory(company=True)
    with as_worker():
        merger.territory.organisation.save()
    with pytest.raises(HandOverBlocked, match="n’a pas de territoire"):
        done(merger, operator)


def test_not_when_the_merged_population_is_unknown(operator):
    change = MergerFactory(new=OrganisationFactory(territory__population={"municipale": None}))
    subscribe(change, operator)
    with pytest.raises(HandOverBlocked, match="opulation"):
        done(change, operator)
    assert len(rows_of(change.territory.organisation)) == 1


def test_what_was_opened_after_the_merger_changes_hands_on_that_day(merger, operator):
    """The register came late: the service was never the merged commune's for a day."""
    subscribe(merger, operator, active_from=date(2026, 5, 4))
    done(merger, operator)
    (ended,), (new,) = rows_of(merger.territory.organisation), rows_of(merger.successor.organisation)
    assert (ended.ended_on, new.active_from) == (date(2026, 5, 4), date(2026, 5, 4))


def test_each_operator_hands_over_its_own(merger, operator):
    other = OperatorFactory()
    mine, theirs = subscribe(merger, operator), subscribe(merger, other)
    done(merger, operator)
    states = {row.pk: row.state for row in rows_of(merger.territory.organisation)}
    assert states == {mine.pk: State.ENDED, theirs.pk: State.ACTIVE}
    merger.refresh_from_db()
    assert merger.handed_over_at is None
    assert plan_of(merger, operator).nothing
    assert not plan_of(merger, other).nothing
    done(merger, other)
    merger.refresh_from_db()
    assert merger.handed_over_at == NOW


def test_the_list_has_this_operators_mergers_with_what_waits(merger, operator):
    subscribe(merger, operator)
    subscribe(merger, operator, State.REQUESTED)
    subscribe(merger, OperatorFactory())
    elsewhere = MergerFactory()
    subscribe(elsewhere, OperatorFactory())

    def listed():
        with tenant_scope([operator.organisation_id, merger.territory.organisation.pk]):
            return [
                (change, change.waiting_subscriptions, change.waiting_adhesions)
                for change in mergers_of(operator=operator)
            ]

    assert listed() == [(merger, 2, 1)]
    done(merger, operator)
    assert listed() == [(merger, 0, 0)]


def test_both_logs_say_who_did_it_and_what(merger, operator):
    subscribe(merger, operator)
    person = UserFactory()
    done(merger, operator, by=person)
    with as_worker():
        events = list(AuditEvent.objects.filter(what="organisation.handed_over"))
    old, new = merger.territory.organisation, merger.successor.organisation
    assert {event.tenant_id for event in events} == {old.pk, new.pk}
    for event in events:
        assert event.actor == person
        assert event.changes == {"siren": [old.siren, new.siren]}
        (told,) = event.details["subscriptions"].values()
        assert (told["fate"], told["yearly_cents"]) == ("followed", [25800, 45000])
        assert list(event.details["adhesions"].values()) == [[None, DAY.isoformat()]]


def test_people_of_both_communes_are_written_to(merger, operator):
    subscribe(merger, operator)
    old, new = merger.territory.organisation, merger.successor.organisation
    secretary = MembershipFactory(organisation=old, role=Role.SECRETARY).user
    MembershipFactory(organisation=old, role=Role.ORG_ADMIN, user=secretary)
    MembershipFactory(organisation=old, role=Role.FINANCE)
    administrator = MembershipFactory(organisation=new, role=Role.ORG_ADMIN).user
    MembershipFactory(organisation=new, role=Role.SECRETARY, suspended_at=NOW)
    assert plan_of(merger, operator).readers == 2
    done(merger, operator)
    with as_worker():
        letters = {letter.to: letter for letter in Letter.objects.all()}
    assert set(letters) == {secretary.email, administrator.email}
    assert letters[secretary.email].tenant_id == old.pk
    assert "450,00\u00a0€ hors taxes par an" in letters[administrator.email].body
    # They keep their mandates, to read; none is given in the commune nouvelle.
    assert old.memberships.open().count() == 3
    assert new.memberships.count() == 2


def test_what_comes_to_wait_later_is_told_too(merger, operator):
    subscribe(merger, operator)
    MembershipFactory(organisation=merger.successor.organisation, role=Role.SECRETARY)
    done(merger, operator)
    subscribe(merger, operator)
    done(merger, operator)
    with as_worker():
        assert Letter.objects.count() == 2


def test_the_merged_commune_asks_for_nothing_more(merger, operator):
    listing = ListingFactory(operator=operator)
    before = DAY - timedelta(days=1)
    with tenant_scope([merger.territory.organisation.pk]):
        with pytest.raises(NotAMember, match="a fusionné"):
            vehicle_for(listing=listing, organisation=merger.territory.organisation, today=DAY)
        assert vehicle_for(listing=listing, organisation=merger.territory.organisation, today=before)


def test_the_first_year_is_that_of_the_service(merger, operator):
    subscription = subscribe(merger, operator, active_from=date(2025, 7, 1))
    done(merger, operator)
    (new,) = rows_of(merger.successor.organisation)
    with as_worker():
        new = Subscription.objects.get(pk=new.pk)
        assert new.origin == subscription
        assert new.in_first_year(date(2026, 6, 30))
        assert not new.in_first_year(date(2026, 7, 1))
    assert Territory.objects.get(pk=merger.territory_id).organisation.closed_on == DAY


def test_a_departure_goes_on_for_the_commune_nouvelle(merger, operator):
    leaving = ExitFactory(subscription=subscribe(merger, operator))
    done(merger, operator)
    with as_worker():
        old, new = Exit.objects.select_related("subscription").order_by("pk")
    assert (old.pk, old.state) == (leaving.pk, ExitState.CARRIED)
    assert (new.state, new.subscription.follows_id) == (ExitState.NOTICE, leaving.subscription_id)
    assert (new.transition_from, new.erasure_from) == (leaving.transition_from, leaving.erasure_from)


def test_a_free_trial_ends_with_the_commune_that_was_promised_it(merger, operator):
    tried = TrialFactory(
        tenant=merger.territory.organisation, listing__operator=operator, active_from=DAY - timedelta(days=9)
    )
    plan = done(merger, operator)
    assert [(item.fate, item.reason) for item in plan.items] == [
        (Fate.ENDED, "un essai gratuit ne se reprend pas")
    ]
    assert rows_of(merger.successor.organisation) == []
    (ended,) = rows_of(tried.tenant)
    assert (ended.state, ended.ended_on) == (State.TERMINATING, DAY)
    with as_worker():
        assert Exit.objects.get().state == ExitState.RETRIEVAL


def test_what_is_taken_over_goes_on_beside_a_trial_of_the_commune_nouvelle(merger, operator):
    old = subscribe(merger, operator)
    done(merger, OperatorFactory())  # the commune nouvelle is known
    new = merger.successor.organisation
    TrialFactory(tenant=new, listing=old.listing, active_from=DAY)
    plan = done(merger, operator)
    assert [item.fate for item in plan.items] == [Fate.FOLLOWED]
    with as_worker():
        kept = Subscription.objects.paid().get(tenant=new)
        assert (kept.state, kept.follows_id) == (State.ACTIVE, old.pk)
        assert Subscription.objects.trials().get(tenant=new).state == State.ACTIVE
