"""After a merger, the parts that the merged commune paid or received go on with the commune nouvelle."""

from datetime import date
from fractions import Fraction

import pytest

from subscriptions.handover_plan import mergers_of
from subscriptions.models import (
    KeyMethod,
    PayerAccess,
    PayerShare,
    PayerShareMove,
    ShareKind,
    ShareSide,
    ShareState,
    State,
)
from tenants.models import AuditEvent, Letter, Role
from tenants.tenancy import tenant_scope
from tests.billing.test_repricing import bill
from tests.factories import (
    AdhesionFactory,
    CostKeyFactory,
    MembershipFactory,
    PayerShareFactory,
    SubscriptionFactory,
)
from tests.factories.vintages import MergerFactory
from tests.subscriptions.test_handover import DAY, done, merger, operator, rows_of, subscribe
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
__all__ = ["merger", "operator"]  # fixtures


@pytest.fixture
def old(merger):
    return merger.territory.organisation


@pytest.fixture
def new(merger):
    return merger.successor.organisation


@pytest.fixture
def neighbour(operator):
    """Another member's subscription, of 258 euros a year."""
    return SubscriptionFactory(state=State.ACTIVE, listing__operator=operator, tenant__name="Évran")


def shares(**values) -> list[PayerShare]:
    with as_worker():
        rows = PayerShare.objects.filter(**values).select_related("payer", "tenant").order_by("starts", "pk")
        return list(rows)


def said(share: PayerShare) -> tuple:
    return share.payer, share.state, share.starts, share.ends


def test_what_it_received_goes_on_from_the_day_of_the_merger(merger, operator, old, new):
    held = subscribe(merger, operator)
    share = PayerShareFactory(subscription=held, commitment_number="E-1", ends=date(2027, 1, 1))
    reader = MembershipFactory(organisation=share.payer, role=Role.FINANCE).user
    done(merger, operator)
    [followed] = rows_of(new)
    [before, after] = shares()
    assert said(before) == (share.payer, ShareState.ENDED, share.starts, DAY)
    assert said(after) == (share.payer, ShareState.AGREED, DAY, date(2027, 1, 1))
    assert (after.tenant, after.subscription_id) == (new, followed.pk)
    assert (after.part, after.whole, after.convention_number) == (4000, 10_000, share.convention_number)
    assert (after.answered_by_id, after.commitment_number) == (share.answered_by_id, "")
    with as_worker():
        assert PayerAccess.objects.get(share=after).subscriber == new
        [letter] = Letter.objects.filter(to=reader.email)
        assert "continue, aux mêmes conditions : à partir du 1er mars 2026" in letter.body
        assert PayerShareMove.objects.get(share=after).side == ShareSide.OPERATOR
        assert AuditEvent.objects.filter(tenant=share.payer, subject_id=after.public_id).exists()


def test_what_it_paid_goes_on_by_the_commune_nouvelle(merger, operator, old, new, neighbour):
    PayerShareFactory(subscription=neighbour, payer=old)
    PayerShareFactory(subscription=neighbour, payer=old, state=ShareState.REFUSED)
    done(merger, operator)
    [before, after] = shares(subscription=neighbour, state__in=[ShareState.AGREED, ShareState.ENDED])
    assert said(before) == (old, ShareState.ENDED, before.starts, DAY)
    assert said(after) == (new, ShareState.AGREED, DAY, None)
    assert after.tenant == neighbour.tenant
    merger.refresh_from_db()
    assert merger.handed_over_at is not None


def test_a_proposal_is_made_again_to_the_commune_nouvelle(merger, operator, old, new, neighbour):
    signatory = MembershipFactory(organisation=new, role=Role.SIGNATORY).user
    PayerShareFactory(subscription=neighbour, payer=old, state=ShareState.PROPOSED, starts=date(2027, 1, 1))
    done(merger, operator)
    [before, after] = shares()
    assert (before.state, said(after)) == (
        ShareState.WITHDRAWN,
        (new, ShareState.PROPOSED, date(2027, 1, 1), None),
    )
    with as_worker():
        assert Letter.objects.filter(to=signatory.email, subject__contains="vous est proposée").exists()


def test_handed_over_twice_is_handed_over_once(merger, operator, old, neighbour):
    PayerShareFactory(subscription=neighbour, payer=old)
    held = subscribe(merger, operator)
    PayerShareFactory(subscription=held)
    done(merger, operator)
    number = len(shares())
    merger.refresh_from_db()
    assert done(merger, operator).nothing
    assert len(shares()) == number == 4


