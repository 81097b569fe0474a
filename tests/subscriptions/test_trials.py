"""Trying a service for nothing: once, as long as promised, never billed; then a subscription, or the end."""

import uuid
from datetime import date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils.timezone import get_default_timezone

from billing import operations as billing
from billing.models import Closing, LedgerEntry
from billing.periods import Period
from provisioning import operations as provisioning
from provisioning.models import Event, Run, Step, StepState
from subscriptions import amending, approving, leaving, operations, paying, pooling, sharing, trials, usage
from subscriptions.exceptions import (
    AlreadyCovered,
    AlreadySubscribed,
    AmendmentRefused,
    BuyerNotNamed,
    NotAMember,
    PrerequisiteMissing,
    ShareRefused,
    StartInvalid,
    TrialRefused,
    WrongState,
)
from subscriptions.models import (
    DirectNeed,
    Exit,
    ExitState,
    GroupPopulation,
    LegalBasis,
    Order,
    Party,
    State,
    Subscription,
)
from subscriptions.tasks import follow_trials
from subscriptions.trial_letters import write_reminders
from tenants.models import AuditEvent, Letter, Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    CoverFactory,
    FrameworkLotFactory,
    ListingFactory,
    MembershipFactory,
    OrganisationFactory,
    PurchasingVehicleFactory,
    ServiceSheetFactory,
    SubscriptionFactory,
    TrialFactory,
    UserFactory,
    succeeding_grid,
)
from tests.factories.subscriptions import PDF
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 10)
LAST, UNTIL = date(2026, 4, 8), date(2026, 4, 9)  # thirty days from TODAY
YEARLY = 25_800


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=get_default_timezone())


@pytest.fixture
def listing():
    return ListingFactory(grid__trial_days=30)


@pytest.fixture
def commune(listing):
    return AdhesionFactory(operator=listing.operator).organisation


def ask(listing, organisation, on: date = TODAY, **changes) -> Subscription:
    with tenant_scope([organisation.pk]):
        return trials.request_trial(
            organisation=organisation,
            listing=listing,
            **{"requested_by": UserFactory(), "request_key": uuid.uuid4(), "now": at(on), **changes},
        )


def open_by_hand(subscription, on: date = TODAY) -> None:
    with as_worker():
        run = Run.objects.get(subscription=subscription, event=Event.ACTIVATE)
        provisioning.take_turn(run_id=run.pk, now=at(on))
        [step] = Step.objects.filter(run=run, state=StepState.NEEDS_PERSON)
        url = "https://cantine.example/"
        provisioning.mark_done(step=step, by=UserFactory(), service_url=url, now=at(on))


def tried(listing, organisation, on: date = TODAY) -> Subscription:
    """A trial under way."""
    trial = ask(listing, organisation, on=on)
    open_by_hand(trial, on=on)
    return current(trial)


def subscribe(listing, organisation, on: date, **changes) -> Subscription:
    with tenant_scope([organisation.pk]):
        return operations.request_subscription(
            organisation=organisation,
            listing=listing,
            requested_by=UserFactory(),
            request_key=uuid.uuid4(),
            shown_cents=YEARLY,
            now=at(on),
            **changes,
        )


def approve(subscription, on: date) -> Subscription:
    with tenant_scope([subscription.tenant_id]):
        operations.approve(
            subscription=subscription,
            approved_by=UserFactory(),
            number="2026-31",
            date=on,
            file=SimpleUploadedFile("acte.pdf", PDF),
            now=at(on),
        )
    return current(subscription)


def nights(until: date) -> None:
    with as_worker():
        trials.end_due(now=at(until))
        leaving.advance_exits(now=at(until))


def current(subscription) -> Subscription:
    with as_worker():
        return Subscription.objects.select_related("tenant", "operator", "after_trial").get(
            pk=subscription.pk
        )


def departure(subscription) -> Exit:
    with as_worker():
        return Exit.objects.get(subscription=subscription)


