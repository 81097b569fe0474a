"""A published lot changes by amendment only: on a legal ground, within its limit, from a day on."""

import uuid
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from subscriptions import lot_amending, modifications, ordering
from subscriptions.exceptions import CeilingReached, OutOfForce, TermsInvalid
from subscriptions.lot_amending import LotChanges
from subscriptions.lot_letters import write_alerts
from subscriptions.models import FrameworkLot, LegalBasis, LotAmendment, ModificationGround, State
from tenants.models import AuditEvent, Letter, Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    FrameworkLotFactory,
    ListingFactory,
    LotAmendmentFactory,
    MembershipFactory,
    ModificationLimitFactory,
    OrganisationFactory,
    SubscriptionFactory,
    ThresholdFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
YEARLY = 25_800  # what the factories' grid asks of the factories' commune
INITIAL = 10_000_000
SMALL, ADDITIONAL, REVIEW = ModificationGround.SMALL, ModificationGround.ADDITIONAL, ModificationGround.REVIEW


def paper(content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile("avenant.pdf", content)


@pytest.fixture
def lot():
    lot = FrameworkLotFactory()
    with tenant_scope([lot.vehicle.operator.organisation_id]):
        yield lot


def terms(lot: FrameworkLot, **changed) -> LotChanges:
    last = lot_amending.last_terms(lot)
    return LotChanges(
        **{
            "effective_on": TODAY,
            "ceiling_cents": last.ceiling_cents,
            "ends_on": last.ends_on,
            "ground": SMALL,
            "reason": "Plus de communes que prévu",
            "paper": paper(),
            **changed,
        }
    )


def amend(lot, **changed) -> LotAmendment:
    lot = FrameworkLot.objects.get(pk=lot.pk)
    return lot_amending.amend_lot(
        lot=lot,
        changes=terms(lot, **changed),
        seen=lot.amendments.count(),
        by=UserFactory(),
        request_key=uuid.uuid4(),
        now=NOW,
    )


def refused(lot, **changed) -> dict[str, str]:
    before = LotAmendment.objects.count()
    with pytest.raises(TermsInvalid) as refusal:
        amend(lot, **changed)
    assert LotAmendment.objects.count() == before
    return refusal.value.errors


def test_each_term_changes_from_its_day_on(lot):
    november = date(2026, 11, 1)
    made = amend(
        lot,
        effective_on=november,
        ceiling_cents=10_500_000,
        ends_on=date(2028, 1, 1),
        renewals=2,
        revision_formula="P = P0",
    )
    lot = FrameworkLot.objects.get(pk=lot.pk)
    assert lot.terms_on(november - timedelta(days=1)) == lot
    assert lot.terms_on(november) == made
    assert (lot.ceiling_cents, lot.ends_on) == (INITIAL, date(2029, 1, 1)), "the notice stays what it is"
    assert lot.is_in_force(on=date(2027, 12, 31))
    assert not lot.is_in_force(on=date(2028, 1, 1))
    event = AuditEvent.objects.get(what="lot.amended")
    assert event.changes == {
        "ceiling_cents": [INITIAL, 10_500_000],
        "ends_on": ["2029-01-01", "2028-01-01"],
        "renewals": [0, 2],
        "revision_formula": ["", "P = P0"],
    }
    assert event.details["ground"] == "small"
    with made.paper.open() as kept:
        assert kept.read() == PDF


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"effective_on": TODAY - timedelta(days=1)}, "effective_on", "avenir"),
        ({"effective_on": date(2027, 10, 2)}, "effective_on", "trop loin"),
        ({"ends_on": TODAY}, "ends_on", "avant la date d’effet"),
        ({"ends_on": date(2029, 1, 2)}, "duration_reason", "quatre ans"),
        ({"ceiling_cents": 0}, "ceiling", "plus grand que zéro"),
        ({"ground": "because"}, "ground", "Choisissez"),
        ({"renewals": 1, "reason": " "}, "reason", "pourquoi"),
        ({"renewals": 1, "paper": None}, "paper", "Joignez l’avenant signé"),
        ({"renewals": 1, "paper": paper(b"PK")}, "paper", "pas un PDF"),
        ({}, "ceiling", "Rien ne change"),
    ],
)
def test_what_cannot_be_kept(lot, wrong, field, words):
    errors = refused(lot, **wrong)
    assert set(errors) == {field}
    assert words in errors[field]