def test_it_begins_after_what_is_invoiced(merger, operator, old, new, neighbour):
    PayerShareFactory(subscription=neighbour, payer=old)
    bill(neighbour)  # the whole of 2026
    done(merger, operator)
    [before, after] = shares()
    assert (before.state, before.ends) == (ShareState.ENDED, date(2027, 1, 1))
    assert said(after) == (new, ShareState.AGREED, date(2027, 1, 1), None)


def test_the_commune_nouvelle_pays_nothing_to_itself(merger, operator, old, new):
    AdhesionFactory(operator=operator, organisation=new)
    own = SubscriptionFactory(state=State.ACTIVE, listing__operator=operator, tenant=new)
    PayerShareFactory(subscription=own, payer=old)
    held = subscribe(merger, operator)
    PayerShareFactory(subscription=held, payer=new)
    done(merger, operator)
    assert {share.state for share in shares()} == {ShareState.ENDED}


def test_two_merged_communes_that_paid_by_a_key_pay_both_parts_in_one(operator, neighbour):
    first = MergerFactory()
    new = first.successor.organisation
    second = MergerFactory(new=new)
    key = CostKeyFactory(subscription=neighbour, method=KeyMethod.EQUAL)
    olds = [change.territory.organisation for change in (first, second)]
    for organisation, part in zip(olds, (3, 4), strict=True):
        PayerShareFactory(
            subscription=neighbour, payer=organisation, key=key, kind=ShareKind.COST_KEY,
            part=part, whole=10, basis=f"{part} habitants sur 10",
        )  # fmt: skip
    for change in (first, second):
        done(change, operator)
    [share] = [one for one in shares() if one.state == ShareState.AGREED]
    assert said(share) == (new, ShareState.AGREED, DAY, None)
    assert Fraction(share.part, share.whole) == Fraction(7, 10)
    assert share.basis == "3 habitants sur 10 et 4 habitants sur 10"


def test_what_cannot_be_one_part_ends_and_is_told(merger, operator, old, new, neighbour):
    reader = MembershipFactory(organisation=neighbour.tenant, role=Role.FINANCE).user
    PayerShareFactory(subscription=neighbour, payer=old)
    own = PayerShareFactory(subscription=neighbour, payer=new, part=None, whole=None, yearly_cents=5_000)
    done(merger, operator)
    found = {share.payer: share for share in shares()}
    assert (found[old].state, found[new].pk, found[new].state) == (
        ShareState.ENDED,
        own.pk,
        ShareState.AGREED,
    )
    with as_worker():
        assert Letter.objects.filter(to=reader.email, subject__contains="s’arrête").exists()


def test_a_day_never_exceeds_the_whole(merger, operator, old, new):
    """An amount of a price that was higher: the price of the commune nouvelle does not hold it."""
    held = subscribe(merger, operator)
    with as_worker():
        type(held).objects.filter(pk=held.pk).update(yearly_cents=100_000)
    PayerShareFactory(subscription=held, part=None, whole=None, yearly_cents=90_000)
    done(merger, operator)
    assert [one.state for one in shares()] == [ShareState.ENDED]


def test_parts_that_end_with_the_subscription_are_told(merger, operator, old, new):
    """The commune nouvelle has the service already: that of the merged commune ends."""
    held = subscribe(merger, operator)
    AdhesionFactory(operator=operator, organisation=new)
    SubscriptionFactory(state=State.ACTIVE, tenant=new, listing=held.listing)
    share = PayerShareFactory(subscription=held)
    reader = MembershipFactory(organisation=share.payer, role=Role.FINANCE).user
    done(merger, operator)
    [one] = shares()
    assert (one.state, one.ends) == (ShareState.ENDED, DAY)
    with as_worker():
        assert Letter.objects.filter(to=reader.email, subject__contains="s’arrête").exists()


def test_a_commune_that_only_pays_for_others_waits_in_the_list(merger, old):
    mine = PayerShareFactory(payer=old)
    operator = mine.subscription.operator
    with tenant_scope([operator.organisation_id, mine.tenant_id, old.pk]):
        [found] = mergers_of(operator=operator)
        assert (found.pk, found.waiting_shares) == (merger.pk, 1)
    done(merger, operator)
    with tenant_scope([operator.organisation_id, mine.tenant_id, old.pk]):
        assert mergers_of(operator=operator).get().waiting_shares == 0
