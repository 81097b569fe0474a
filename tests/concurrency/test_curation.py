"""Two people decide at once, or a vendor sends while somebody decides."""

import pytest
from django.db import transaction

from catalog.curation import deciding, sharing, shelf
from catalog.curation.errors import AlreadyDecided, ShareRefused
from catalog.curation.submitting import submit
from catalog.models import Listing, ListingMove, ListingState, Submission
from tenants.models import AuditEvent
from tenants.tenancy import tenant_scope
from tests.factories import (
    ListingFactory,
    ListingShareFactory,
    OperatorFactory,
    ServiceSheetFactory,
    SubmissionFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def in_scope(organisation, verb, /, **values):
    """What a page does: one verb in a transaction, in the scope of one organisation."""
    values = {"by": UserFactory(), "now": NOW, **values}

    def run():
        with transaction.atomic(), tenant_scope([organisation.pk]):
            return verb(**values)

    return run


def copies(submission, count=2) -> list[Submission]:
    with as_worker():
        return [
            Submission.objects.select_related("listing", "revision").get(pk=submission.pk)
            for _ in range(count)
        ]


def test_two_curators_decide_once():
    for _ in range(5):
        submission = SubmissionFactory()
        operator = submission.listing.operator
        one, other = copies(submission)
        results = at_once(
            in_scope(operator.organisation, deciding.accept, submission=one, ticked=None),
            in_scope(operator.organisation, deciding.refuse, submission=other, reason="Non."),
        )
        lost = [result for result in results if isinstance(result, AlreadyDecided)]
        assert len(lost) == 1, results
        with as_worker():
            listing, decided = Listing.objects.get(pk=submission.listing_id), copies(submission, 1)[0]
            events = AuditEvent.objects.filter(what__startswith="submission.", tenant=operator.organisation)
            assert events.count() == 1
            assert ListingMove.objects.filter(listing=listing).count() == 1
        assert (decided.state, listing.state) in {("accepted", "listed"), ("refused", "refused")}
        assert str(decided.decided_by) in str(lost[0])


def test_two_batches_accept_each_once():
    operator = OperatorFactory()
    waiting = [SubmissionFactory(listing__operator=operator) for _ in range(4)]
    halves = list(zip(*(copies(one) for one in waiting), strict=True))
    batches = [
        in_scope(
            operator.organisation,
            deciding.accept_many,
            submissions=half if rank else tuple(reversed(half)),
            checked=True,
        )
        for rank, half in enumerate(halves)
    ]
    results = at_once(*batches)
    assert sum(len(accepted) for accepted, _ in results) == 4
    assert all(isinstance(why, AlreadyDecided) for _, refused in results for _, why in refused)


def test_a_vendor_sends_a_newer_version_while_somebody_decides():
    for _ in range(5):
        submission = SubmissionFactory()
        listing = submission.listing
        with as_worker():
            newer = listing.sheet.save_revision()
        accepted, sent = at_once(
            in_scope(
                listing.operator.organisation,
                deciding.accept,
                submission=copies(submission, 1)[0],
                ticked=None,
            ),
            in_scope(
                listing.vendor.organisation,
                submit,
                sheet=listing.sheet,
                operator=listing.operator,
                revision=newer,
            ),
        )
        assert isinstance(sent, Submission), sent
        decided = copies(submission, 1)[0]
        with as_worker():
            approved = Listing.objects.get(pk=listing.pk).approved_revision_id
            assert Submission.objects.filter(listing=listing, state="pending").get().revision == newer
        if isinstance(accepted, AlreadyDecided):
            assert (decided.state, approved) == ("replaced", None)
        else:
            assert (decided.state, approved) == ("accepted", submission.revision_id)


def test_a_double_click_submits_once():
    sheet, operator, person = ServiceSheetFactory(), OperatorFactory(), UserFactory()
    with as_worker():
        revision = sheet.save_revision()
    click = {"sheet": sheet, "operator": operator, "revision": revision, "by": person}
    one, two = at_once(*(in_scope(sheet.vendor.organisation, submit, **click) for _ in range(2)))
    assert one == two
    with as_worker():
        assert (Listing.objects.count(), Submission.objects.count()) == (1, 1)


def test_two_answers_to_an_offer_are_one():
    share = ListingShareFactory()
    there = share.to_operator
    results = at_once(
        *(in_scope(there.organisation, sharing.accept, share=copy) for copy in _shares(there, 2))
    )
    assert [type(result) for result in results].count(Listing) == 1
    assert [type(result) for result in results].count(ShareRefused) == 1


def _shares(operator, count):
    with as_worker():
        return [sharing.offered_to(operator).get() for _ in range(count)]


def test_two_movers_leave_one_order():
    operator = OperatorFactory()
    listings = [
        ListingFactory(operator=operator, sheet__name=name, grid=None, vehicle=False) for name in "ABCD"
    ]
    results = at_once(
        in_scope(operator.organisation, shelf.place, listing=listings[3], position=1),
        in_scope(operator.organisation, shelf.place, listing=listings[0], position=4),
    )
    assert all(isinstance(result, int) for result in results), results
    with as_worker():
        rows = Listing.objects.filter(operator=operator, state=ListingState.LISTED)
        ranks = dict(rows.values_list("offer__product__sheet__name", "position"))
    assert sorted(ranks.values()) == [1, 2, 3, 4]
    assert ranks["B"] < ranks["C"]
    assert ranks["D"] < ranks["B"]
