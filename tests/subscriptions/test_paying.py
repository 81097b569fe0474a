"""Who pays beside the subscriber: asked, agreed to, refused, ended, and never beyond the whole."""

import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, transaction

from subscriptions import paying
from subscriptions.exceptions import ShareRefused
from subscriptions.models import PayerAccess, PayerShare, ShareKind, ShareSide, ShareState, State
from subscriptions.paying import Convention, Terms
from tenants.constraints import violated
from tenants.models import AuditEvent, Letter, Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    CostKeyFactory,
    MembershipFactory,
    OrganisationFactory,
    PayerShareFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
STARTS = date(2027, 1, 1)


def pdf(content=b"%PDF-1.7\n%%EOF\n"):
    return SimpleUploadedFile("convention.pdf", content)


@pytest.fixture
def held():
    """A commune's open subscription, of 258 euros a year."""
    return SubscriptionFactory(state=State.ACTIVE, tenant__name="Évran")


@pytest.fixture
def region(held):
    found = OrganisationFactory(name="Région Bretagne")
    AdhesionFactory(operator=held.operator, organisation=found)
    return found


def propose(
    held, payer, *, percent=Decimal(40), cents=None, starts=STARTS, ends=None, **values
) -> PayerShare:
    convention = values.pop("convention", None) or Convention("C-12", date(2026, 9, 1), pdf())
    with tenant_scope([held.tenant_id]):
        return paying.propose(
            subscription=held,
            payer=payer,
            kind=values.pop("kind", ShareKind.COFINANCING),
            terms=Terms(percent, cents, starts, ends),
            convention=convention,
            side=ShareSide.SUBSCRIBER,
            by=UserFactory(),
            public_id=values.pop("public_id", uuid.uuid4()),
            now=NOW,
        )


def agree(share, **values) -> None:
    with tenant_scope([share.tenant_id, share.payer_id]):
        paying.agree(share=share, by=UserFactory(), now=NOW, **values)


def test_a_share_is_asked_then_agreed_to(held, region):
    signatory = MembershipFactory(organisation=region, role=Role.SIGNATORY).user
    clerk = MembershipFactory(organisation=held.tenant, role=Role.SECRETARY).user
    share = propose(held, region)
    assert (share.state, share.part, share.whole) == (ShareState.PROPOSED, 4000, 10_000)
    agree(share, commitment_number=" E-7 ")
    assert (share.state, share.commitment_number) == (ShareState.AGREED, "E-7")
    with as_worker():
        moves = [(move.before, move.after) for move in share.moves.order_by("pk")]
        assert moves == [("", ShareState.PROPOSED), (ShareState.PROPOSED, ShareState.AGREED)]
        letters = {letter.to: letter.subject for letter in Letter.objects.all()}
        assert "vous est proposée pour Évran" in letters[signatory.email]
        assert "Région Bretagne accepte" in letters[clerk.email]
        agreed = AuditEvent.objects.filter(what="payer_share.agreed")
        assert set(agreed.values_list("tenant", flat=True)) == {held.tenant_id, region.pk}
        assert PayerShare.objects.get(pk=share.pk).convention_file.name == (
            f"conventions/{held.tenant_id}/{share.public_id}.pdf"
        )


def test_each_side_finds_it_and_nobody_else(held, region):
    share = propose(held, region)
    with tenant_scope([held.tenant_id]):
        assert PayerShare.objects.get() == share
        assert not PayerAccess.objects.exists()
    with tenant_scope([region.pk]):
        assert PayerAccess.objects.get().subscriber_id == held.tenant_id
        assert not PayerShare.objects.exists()
    with tenant_scope([OrganisationFactory().pk]):
        assert not PayerShare.objects.exists()
        assert not PayerAccess.objects.exists()


