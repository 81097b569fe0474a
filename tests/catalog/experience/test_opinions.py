"""Opinions: of subscribers only, one per organisation, read over, answered, counted."""

import pytest

from catalog.experience import opinions
from catalog.experience.queries import opinions_on, reviews_of_vendor
from catalog.models import ModerationState, Review, ShelfEntry
from subscriptions import experience
from subscriptions.models import State
from tenants.models import AuditEvent, Letter
from tenants.tenancy import tenant_scope
from tests.factories import ReviewFactory, SubscriptionFactory, UserFactory
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
ACCOUNT = opinions.Experience(what_we_did="Repris nos tableaux.", weeks=3, cost_cents=120000, advice="Osez.")


@pytest.fixture
def subscription():
    return SubscriptionFactory(state=State.ACTIVE)


@pytest.fixture
def inside(subscription):
    """Its commune and its operator, as an operator's agent sees them."""
    with tenant_scope([subscription.tenant_id, subscription.operator.organisation_id]):
        yield subscription


def review(subscription, rating=4, text="Simple et rapide.", by=None) -> Review:
    return experience.write_review(
        subscription=subscription, rating=rating, text=text, by=by or UserFactory(), now=NOW
    )


@pytest.mark.parametrize("state", [State.REQUESTED, State.APPROVED, State.PROVISIONING, State.REFUSED])
def test_who_has_never_used_it_does_not_speak(state):
    asked = SubscriptionFactory(state=state)
    with tenant_scope([asked.tenant_id]), pytest.raises(experience.NotASubscriber):
        review(asked)


def test_nobody_reads_it_before_the_operator_does(inside):
    written = review(inside)
    assert written.state == ModerationState.PENDING
    assert opinions_on(sheet=inside.listing.sheet).count == 0
    opinions.publish(opinion=written, by=UserFactory(), now=NOW)
    found = opinions_on(sheet=inside.listing.sheet)
    assert (found.count, found.tenths, found.by_rating[4]) == (1, 40, 1)
    entry = ShelfEntry.objects.get(listing=inside.listing)
    assert (entry.rating_sum, entry.rating_count) == (4, 1)


def test_one_opinion_an_organisation_and_the_new_one_is_read_over_again(inside):
    first = review(inside)
    opinions.publish(opinion=first, by=UserFactory(), now=NOW)
    with tenant_scope([first.sheet.vendor.organisation_id]):
        opinions.answer(review=first, text="Merci.", by=UserFactory(), now=NOW)
    again = review(inside, rating=2, text="Panne tout le mois.")
    assert again.pk == first.pk
    assert (again.state, again.answer) == (ModerationState.PENDING, "")
    assert ShelfEntry.objects.get(listing=inside.listing).rating_count == 0


def test_the_same_again_changes_nothing(inside):
    opinions.publish(opinion=review(inside), by=UserFactory(), now=NOW)
    assert review(inside).state == ModerationState.PUBLISHED
    assert AuditEvent.objects.filter(what="review.written").count() == 1


@pytest.mark.parametrize(
    ("rating", "text", "field"),
    [(0, "x", "rating"), (6, "x", "rating"), (3, " ", "text"), (3, "x" * 2001, "text")],
)
def test_what_cannot_be_kept_names_its_field(inside, rating, text, field):
    with pytest.raises(opinions.OpinionRefused) as refusal:
        review(inside, rating=rating, text=text)
    assert refusal.value.field == field


def test_a_refusal_tells_its_author_why_and_counts_nowhere(inside):
    author = UserFactory(email="odile@mairie.example")
    written = review(inside, by=author)
    with pytest.raises(opinions.OpinionRefused):
        opinions.refuse(opinion=written, reason=" ", by=UserFactory(), now=NOW)
    opinions.refuse(opinion=written, reason="Un nom de personne.", by=UserFactory(), now=NOW)
    letter = Letter.objects.get()
    assert (letter.to, letter.tenant_id) == ("odile@mairie.example", inside.tenant_id)
    assert "Un nom de personne." in letter.body


def test_a_text_is_read_over_once(inside):
    written = review(inside)
    opinions.publish(opinion=written, by=UserFactory(), now=NOW)
    with pytest.raises(opinions.Moderated):
        opinions.publish(opinion=written, by=UserFactory(), now=NOW)
    opinions.refuse(opinion=written, reason="Retiré.", by=UserFactory(), now=NOW)  # taken down
    with pytest.raises(opinions.Moderated):
        opinions.publish(opinion=written, by=UserFactory(), now=NOW)


def test_who_reads_over_an_older_text_does_not_publish_the_new_one(inside):
    old = review(inside)
    experience.write_review(
        subscription=inside, rating=1, text="Autre.", by=UserFactory(), now=NOW.replace(hour=20)
    )
    with pytest.raises(opinions.Moderated):
        opinions.publish(opinion=old, by=UserFactory(), now=NOW)


def test_only_what_is_published_is_answered():
    waiting = ReviewFactory(state="pending")
    vendor = waiting.sheet.vendor
    with tenant_scope([vendor.organisation_id]), pytest.raises(opinions.OpinionRefused):
        opinions.answer(review=waiting, text="Merci.", by=UserFactory(), now=NOW)


def test_a_vendor_finds_the_unanswered_first():
    answered = ReviewFactory(answer="Merci.", written_at=NOW.replace(hour=23))
    waiting = ReviewFactory(sheet=answered.sheet)
    ReviewFactory(sheet=answered.sheet, state="pending")
    ReviewFactory()
    assert list(reviews_of_vendor(vendor=answered.sheet.vendor)) == [waiting, answered]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"weeks": -1}, "weeks"),
        ({"weeks": 521}, "weeks"),
        ({"advice": ""}, "advice"),
        ({"cost_cents": -1}, "cost"),
    ],
)
def test_an_account_is_judged_field_by_field(inside, wrong, field):
    with pytest.raises(opinions.OpinionRefused) as refusal:
        experience.write_experience(
            subscription=inside,
            experience=opinions.Experience(**{**vars(ACCOUNT), **wrong}),
            by=UserFactory(),
            now=NOW,
        )
    assert refusal.value.field == field


def test_an_account_is_published_too(inside):
    told = experience.write_experience(subscription=inside, experience=ACCOUNT, by=UserFactory(), now=NOW)
    assert opinions_on(sheet=inside.listing.sheet).experiences == []
    opinions.publish(opinion=told, by=UserFactory(), now=NOW)
    assert opinions_on(sheet=inside.listing.sheet).experiences == [told]


def test_an_average_is_rounded_half_up():
    sheet = ReviewFactory(rating=4).sheet
    ReviewFactory(sheet=sheet, rating=5)
    ReviewFactory(sheet=sheet, rating=4)
    ReviewFactory(sheet=sheet, rating=4)  # 17 / 4 = 4.25
    assert opinions_on(sheet=sheet).tenths == 43


def test_a_suspended_subscriber_still_speaks():
    stopped = SubscriptionFactory(state=State.SUSPENDED)
    with tenant_scope([stopped.tenant_id]):
        assert review(stopped).state == ModerationState.PENDING
    with as_worker():
        assert AuditEvent.objects.filter(what="review.written", tenant=stopped.tenant).exists()
