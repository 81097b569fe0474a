"""Two people, or one with two clicks, at the same moment."""

import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils.timezone import localdate

from provisioning.models import Event, Run
from subscriptions import operations, sharing, trials
from subscriptions.exceptions import AlreadyCovered, AlreadySubscribed, CoverRefused, WrongState
from subscriptions.leaving import advance_exits, stop_at_term
from subscriptions.models import (
    Cover,
    Decision,
    Exit,
    ExitState,
    State,
    Subscription,
    Transition,
    WantedCover,
)
from subscriptions.opening import activate
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    ListingFactory,
    OrganisationFactory,
    SubscriptionFactory,
    TrialFactory,
    UserFactory,
    WantedCoverFactory,
)
from tests.factories.base import NOW
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def in_scope(tenant, operation, /, **values):
    """What a page does: one operation in a transaction, inside the tenant’s scope."""

    def run():
        with transaction.atomic(), tenant_scope([tenant.pk]):
            return operation(**values)

    return run


def request(listing, commune, key=None):
    """That a commune asks for a listing, to be run."""
    return in_scope(
        commune,
        operations.request_subscription,
        organisation=commune,
        listing=listing,
        requested_by=UserFactory(),
        request_key=key or uuid.uuid4(),
        shown_cents=25800,
        now=NOW,
    )


def requests(*keys):
    listing = ListingFactory()
    commune = AdhesionFactory(operator=listing.operator).organisation
    return [request(listing, commune, key) for key in keys]


def communes_of(epci, listing):
    """Four of its communes, members of the operator."""
    return [
        AdhesionFactory(
            operator=listing.operator, organisation=OrganisationFactory(territory__epci=epci.territory)
        ).organisation
        for _ in range(4)
    ]


def test_a_double_click_is_one_request():
    results = at_once(*requests(*[uuid.uuid4()] * 4))
    assert len({result.pk for result in results}) == 1
    with as_worker():
        assert Subscription.objects.count() == Transition.objects.count() == 1


def test_two_people_asking_make_one_request():
    results = at_once(*requests(*[uuid.uuid4() for _ in range(4)]))
    made = [result for result in results if isinstance(result, Subscription)]
    refused = [result for result in results if isinstance(result, AlreadySubscribed)]
    assert (len(made), len(refused)) == (1, 3)
    assert {refusal.existing.pk for refusal in refused} == {made[0].pk}


def trial_of(commune, listing, key=None):
    return in_scope(
        commune,
        trials.request_trial,
        organisation=commune,
        listing=listing,
        requested_by=UserFactory(),
        request_key=key or uuid.uuid4(),
        now=NOW,
    )


def test_two_people_who_try_are_one_trial():
    listing = ListingFactory(grid__trial_days=30)
    commune = AdhesionFactory(operator=listing.operator).organisation
    results = at_once(*[trial_of(commune, listing) for _ in range(4)])
    made = [result for result in results if isinstance(result, Subscription)]
    refused = [result for result in results if isinstance(result, AlreadySubscribed)]
    assert (len(made), len(refused)) == (1, 3)
    with as_worker():
        assert Run.objects.count() == 1


def test_a_trial_and_a_request_at_once_fill_one_place():
    for _ in range(3):
        listing = ListingFactory(grid__trial_days=30)
        commune = AdhesionFactory(operator=listing.operator).organisation
        request = in_scope(
            commune,
            operations.request_subscription,
            organisation=commune,
            listing=listing,
            requested_by=UserFactory(),
            request_key=uuid.uuid4(),
            shown_cents=25800,
            now=NOW,
        )
        results = at_once(trial_of(commune, listing), request)
        assert {type(result) for result in results} == {AlreadySubscribed, Subscription}


def as_a_worker(operation, /, **values):
    def run():
        with as_worker():
            return operation(**values)

    return run


@pytest.mark.parametrize("left", [False, True])
def test_what_is_kept_and_the_night_that_ends_it(left):
    """Approved while the nightly job ends the trial, or moves its departure on: it goes on, or is opened
    anew, never both and never neither."""
    for _ in range(4):
        trial = TrialFactory(active_from=localdate(NOW) - timedelta(days=60 if left else 30))
        asked = SubscriptionFactory(listing=trial.listing, tenant=trial.tenant, separate_approver=False)
        if left:
            with as_worker():
                stop_at_term(subscription=trial, on=trial.trial_until, now=NOW - timedelta(days=30))
        with as_worker():
            asked = Subscription.objects.get(pk=asked.pk)
        approve = in_scope(
            trial.tenant,
            operations.approve,
            subscription=asked,
            approved_by=UserFactory(),
            number="2026-1",
            date=NOW.date(),
            file=SimpleUploadedFile("acte.pdf", PDF),
            now=NOW,
        )
        night = advance_exits if left else trials.end_due
        results = at_once(approve, as_a_worker(night, now=NOW))
        assert not [result for result in results if isinstance(result, Exception)]
        with as_worker():
            trial, paid = (Subscription.objects.get(pk=one.pk) for one in (trial, asked))
            runs = [
                (run.subscription_id, run.event) for run in Run.objects.filter(subscription__in=[trial, paid])
            ]
            kept = paid.after_trial_id == trial.pk
            leaving = Exit.objects.filter(subscription=trial).first()
        if kept:
            assert (trial.state, paid.state, runs) == (State.ENDED, State.ACTIVE, [(paid.pk, Event.CHANGE)])
            assert leaving is None or leaving.state == ExitState.WITHDRAWN
        else:
            assert left
            assert (trial.state, paid.state) == (State.TERMINATING, State.PROVISIONING)
            assert sorted(runs) == sorted([(trial.pk, Event.CLOSE), (paid.pk, Event.ACTIVATE)])