def test_whoever_asks_is_enough_and_it_is_opened_as_any_subscription(listing, commune):
    trial = ask(listing, commune)
    assert (trial.state, trial.trial_days, trial.trial_until) == (State.PROVISIONING, 30, None)
    open_by_hand(trial, on=TODAY + timedelta(days=2))
    trial = current(trial)
    assert (trial.state, trial.active_from) == (State.ACTIVE, TODAY + timedelta(days=2))
    assert trial.trial_until == UNTIL + timedelta(days=2)  # counted from the opening
    assert trial.service_url == "https://cantine.example/"
    with tenant_scope([commune.pk]):
        [step] = trial.approvals.all()
        moves = [move.after for move in trial.transitions.order_by("pk")]
        assert AuditEvent.objects.filter(what="trial.requested", subject_id=str(trial.public_id)).exists()
        assert not trial.terms.exists()
    assert (step.party, step.by) == (Party.MEMBER, trial.requested_by)
    assert moves == [State.REQUESTED, State.APPROVED, State.PROVISIONING, State.ACTIVE]


def test_those_whom_the_vehicle_asks_agree_first():
    listing = ListingFactory(
        grid__trial_days=30, vehicle__operator_approves=True, vehicle__vendor_approves=True
    )
    commune = AdhesionFactory(operator=listing.operator).organisation
    trial = ask(listing, commune)
    assert trial.state == State.REQUESTED
    with as_worker():
        approving.agree(subscription=trial, party=Party.OPERATOR, by=UserFactory(), now=at(TODAY))
        assert not Run.objects.exists()
        approving.agree(subscription=trial, party=Party.VENDOR, by=UserFactory(), now=at(TODAY))
    assert current(trial).state == State.PROVISIONING


def test_a_trial_that_was_refused_was_none():
    listing = ListingFactory(grid__trial_days=30, vehicle__operator_approves=True)
    commune = AdhesionFactory(operator=listing.operator).organisation
    first = ask(listing, commune)
    with as_worker():
        operations.refuse(
            subscription=first, by=UserFactory(), reason="Plus tard.", now=at(TODAY), party=Party.OPERATOR
        )
    assert ask(listing, commune).pk != first.pk


def test_a_double_click_is_one_trial(listing, commune):
    key = uuid.uuid4()
    assert ask(listing, commune, request_key=key) == ask(listing, commune, request_key=key)


def test_the_days_are_those_promised_when_it_was_asked_for(listing, commune):
    trial = ask(listing, commune)
    succeeding_grid(listing, effective_from=TODAY + timedelta(days=1), trial_days=5)
    open_by_hand(trial, on=TODAY + timedelta(days=3))
    assert current(trial).trial_until == TODAY + timedelta(days=33)


def test_once_for_ever(listing, commune):
    trial = tried(listing, commune)
    with pytest.raises(AlreadySubscribed) as refused:
        ask(listing, commune)
    assert refused.value.existing == trial
    nights(UNTIL)
    with pytest.raises(AlreadySubscribed):  # its data are being fetched
        ask(listing, commune, on=UNTIL)
    with as_worker():
        operations.move(subscription=current(trial), to=State.ENDED, by=None, now=at(UNTIL))
    with pytest.raises(TrialRefused, match="jusqu’au 8 avril 2026, et un essai ne se fait qu’une fois"):
        ask(listing, commune, on=UNTIL)
    with pytest.raises(IntegrityError, match="trial_once_per_listing"), transaction.atomic():
        TrialFactory(listing=listing, tenant=commune)
    assert ask(listing, AdhesionFactory(operator=listing.operator).organisation)


