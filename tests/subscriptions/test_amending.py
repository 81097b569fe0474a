"""A contract is amended from a day to come, by somebody else's approval, within what the law allows."""

import uuid
from datetime import UTC, date, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from billing.drafting import price_of_period
from billing.facts import facts_for_period
from billing.periods import Period
from subscriptions import amending
from subscriptions.acts import Act
from subscriptions.amending import Changes
from subscriptions.exceptions import (
    AmendmentInvalid,
    AmendmentRefused,
    CeilingReached,
    DecisionInvalid,
    SamePerson,
    WrongState,
)
from subscriptions.in_force import terms_on
from subscriptions.models import Amendment, AmendmentState, FrameworkLot, LegalBasis, Order, State
from subscriptions.ordering import place_order
from tenants.models import AuditEvent, Letter, Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    AmendmentFactory,
    FrameworkLotFactory,
    ListingFactory,
    MembershipFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
# 12 € an agent and a year.
PER_AGENT = {
    "pattern": "per_unit", "unit": "agent", "unit_price": "12",
}  # fmt: skip
JULY, NOVEMBER = date(2026, 7, 1), date(2026, 11, 1)
YEAR = Period(date(2026, 1, 1), date(2027, 1, 1))


@pytest.fixture
def contract():
    """A function: 10 agents at 12 € since 1 January 2026; `basis` of its vehicle."""

    def make(basis=LegalBasis.IN_HOUSE, **values):
        listing = ListingFactory(vehicle__legal_basis=basis)
        values = {"grid": PER_AGENT, "counts": {"agents": 10}, "yearly_cents": 12_000} | values
        return SubscriptionFactory(listing=listing, state=State.ACTIVE, **values)

    return make


def propose(subscription, *, agents=20, on=NOVEMBER, by=None, now=NOW, **values) -> Amendment:
    counts = {"agents": agents} if agents else None
    changes = Changes(effective_on=on, text=" Deux services de plus. ", counts=counts, **values)
    with tenant_scope([subscription.tenant_id]):
        return amending.propose(
            subscription=subscription,
            changes=changes,
            by=by or UserFactory(),
            request_key=uuid.uuid4(),
            now=now,
        )


def approve(amendment, *, with_act=True, by=None, now=NOW) -> None:
    act = Act("2026-7", date(2026, 9, 30), SimpleUploadedFile("acte.pdf", PDF)) if with_act else None
    with tenant_scope([amendment.tenant_id]):
        amending.approve(amendment=amendment, by=by or UserFactory(), act=act, now=now)


def billed(subscription, period=YEAR):
    with as_worker():
        facts = facts_for_period([subscription], period)[subscription.pk]
        return price_of_period(subscription, facts, period).quote


def test_a_proposal_says_before_and_after(contract):
    subscription = contract()
    amendment = propose(subscription)
    assert (amendment.number, amendment.before, amendment.after) == (1, "10 agents", "20 agents")
    assert (amendment.cents_before, amendment.cents_after) == (12_000, 24_000)
    with as_worker():
        assert terms_on(subscription, NOVEMBER).counts == {"agents": 10}  # nobody approved it


def test_what_is_in_force_changes_on_the_day(contract):
    subscription = contract()
    approve(propose(subscription))
    with as_worker():
        assert terms_on(subscription, date(2026, 10, 31)).counts == {"agents": 10}
        assert terms_on(subscription, NOVEMBER).counts == {"agents": 20}
        assert AuditEvent.objects.filter(what="subscription.amended").count() == 1


def test_each_part_of_a_period_is_billed_by_what_was_in_force(contract):
    subscription = contract()
    before = billed(subscription)
    approve(propose(subscription))
    quote = billed(subscription)
    assert [line.amount_cents for line in quote.lines] == [10_000, 4_000]  # 10 months, then 2 at twice
    assert quote.lines[0].label.endswith("du 1er janvier 2026 au 31 octobre 2026")
    assert billed(subscription, Period(date(2026, 1, 1), JULY)).total_cents == before.total_cents // 2
    assert billed(subscription, Period(date(2027, 1, 1), date(2028, 1, 1))).total_cents == 24_000


@pytest.mark.parametrize("day", [date(2026, 10, 1), date(2026, 11, 2), date(2027, 11, 1), date(2026, 1, 1)])
def test_it_takes_effect_on_a_first_of_a_month_to_come(contract, day):
    with pytest.raises(AmendmentInvalid) as refused:
        propose(contract(), on=day)
    assert set(refused.value.errors) == {"effective_on"}


def test_nothing_changed_is_no_amendment(contract):
    with pytest.raises(AmendmentInvalid):
        propose(contract(), agents=10)