def test_beyond_four_years_with_a_reason(lot):
    made = amend(lot, ends_on=date(2029, 7, 1), duration_reason="Migration en cours", ground=REVIEW)
    assert made.duration_reason == "Migration en cours"


@pytest.mark.parametrize(
    ("ground", "most"),
    [(SMALL, 999_999), (ADDITIONAL, 5_000_000), (ModificationGround.UNFORESEEN, 5_000_000)],
)
def test_to_the_last_cent_of_each_ground(lot, ground, most):
    errors = refused(lot, ground=ground, ceiling_cents=INITIAL + most + 1)
    assert set(errors) == {"ceiling"}
    assert "nouvelle consultation" in errors["ceiling"]
    assert amend(lot, ground=ground, ceiling_cents=INITIAL + most).ceiling_cents == INITIAL + most


def test_a_change_that_is_not_substantial_adds_nothing(lot):
    ground = ModificationGround.NOT_SUBSTANTIAL
    assert "équilibre" in refused(lot, ground=ground, ceiling_cents=INITIAL + 1)["ceiling"]
    assert amend(lot, ground=ground, revision_formula="P = P0").ground == ground


def test_a_clause_of_the_contract_has_no_limit_in_figures(lot):
    assert amend(lot, ground=REVIEW, ceiling_cents=3 * INITIAL).ceiling_cents == 3 * INITIAL


def test_small_ones_are_cumulated_and_a_decrease_gives_nothing_back(lot):
    amend(lot, ceiling_cents=INITIAL + 600_000)
    amend(lot, ceiling_cents=INITIAL)
    assert "6 000,00" in refused(lot, ceiling_cents=INITIAL + 400_000)["ceiling"].replace("\u202f", " ")
    amend(lot, ceiling_cents=INITIAL + 399_999)


def test_the_others_are_each_judged_alone_of_the_first_amount(lot):
    for ceiling in (15_000_000, 20_000_000):
        amend(lot, ground=ADDITIONAL, ceiling_cents=ceiling)
    assert refused(lot, ground=ADDITIONAL, ceiling_cents=25_000_001)
    amend(lot, ceiling_cents=20_999_999)  # what others added is no small modification


def test_a_small_one_stays_below_the_european_threshold():
    lot = FrameworkLotFactory(ceiling_cents=1_000_000_000)
    with tenant_scope([lot.vehicle.operator.organisation_id]):
        assert refused(lot, ceiling_cents=lot.ceiling_cents + 21_600_000)
        amend(lot, ceiling_cents=lot.ceiling_cents + 21_599_999)


def test_the_limits_of_the_day(lot):
    ModificationLimitFactory(ground=SMALL, percent=20, in_force_from=TODAY)
    ModificationLimitFactory(ground=ADDITIONAL, percent=1, in_force_from=TODAY + timedelta(days=1))
    ThresholdFactory(code="eu", amount_cents=1_500_000, in_force_from=TODAY)
    assert modifications.room_of(lot, ground=SMALL, on=TODAY).cents == 1_499_999
    amend(lot, ceiling_cents=INITIAL + 1_499_999)
    amend(lot, ground=ADDITIONAL, ceiling_cents=INITIAL + 5_000_000)


def test_amendments_follow_one_another(lot):
    amend(lot, effective_on=date(2026, 12, 1), renewals=1)
    assert set(refused(lot, effective_on=date(2026, 11, 30), renewals=2)) == {"effective_on"}
    second = amend(lot, effective_on=date(2026, 12, 1), renewals=2)
    assert FrameworkLot.objects.get(pk=lot.pk).terms_on(date(2026, 12, 1)) == second
    steps = lot_amending.steps_of(lot)
    assert [(step.amendment.number, step.before.renewals) for step in steps] == [(1, 0), (2, 1)]