def decide(subscription, *, times):
    """`times` approvals and as many refusals of the same request, each with its own copy of it."""
    calls = []
    for _ in range(times):
        with as_worker():
            copies = [Subscription.objects.get(pk=subscription.pk) for _ in range(2)]
        calls.append(
            in_scope(
                subscription.tenant,
                operations.approve,
                subscription=copies[0],
                approved_by=UserFactory(),
                number="2026-1",
                date=NOW.date(),
                file=SimpleUploadedFile("acte.pdf", PDF),
                now=NOW,
            )
        )
        calls.append(
            in_scope(
                subscription.tenant,
                operations.refuse,
                subscription=copies[1],
                by=UserFactory(),
                reason="non",
                now=NOW,
            )
        )
    return calls


@pytest.mark.parametrize("turn", range(3))
def test_of_approvals_and_refusals_exactly_one_wins(turn):
    subscription = SubscriptionFactory()
    results = at_once(*decide(subscription, times=3))
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, WrongState) for result in results) == 5
    with as_worker():
        subscription.refresh_from_db()
        approved = subscription.state != State.REFUSED
        assert subscription.state in (State.PROVISIONING, State.REFUSED)
        assert Decision.objects.count() == Run.objects.count() == approved


@pytest.mark.parametrize("turn", range(3))
def test_a_commune_asks_while_its_intercommunality_covers_it(turn):
    listing = ListingFactory()
    held = SubscriptionFactory(tenant=OrganisationFactory(epci=True), listing=listing, state=State.ACTIVE)
    communes = communes_of(held.tenant, listing)
    covers = [
        in_scope(
            held.tenant, sharing.cover, subscription=held, organisations=[commune], by=UserFactory(), now=NOW
        )
        for commune in communes
    ]
    asks = [request(listing, commune) for commune in communes]
    results = at_once(*covers, *asks)
    refused = [one for one in results if isinstance(one, Exception)]
    assert {type(one) for one in refused} <= {AlreadyCovered, CoverRefused}
    assert len(refused) == len(communes)
    with as_worker():
        own = set(Subscription.objects.exclude(pk=held.pk).values_list("tenant", flat=True))
        covered = set(Cover.objects.values_list("tenant", flat=True))
    assert (own & covered, own | covered) == (set(), {one.pk for one in communes})


@pytest.mark.parametrize("turn", range(3))
def test_communes_ask_while_the_service_that_is_to_cover_them_opens(turn):
    """Each has it one way; what the opening left out is on record, and the service is open."""
    listing = ListingFactory()
    opening = SubscriptionFactory(
        tenant=OrganisationFactory(epci=True), listing=listing, state=State.PROVISIONING
    )
    communes = communes_of(opening.tenant, listing)
    for commune in communes:
        WantedCoverFactory(subscription=opening, commune=commune)
    asks = [request(listing, commune) for commune in communes]
    opens = in_scope(opening.tenant, activate, subscription=opening, service_url="", now=NOW)
    activated, *asked = at_once(opens, *asks)
    assert activated is None
    assert {type(one) for one in asked} <= {AlreadyCovered, Subscription}
    with as_worker():
        assert Subscription.objects.get(pk=opening.pk).state == State.ACTIVE
        own = set(Subscription.objects.exclude(pk=opening.pk).values_list("tenant", flat=True))
        covered = set(Cover.objects.values_list("tenant", flat=True))
        left_out = set(WantedCover.objects.exclude(refused_because="").values_list("commune", flat=True))
        assert not WantedCover.objects.filter(settled_at__isnull=True).exists()
    assert (own & covered, own | covered) == (set(), {one.pk for one in communes})
    assert left_out == own


def test_two_who_cover_the_same_communes_in_another_order_do_not_block_each_other():
    listing = ListingFactory()
    held = SubscriptionFactory(tenant=OrganisationFactory(epci=True), listing=listing, state=State.ACTIVE)
    communes = [OrganisationFactory(territory__epci=held.tenant.territory) for _ in range(6)]
    results = at_once(
        *(
            in_scope(
                held.tenant, sharing.cover, subscription=held, organisations=order, by=UserFactory(), now=NOW
            )
            for order in (communes, communes[::-1], communes, communes[::-1])
        )
    )
    assert sorted(results) == [0, 0, 0, 6]