def test_one_waits_at_a_time_and_a_double_click_is_one(contract):
    subscription, key = contract(), uuid.uuid4()
    changes = Changes(effective_on=NOVEMBER, text="x", counts={"agents": 20})
    how = {"subscription": subscription, "changes": changes, "by": UserFactory(), "now": NOW}
    with tenant_scope([subscription.tenant_id]):
        first = amending.propose(request_key=key, **how)
        assert amending.propose(request_key=key, **how) == first
        with pytest.raises(AmendmentRefused):
            amending.propose(request_key=uuid.uuid4(), **how)


# --- Who decides --------------------------------------------------------------------------------------


def test_another_person_approves_with_an_act(contract):
    amendment = propose(contract(), by=(asker := UserFactory()))
    with pytest.raises(SamePerson):
        approve(amendment, by=asker)
    with pytest.raises(DecisionInvalid):
        approve(amendment, with_act=False)
    approve(amendment)
    with as_worker():
        kept = Amendment.objects.get()
        assert (kept.state, kept.act_number) == (AmendmentState.APPROVED, "2026-7")
        assert kept.act_file.read() == PDF


def test_what_costs_less_needs_no_act(contract):
    approve(propose(contract(), agents=5), with_act=False)


def test_an_amendment_is_decided_once(contract):
    amendment = propose(contract())
    with as_worker():
        stale = Amendment.objects.get()
    approve(amendment)
    with tenant_scope([amendment.tenant_id]), pytest.raises(WrongState):
        amending.refuse(amendment=stale, by=UserFactory(), reason="Non.", now=NOW)


def test_once_decided_the_database_keeps_it(contract):
    amendment = propose(contract())
    approve(amendment)
    with pytest.raises(IntegrityError), as_worker(), transaction.atomic():
        Amendment.objects.update(cents_after=1)


def test_its_day_must_not_have_come(contract):
    amendment = propose(contract())
    with pytest.raises(AmendmentRefused):
        approve(amendment, now=datetime(2026, 11, 1, 9, tzinfo=UTC))


def test_nobody_approves_a_proposal_by_hand_in_the_database():
    with pytest.raises(IntegrityError), transaction.atomic():
        AmendmentFactory(state=AmendmentState.APPROVED)


def test_both_sides_read_it(contract):
    subscription = contract()
    MembershipFactory(organisation=subscription.tenant, role=Role.SECRETARY)
    MembershipFactory(organisation=subscription.operator.organisation, role=Role.OPERATOR_ADMIN)
    approve(propose(subscription))
    with as_worker():
        bodies = list(Letter.objects.values_list("body", flat=True))
    assert len(bodies) == 2
    assert "10 agents" in bodies[0]
    assert "240,00" in bodies[0]


# --- What the law allows ------------------------------------------------------------------------------


def test_beyond_ten_percent_another_basis_is_named(contract):
    subscription = contract(LegalBasis.GROUPEMENT)
    with pytest.raises(AmendmentInvalid) as refused:
        propose(subscription, agents=20)
    assert set(refused.value.errors) == {"other_basis"}
    assert "10" in refused.value.errors["other_basis"]
    propose(subscription, agents=20, other_basis="Clause de réexamen, article 12 (CCP R2194-1).")


def test_small_modifications_are_cumulated(contract):
    subscription = contract(LegalBasis.GROUPEMENT, counts={"agents": 100}, yearly_cents=120_000)
    approve(propose(subscription, agents=105))
    with pytest.raises(AmendmentInvalid):
        propose(subscription, agents=111)
    propose(subscription, agents=109)


def test_what_it_adds_counts_against_the_ceiling():
    listing = ListingFactory(vehicle__legal_basis=LegalBasis.FRAMEWORK, vehicle__term_years=2)
    asked = SubscriptionFactory(
        listing=listing, state=State.ACTIVE, grid=PER_AGENT, counts={"agents": 10}, yearly_cents=12_000,
        term_years=2,
    )  # fmt: skip
    # 24 000 c for the contract; 10 agents more cost 12 000 c a year for the 14 months that are left.
    lot = FrameworkLotFactory(
        vehicle=listing.vehicles.get(), listing=listing, buyers=[asked.tenant], ceiling_cents=40_000
    )
    with tenant_scope([asked.tenant_id]):
        place_order(subscription=asked, now=NOW)
    approve(propose(asked, agents=20))
    with as_worker():
        assert FrameworkLot.objects.get(pk=lot.pk).ordered_cents == 24_000 + 14_000
        assert Order.objects.filter(amendment__isnull=False).get().amount_cents == 14_000
    more = propose(asked, agents=40, on=date(2026, 12, 1))
    with pytest.raises(CeilingReached):
        approve(more)
    with as_worker():
        assert Amendment.objects.get(pk=more.pk).state == AmendmentState.PROPOSED
