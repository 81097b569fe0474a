"""Each year the parts of a key by inhabitants follow the populations of 1 January; nobody answers again."""

import logging
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction

from subscriptions import paying, recounting
from subscriptions.cost_keys import Key
from subscriptions.models import (
    CostKeyRecount,
    KeyMethod,
    PayerShare,
    PayerShareMove,
    ShareSide,
    ShareState,
    State,
    Subscription,
)
from tenants.constraints import violated
from tenants.models import AuditEvent, Letter, Population, Role
from tenants.tenancy import tenant_scope
from tests.factories import MembershipFactory, PayerShareFactory, UserFactory
from tests.subscriptions.test_cost_keys import (
    agree,
    communes,
    held,
    share_out,
    shares_of,
)
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
__all__ = ["communes", "held"]  # fixtures
NEW_YEAR, NEXT = date(2027, 1, 1), date(2028, 1, 1)
NIGHT = datetime(2028, 1, 2, 4, 43, tzinfo=ZoneInfo("Europe/Paris"))


def counted(communes, *people: int, year=2028) -> None:
    """The populations that take effect on 1 January."""
    with as_worker():
        for commune, value in zip(communes, people, strict=False):
            Population.objects.create(
                territory=commune.territory,
                kind="municipale",
                value=value,
                reference_year=year - 3,
                in_force_from=date(year, 1, 1),
                source="INSEE",
            )


@pytest.fixture
def agreed(held, communes):
    """By inhabitants from 2027 on: Évran 1 750 and Plouër 3 500 agreed, Quévert 3 750 refused."""
    key = share_out(held)
    found = shares_of(held)
    agree(found["Évran"])
    agree(found["Plouër"])
    with transaction.atomic(), tenant_scope([held.tenant_id, found["Quévert"].payer_id]):
        paying.refuse(share=found["Quévert"], reason="Non.", by=UserFactory(), now=NIGHT)
    return key


def night(*, now=NIGHT) -> int:
    with as_worker():
        return recounting.recount_due(on=now.date(), now=now)


def running(held, on) -> dict[str, tuple[Fraction, str]]:
    found = {}
    with as_worker():
        for share in PayerShare.objects.binding().select_related("payer").filter(subscription=held):
            if share.starts <= on and not share.is_over(on=on):
                found[share.payer.name] = (Fraction(share.part, share.whole), share.state)
    return found


def recounts() -> list[tuple]:
    with as_worker():
        return list(CostKeyRecount.objects.order_by("year").values_list("year", "starts", "why"))


def test_the_parts_follow_the_new_populations_from_the_first_of_january(held, communes, agreed):
    told = {
        MembershipFactory(organisation=one, role=Role.FINANCE).user.email
        for one in (held.tenant, communes[0])
    }
    counted(communes, 2_000, 4_000, 4_000)
    assert night() == 1
    assert running(held, date(2027, 12, 31)) == {
        "Évran": (Fraction(1_750, 9_000), ShareState.ENDED),
        "Plouër": (Fraction(3_500, 9_000), ShareState.ENDED),
    }
    assert running(held, NEXT) == {
        "Évran": (Fraction(2_000, 10_000), ShareState.AGREED),
        "Plouër": (Fraction(4_000, 10_000), ShareState.AGREED),
    }
    assert recounts() == [(2028, NEXT, "")]
    with as_worker():
        letters = {letter.to: letter.body for letter in Letter.objects.filter(created_at=NIGHT)}
        moves = PayerShareMove.objects.filter(side=ShareSide.HALLE)
        assert set(moves.values_list("by", "before", "after")) == {
            (None, "agreed", "ended"),
            (None, "", "agreed"),
        }
        sentences = {str(event) for event in AuditEvent.objects.filter(tenant=communes[0], actor=None)}
    assert set(letters) == told
    mine = " ".join(body for body in letters.values() if "vous payez pour" in body)
    assert "2\u202f000 habitants sur 10\u202f000" in mine
    assert "1\u202f750 habitants sur 9\u202f000" in mine
    assert any("a mis à jour la part de" in sentence for sentence in sentences)