def test_who_may_not_try(listing, commune):
    covered = CoverFactory(subscription__listing=listing, listing=listing, operator=listing.operator)
    AdhesionFactory(operator=listing.operator, organisation=covered.tenant)
    subscribed = SubscriptionFactory(listing=listing, state=State.REQUESTED).tenant
    merged = AdhesionFactory(operator=listing.operator, organisation__closed_on=TODAY).organisation
    for organisation, refusal, words in (
        (covered.tenant, AlreadyCovered, "déjà couverte par"),
        (subscribed, AlreadySubscribed, "déjà en cours"),
        (merged, NotAMember, "a fusionné"),
        (OrganisationFactory(), NotAMember, "n’adhère pas"),
    ):
        with pytest.raises(refusal, match=words):
            ask(listing, organisation)
    untried = ListingFactory(operator=listing.operator)
    with pytest.raises(TrialRefused, match="Demandez l’abonnement"):
        ask(untried, commune)


def test_what_is_indispensable_is_not_tried_for_it(listing, commune):
    needed = ListingFactory(operator=listing.operator, grid__trial_days=30)
    needs = [{"sheet": needed.sheet.slug, "required": True}]
    sheet = ServiceSheetFactory(prerequisites=needs)
    more = ListingFactory(operator=listing.operator, sheet=sheet, grid__trial_days=30)
    TrialFactory(listing=needed, tenant=commune)
    with pytest.raises(PrerequisiteMissing):
        ask(more, commune)


def test_whoever_could_not_order_is_not_let_in():
    listing = ListingFactory(grid__trial_days=30, vehicle__legal_basis=LegalBasis.FRAMEWORK)
    FrameworkLotFactory(vehicle=listing.vehicles.get(), listing=listing)
    commune = AdhesionFactory(operator=listing.operator).organisation
    with pytest.raises(BuyerNotNamed):
        ask(listing, commune)
    other = PurchasingVehicleFactory(operator=listing.operator, listing=listing)
    assert ask(listing, commune).vehicle == other


def test_nothing_is_ordered_counted_or_billed():
    grid = {
        "pattern": "pooled_volume",
        "population_kind": "municipale",
        "tiers": [{"up_to": 2_000, "rate": "1.00"}, {"rate": "0.50"}],
    }
    listing = ListingFactory(
        grid__definition=grid, grid__trial_days=30, vehicle__legal_basis=LegalBasis.DIRECT
    )
    commune = AdhesionFactory(operator=listing.operator).organisation
    trial = tried(listing, commune)
    nights(UNTIL)
    with as_worker():
        pooling.record_groups(on=TODAY)
        usage.count_usage(on=TODAY)
        period = Period(date(2026, 1, 1), date(2027, 1, 1))
        run = billing.start_run(
            operator=listing.operator, period=period, started_by=UserFactory(), now=at(TODAY)
        )
    jobs.run_jobs()
    with as_worker():
        assert GroupPopulation.objects.get().inhabitants == 0
        assert not Order.objects.exists()
        assert not DirectNeed.objects.exists()
        assert not LedgerEntry.objects.exists()
        assert not run.invoices.exists()
        run.refresh_from_db()
        assert run.problems == []
        closing = Closing.objects.get(subscription=trial)
    assert (closing.ended_on, closing.settled_at is not None) == (UNTIL, True)  # nothing to give back


def test_the_database_lets_no_trial_cost_or_last_more(listing):
    for wrong, constraint in (
        ({"yearly_cents": 1}, "trial_of_a_quarter_for_nothing"),
        ({"trial_days": 93, "trial_until": date(2026, 4, 4)}, "trial_of_a_quarter_for_nothing"),
        ({"trial_until": date(2026, 2, 1)}, "trial_lasts_as_promised"),
        ({"trial_until": None}, "trial_lasts_as_promised"),
        ({"follows": SubscriptionFactory(state=State.ENDED)}, "trial_comes_first"),
    ):
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            TrialFactory(listing=listing, **wrong)


