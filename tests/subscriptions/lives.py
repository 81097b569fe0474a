"""Lives of subscriptions: every verb is tried on every subscription, in any order, on the real database.

What a verb refuses is no matter; what is on record afterwards is judged by `judges`, after each of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils.timezone import get_default_timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from catalog.models import ClaimTopic
from provisioning import operations as provisioning
from provisioning.models import Step, StepState
from subscriptions import approving, leaving, leaving_terms, operations, renewing, suspending, trials
from subscriptions.acts import Act
from subscriptions.exceptions import PriceChanged, SubscriptionRefused
from subscriptions.handover import hand_over
from subscriptions.models import RUNNING, Destination, Exit, ExitState, Party, Side, State, Subscription, Term
from subscriptions.models.exit import OVER
from tenants.models import Organisation
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    ClaimFactory,
    ListingFactory,
    OperatorFactory,
    OrganisationFactory,
    UserFactory,
)
from tests.factories.subscriptions import PDF
from tests.factories.vintages import MergerFactory
from tests.subscriptions import judges
from tests.tools.database import as_worker

FIRST_DAY = date(2026, 1, 5)
SHORT_EXIT = {"exit_notice_days": 0, "transition_days": 5, "retrieval_days": 45, "switching_fee": "none"}
some = st.integers(0, 9)  # one of the rows there are: `Lives.one`
people = st.integers(0, 3)
weeks = st.sampled_from([1, 15, 31, 61])


class World:
    """Two communes, of which the first may merge into the second, and three services of their operator:
    renewed tacitly, agreed to by the operator and the vendor too; of one term, soon left; without one. The
    first and the last may be tried for nothing."""

    def __init__(self):
        self.operator = OperatorFactory()
        listing = partial(ListingFactory, operator=self.operator)
        self.listings = [
            listing(
                grid__trial_days=20,
                vehicle__renewal="tacit",
                vehicle__term_years=2,
                vehicle__renewals=1,
                vehicle__operator_approves=True,
                vehicle__vendor_approves=True,
            ),
            listing(vehicle__renewal="none", vehicle__separate_approver=False),
            listing(grid__trial_days=30, vehicle__separate_approver=False),
        ]
        ClaimFactory(
            sheet=self.listings[1].sheet,
            topic=ClaimTopic.DATA_ACT,
            value=SHORT_EXIT,
            valid_until=date(2040, 1, 1),
        )
        self.communes = [OrganisationFactory(), OrganisationFactory()]
        for commune in self.communes:
            AdhesionFactory(operator=self.operator, organisation=commune)
        self.people = [UserFactory() for _ in range(4)]


def act() -> SimpleUploadedFile:
    return SimpleUploadedFile("acte.pdf", PDF)


def any_departure(lives: "Lives") -> bool:
    return any(record.departures for record in lives.known)


def any_trial(lives: "Lives") -> bool:
    return any(record.is_tried for record in lives.known)


class Lives(RuleBasedStateMachine):
    """Each rule is what a page or a worker does, with its transaction and its scope."""

    def __init__(self, world: World, reached: set):
        super().__init__()
        self.world, self.reached = world, reached
        self.today = FIRST_DAY
        self.change = None
        self.ends: dict[int, date] = {}
        self.behind = True  # something happened since workers were at work
        self.known: list[judges.Record] = []
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        # Read again: a merger of the life before changed them in memory too.
        self.communes = [
            Organisation.objects.select_related("territory").get(pk=commune.pk) for commune in world.communes
        ]

    def teardown(self):
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    @property
    def now(self) -> datetime:
        return datetime(self.today.year, self.today.month, self.today.day, 9, tzinfo=get_default_timezone())

    @contextmanager
    def page(self) -> Iterator[None]:
        """One request of a person: its transaction, its scope, its refusals."""
        self.behind = True
        ids = [self.world.operator.organisation_id, *(commune.pk for commune in self.communes)]
        try:
            with transaction.atomic(), tenant_scope(ids):
                yield
        except SubscriptionRefused:
            pass

    def one(self, model, which: int, *fitting: str):
        """One of the rows there are, the newest first, in a state that fits if there are any and the number
        is even; None without rows."""
        rows = list(model.objects.order_by("-pk")[:8])
        fit = [row for row in rows if row.state in fitting]
        rows = fit if fit and which % 2 == 0 else rows
        return rows[which // 2 % len(rows)] if rows else None

    @initialize(
        opened=st.lists(st.integers(0, 2), unique=True, min_size=1),
        slow=st.sampled_from([False, False, False, True]),
        tried=st.lists(st.sampled_from([(1, 2), (1, 0), (0, 2)]), unique=True, max_size=2),
        kept=st.booleans(),
    )
    def some_are_open(self, opened, slow, tried, kept):
        """Most lives begin so."""
        for commune, listing in tried:
            self.try_for_nothing(commune, listing, 0)
            self.agree(0, 2, Party.OPERATOR)
            self.agree(0, 3, Party.VENDOR)
        for listing in opened:
            self.request(0, listing, 0, 40 if slow else None)
            self.approve(0, 1)
            self.agree(0, 2, Party.OPERATOR)
            self.agree(0, 3, Party.VENDOR)
        self.workers()
        for _ in (*opened, *tried):
            self.done_by_hand(0)
        self.all_is_in_order()
        if kept and any_trial(self):
            self.keep_what_is_tried(0, 0)

    # The member's pages.

    @rule(
        commune=st.integers(0, 1),
        listing=st.integers(0, 2),
        person=people,
        after=st.sampled_from([None, 0, 40]),
    )
    def request(self, commune, listing, person, after):
        asked = {
            "organisation": self.communes[commune],
            "listing": self.world.listings[listing],
            "requested_by": self.world.people[person],
            "wanted_from": None if after is None else self.today + timedelta(days=after),
            "now": self.now,
        }
        with self.page():
            try:
                operations.request_subscription(**asked, request_key=uuid4(), shown_cents=-1)
            except PriceChanged as told:
                operations.request_subscription(**asked, request_key=uuid4(), shown_cents=told.current_cents)

    @rule(commune=st.integers(0, 1), listing=st.sampled_from([0, 2, 2]), person=people)
    def try_for_nothing(self, commune, listing, person):
        with self.page():
            trials.request_trial(
                organisation=self.communes[commune],
                listing=self.world.listings[listing],
                requested_by=self.world.people[person],
                request_key=uuid4(),
                now=self.now,
            )

    @precondition(any_trial)
    @rule(which=some)
    def stop_trying(self, which):
        with self.page():
            trials.stop(trial=self.tried(which), by=self.world.people[0], now=self.now)

    @precondition(any_trial)
    @rule(which=some, late=st.sampled_from([0, 0, 10, 31, 70]))
    def keep_what_is_tried(self, which, late):
        """Asked for while it is tried, approved some days later: in time, after its end, or too late."""
        trial = self.tried(which)
        ids = [[one.pk for one in each] for each in (self.communes, self.world.listings)]
        self.request(ids[0].index(trial.tenant_id), ids[1].index(trial.listing_id), 0, None)
        self.pass_until(self.today + timedelta(days=late), workers=True)
        self.approve(0, 1)
        self.agree(0, 2, Party.OPERATOR)
        self.agree(0, 3, Party.VENDOR)

    def tried(self, which: int) -> Subscription:
        """One of the trials under way."""
        under_way = [record.subscription for record in self.known if record.is_tried]
        return under_way[which % len(under_way)]

    @rule(which=some, person=people)
    def approve(self, which, person):
        with self.page():
            if found := self.one(Subscription, which, State.REQUESTED):
                operations.approve(
                    subscription=found,
                    approved_by=self.world.people[person],
                    number="2026-14",
                    date=self.today,
                    file=act(),
                    now=self.now,
                )

    @rule(which=some, person=people, verb=st.sampled_from(["refuse", "cancel"]))
    def turn_down(self, which, person, verb):
        with self.page():
            if found := self.one(Subscription, which, State.REQUESTED):
                how = {"reason": "Trop cher."} if verb == "refuse" else {}
                getattr(operations, verb)(
                    subscription=found, by=self.world.people[person], now=self.now, **how
                )

    @rule(which=some, suspends=st.booleans())
    def suspend_or_resume(self, which, suspends):
        with self.page():
            if found := self.one(Subscription, which, *RUNNING):
                how = {"words": "Litige.", "by": self.world.people[0], "now": self.now}
                if suspends:
                    suspending.suspend(subscription=found, ground="other", **how)
                else:
                    suspending.resume(subscription=found, **how)

    @rule(
        which=some, destination=st.sampled_from(list(Destination)), after=st.sampled_from([-1, 0, 0, 1, 45])
    )
    def leave(self, which, destination, after):
        with self.page():
            if found := self.one(Subscription, which, *RUNNING):
                self.ask_to_leave(found, destination, after)

    def ask_to_leave(self, subscription, destination, after: int = 0) -> None:
        """With the shortest notice there is, and so many days; a trial, at once."""
        if subscription.is_trial:
            trials.stop(trial=subscription, by=self.world.people[0], now=self.now)
            return
        terms = leaving_terms.terms_of(subscription=subscription, on=self.today)
        leaving.request_exit(
            subscription=subscription,
            by=self.world.people[0],
            destination=destination,
            leaves_on=leaving_terms.earliest(terms=terms, today=self.today) + timedelta(days=after),
            reason="",
            now=self.now,
        )

    @precondition(any_departure)
    @rule(which=some, verb=st.sampled_from([leaving.withdraw, leaving.say_retrieved]))
    def say_of_the_departure(self, which, verb):
        with self.page():
            if found := self.one(Exit, which, ExitState.NOTICE, ExitState.RETRIEVAL):
                verb(leaving=found, by=self.world.people[0], now=self.now)

    @rule(which=some, side=st.sampled_from(list(Side)))
    def refuse_renewal(self, which, side):
        with self.page():
            if found := self.one(Subscription, which, *RUNNING):
                renewing.give_notice(
                    subscription=found, side=side, by=self.world.people[0], reason="", now=self.now
                )

    @rule(which=some)
    def renew(self, which):
        with self.page():
            if found := self.one(Subscription, which, *RUNNING):
                renewing.renew(
                    subscription=found,
                    by=self.world.people[0],
                    act=Act("2027-3", self.today, act()),
                    now=self.now,
                )

    # The operator's and the vendor's.

    @rule(which=some, person=people, party=st.sampled_from([Party.OPERATOR, Party.VENDOR]))
    def agree(self, which, person, party):
        with self.page():
            if found := self.one(Subscription, which, State.REQUESTED):
                approving.agree(subscription=found, party=party, by=self.world.people[person], now=self.now)

    @rule(which=some)
    def done_by_hand(self, which):
        with self.page():
            steps = Step.objects.filter(state=StepState.NEEDS_PERSON).order_by("-pk")
            if found := list(steps.select_related("run__subscription__tenant")):
                provisioning.mark_done(
                    step=found[which % len(found)], by=self.world.people[0], service_url="", now=self.now
                )

    @precondition(any_departure)
    @rule(which=some, after=st.sampled_from([0, 1, 30, 184, 250]))
    def extend(self, which, after):
        with self.page():
            if found := self.one(Exit, which, ExitState.NOTICE, ExitState.TRANSITION):
                until = found.retrieval_from + timedelta(days=after)
                leaving.extend(
                    leaving=found, until=until, reason="Longue.", by=self.world.people[0], now=self.now
                )

    @precondition(any_departure)
    @rule(which=some, before=st.sampled_from([0, 1, 40]))
    def certify(self, which, before):
        with self.page():
            if found := self.one(Exit, which, ExitState.ERASURE):
                leaving.certify(
                    leaving=found,
                    on=self.today - timedelta(days=before),
                    file=act(),
                    by=self.world.people[0],
                    now=self.now,
                )

    @precondition(lambda self: self.change is None)
    @rule(ago=st.sampled_from([0, 40]), at_once=st.booleans())
    def merge(self, ago, at_once):
        old, new = self.communes
        self.change = MergerFactory(old=old, new=new, effective_on=self.today - timedelta(days=ago))
        if at_once:
            self.take_over()

    @precondition(lambda self: self.change is not None)
    @rule()
    def take_over(self):
        with self.page():
            hand_over(
                change=self.change,
                operator=self.world.operator,
                by=self.world.people[0],
                now=self.now,
            )

    @rule(destination=st.sampled_from(list(Destination)))
    def everybody_leaves(self, destination):
        """Whatever happened before, whoever has a service may leave it and comes to the end."""
        with as_worker():
            running = list(Subscription.objects.filter(state__in=RUNNING))
            for one in running:
                self.ask_to_leave(one, destination)
            running += Subscription.objects.filter(state=State.TERMINATING)
        self.workers()  # they may be behind by more than a whole departure
        while days := self.days_ahead(terms=False):
            self.pass_until(days[0], workers=True)
            self.all_is_in_order()
        proofs = [self.all_closed_by_hand, self.all_certified]
        for prove in proofs if destination == Destination.OWN else reversed(proofs):
            prove()
            self.all_is_in_order()
        with as_worker():
            ended = Subscription.objects.filter(pk__in=[one.pk for one in running])
            assert {one.state for one in ended} <= {State.ENDED}

    def all_closed_by_hand(self):
        with as_worker():
            waiting = Step.objects.filter(state=StepState.NEEDS_PERSON).count()
        for _ in range(waiting):
            self.done_by_hand(0)

    def all_certified(self):
        with as_worker():
            waiting = Exit.objects.filter(state=ExitState.ERASURE).count()
        for position in reversed(range(waiting)):
            self.certify(2 * position, 0)

    # Time, and the workers.

    @rule(which=some, offset=st.sampled_from([-1, 0, 0, 1]), workers=st.booleans())
    def a_day_that_counts(self, which, offset, workers):
        """To one of the next days on which something is due, or beside it; with workers at work or not."""
        ahead = self.days_ahead()
        if ahead:
            self.pass_until(ahead[which // 3 % len(ahead)] + timedelta(days=offset), workers=workers)

    @rule(pause=weeks, workers=st.booleans())
    def days_pass(self, pause, workers):
        self.pass_until(self.today + timedelta(days=pause), workers=workers)

    def days_ahead(self, *, terms: bool = True) -> list[date]:
        """On which something is due: a departure's next phase, the end of a term or of a trial."""
        with as_worker():
            departures = Exit.objects.exclude(state__in=OVER)
            rows = list(departures.values_list("transition_from", "retrieval_from", "erasure_from"))
            if terms:
                rows += Term.objects.values_list("ends")
                rows += Subscription.objects.filter(trial_until__isnull=False).values_list("trial_until")
        return sorted({day for row in rows for day in row if day > self.today})

    def pass_until(self, day: date, *, workers: bool) -> None:
        self.behind = self.behind or day > self.today
        self.today = max(day, self.today)
        if workers:
            self.workers()

    @rule()
    def workers(self):
        """What they do each night and each minute."""
        with as_worker():
            leaving.advance_exits(now=self.now)
            trials.end_due(now=self.now)
            renewing.renew_due(on=self.today, now=self.now)
            provisioning.take_turn(now=self.now)
        self.behind = False

    @invariant()
    def all_is_in_order(self):
        self.known = judges.records()
        for record in self.known:
            self.reached |= {"went on"} if record.trial else set()
            self.reached |= {record.state, *(leaving.state for leaving in record.departures)}
            judges.judge_approval(record)
            judges.judge_bills(record, on=self.today)
            judges.judge_service(record, on=self.today)
            judges.judge_suspensions(record)
            judges.judge_departures(record, on=None if self.behind else self.today)
            judges.judge_trial(record, on=None if self.behind else self.today)
            judges.same_end_as_before(record, self.ends)