def test_any_number_of_nights_is_one(held, communes, agreed):
    counted(communes, 2_000, 4_000, 4_000)
    assert [night() for _ in range(3)] == [1, 0, 0]
    with as_worker():
        assert PayerShare.objects.filter(subscription=held, starts=NEXT).count() == 2


def test_it_waits_for_every_commune_and_may_run_before_the_year(held, communes, agreed):
    december = datetime(2027, 12, 30, 4, 43, tzinfo=ZoneInfo("Europe/Paris"))
    counted(communes[:2], 2_000, 4_000)
    assert night(now=december) == 0
    assert recounts() == []
    counted(communes[2:], 4_000)
    assert night(now=december) == 1
    assert running(held, NEXT)["Évran"] == (Fraction(1, 5), ShareState.AGREED)
    assert running(held, date(2027, 12, 31))["Évran"][0] == Fraction(1_750, 9_000)


def test_the_same_parts_are_left_as_they_are(held, communes, agreed):
    counted(communes, 1_750, 3_500, 3_750)
    assert night() == 0
    assert recounts() == [(2028, None, recounting.UNCHANGED)]
    with as_worker():
        assert not PayerShare.objects.filter(starts=NEXT).exists()


def test_a_key_in_its_first_year_is_left_as_it_was_decided(held, communes, agreed):
    counted(communes, 2_000, 4_000, 4_000, year=2027)
    assert night(now=datetime(2027, 1, 2, 4, 43, tzinfo=ZoneInfo("Europe/Paris"))) == 0
    assert recounts() == []


@pytest.mark.parametrize("method", [KeyMethod.EQUAL, KeyMethod.FIXED])
def test_a_key_that_counts_nobody_is_never_counted_again(held, communes, method):
    from decimal import Decimal

    percents = {communes[0].pk: Decimal(60), communes[1].pk: Decimal(40)}
    share_out(held, Key(method, percents=percents if method == KeyMethod.FIXED else None))
    agree(shares_of(held)["Évran"])
    counted(communes, 2_000, 4_000, 4_000)
    assert night() == 0
    assert recounts() == []


def test_a_subscription_that_is_over_is_left(held, communes, agreed):
    counted(communes, 2_000, 4_000, 4_000)
    with as_worker():
        Subscription.objects.filter(pk=held.pk).update(state=State.ENDED, ended_on=NEXT)
    assert night() == 0


def test_what_does_not_fit_is_told_once_and_tried_again(held, communes, agreed, caplog):
    reader = MembershipFactory(organisation=held.tenant, role=Role.SIGNATORY).user
    # Quévert, which refused, counts less: what it leaves to the intercommunality is promised to the region.
    region = PayerShareFactory(subscription=held, part=4_000, starts=date(2027, 1, 1))
    counted(communes, 3_000, 6_000, 1_000)
    with caplog.at_level(logging.WARNING, logger="subscriptions.recounting"):
        assert [night(), night()] == [0, 0]
    assert recounts() == []
    with as_worker():
        [letter] = Letter.objects.filter(to=reader.email, subject__contains="restent à recalculer")
        assert "dépasserait le prix" in letter.body
        PayerShare.objects.filter(pk=region.pk).update(state=ShareState.ENDED, ends=NEXT)
    assert night() == 1
    assert running(held, NEXT)["Plouër"][0] == Fraction(6, 10)


def test_the_database_knows_one_recount_a_year_and_key(held, agreed):
    with as_worker():
        CostKeyRecount.objects.create(tenant=held.tenant, key=agreed, year=2028, starts=NEXT, made_at=NIGHT)
        with pytest.raises(IntegrityError) as error, transaction.atomic():
            CostKeyRecount.objects.create(tenant=held.tenant, key=agreed, year=2028, why="x", made_at=NIGHT)
    assert violated(error.value) == "cost_key_recounted_once_a_year"
