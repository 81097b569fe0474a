"""Leaving a service: the Data Act's path, in order, on record, billed to its last day and no further."""

from datetime import date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils.timezone import get_default_timezone

from billing.drafting import months_owed
from billing.periods import Period
from catalog.models import ClaimTopic
from provisioning import operations as provisioning
from provisioning.models import Event, Run, Step, StepState
from subscriptions import leaving, leaving_letters, leaving_terms
from subscriptions.exceptions import ExitRefused, WrongState
from subscriptions.models import Destination, Exit, ExitMove, ExitState, State, Subscription
from tenants.days import working_days_after
from tenants.models import AuditEvent, Letter, Role
from tenants.tenancy import tenant_scope
from tests.factories import ClaimFactory, MembershipFactory, SubscriptionFactory, UserFactory
from tests.factories.subscriptions import PDF
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 10)
NOTICE_ENDS, SERVICE_ENDS, ERASED = date(2026, 5, 9), date(2026, 6, 8), date(2026, 7, 8)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=get_default_timezone())


@pytest.fixture
def subscription():
    return SubscriptionFactory(state=State.ACTIVE)


def leave(subscription, *, destination=Destination.PROVIDER, leaves_on=NOTICE_ENDS, on=TODAY) -> Exit:
    with tenant_scope([subscription.tenant_id]):
        return leaving.request_exit(
            subscription=subscription,
            by=UserFactory(),
            destination=destination,
            leaves_on=leaves_on,
            reason="",
            now=at(on),
        )


def nights(until: date) -> None:
    with as_worker():
        leaving.advance_exits(now=at(until))


def current(subscription) -> Subscription:
    with as_worker():
        return Subscription.objects.get(pk=subscription.pk)


def close_at_vendor(subscription, on: date) -> None:
    with as_worker():
        run = Run.objects.get(subscription=subscription, event=Event.CLOSE)
        provisioning.take_turn(run_id=run.pk, now=at(on))
        step = Step.objects.get(run=run)
        assert step.state == StepState.NEEDS_PERSON
        provisioning.mark_done(step=step, by=UserFactory(), service_url="", now=at(on))


def certify(exit_, on: date, content: bytes = PDF) -> None:
    with as_worker():
        leaving.certify(
            leaving=Exit.objects.get(pk=exit_.pk),
            on=on,
            file=SimpleUploadedFile("certificat.pdf", content),
            by=UserFactory(),
            now=at(on),
        )


def test_from_notice_to_certificate_each_phase_on_its_day(subscription):
    leaving_now = leave(subscription)
    assert vars(leaving_now) | {
        "notice_from": TODAY,
        "transition_from": NOTICE_ENDS,
        "retrieval_from": SERVICE_ENDS,
        "erasure_from": ERASED,
    } == vars(leaving_now)
    for day, state, of_subscription in [
        (NOTICE_ENDS - timedelta(days=1), ExitState.NOTICE, State.ACTIVE),
        (NOTICE_ENDS, ExitState.TRANSITION, State.ACTIVE),
        (SERVICE_ENDS - timedelta(days=1), ExitState.TRANSITION, State.ACTIVE),
        (SERVICE_ENDS, ExitState.RETRIEVAL, State.TERMINATING),
        (ERASED - timedelta(days=1), ExitState.RETRIEVAL, State.TERMINATING),
        (ERASED, ExitState.ERASURE, State.TERMINATING),
    ]:
        nights(day)
        with as_worker():
            assert Exit.objects.get().state == state, day
            assert Run.objects.filter(event=Event.CLOSE).exists() is (state == ExitState.ERASURE)
        assert current(subscription).state == of_subscription, day
    close_at_vendor(subscription, ERASED)
    assert current(subscription).state == State.TERMINATING  # no certificate yet
    certify(leaving_now, ERASED)
    ended = current(subscription)
    assert (ended.state, ended.ended_on) == (State.ENDED, SERVICE_ENDS)
    assert months_owed(ended, Period(date(2026, 1, 1), date(2027, 1, 1))) == 6  # January to June, begun
    with as_worker():
        assert list(ExitMove.objects.order_by("pk").values_list("after", flat=True)) == [
            "notice", "transition", "retrieval", "erasure", "done",
        ]  # fmt: skip
        told = set(AuditEvent.objects.filter(tenant=subscription.tenant).values_list("what", flat=True))
    assert {"exit.requested", "exit.certified", "subscription.ended"} <= told


def test_a_worker_that_slept_for_months_catches_up(subscription):
    leave(subscription)
    nights(ERASED + timedelta(days=90))
    ended = current(subscription)
    assert (ended.state, ended.ended_on) == (State.TERMINATING, SERVICE_ENDS)
    nights(ERASED + timedelta(days=91))
    with as_worker():
        assert Run.objects.filter(event=Event.CLOSE).count() == 1