def test_it_ends_by_itself_and_its_data_are_kept_a_month(listing, commune):
    trial = tried(listing, commune)
    nights(LAST)
    assert current(trial).state == State.ACTIVE
    nights(UNTIL)
    nights(UNTIL)
    trial, leaves = current(trial), departure(trial)
    assert (trial.state, trial.ended_on) == (State.TERMINATING, UNTIL)
    assert (leaves.state, leaves.retrieval_from) == (ExitState.RETRIEVAL, UNTIL)
    assert leaves.erasure_from == UNTIL + timedelta(days=30)
    nights(leaves.erasure_from)
    assert departure(trial).state == ExitState.ERASURE
    with as_worker():
        assert Run.objects.filter(subscription=trial, event=Event.CLOSE).count() == 1


def test_it_is_stopped_any_day(listing, commune):
    trial, person = tried(listing, commune), UserFactory()
    with tenant_scope([commune.pk]):
        leaves = trials.stop(trial=trial, by=person, now=at(TODAY + timedelta(days=4)))
        with pytest.raises(WrongState):
            trials.stop(trial=trial, by=person, now=at(TODAY + timedelta(days=4)))
    assert current(trial).ended_on == TODAY + timedelta(days=4)
    assert (leaves.requested_by, departure(trial).erasure_from) == (person, TODAY + timedelta(days=34))
    with as_worker():
        assert "{actor} a arrêté l’essai gratuit" in AuditEvent.objects.get(what="trial.stopped").sentence


def test_what_does_not_go_with_a_trial(listing, commune):
    trial = tried(listing, commune)
    with tenant_scope([commune.pk]):
        with pytest.raises(WrongState, match="sans préavis"):
            leaving.request_exit(
                subscription=trial,
                by=UserFactory(),
                destination="own",
                leaves_on=date(2026, 6, 1),
                reason="",
                now=at(TODAY),
            )
        with pytest.raises(ShareRefused, match="ne coûte rien"):
            paying.check_open(trial)
        with pytest.raises(AmendmentRefused):
            amending.locked(trial)
    with as_worker():
        epci = TrialFactory(tenant=OrganisationFactory(epci=True))
    assert not sharing.may_cover(epci)
    subscription = SubscriptionFactory(state=State.ACTIVE)
    with tenant_scope([subscription.tenant_id]), pytest.raises(WrongState):
        trials.stop(trial=subscription, by=UserFactory(), now=at(TODAY))


def test_the_subscription_goes_on_with_the_same_instance(listing, commune):
    trial = tried(listing, commune)
    asked = subscribe(listing, commune, on=TODAY + timedelta(days=5))
    assert (asked.state, asked.yearly_cents) == (State.REQUESTED, YEARLY)
    assert current(trial).state == State.ACTIVE
    member = MembershipFactory(organisation=commune, role=Role.SECRETARY).user
    paid = approve(asked, on=TODAY + timedelta(days=9))
    assert (paid.state, paid.after_trial, paid.service_url) == (State.ACTIVE, trial, trial.service_url)
    assert paid.active_from == UNTIL  # the promised days stay free
    assert (current(trial).state, current(trial).ended_on) == (State.ENDED, UNTIL)
    nights(UNTIL + timedelta(days=60))
    with as_worker():
        assert not Exit.objects.exists()
        [run, told] = Run.objects.order_by("pk")
        assert "sans coupure" in Letter.objects.get(to=member.email).body
    assert (run.subscription_id, told.subscription_id, told.event) == (trial.pk, paid.pk, Event.CHANGE)
    assert paid.opened_as == trial  # whatever closes it later closes that instance


