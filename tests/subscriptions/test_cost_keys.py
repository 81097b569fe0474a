"""The cost of an intercommunality's subscription, shared out among its communes."""

import uuid
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from subscriptions import cost_keys, paying
from subscriptions.cost_keys import Key
from subscriptions.exceptions import ShareRefused
from subscriptions.models import KeyMethod, PayerShare, ShareKind, ShareSide, ShareState, State
from subscriptions.paying import Convention
from tenants.models import Letter, Population, Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    CoverFactory,
    ListingFactory,
    MembershipFactory,
    OrganisationFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
STARTS, REFERENCE = date(2027, 1, 1), date(2026, 1, 1)
BY_INHABITANTS = Key(KeyMethod.INHABITANTS, population_kind="municipale")


@pytest.fixture
def held():
    epci = OrganisationFactory(epci=True, name="Dinan Agglomération")
    listing = ListingFactory()
    AdhesionFactory(operator=listing.operator, organisation=epci, covers_communes=True)
    return SubscriptionFactory(tenant=epci, listing=listing, state=State.ACTIVE)


@pytest.fixture
def communes(held):
    made = [
        OrganisationFactory(name=name, territory__epci=held.tenant.territory, territory__population=people)
        for name, people in (("Évran", 1_750), ("Plouër", 3_500), ("Quévert", 3_750))
    ]
    for commune in made:
        CoverFactory(subscription=held, tenant=commune)
    return made


def share_out(held, key=BY_INHABITANTS, *, starts=STARTS, reference_on=REFERENCE):
    with transaction.atomic(), tenant_scope([held.tenant_id]):
        return cost_keys.propose_key(
            subscription=held,
            key=key,
            reference_on=reference_on,
            starts=starts,
            convention=Convention("C-1", date(2026, 9, 1), SimpleUploadedFile("c.pdf", b"%PDF-1.7\n%%EOF")),
            side=ShareSide.SUBSCRIBER,
            by=UserFactory(),
            public_id=uuid.uuid4(),
            now=NOW,
        )


def shares_of(held, **values) -> dict[str, PayerShare]:
    with as_worker():
        found = PayerShare.objects.filter(subscription=held, **values).select_related(
            "payer", "subscription__tenant", "subscription__operator"
        )
        return {share.payer.name: share for share in found}


def agree(share):
    with transaction.atomic(), tenant_scope([share.tenant_id, share.payer_id]):
        paying.agree(share=share, by=UserFactory(), now=NOW)


def test_by_inhabitants_each_commune_agrees_for_itself(held, communes):
    mayor = MembershipFactory(organisation=communes[0], role=Role.SIGNATORY).user
    key = share_out(held)
    found = shares_of(held)
    assert {name: share.part / share.whole for name, share in found.items()} == {
        "Évran": 1_750 / 9_000,
        "Plouër": 3_500 / 9_000,
        "Quévert": 3_750 / 9_000,
    }
    one = found["Évran"]
    assert (one.kind, one.state, one.key_id) == (ShareKind.COST_KEY, ShareState.PROPOSED, key.pk)
    assert one.basis == "1\u202f750 habitants sur 9\u202f000"
    assert one.reference_on == REFERENCE
    assert len({share.convention_file.name for share in found.values()}) == 1
    with as_worker():
        assert [letter.to for letter in Letter.objects.all()] == [mayor.email]
    agree(one)
    assert {name: share.state for name, share in shares_of(held).items()} == {
        "Évran": ShareState.AGREED,
        "Plouër": ShareState.PROPOSED,
        "Quévert": ShareState.PROPOSED,
    }


def test_what_the_intercommunality_keeps_is_not_shared_out(held, communes):
    share_out(held, Key(KeyMethod.EQUAL, kept_percent=Decimal("30.25")))
    parts = [Fraction(share.part, share.whole) for share in shares_of(held).values()]
    assert parts == [Fraction(6975, 30_000)] * 3


def test_by_agreed_percentages(held, communes):
    percents = dict(zip([one.pk for one in communes], [Decimal("50.5"), Decimal("49.5")], strict=False))
    share_out(held, Key(KeyMethod.FIXED, percents=percents))
    assert {name: share.basis for name, share in shares_of(held).items()} == {
        "Évran": "50,5\xa0%",
        "Plouër": "49,5\xa0%",
    }


@pytest.mark.parametrize(
    ("key", "field", "words"),
    [
        (Key(KeyMethod.INHABITANTS), "population_kind", "Choisissez la population"),
        (Key(KeyMethod.EQUAL, population_kind="totale"), "population_kind", "ne compte pas"),
        (Key(KeyMethod.EQUAL, kept_percent=Decimal(100)), "kept_percent", "entre 0 et 99,99"),
        (Key(KeyMethod.FIXED, percents={}), "percents", "font 0\xa0% ensemble"),
    ],
)
def test_a_key_that_cannot_be(held, communes, key, field, words):
    with pytest.raises(ShareRefused, match=words) as refusal:
        share_out(held, key)
    assert refusal.value.field == field
    assert shares_of(held) == {}


def test_a_population_that_nobody_knows(held, communes):
    with pytest.raises(ShareRefused, match="Population inconnue au 1er janvier 1999 : Évran, Plouër"):
        share_out(held, reference_on=date(1999, 1, 1))


def test_without_covered_communes_there_is_nobody_to_share_with(held):
    with pytest.raises(ShareRefused, match="aucune commune"):
        share_out(held)


def test_counted_again_it_asks_nobody_again(held, communes):
    key = share_out(held, starts=date(2026, 6, 1))
    agree(shares_of(held)["Évran"])
    before = shares_of(held)
    with tenant_scope([held.tenant_id, before["Plouër"].payer_id]):
        paying.refuse(share=before["Plouër"], reason="Non.", by=UserFactory(), now=NOW)
    with as_worker():
        Population.objects.create(
            territory=communes[0].territory,
            kind="municipale",
            value=2_750,
            reference_year=2024,
            in_force_from=date(2027, 1, 1),
            source="essai",
        )

    def again(starts=date(2027, 1, 1)):
        with tenant_scope([held.tenant_id, *(one.pk for one in communes)]):
            return cost_keys.count_again(
                key=key,
                reference_on=date(2027, 1, 1),
                starts=starts,
                side=ShareSide.SUBSCRIBER,
                by=UserFactory(),
                now=NOW,
            )

    with pytest.raises(ShareRefused, match="à venir"):
        again(starts=date(2026, 10, 1))
    made = {share.payer.name: share for share in again()}
    assert {name: (share.state, share.basis) for name, share in made.items()} == {
        "Évran": (ShareState.AGREED, "2\u202f750 habitants sur 10\u202f000"),
        "Quévert": (ShareState.PROPOSED, "3\u202f750 habitants sur 10\u202f000"),
    }
    with as_worker():
        old = PayerShare.objects.get(pk=before["Évran"].pk)
        assert (old.state, old.ends) == (ShareState.ENDED, date(2027, 1, 1))
        assert made["Évran"].answered_by_id == old.answered_by_id
        assert old.moves.last().reason == "Clé recalculée au 1er janvier 2027."
        assert PayerShare.objects.get(pk=before["Quévert"].pk).state == ShareState.WITHDRAWN


def test_nobody_pays_by_it_yet(held, communes):
    key = share_out(held)
    with pytest.raises(ShareRefused, match="Aucune commune ne paie"), tenant_scope([held.tenant_id]):
        cost_keys.count_again(
            key=key,
            reference_on=REFERENCE,
            starts=STARTS,
            side=ShareSide.SUBSCRIBER,
            by=UserFactory(),
            now=NOW,
        )