def test_sent_twice_it_is_asked_once(held, region):
    key = uuid.uuid4()
    assert propose(held, region, public_id=key) == propose(held, region, public_id=key)
    with as_worker():
        assert PayerShare.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"percent": None}, "percent", "un taux, ou un montant"),
        ({"cents": 100}, "percent", "pas les deux"),
        ({"percent": Decimal(0)}, "percent", "entre 0,01 et 100"),
        ({"percent": Decimal("100.01")}, "percent", "entre 0,01 et 100"),
        ({"percent": Decimal("33.333")}, "percent", "deux décimales"),
        ({"percent": None, "cents": 0}, "yearly_cents", "plus grand que zéro"),
        ({"starts": date(2027, 1, 2)}, "starts", "premier jour d’un mois"),
        ({"ends": date(2027, 6, 2)}, "ends", "dernier jour du mois"),
        ({"ends": date(2027, 1, 1)}, "ends", "avant le début"),
        ({"kind": ShareKind.COST_KEY}, "kind", "toutes les communes"),
        ({"convention": Convention(" ", date(2026, 9, 1), pdf())}, "convention_number", "référence"),
        ({"convention": Convention("C", date(2026, 11, 1), pdf())}, "convention_date", "dans le futur"),
        ({"convention": Convention("C", date(2026, 9, 1), None)}, "convention_file", "convention signée"),
        ({"convention": Convention("C", date(2026, 9, 1), pdf(b"PK"))}, "convention_file", "pas un PDF"),
    ],
)
def test_what_is_typed_wrong(held, region, values, field, words):
    with pytest.raises(ShareRefused, match=words) as refusal:
        propose(held, region, **values)
    assert refusal.value.field == field
    with as_worker():
        assert not PayerShare.objects.exists()


def test_who_may_not_pay(held):
    with pytest.raises(ShareRefused, match="déjà tout ce que les autres"):
        propose(held, held.tenant)
    with pytest.raises(ShareRefused, match="n’est pas adhérent"):
        propose(held, OrganisationFactory())
    gone = OrganisationFactory(closed_on=NOW.date())
    with pytest.raises(ShareRefused, match="a fusionné"):
        propose(held, gone)
    ended = SubscriptionFactory(state=State.ENDED)
    with pytest.raises(ShareRefused, match="est terminé"):
        propose(ended, OrganisationFactory())


@pytest.fixture
def departement(held):
    found = OrganisationFactory(name="Côtes-d’Armor")
    AdhesionFactory(operator=held.operator, organisation=found)
    return found


def test_all_shares_of_a_day_are_within_the_whole(held, region, departement):
    propose(held, region, percent=Decimal(60), ends=date(2028, 1, 1))
    with pytest.raises(ShareRefused, match="dépasserait le prix") as refusal:
        propose(held, departement, percent=Decimal("40.01"), starts=date(2026, 11, 1))
    assert refusal.value.field == "percent"
    propose(held, departement, percent=Decimal(100), starts=date(2028, 1, 1))


def test_an_amount_is_within_what_rates_leave(held, region, departement):
    propose(held, region, percent=Decimal(50))
    with pytest.raises(ShareRefused, match="dépasserait"):
        propose(held, departement, percent=None, cents=12_901)
    assert propose(held, departement, percent=None, cents=12_900).yearly_cents == 12_900


def test_one_payer_has_one_share_at_a_time(held, region):
    share = propose(held, region, percent=Decimal(10), ends=date(2028, 1, 1))
    with pytest.raises(ShareRefused, match="a déjà une part"):
        propose(held, region, percent=Decimal(10), starts=date(2027, 12, 1))
    propose(held, region, percent=Decimal(10), starts=date(2028, 1, 1))
    with tenant_scope([held.tenant_id]):
        paying.withdraw(share=share, side=ShareSide.SUBSCRIBER, by=UserFactory(), now=NOW)
    propose(held, region, percent=Decimal(10), ends=date(2028, 1, 1))


def test_thirds_make_the_whole(held):
    """Added exactly: no rounding makes three thirds more than one."""
    for _ in range(3):
        PayerShareFactory(subscription=held, part=1, whole=3)
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        PayerShareFactory(subscription=held, part=1, whole=10**9)
    assert violated(error.value) == "payer_shares_within_the_whole"


def test_a_refusal_says_why(held, region):
    clerk = MembershipFactory(organisation=held.tenant, role=Role.SECRETARY).user
    share = propose(held, region)
    with tenant_scope([held.tenant_id, region.pk]):
        with pytest.raises(ShareRefused, match="Dites pourquoi"):
            paying.refuse(share=share, reason=" ", by=UserFactory(), now=NOW)
        paying.refuse(share=share, reason="Hors budget.", by=UserFactory(), now=NOW)
        with pytest.raises(ShareRefused, match="vient de répondre"):
            paying.agree(share=share, by=UserFactory(), now=NOW)
    with as_worker():
        assert "Hors budget." in Letter.objects.get(to=clerk.email).body
    propose(held, region)