def test_the_certificate_may_come_before_the_vendor_says_closed(subscription):
    exit_ = leave(subscription)
    nights(ERASED)
    certify(exit_, ERASED)
    assert current(subscription).state == State.TERMINATING
    close_at_vendor(subscription, ERASED)
    assert current(subscription).state == State.ENDED


def test_only_erased_data_have_no_transition(subscription):
    found = leave(subscription, destination=Destination.ERASURE)
    assert (found.retrieval_from, found.erasure_from) == (NOTICE_ENDS, NOTICE_ENDS + timedelta(days=30))
    nights(NOTICE_ENDS)
    assert current(subscription).state == State.TERMINATING


def test_what_a_vendor_declares_counts_when_it_is_better(subscription):
    value = {
        "exit_notice_days": 15,
        "transition_days": 10,
        "retrieval_days": 90,
        "switching_fee": "none",
    }
    ClaimFactory(sheet=subscription.listing.sheet, topic=ClaimTopic.DATA_ACT, value=value)
    with tenant_scope([subscription.tenant_id]):
        terms = leaving_terms.terms_of(subscription=subscription, on=TODAY)
    assert (terms.notice_days, terms.transition_days, terms.retrieval_days) == (15, 10, 90)
    assert terms.fee == "Aucuns frais de départ."


def test_fees_are_forbidden_from_their_day_on(subscription):
    with tenant_scope([subscription.tenant_id]):
        before = leaving_terms.terms_of(subscription=subscription, on=date(2026, 11, 12)).fee
        after = leaving_terms.terms_of(subscription=subscription, on=date(2026, 11, 13)).fee
    assert "coût réel" in before
    assert "la loi les interdit" in after


@pytest.mark.parametrize(
    ("leaves_on", "said"),
    [
        (NOTICE_ENDS - timedelta(days=1), "Le préavis est de 60 jours : choisissez le 09/05/2026 ou après."),
        (date(2027, 3, 11), "Choisissez une date avant le 10/03/2027."),
    ],
)
def test_a_day_that_is_too_near_or_too_far_is_refused(subscription, leaves_on, said):
    with pytest.raises(ExitRefused) as refusal:
        leave(subscription, leaves_on=leaves_on)
    assert (refusal.value.field, str(refusal.value)) == ("leaves_on", said)


def test_asked_twice_it_is_one_departure(subscription):
    assert leave(subscription).pk == leave(subscription, leaves_on=date(2026, 8, 1)).pk
    with as_worker():
        first = Exit.objects.values().get()
        another = Exit(**{**first, "id": None, "public_id": subscription.public_id})
        with pytest.raises(IntegrityError, match="exit_one_open_per_subscription"), transaction.atomic():
            another.save(force_insert=True)


@pytest.mark.parametrize("state", [State.REQUESTED, State.PROVISIONING, State.ENDED])
def test_what_is_not_open_is_not_left(state):
    with pytest.raises(WrongState):
        leave(SubscriptionFactory(state=state))


def test_one_stays_after_all_until_the_notice_ends(subscription):
    exit_ = leave(subscription)
    with tenant_scope([subscription.tenant_id]), pytest.raises(WrongState):
        leaving.withdraw(leaving=exit_, by=UserFactory(), now=at(NOTICE_ENDS))
    with tenant_scope([subscription.tenant_id]):
        leaving.withdraw(leaving=exit_, by=UserFactory(), now=at(TODAY))
    nights(ERASED)
    assert current(subscription).state == State.ACTIVE
    assert leave(subscription, on=date(2026, 9, 1), leaves_on=date(2026, 12, 1)).pk != exit_.pk


def test_a_longer_transition_has_a_reason_and_a_limit(subscription):
    exit_ = leave(subscription)

    def extend(until, reason="Trois millions de pièces à exporter."):
        with as_worker():
            leaving.extend(
                leaving=Exit.objects.get(pk=exit_.pk),
                until=until,
                reason=reason,
                by=UserFactory(),
                now=at(TODAY),
            )

    for until, reason in [
        (date(2026, 12, 10), "Longue."),
        (SERVICE_ENDS, "Longue."),
        (date(2026, 9, 1), " "),
    ]:
        with pytest.raises(ExitRefused):
            extend(until, reason)
    extend(date(2026, 12, 9))
    with as_worker():
        found = Exit.objects.get()
    assert (found.retrieval_from, found.erasure_from) == (date(2026, 12, 9), date(2027, 1, 8))
    nights(SERVICE_ENDS)
    assert current(subscription).state == State.ACTIVE


