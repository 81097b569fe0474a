"""An intercommunality's subscription covers its communes."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from subscriptions import leaving, operations, sharing
from subscriptions.coverage import coverage_of, members_by_service, socle_of
from subscriptions.exceptions import AlreadyCovered, CoverRefused
from subscriptions.models import Cover, State, Subscription
from tenants.models import AuditEvent, Letter, Organisation, Role, Territory
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    CoverFactory,
    ListingFactory,
    MembershipFactory,
    OrganisationFactory,
    SubscriptionFactory,
    TerritoryFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


@pytest.fixture
def epci():
    return OrganisationFactory(epci=True, name="Dinan Agglomération")


@pytest.fixture
def held(epci):
    """The intercommunality's own subscription, open; its adhesion covers its communes."""
    listing = ListingFactory()
    AdhesionFactory(operator=listing.operator, organisation=epci, covers_communes=True)
    return SubscriptionFactory(tenant=epci, listing=listing, state=State.ACTIVE)


@pytest.fixture
def communes(epci):
    return [
        OrganisationFactory(name=name, territory__epci=epci.territory, territory__population=860)
        for name in ("Évran", "Plouër", "Quévert")
    ]


def cover(held, *organisations) -> int:
    with tenant_scope([held.tenant_id]):
        return sharing.cover(subscription=held, organisations=organisations, by=UserFactory(), now=NOW)


def of(organisation, listing) -> Cover | None:
    with tenant_scope([organisation.pk]):
        return sharing.covering(organisation=organisation, listing=listing, on=TODAY)


def sweep() -> int:
    with as_worker():
        return sharing.end_lapsed(now=NOW)


def test_a_commune_is_covered_and_is_told(held, communes):
    clerk = MembershipFactory(organisation=communes[0], role=Role.SECRETARY).user
    assert cover(held, *communes[:2]) == 2
    assert cover(held, *communes[:2]) == 0, "said twice, done once"
    found = of(communes[0], held.listing)
    assert (found.covering, found.since) == (held.tenant, TODAY)
    assert of(communes[2], held.listing) is None
    with as_worker():
        assert [letter.to for letter in Letter.objects.all()] == [clerk.email]
        both = AuditEvent.objects.filter(what="subscription.covered", details={})
        assert set(both.values_list("tenant", flat=True)) == {
            held.tenant_id,
            *(one.pk for one in communes[:2]),
        }


def test_each_side_reads_its_own(held, communes):
    cover(held, *communes[:2])
    with tenant_scope([communes[0].pk]):
        assert [one.tenant_id for one in Cover.objects.all()] == [communes[0].pk]
    with tenant_scope([held.tenant_id]):
        shown = sharing.candidates(subscription=held, on=TODAY)
        assert not Cover.objects.exists(), "the scope of the communes is closed again"
    assert [(one.organisation.name, bool(one.cover)) for one in shown] == [
        ("Évran", True),
        ("Plouër", True),
        ("Quévert", False),
    ]
    with tenant_scope([OrganisationFactory().pk]):
        assert not Cover.objects.exists()


def test_who_cannot_be_covered(held, communes):
    SubscriptionFactory(tenant=communes[0], listing=held.listing)
    with pytest.raises(CoverRefused, match="Évran : a déjà son propre abonnement"):
        cover(held, *communes)
    stranger = OrganisationFactory(territory__epci=TerritoryFactory(epci=None))
    with pytest.raises(CoverRefused, match="ne fait pas partie"):
        cover(held, communes[1], stranger)
    with pytest.raises(CoverRefused, match="au moins une"):
        cover(held)
    assert of(communes[1], held.listing) is None
    own = SubscriptionFactory(tenant=communes[2], state=State.ACTIVE)
    with pytest.raises(CoverRefused, match="ouvert"):
        cover(own, communes[1])


