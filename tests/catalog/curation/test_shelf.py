"""What an operator does with its shelf."""

import pytest

from catalog.curation import errors, shelf
from catalog.models import Listing, ListingMove, ListingState, ShelfRules, SubmissionState
from tenants.models import AuditEvent
from tenants.tenancy import tenant_scope
from tests.factories import (
    ListingFactory,
    OperatorFactory,
    ServiceSheetFactory,
    SubmissionFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    operator = OperatorFactory()
    with tenant_scope([operator.organisation_id]):
        yield operator


def doing(**values):
    return {"by": UserFactory(), "now": NOW, **values}


def approved_draft(operator, **values) -> Listing:
    sheet = ServiceSheetFactory()
    with as_worker():
        revision = sheet.save_revision()
    return ListingFactory(
        operator=operator, sheet=sheet, state=ListingState.DRAFT, approved_revision=revision, **values
    )


def test_what_was_approved_is_listed_once_priced(operator):
    listing = shelf.put_on_shelf(listing=approved_draft(operator), **doing())
    assert listing.state == ListingState.LISTED


def test_nothing_without_a_price_stands_on_the_shelf(operator):
    with pytest.raises(errors.NotPriced):
        shelf.put_on_shelf(listing=approved_draft(operator, grid=None), **doing())


def test_nothing_unreviewed_stands_on_the_shelf(operator):
    with pytest.raises(errors.NotApproved):
        shelf.put_on_shelf(listing=ListingFactory(operator=operator, state=ListingState.DRAFT), **doing())


def test_the_visa_is_asked_again_before_listing_and_resuming(operator):
    with as_worker():
        ShelfRules.objects.create(operator=operator, visa_required=True)
    with pytest.raises(errors.VisaMissing):
        shelf.put_on_shelf(listing=approved_draft(operator), **doing())
    with pytest.raises(errors.VisaMissing):
        shelf.resume(listing=ListingFactory(operator=operator, state=ListingState.SUSPENDED), **doing())


def test_it_is_suspended_with_a_message_and_resumed(operator):
    listing = ListingFactory(operator=operator)
    with pytest.raises(errors.MessageMissing):
        shelf.suspend(listing=listing, message=" ", **doing())
    shelf.suspend(listing=listing, message="Une panne dure.", **doing())
    assert Listing.objects.get().state == ListingState.SUSPENDED
    assert ListingMove.objects.get().reason == "Une panne dure."
    shelf.resume(listing=listing, **doing())
    assert Listing.objects.get().state == ListingState.LISTED
    with pytest.raises(errors.ListingMoved):
        shelf.resume(listing=listing, **doing())
    assert ListingMove.objects.count() == AuditEvent.objects.count() == 2


def test_what_is_withdrawn_refuses_what_waits_and_may_be_reopened(operator):
    submission = SubmissionFactory(listing=ListingFactory(operator=operator))
    shelf.withdraw(listing=submission.listing, reason="Fin du marché.", **doing())
    submission.refresh_from_db()
    assert (submission.state, submission.message) == (SubmissionState.REFUSED, "Fin du marché.")
    with pytest.raises(errors.ListingMoved):
        shelf.suspend(listing=submission.listing, message="Encore", **doing())
    assert shelf.reopen(listing=submission.listing, **doing()).state == ListingState.DRAFT


def test_words_are_kept_with_what_they_were(operator):
    listing = ListingFactory(operator=operator, own_text="Avant")
    words = {"own_text": " Après ", "terms": "Un an.", "price_is_public": True}
    shelf.set_words(listing=listing, **words, **doing())
    listing.refresh_from_db()
    assert (listing.own_text, listing.terms, listing.price_is_public) == ("Après", "Un an.", True)
    assert AuditEvent.objects.get().changes == {
        "own_text": ["Avant", "Après"],
        "terms": ["", "Un an."],
        "price_is_public": [False, True],
    }
    shelf.set_words(listing=listing, **words, **doing())
    assert AuditEvent.objects.count() == 1


def names(operator) -> str:
    rows = Listing.objects.filter(operator=operator).order_by("position")
    return "".join(rows.values_list("offer__product__sheet__name", flat=True))


@pytest.mark.parametrize(
    ("name", "position", "order"),
    [
        ("C", 1, "CABD"),
        ("A", 4, "BCDA"),
        ("A", 99, "BCDA"),
        ("A", 2, "BACD"),
        ("B", 2, "ABCD"),
        ("D", -5, "DABC"),
    ],
)
def test_one_takes_its_place_and_the_others_close_ranks(name, position, order, operator):
    listings = {
        letter: ListingFactory(operator=operator, sheet__name=letter, grid=None) for letter in "DBCA"
    }  # all at 100: by name
    ListingFactory(operator=operator, sheet__name="W", state=ListingState.WITHDRAWN, grid=None, position=1)
    elsewhere = ListingFactory(grid=None)
    found = shelf.ranks(operator=operator, listings=Listing.objects.all())
    assert {letter: found[listing.pk] for letter, listing in listings.items()} == {
        "A": 1,
        "B": 2,
        "C": 3,
        "D": 4,
    }
    assert len(found) == 4
    placed = shelf.place(listing=listings[name], position=position, **doing())
    assert names(operator).replace("W", "") == order
    assert placed == order.index(name) + 1
    elsewhere.refresh_from_db()
    assert elsewhere.position == 100