@pytest.mark.parametrize(("on", "allowed"), [(-1, True), (0, True), (1, False)])
def test_a_longer_transition_is_said_within_fourteen_working_days(subscription, on, allowed):
    exit_ = leave(subscription)
    day = working_days_after(TODAY, 14) + timedelta(days=on)
    assert leaving.may_extend(exit_, on=day) is allowed
    with as_worker():
        asked = {"leaving": exit_, "until": date(2026, 12, 9), "reason": "Longue.", "by": UserFactory()}
        if allowed:
            leaving.extend(now=at(day), **asked)
        else:
            with pytest.raises(WrongState, match="quatorze jours"):
                leaving.extend(now=at(day), **asked)
        assert (Exit.objects.get().extended_at is not None) is allowed


def test_a_member_takes_a_longer_transition_once(subscription):
    exit_ = leave(subscription)
    administrator = MembershipFactory(
        organisation=subscription.operator.organisation, role=Role.OPERATOR_ADMIN
    ).user

    def take(until, on=NOTICE_ENDS):
        with as_worker():
            found = Exit.objects.get(pk=exit_.pk)
            leaving.take_longer(leaving=found, until=until, by=UserFactory(), now=at(on))

    for until in (SERVICE_ENDS, date(2027, 6, 9)):
        with pytest.raises(ExitRefused):
            take(until)
    take(date(2026, 9, 1))
    with as_worker():
        found = Exit.objects.get()
        assert (found.retrieval_from, found.erasure_from) == (date(2026, 9, 1), date(2026, 10, 1))
        assert Letter.objects.get(key__startswith="exit-longer:").to == administrator.email
    with pytest.raises(WrongState):
        take(date(2026, 10, 1))
    nights(SERVICE_ENDS)
    assert current(subscription).state == State.ACTIVE


def test_where_data_are_only_erased_there_is_nothing_to_prolong(subscription):
    exit_ = leave(subscription, destination=Destination.ERASURE)
    assert not leaving.may_take_longer(exit_)
    with tenant_scope([subscription.tenant_id]), pytest.raises(WrongState):
        leaving.take_longer(leaving=exit_, until=date(2026, 9, 1), by=UserFactory(), now=at(TODAY))


def test_a_certificate_is_a_pdf_of_the_right_day(subscription):
    exit_ = leave(subscription)
    nights(ERASED)
    for on, content in [(ERASED - timedelta(days=1), PDF), (ERASED, b"<html>")]:
        with pytest.raises(ExitRefused):
            certify(exit_, on, content)
    certify(exit_, ERASED)
    with pytest.raises(WrongState):
        certify(exit_, ERASED)


def test_the_three_sides_are_written_to_once_a_move(subscription):
    told = [
        MembershipFactory(organisation=subscription.tenant, role=Role.SECRETARY),
        MembershipFactory(organisation=subscription.operator.organisation, role=Role.CURATOR),
        MembershipFactory(organisation=subscription.listing.vendor.organisation, role=Role.VENDOR_ADMIN),
    ]
    leave(subscription)
    ((_, arguments),) = [job for job in jobs.waiting() if job[0] == "subscriptions.tasks.write_exit_letters"]
    with as_worker():
        for _ in range(2):
            leaving_letters.write_letters(**arguments, now=at(TODAY))
        letters = {letter.to: letter for letter in Letter.objects.filter(key__startswith="exit:")}
    assert {mandate.user.email for mandate in told} <= set(letters)
    letter = letters[told[0].user.email]
    assert f"{subscription.tenant.name} quitte {subscription.service_name}" == letter.subject
    assert "Transition : du 9 mai 2026 au 7 juin 2026, dernier jour facturé." in letter.body


def test_the_phases_follow_each_other_in_the_database_too(subscription):
    leave(subscription)
    with as_worker():
        for wrong in ({"erasure_from": SERVICE_ENDS}, {"state": ExitState.DONE}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Exit.objects.update(**wrong)


def test_the_end_of_the_last_term_leads_through_retrieval_and_erasure(subscription):
    last = date(2026, 9, 1)
    with as_worker():
        for _ in range(2):
            leaving.stop_at_term(subscription=current(subscription), on=last, now=at(last))
        found = Exit.objects.get()
    assert (found.state, found.erasure_from) == (ExitState.RETRIEVAL, date(2026, 10, 1))
    assert (current(subscription).state, current(subscription).ended_on) == (State.TERMINATING, last)


def test_a_departure_under_way_outlasts_the_term(subscription):
    exit_ = leave(subscription)
    with as_worker():
        leaving.stop_at_term(subscription=current(subscription), on=TODAY, now=at(TODAY))
        assert Exit.objects.get() == exit_
    assert current(subscription).state == State.ACTIVE