def test_two_people_who_started_from_the_same_page(lot):
    changes = terms(lot, renewals=1)
    key = uuid.uuid4()
    asked = {"lot": lot, "seen": 0, "by": UserFactory(), "now": NOW}
    first = lot_amending.amend_lot(changes=changes, request_key=key, **asked)
    assert lot_amending.amend_lot(changes=changes, request_key=key, **asked) == first, "a double click"
    with pytest.raises(TermsInvalid, match="rechargez la page"):
        lot_amending.amend_lot(changes=replace(changes, renewals=3), request_key=uuid.uuid4(), **asked)


@pytest.mark.parametrize(
    "values",
    [{"published_on": None}, {"ends_on": TODAY, "starts_on": date(2024, 1, 1)}],
    ids=["in preparation", "over"],
)
def test_only_a_running_lot(values):
    lot = FrameworkLotFactory(**values)
    with tenant_scope([lot.vehicle.operator.organisation_id]):
        assert not lot_amending.may_amend(lot, on=TODAY)
        assert "effective_on" in refused(lot, renewals=1)


class TestOrders:
    """Judged by the terms of the day on which they are placed."""

    def framework(self, **values):
        listing = ListingFactory(vehicle__legal_basis=LegalBasis.FRAMEWORK)
        communes = OrganisationFactory.create_batch(3)
        lot = FrameworkLotFactory(vehicle=listing.vehicles.get(), listing=listing, buyers=communes, **values)
        asked = [
            SubscriptionFactory(tenant=commune, listing=listing, state=State.APPROVED) for commune in communes
        ]
        return lot, asked

    def order(self, subscription, on=NOW):
        with tenant_scope([subscription.tenant_id]), transaction.atomic():
            return ordering.place_order(subscription=subscription, now=on)

    def scoped(self, lot):
        return tenant_scope([lot.vehicle.operator.organisation_id])

    def test_a_ceiling_raised_for_later_opens_on_its_day(self):
        lot, (first, second, third) = self.framework(ceiling_cents=YEARLY)
        tomorrow = NOW + timedelta(days=1)
        with self.scoped(lot):
            amend(lot, ground=REVIEW, ceiling_cents=2 * YEARLY, effective_on=tomorrow.date())
        self.order(first)
        with pytest.raises(CeilingReached):
            self.order(second)
        self.order(second, on=tomorrow)
        with pytest.raises(CeilingReached):
            self.order(third, on=tomorrow)
        found = FrameworkLot.objects.get(pk=lot.pk)
        assert found.ordered_cents == 2 * YEARLY
        assert (found.left_cents(on=TODAY), found.percent(on=tomorrow.date())) == (-YEARLY, 100)

    def test_a_lower_ceiling_agreed_for_later_binds_at_once(self):
        lot, (first, second, _) = self.framework(ceiling_cents=3 * YEARLY)
        with self.scoped(lot):
            amend(lot, ceiling_cents=2 * YEARLY - 1, effective_on=date(2027, 1, 1))
        self.order(first)
        with pytest.raises(CeilingReached):
            self.order(second)
        found = FrameworkLot.objects.get(pk=lot.pk)
        assert found.left_cents(on=TODAY) == YEARLY - 1

    def test_one_put_right_the_same_day_no_longer_binds(self):
        lot, (first, second, _) = self.framework(ceiling_cents=3 * YEARLY)
        with self.scoped(lot):
            amend(lot, ceiling_cents=YEARLY, effective_on=date(2027, 1, 1))
            amend(lot, ground=REVIEW, ceiling_cents=2 * YEARLY, effective_on=date(2027, 1, 1))
        self.order(first)
        self.order(second)

    def test_never_below_what_is_ordered(self):
        lot, (first, *_) = self.framework()
        self.order(first)
        with self.scoped(lot):
            assert "258,00" in refused(lot, ceiling_cents=YEARLY - 1)["ceiling"]
            amend(lot, ceiling_cents=YEARLY)

    def test_a_new_end(self):
        lot, (first, second, third) = self.framework()
        with self.scoped(lot):
            amend(lot, ends_on=date(2027, 1, 1), effective_on=date(2026, 12, 1))
        self.order(first, on=NOW.replace(year=2026, month=12, day=31))
        with pytest.raises(OutOfForce):
            self.order(second, on=NOW.replace(year=2027, month=1, day=1))
        with self.scoped(lot):
            amend(lot, ends_on=date(2027, 2, 1), effective_on=date(2026, 12, 1))
        self.order(third, on=NOW.replace(year=2027, month=1, day=31))

    def test_alerts_follow_the_maximum_and_the_end_of_the_day(self):
        lot, (first, *_) = self.framework(ceiling_cents=YEARLY)
        self.order(first)
        told = MembershipFactory(organisation=lot.vehicle.operator.organisation, role=Role.OPERATOR_ADMIN)
        with as_worker():
            assert write_alerts(on=TODAY, now=NOW) == 1
        with self.scoped(lot):
            amend(lot, ground=REVIEW, ceiling_cents=2 * YEARLY)
        with as_worker():
            assert write_alerts(on=TODAY, now=NOW) == 0, "half of the new maximum"
        with self.scoped(lot):
            amend(lot, ceiling_cents=YEARLY + 1)
        with as_worker():
            assert write_alerts(on=TODAY, now=NOW) == 1
            letters = Letter.objects.filter(to=told.user.email)
            assert ["90 %" in letter.subject for letter in letters.order_by("pk")] == [True, True]
        with self.scoped(lot):
            amend(lot, ends_on=TODAY + timedelta(days=60))
        with as_worker():
            write_alerts(on=TODAY, now=NOW)
            assert letters.filter(subject__contains="fin le 29 novembre 2026").count() == 1
            assert write_alerts(on=TODAY + timedelta(days=60), now=NOW) == 0


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"ceiling_cents": INITIAL + 1_000_000}, "lot_amendment_within_its_ground"),
        ({"ceiling_cents": 15_000_001, "ground": ADDITIONAL}, "lot_amendment_within_its_ground"),
        ({"ceiling_cents": INITIAL + 1, "ground": "not_substantial"}, "lot_amendment_within_its_ground"),
        ({"ceiling_cents": INITIAL + 1, "ground": "other"}, "lot_amendment_within_its_ground"),
        ({"ceiling_cents": 0}, "lot_amendment_above_what_is_ordered"),
        ({"ends_on": date(2029, 1, 2)}, "lot_amendment_lasts_four_years"),
        ({"effective_on": TODAY - timedelta(days=1)}, "lot_amendment_not_in_the_past"),
        ({"ends_on": TODAY}, "lot_amendment_before_the_end"),
        ({"effective_on": date(2029, 1, 1)}, "lot_amendment_of_a_running_lot"),
        ({"lot__published_on": None}, "lot_amendment_of_a_running_lot"),
        ({"number": 2}, "lot_amendment_follows_the_last"),
        ({"reason": ""}, "lot_amendment_has_a_reason"),
        ({"paper": ""}, "lot_amendment_has_a_paper"),
    ],
)
def test_the_database_refuses_by_itself(values, constraint):
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        LotAmendmentFactory(**values)
    assert error.value.__cause__.diag.constraint_name == constraint


def test_what_is_written_stays(lot):
    made = amend(lot, renewals=1)
    for change in (
        lambda: LotAmendment.objects.update(ceiling_cents=1),
        lambda: LotAmendment.objects.filter(pk=made.pk).delete(),
    ):
        with as_worker(), pytest.raises(IntegrityError, match="no longer be changed"), transaction.atomic():
            change()