def test_an_answer_given_meanwhile_stands(held, region):
    share = propose(held, region)
    with tenant_scope([held.tenant_id, region.pk]):
        again = PayerShare.objects.get(pk=share.pk)
        paying.agree(share=again, by=UserFactory(), now=NOW)
        with pytest.raises(ShareRefused, match="vient de répondre"):
            paying.withdraw(share=share, side=ShareSide.SUBSCRIBER, by=UserFactory(), now=NOW)


def test_chorus_asks_its_own_of_the_payer(held, region):
    region.establishments.update(commitment_required=True)
    share = propose(held, region)
    with pytest.raises(ShareRefused, match="numéro d’engagement") as refusal:
        agree(share)
    assert refusal.value.field == "commitment_number"
    agree(share, commitment_number="E-1")


def test_either_side_ends_it_before_its_term(held, region):
    signatory = MembershipFactory(organisation=region, role=Role.SIGNATORY).user
    share = propose(held, region, starts=date(2026, 6, 1), ends=date(2028, 1, 1))
    agree(share)
    with as_worker():
        Letter.objects.all().delete()

    def end(on, reason="Fin du programme."):
        with tenant_scope([held.tenant_id]):
            paying.end(
                share=share, on=on, reason=reason, side=ShareSide.SUBSCRIBER, by=UserFactory(), now=NOW
            )

    for on, words in [
        (date(2027, 1, 15), "fin d’un mois"),
        (date(2028, 1, 1), "d’elle-même"),
        (date(2026, 10, 1), "mois à venir"),
        (date(2026, 5, 1), "avant le début"),
    ]:
        with pytest.raises(ShareRefused, match=words):
            end(on)
    with pytest.raises(ShareRefused, match="Dites pourquoi"):
        end(date(2027, 1, 1), " ")
    end(date(2027, 1, 1))
    assert (share.state, share.ends) == (ShareState.ENDED, date(2027, 1, 1))
    with as_worker():
        assert [letter.to for letter in Letter.objects.all()] == [signatory.email]
        assert share.moves.last().reason == "Fin du programme."
    with pytest.raises(ShareRefused, match="vient de répondre"):
        end(date(2026, 12, 1))


@pytest.mark.parametrize(
    ("column", "value"), [("part", 5000), ("starts", STARTS), ("ends", None), ("convention_number", "C-13")]
)
def test_what_was_agreed_to_never_changes(column, value):
    share = PayerShareFactory(ends=date(2027, 1, 1))
    with pytest.raises(DatabaseError) as error, transaction.atomic(), tenant_scope([share.tenant_id]):
        PayerShare.objects.filter(pk=share.pk).update(**{column: value})
    assert violated(error.value) == "subscriptions_payershare_append_only"


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"part": None, "whole": None}, "payer_share_is_a_part_or_an_amount"),
        ({"part": 5, "whole": None}, "payer_share_is_a_part_or_an_amount"),
        ({"part": 3, "whole": 2}, "payer_share_is_a_part_or_an_amount"),
        ({"yearly_cents": 5}, "payer_share_is_a_part_or_an_amount"),
        ({"starts": date(2026, 1, 2)}, "payer_share_of_whole_months"),
        ({"ends": date(2026, 1, 1)}, "payer_share_lasts"),
        ({"answered_by": None}, "payer_share_answered_by_somebody"),
        ({"convention_number": ""}, "payer_share_rests_on_a_convention"),
        ({"kind": ShareKind.COST_KEY}, "payer_share_of_a_key_has_it"),
        ({"state": ShareState.ENDED}, "payer_share_ended_on_a_day"),
    ],
)
def test_the_database_keeps_what_a_share_is(values, constraint):
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        PayerShareFactory(**values)
    assert violated(error.value) == constraint


def test_a_share_belongs_to_the_subscriber(held):
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        PayerShareFactory(subscription=held, tenant=OrganisationFactory())
    assert violated(error.value) == "payer_share_of_its_subscriber"
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        PayerShareFactory(subscription=held, payer=held.tenant)
    assert violated(error.value) == "payer_share_is_of_another"


def test_a_share_is_of_a_key_of_its_subscription(held):
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        PayerShareFactory(subscription=held, kind=ShareKind.COST_KEY, key=CostKeyFactory())
    assert violated(error.value) == "payer_share_of_its_key"


def test_is_over_after_its_last_month():
    share = PayerShareFactory(ends=date(2027, 1, 1))
    assert share.last_day == date(2026, 12, 31)
    assert share.is_over(on=date(2027, 1, 1))
    assert not share.is_over(on=date(2027, 1, 1) - timedelta(days=1))
