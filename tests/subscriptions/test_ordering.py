"""What an approval commits stays within the notice and the law; the database refuses the rest."""

import uuid
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from subscriptions import operations, ordering
from subscriptions.exceptions import BuyerNotNamed, CeilingReached, OutOfForce, ThresholdReached
from subscriptions.models import (
    DirectNeed,
    EligibleBuyer,
    FrameworkLot,
    LegalBasis,
    LotHolder,
    NonRenewal,
    Order,
    State,
    Subscription,
    TermOrigin,
    ThresholdCode,
)
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    FrameworkLotFactory,
    ListingFactory,
    NonRenewalFactory,
    OrderFactory,
    OrganisationFactory,
    PurchasingVehicleFactory,
    SubscriptionFactory,
    TermFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
YEARLY = 25_800  # what the factories' grid asks of the factories' commune


def framework(*, named=True, others=(), term_years=1, **lot):
    """(commune, listing, lot) of a framework agreement."""
    listing = ListingFactory(vehicle__legal_basis=LegalBasis.FRAMEWORK, vehicle__term_years=term_years)
    commune = AdhesionFactory(operator=listing.operator).organisation
    made = FrameworkLotFactory(
        vehicle=listing.vehicles.get(),
        listing=listing,
        buyers=[*others, *([commune] if named else [])],
        **lot,
    )
    return commune, listing, made


def ask(commune, listing) -> Subscription:
    with tenant_scope([commune.pk]):
        return operations.request_subscription(
            organisation=commune,
            listing=listing,
            requested_by=UserFactory(),
            request_key=uuid.uuid4(),
            shown_cents=YEARLY,
            now=NOW,
        )


def approve(subscription) -> None:
    with tenant_scope([subscription.tenant_id]), transaction.atomic():
        operations.approve(
            subscription=subscription,
            approved_by=UserFactory(),
            number="2026-31",
            date=NOW.date(),
            file=SimpleUploadedFile("acte.pdf", PDF),
            now=NOW,
        )


def test_an_approval_orders_the_whole_term():
    commune, listing, lot = framework(term_years=3)
    approve(ask(commune, listing))
    lot.refresh_from_db()
    with tenant_scope([commune.pk]):
        order = Order.objects.get()
    assert (order.amount_cents, order.lot, order.placed_on) == (3 * YEARLY, lot, NOW.date())
    assert lot.ordered_cents == 3 * YEARLY
    assert lot.left_cents(on=NOW.date()) == lot.ceiling_cents - 3 * YEARLY


def test_a_grouping_counts_nothing():
    subscription = SubscriptionFactory()
    approve(subscription)
    with tenant_scope([subscription.tenant_id]):
        assert not Order.objects.exists()


def test_to_the_last_cent_of_the_ceiling():
    commune, listing, lot = framework(ceiling_cents=YEARLY)
    approve(ask(commune, listing))
    lot.refresh_from_db()
    assert (lot.left_cents(on=NOW.date()), lot.percent(on=NOW.date())) == (0, 100)


@pytest.mark.parametrize(
    ("lot", "refusal"),
    [
        ({"ceiling_cents": YEARLY - 1}, CeilingReached),
        ({"named": False}, BuyerNotNamed),
        ({"ends_on": date(2026, 10, 1), "starts_on": date(2025, 1, 1)}, OutOfForce),
        ({"starts_on": date(2026, 10, 2), "ends_on": date(2027, 1, 1)}, OutOfForce),
        ({"published_on": None}, OutOfForce),
    ],
)
def test_a_request_that_could_never_be_approved(lot, refusal):
    commune, listing, _ = framework(**lot)
    with pytest.raises(refusal):
        ask(commune, listing)
    with tenant_scope([commune.pk]):
        assert not Subscription.objects.exists()


@pytest.mark.parametrize(
    ("lot", "constraint"),
    [
        ({"ceiling_cents": YEARLY - 1}, "order_below_the_ceiling"),
        ({"named": False}, "order_by_a_named_buyer"),
        ({"ends_on": date(2026, 10, 1)}, "order_while_in_force"),
        ({"starts_on": date(2026, 10, 2)}, "order_while_in_force"),
    ],
)
def test_the_database_refuses_by_itself(lot, constraint):
    commune, listing, made = framework(**lot)
    subscription = SubscriptionFactory(tenant=commune, listing=listing, state=State.APPROVED)
    with tenant_scope([commune.pk]), pytest.raises(IntegrityError) as error, transaction.atomic():
        Order.objects.create(
            tenant=commune, subscription=subscription, lot=made, amount_cents=YEARLY, placed_on=NOW.date()
        )
    assert error.value.__cause__.diag.constraint_name == constraint
    made.refresh_from_db()
    assert made.ordered_cents == 0


def test_a_ceiling_reached_between_request_and_approval_leaves_the_request():
    other = OrganisationFactory()
    commune, listing, _ = framework(ceiling_cents=2 * YEARLY - 1, others=[other])
    asked = ask(commune, listing)
    rival = SubscriptionFactory(tenant=other, listing=listing, state=State.APPROVED)
    with tenant_scope([other.pk]):
        ordering.place_order(subscription=rival, now=NOW)
    with pytest.raises(CeilingReached):
        approve(asked)
    with tenant_scope([commune.pk]):
        assert Subscription.objects.get().state == State.REQUESTED
        assert not Order.objects.exists()


def test_the_total_moves_with_the_orders_only():
    _, _, lot = framework()
    with pytest.raises(IntegrityError, match="only orders"), transaction.atomic():
        FrameworkLot.objects.filter(pk=lot.pk).update(ordered_cents=5)
    tenant = OrderFactory().tenant
    with tenant_scope([tenant.pk]), pytest.raises(IntegrityError, match="only orders"):
        DirectNeed.objects.update(total_cents=0)


