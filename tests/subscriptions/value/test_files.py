"""Writing a value file, and reviewing a year."""

from datetime import UTC, date, datetime
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction

from subscriptions.models import State, ValueFile
from subscriptions.value import files
from subscriptions.value.assumptions import Assumptions
from tenants.models import AuditEvent
from tenants.tenancy import tenant_scope
from tests.factories import (
    ListingFactory,
    OrganisationFactory,
    SubscriptionFactory,
    UserFactory,
    ValueFileFactory,
    ValueReviewFactory,
    succeeding_grid,
)
from tests.factories.base import NOW

pytestmark = pytest.mark.django_db

SUPPOSED = Assumptions(years=3, rate=0, first_cents=100, later_cents=100)


def opened(on: date, **others):
    return SubscriptionFactory(state=State.ACTIVE, active_from=on, **others)


def test_the_price_is_the_engines_tax_included():
    listing, organisation = ListingFactory(), OrganisationFactory(territory__population=860)
    with tenant_scope([organisation.pk]):
        found = files.price_over_term(listing=listing, organisation=organisation, on=NOW.date())
    assert found == (30_960, 30_960)  # 258,00 € and 20 %


def test_the_price_of_a_subscription_is_the_one_it_froze():
    one = opened(date(2026, 1, 1))
    succeeding_grid(one.listing, effective_from=date(2026, 6, 1), fixed_plus=True)
    with tenant_scope([one.tenant_id]):
        found = files.price_over_term(listing=one.listing, organisation=one.tenant, on=NOW.date())
    assert found == (30_960, 30_960)


def test_the_rate_proposed_is_dated():
    assert files.rate_on(date(2021, 10, 20)) is None
    assert str(files.rate_on(date(2026, 10, 1)).percent) == "3.20"


class TestWriting:
    def write(self, organisation, listing, revision):
        with tenant_scope([organisation.pk]):
            return files.write(
                listing=listing, organisation=organisation, assumptions=SUPPOSED, revision=revision,
                by=UserFactory(), now=NOW,
            )  # fmt: skip

    def test_each_time_is_one_revision_more_and_an_event(self):
        organisation, listing = OrganisationFactory(), ListingFactory()
        assert self.write(organisation, listing, 0).revision == 1
        assert self.write(organisation, listing, 1).revision == 2
        with tenant_scope([organisation.pk]):
            assert AuditEvent.objects.filter(tenant=organisation, what="value_file.written").count() == 2

    @pytest.mark.parametrize("revision", [0, 1, 3])
    def test_what_was_written_meanwhile_is_not_lost(self, revision):
        file = ValueFileFactory(revision=2)
        with pytest.raises(files.WrittenMeanwhile):
            self.write(file.tenant, file.listing, revision)
        with tenant_scope([file.tenant_id]):
            assert ValueFile.objects.get(pk=file.pk).assumptions == file.assumptions


@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_once_one_is_told():
    file, by, barrier, told = ValueFileFactory(), UserFactory(), Barrier(2), []

    def write():
        try:
            with transaction.atomic(), tenant_scope([file.tenant_id]):
                barrier.wait(10)
                files.write(
                    listing=file.listing, organisation=file.tenant, assumptions=SUPPOSED, revision=1,
                    by=by, now=NOW,
                )  # fmt: skip
            told.append("written")
        except files.WrittenMeanwhile:
            told.append("refused")
        finally:
            connection.close()

    both = [Thread(target=write) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(20)
    assert sorted(told) == ["refused", "written"]


class TestReview:
    @pytest.fixture
    def file(self):
        one = opened(date(2025, 3, 1))
        return ValueFileFactory(tenant=one.tenant, listing=one.listing)

    def due(self, file, on):
        with tenant_scope([file.tenant_id]):
            return files.year_to_review(file, on=on)

    def review(self, file, year=1, invoiced=None, now=NOW):
        with tenant_scope([file.tenant_id]):
            return files.review(
                file=file, year=year, invoiced_cents=invoiced, costs_cents=1, gains_cents=2, note="Bien.",
                by=UserFactory(), now=now,
            )  # fmt: skip

    def test_a_year_is_reviewed_once_it_is_over(self, file):
        assert self.due(file, date(2026, 2, 28)) is None
        assert self.due(file, date(2026, 3, 1)) == (1, date(2025, 3, 1), date(2026, 3, 1))

    def test_years_one_after_the_other_within_the_term(self, file):
        ValueReviewFactory(file=file, year=1)
        assert self.due(file, date(2027, 2, 28)) is None
        assert self.due(file, date(2028, 3, 1))[0] == 2
        for year in (2, 3):
            ValueReviewFactory(file=file, year=year)
        assert self.due(file, date(2040, 1, 1)) is None

    def test_without_a_subscription_nothing_happened(self):
        assert self.due(ValueFileFactory(), NOW.date()) is None

    def test_what_was_expected_is_kept_beside(self, file):
        kept = self.review(file, invoiced=55_000)
        assert (kept.expected_price_cents, kept.expected_costs_cents, kept.expected_gains_cents) == (
            60_000, 30_000, 100_000,
        )  # fmt: skip
        assert (kept.price_cents, kept.invoiced) == (55_000, True)

    def test_before_any_invoice_the_subscribed_price_stands(self, file):
        kept = self.review(file)
        assert (kept.price_cents, kept.invoiced) == (60_000, False)

    def test_a_second_review_of_a_year_is_refused(self, file):
        self.review(file)
        with pytest.raises(files.NotReviewable):
            self.review(file)
        with pytest.raises(IntegrityError), transaction.atomic():
            ValueReviewFactory(file=file, year=1)

    def test_a_year_not_over_is_refused(self, file):
        with pytest.raises(files.NotReviewable):
            self.review(file, now=datetime(2026, 2, 28, 12, tzinfo=UTC))