def test_what_follows_a_trial_is_billed_from_its_end(listing, commune):
    tried(listing, commune)
    approve(subscribe(listing, commune, on=TODAY), on=TODAY)
    with as_worker():
        period = Period(date(2026, 1, 1), date(2027, 1, 1))
        run = billing.start_run(
            operator=listing.operator, period=period, started_by=UserFactory(), now=at(TODAY)
        )
    jobs.run_jobs()
    with as_worker():
        [entry] = LedgerEntry.objects.filter(run=run)
    assert (entry.facts["months"], entry.amount_cents) == (9, YEARLY * 9 // 12)  # April to December


def test_approved_while_its_data_are_kept_it_goes_on_all_the_same(listing, commune):
    trial = tried(listing, commune)
    asked = subscribe(listing, commune, on=LAST)
    nights(UNTIL)
    paid = approve(asked, on=UNTIL + timedelta(days=20))
    assert (paid.state, paid.after_trial) == (State.ACTIVE, trial)
    assert paid.active_from == UNTIL + timedelta(days=20)
    assert (departure(trial).state, current(trial).ended_on) == (ExitState.WITHDRAWN, UNTIL)
    nights(UNTIL + timedelta(days=60))
    with as_worker():
        assert not Run.objects.filter(event=Event.CLOSE).exists()


def test_approved_once_they_are_being_erased_it_is_opened_anew(listing, commune):
    trial = tried(listing, commune)
    asked = subscribe(listing, commune, on=LAST)
    nights(UNTIL)
    nights(UNTIL + timedelta(days=30))
    paid = approve(asked, on=UNTIL + timedelta(days=31))
    assert (paid.state, paid.after_trial) == (State.PROVISIONING, None)
    assert current(trial).state == State.TERMINATING


def test_no_subscription_beside_a_trial_that_is_being_opened(listing, commune):
    trial = ask(listing, commune)
    with pytest.raises(AlreadySubscribed) as refused:
        subscribe(listing, commune, on=TODAY)
    assert refused.value.existing == trial


def test_a_day_that_would_cut_the_service_is_refused(listing, commune):
    tried(listing, commune)
    with pytest.raises(StartInvalid, match="jusqu’au 8 avril 2026"):
        subscribe(listing, commune, on=TODAY, wanted_from=UNTIL + timedelta(days=1))
    assert subscribe(listing, commune, on=TODAY, wanted_from=UNTIL)


def test_a_week_before_the_end_and_on_the_last_day(listing, commune):
    tried(listing, commune)
    member = MembershipFactory(organisation=commune, role=Role.SECRETARY).user
    operator = MembershipFactory(organisation=listing.operator.organisation, role=Role.OPERATOR_ADMIN).user
    written = {}
    for day in (
        UNTIL - timedelta(days=8),
        UNTIL - timedelta(days=7),
        UNTIL - timedelta(days=7),
        LAST,
        LAST,
        UNTIL,
    ):
        with as_worker():
            write_reminders(on=day, now=at(day))
            written[day] = Letter.objects.filter(to=member.email).count()
    assert list(written.values()) == [0, 1, 2, 2]
    with as_worker():
        first, _ = Letter.objects.filter(to=member.email).order_by("pk")
        assert Letter.objects.filter(to=operator.email).count() == 2
    assert "8 avril 2026" in first.subject
    assert "demandez l’abonnement depuis la page de l’essai" in first.body


def test_whoever_asked_already_is_told_what_comes(listing, commune):
    tried(listing, commune)
    member = MembershipFactory(organisation=commune, role=Role.SECRETARY).user
    subscribe(listing, commune, on=TODAY)
    with as_worker():
        write_reminders(on=LAST, now=at(LAST))
        assert "une fois approuvé, le service continue" in Letter.objects.get(to=member.email).body


def test_one_letter_tells_the_end(listing, commune):
    trial = tried(listing, commune)
    member = MembershipFactory(organisation=commune, role=Role.SECRETARY).user
    nights(UNTIL)
    jobs.run_jobs()
    with as_worker():
        letter = Letter.objects.get(to=member.email)
    assert "l’essai gratuit est terminé" in letter.subject
    assert "Essai gratuit : jusqu’au 8 avril 2026. Rien n’est à payer." in letter.body
    assert "facturé" not in letter.body
    assert departure(trial).state == ExitState.RETRIEVAL


def test_every_morning():
    trial = TrialFactory()  # over since long
    with as_worker():
        follow_trials(timestamp=0)
    assert current(trial).state == State.TERMINATING