def test_a_published_lot_is_what_its_notice_says():
    commune, listing, lot = framework()
    lots, buyers = FrameworkLot.objects.filter(pk=lot.pk), EligibleBuyer.objects.filter(lot=lot)
    changes = [
        lambda: lots.update(ceiling_cents=99_000_000),
        lambda: lots.update(ends_on=date(2028, 1, 1)),
        lambda: lots.update(published_on=None),
        lambda: lots.delete(),
        lambda: EligibleBuyer.objects.create(lot=lot, organisation=OrganisationFactory()),
        lambda: buyers.delete(),
        lambda: LotHolder.objects.create(lot=lot, vendor=listing.vendor, rank=9),
        lambda: lot.listings.add(ListingFactory(operator=listing.operator)),
        lambda: lot.listings.clear(),
    ]
    with as_worker():
        for change in changes:
            with pytest.raises(IntegrityError, match="notice says"), transaction.atomic():
                change()
    approve(ask(commune, listing))
    lot.refresh_from_db()
    assert lot.ordered_cents == YEARLY


def test_four_years_at_most_unless_the_notice_says_why():
    with pytest.raises(IntegrityError, match="four_years"), transaction.atomic():
        FrameworkLotFactory(starts_on=date(2025, 1, 1), ends_on=date(2029, 1, 2))
    FrameworkLotFactory(
        starts_on=date(2025, 1, 1), ends_on=date(2029, 1, 2), duration_reason="Amortissement du matériel"
    )


def test_another_route_is_offered():
    commune, listing, _ = framework(named=False)
    grouping = PurchasingVehicleFactory(operator=listing.operator, listing=listing, name="Groupement")
    PurchasingVehicleFactory(
        operator=listing.operator, listing=listing, name="Fini", ends_on=date(2026, 1, 1)
    )
    with pytest.raises(BuyerNotNamed) as refused:
        ask(commune, listing)
    assert refused.value.routes == [grouping]


class TestDirectPurchase:
    @pytest.fixture
    def listing(self):
        return ListingFactory(vehicle__legal_basis=LegalBasis.DIRECT)

    def spent(self, commune, listing, cents):
        bought = SubscriptionFactory(
            tenant=commune,
            listing=ListingFactory(
                operator=listing.operator,
                sheet__family=listing.sheet.family,
                vehicle__legal_basis=LegalBasis.DIRECT,
            ),
            state=State.APPROVED,
        )
        OrderFactory(subscription=bought, amount_cents=cents, placed_on=NOW.date())

    def test_needs_of_one_kind_are_counted_together(self, listing):
        commune = AdhesionFactory(operator=listing.operator).organisation
        self.spent(commune, listing, 6_000_000 - YEARLY - 1)
        approve(ask(commune, listing))
        with tenant_scope([commune.pk]):
            assert DirectNeed.objects.get().total_cents == 5_999_999

    def test_from_the_threshold_on_there_is_competition(self, listing):
        commune = AdhesionFactory(operator=listing.operator).organisation
        self.spent(commune, listing, 6_000_000 - YEARLY)
        with pytest.raises(ThresholdReached):
            ask(commune, listing)

    def test_the_threshold_of_the_day(self):
        assert ordering.threshold_cents(code=ThresholdCode.DIRECT, on=date(2026, 3, 31)) == 4_000_000
        assert ordering.threshold_cents(code=ThresholdCode.DIRECT, on=date(2026, 4, 1)) == 6_000_000
        assert ordering.threshold_cents(code=ThresholdCode.EU, on=date(2026, 1, 1)) == 21_600_000
        assert ordering.threshold_cents(code=ThresholdCode.DIRECT, on=date(2019, 1, 1)) is None


def left(subscription, since: date) -> int:
    with as_worker():
        return ordering.months_left(subscription, since=since)


def test_what_is_left_counts_the_renewals_that_may_still_come():
    """Four terms of a year from 1 January 2026, renewed tacitly."""
    term = TermFactory()
    subscription = term.subscription
    november = date(2026, 11, 1)
    assert left(subscription, november) == 2 + 36
    notice = NonRenewalFactory(term=term)
    assert left(subscription, november) == 2, "somebody has said that it stops"
    with as_worker():
        NonRenewal.objects.filter(pk=notice.pk).update(withdrawn_at=NOW, withdrawn_by=UserFactory())
    TermFactory(
        subscription=subscription,
        rank=1,
        starts=date(2027, 1, 1),
        ends=date(2028, 1, 1),
        origin=TermOrigin.TACIT,
    )
    assert left(subscription, november) == 2 + 36, "in the middle of a renewal, the same end"
    assert left(subscription, date(2027, 6, 1)) == 7 + 24


def test_what_is_left_to_a_commune_nouvelle_is_what_was_left_to_the_merged_one():
    subscription = SubscriptionFactory(
        state=State.ACTIVE, renewal="tacit", term_years=4, renewals=3, active_from=date(2028, 3, 1)
    )
    TermFactory(
        subscription=subscription,
        rank=2,
        starts=date(2028, 3, 1),
        ends=date(2029, 1, 1),
        origin=TermOrigin.HANDED_OVER,
    )
    assert left(subscription, date(2028, 4, 1)) == 9 + 12


def test_what_is_left_without_a_term_is_a_year_at_least():
    subscription = SubscriptionFactory(state=State.ACTIVE, renewal="open", term_years=1)
    assert left(subscription, date(2026, 11, 1)) == 12
