"""A vendor sees its queue: what waits, what failed and why, how long it took; and nobody else's."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.web.vendor.queue import in_words
from provisioning.models import Cause, Lane, StepState
from provisioning.vendor_queue import queue_of
from subscriptions.models import State
from tenants.models import Role
from tests.factories import ListingFactory, MembershipFactory, StepFactory, SubscriptionFactory
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def listing():
    return ListingFactory()


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def editor(listing, client):
    member = MembershipFactory(organisation=listing.vendor.organisation, role=Role.VENDOR_EDITOR)
    client.force_login(member.user)
    return client


def where(listing):
    return reverse("vendor_queue", args=[listing.vendor.organisation.siren])


def step(listing, **how):
    finished = how.pop("finished_at", None)
    subscription = SubscriptionFactory(listing=listing, state=State.PROVISIONING)
    return StepFactory(run__subscription=subscription, run__finished_at=finished, **how)


def done(listing, *, now, took):
    return step(listing, state=StepState.DONE, first_tried_at=now - took, done_at=now, finished_at=now)


def test_what_waits_and_what_failed_is_said(editor, listing, now):
    failed = step(
        listing,
        run_after=now + timedelta(hours=1),
        problem="Le système de l’éditeur ne répond pas.",
        cause=Cause.UNREACHABLE,
    )
    left = step(listing, state=StepState.NEEDS_PERSON, problem="L’éditeur a refusé l’ouverture (code 403).")
    page = editor.get(where(listing)).content.decode()

    for one in (failed, left):
        assert one.run.subscription.tenant.name in page
        assert one.problem in page
    assert "Cause : injoignable." in page
    assert "Une personne de l’opérateur agit" in page
    assert "Halle n’appelle plus votre système" not in page


def test_a_lane_that_is_cut_is_said_with_its_end(editor, listing, now):
    step(listing)
    with as_worker():
        Lane.objects.update(failures=7, cut_until=now + timedelta(minutes=5))
    page = editor.get(where(listing)).content.decode()
    assert "Halle n’appelle plus votre système" in page
    assert "7 échecs de suite" in page


def test_delays_are_counted_by_range(editor, listing, now):
    for took in (timedelta(seconds=59), timedelta(minutes=1), timedelta(days=1), timedelta(days=3)):
        done(listing, now=now - timedelta(seconds=1), took=took)
    done(listing, now=now - timedelta(days=31), took=timedelta(seconds=1))
    with as_worker():
        found = queue_of(vendor=listing.vendor, page=None, now=now)
    assert found.delays == [1, 1, 0, 0, 0, 2]
    assert len(found.done) == 4
    page = editor.get(where(listing)).content.decode()
    assert "1 en moins d’une minute, 1 en 1 à 5 minutes, 2 en plus d’un jour" in page


def test_another_vendors_queue_is_not_shown(editor, listing):
    other = step(ListingFactory())
    page = editor.get(where(listing)).content.decode()
    assert other.run.subscription.tenant.name not in page
    assert "Rien n’attend" in page


@pytest.mark.parametrize("count", [1, 8])
def test_queries_of_the_queue(count, editor, listing, now, snapshot):
    for _ in range(count):
        step(listing)
        done(listing, now=now - timedelta(seconds=1), took=timedelta(minutes=3))
    with snapshot_queries(snapshot(name="queue")):
        editor.get(where(listing))


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(0), "0 seconde"),
        (timedelta(seconds=59), "59 secondes"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(hours=23), "23 heures"),
        (timedelta(days=2, hours=5), "2 jours"),
    ],
)
def test_a_span_in_words(span, words):
    assert in_words(span) == words
