"""An operator offers a listing to another one's members."""

from datetime import date

import pytest

from catalog.curation import errors, sharing
from catalog.curation.shelf import put_on_shelf
from catalog.models import GridState, Listing, ListingShare, ListingState, PriceGrid, ShareState
from tenants.models import AuditEvent, Letter, Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    ListingFactory,
    ListingShareFactory,
    MembershipFactory,
    OperatorFactory,
    PriceGridFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.factories.catalog import succeeding_grid
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def here():
    return OperatorFactory(short_name="Ici")


@pytest.fixture
def there():
    return OperatorFactory(short_name="Là-bas")


def doing(**values):
    return {"by": UserFactory(), "now": NOW, **values}


def offered(here, there, **listing) -> ListingShare:
    found = ListingFactory(operator=here, sheet__name="Cantine Claire", **listing)
    with tenant_scope([here.organisation_id]):
        return sharing.offer(listing=found, to_operator=there, message=" Prenez-la. ", **doing())


def accepted(share) -> Listing:
    with tenant_scope([share.to_operator.organisation_id]):
        return sharing.accept(share=share, **doing())


def test_the_other_operators_curators_are_told(here, there):
    curator = MembershipFactory(organisation=there.organisation, role=Role.CURATOR).user
    share = offered(here, there)
    assert (share.state, share.message) == (ShareState.OFFERED, "Prenez-la.")
    with tenant_scope([here.organisation_id]):
        letter = Letter.objects.get()
        assert AuditEvent.objects.get().sentence == "{actor} a proposé « Cantine Claire » à Là-bas."
    assert (letter.to, letter.subject) == (curator.email, "Ici vous propose « Cantine Claire »")
    assert "Prenez-la." in letter.body


def test_only_what_is_on_the_shelf_is_offered(here, there):
    with pytest.raises(errors.ShareRefused, match="n’est pas en rayon"):
        offered(here, there, state=ListingState.SUSPENDED)


def test_offered_once_at_a_time(here, there):
    share = offered(here, there)
    with tenant_scope([here.organisation_id]), pytest.raises(errors.ShareRefused, match="déjà proposé"):
        sharing.offer(listing=share.listing, to_operator=there, message="", **doing())


def test_nothing_is_offered_to_whoever_has_it(here, there):
    listing = ListingFactory(operator=here)
    ListingFactory(operator=there, offer=listing.offer, grid=None)
    with tenant_scope([here.organisation_id]), pytest.raises(errors.ShareRefused) as refusal:
        sharing.offer(listing=listing, to_operator=there, message="", **doing())
    assert refusal.value.field == "to_operator"
    assert there not in sharing.may_be_offered_to(listing)
    assert here not in sharing.may_be_offered_to(listing)


def test_accepted_it_stands_there_in_preparation_with_its_own_drafts(here, there):
    share = offered(here, there)
    source = share.listing
    succeeding_grid(source, effective_from=date(2027, 1, 1), flat=True)
    PriceGridFactory(listing=source, state=GridState.DRAFT, effective_from=date(2028, 1, 1))
    listing = accepted(share)
    assert (listing.operator, listing.offer, listing.state) == (there, source.offer, ListingState.DRAFT)
    assert (listing.approved_revision, listing.shared_from) == (source.approved_revision, source)
    drafts = PriceGrid.objects.filter(listing=listing).order_by("effective_from")
    assert [(grid.state, grid.effective_from, grid.effective_until) for grid in drafts] == [
        (GridState.DRAFT, date(2026, 10, 1), date(2027, 1, 1)),
        (GridState.DRAFT, date(2027, 1, 1), None),
    ]
    assert [grid.definition for grid in drafts] == [
        grid.definition for grid in source.grids.filter(state="published").order_by("effective_from")
    ]
    with tenant_scope([there.organisation_id]), pytest.raises(errors.NotPriced):
        put_on_shelf(listing=listing, **doing())


def test_the_one_that_offered_reads_the_answer(here, there):
    curator = MembershipFactory(organisation=here.organisation, role=Role.CURATOR).user
    share = offered(here, there)
    with tenant_scope([there.organisation_id]):
        sharing.refuse(share=share, reason="Nous avons le nôtre.", **doing())
        letter = Letter.objects.get()
    assert letter.to == curator.email
    assert "Nous avons le nôtre." in letter.body
    share.refresh_from_db()
    assert (share.state, share.reason) == (ShareState.REFUSED, "Nous avons le nôtre.")


def test_a_refusal_says_why(here, there):
    share = offered(here, there)
    with tenant_scope([there.organisation_id]), pytest.raises(errors.MessageMissing):
        sharing.refuse(share=share, reason=" ", **doing())


def test_one_answer_each(here, there):
    share = offered(here, there)
    accepted(share)
    with pytest.raises(errors.ShareRefused, match="déjà reçu une réponse"):
        accepted(share)
    with tenant_scope([here.organisation_id]), pytest.raises(errors.ShareRefused):
        sharing.cancel(share=share, **doing())


def test_what_left_the_shelf_meanwhile_is_not_accepted(here, there):
    share = offered(here, there)
    with as_worker():
        Listing.objects.update(state=ListingState.SUSPENDED)
    with pytest.raises(errors.ShareRefused, match="n’est plus en rayon chez Ici"):
        accepted(share)
    share.refresh_from_db()
    assert share.state == ShareState.OFFERED


def test_a_listing_there_already_is_refused_kindly(here, there):
    share = offered(here, there)
    ListingFactory(operator=there, offer=share.listing.offer, grid=None)
    with pytest.raises(errors.ShareRefused, match="déjà dans votre rayon"):
        accepted(share)


def test_taken_back(here, there):
    share = offered(here, there)
    with tenant_scope([here.organisation_id]):
        sharing.cancel(share=share, **doing())
    assert ListingShare.objects.get().state == ShareState.CANCELLED


def test_each_side_sees_its_own(here, there):
    mine = ListingShareFactory(listing__operator=here, to_operator=there)
    ListingShareFactory()
    assert list(sharing.offered_by(here)) == list(sharing.offered_to(there)) == [mine]
    assert not sharing.offered_to(here).exists()