def test_a_covered_commune_does_not_ask_for_the_service(held, communes):
    cover(held, communes[0])

    with (
        pytest.raises(AlreadyCovered, match="déjà couverte par Dinan Agglomération") as refusal,
        tenant_scope([communes[0].pk]),
    ):
        operations.request_subscription(
            organisation=communes[0],
            listing=held.listing,
            requested_by=UserFactory(),
            request_key=uuid.uuid4(),
            shown_cents=held.yearly_cents,
            now=NOW,
        )
    assert refusal.value.cover.covering == held.tenant
    with as_worker():
        assert not Subscription.objects.filter(tenant=communes[0]).exists()


def test_two_covers_of_one_service_do_not_overlap():
    one = CoverFactory()
    same = {"subscription": one.subscription, "tenant": one.tenant}
    with pytest.raises(IntegrityError, match="cover_one_at_a_time"), transaction.atomic():
        CoverFactory(since=one.since + timedelta(days=30), **same)
    with as_worker():
        Cover.objects.filter(pk=one.pk).update(
            until=one.since + timedelta(days=30), ended_because="Fin de la couverture"
        )
    CoverFactory(since=one.since + timedelta(days=30), **same)


@pytest.mark.parametrize(
    ("happens", "because"),
    [
        (lambda commune, held: Territory.objects.filter(pk=commune.territory_id).update(epci=None), "partie"),
        (
            lambda commune, held: Organisation.objects.filter(pk=commune.pk).update(
                closed_on=TODAY - timedelta(days=3)
            ),
            "fusionné",
        ),
        (
            lambda commune, held: Subscription.objects.filter(pk=held.pk).update(
                state=State.TERMINATING, ended_on=TODAY
            ),
            "pris fin",
        ),
    ],
    ids=["leaves", "merges", "subscription ends"],
)
def test_what_happens_ends_the_cover(held, communes, happens, because):
    clerk = MembershipFactory(organisation=communes[0], role=Role.SIGNATORY).user
    found = CoverFactory(subscription=held, tenant=communes[0])
    assert sweep() == 0
    with as_worker():
        happens(communes[0], held)
    assert (sweep(), sweep()) == (1, 0)
    with as_worker():
        found.refresh_from_db()
        [letter] = Letter.objects.filter(to=clerk.email)
        logged = AuditEvent.objects.filter(what="subscription.uncovered").values_list("tenant", flat=True)
        assert set(logged) == {held.tenant_id, communes[0].pk}
    assert found.until == (TODAY - timedelta(days=3) if because == "fusionné" else TODAY)
    assert because in found.ended_because
    assert found.ended_because in letter.body


def test_a_cover_ends_with_its_subscription_the_very_day(held, communes):
    cover(held, *communes[:2])
    with as_worker():
        leaving.stop_at_term(subscription=held, on=TODAY, now=NOW)
        ends = set(Cover.objects.values_list("until", "ended_because"))
    assert ends == {(TODAY, "l’abonnement de Dinan Agglomération a pris fin")}
    assert of(communes[0], held.listing) is None
    assert sweep() == 0


def test_the_intercommunality_covers_one_no_longer(held, communes):
    cover(held, *communes)
    with tenant_scope([held.tenant_id]):
        sharing.uncover(subscription=held, organisation=communes[0], by=UserFactory(), now=NOW)
        with pytest.raises(CoverRefused):
            sharing.uncover(subscription=held, organisation=communes[0], by=UserFactory(), now=NOW)
    assert of(communes[0], held.listing) is None
    assert of(communes[1], held.listing) is not None


def test_a_covered_commune_counts_as_having_the_service(held, communes):
    cover(held, *communes[:2])
    scope = [held.operator.organisation_id, held.tenant_id, *(one.pk for one in communes)]
    with tenant_scope(scope):
        [service] = coverage_of(operator=held.operator, on=TODAY).services
        members = members_by_service(operator=held.operator, listing_id=held.listing_id, on=TODAY)
    assert service.having == {held.tenant_id, communes[0].pk, communes[1].pk}
    assert service.inhabitants == 2 * 860
    assert [one.name for one in members.lacking] == ["Quévert"]
    with tenant_scope([communes[0].pk]):
        socle = socle_of(organisation=communes[0], on=TODAY)
    [need] = [need for need in (*socle.fundamentals, *socle.others) if need.covers]
    assert need.is_met
    assert need.offers == []
