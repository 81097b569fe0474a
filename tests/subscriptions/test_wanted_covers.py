"""An intercommunality chooses, with its request, the communes that it covers when the service opens."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from subscriptions import opening, operations, sharing, wanted_covers
from subscriptions.choosing import Choices, offer_to, price_of
from subscriptions.deciding import Decider
from subscriptions.exceptions import CoverRefused, PriceChanged
from subscriptions.models import Cover, State, Subscription, WantedCover
from subscriptions.papers.act import act
from subscriptions.papers.matter import Matter
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
    WantedCoverFactory,
)
from tests.factories.base import NOW
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
# 50 € a covered commune and 0,10 € a covered inhabitant; 20 are counted apart in each.
PER_COVERED = {
    "pattern": "sum_of",
    "parts": [
        {"name": "Communes", "grid": {"pattern": "per_unit", "unit": "covered_commune", "unit_price": "50"}},
        {
            "name": "Habitants",
            "grid": {"pattern": "per_unit", "unit": "covered_inhabitant", "unit_price": "0.10"},
        },
    ],
}


@pytest.fixture
def epci():
    return OrganisationFactory(epci=True, name="Dinan Agglomération", territory__population=30_000)


@pytest.fixture
def communes(epci):
    return [
        OrganisationFactory(name=name, territory__epci=epci.territory, territory__population=860)
        for name in ("Évran", "Plouër", "Quévert")
    ]


@pytest.fixture
def listing(epci):
    listing = ListingFactory()
    AdhesionFactory(operator=listing.operator, organisation=epci, covers_communes=True)
    return listing


@pytest.fixture
def by_covered(epci):
    listing = ListingFactory(grid__definition=PER_COVERED)
    AdhesionFactory(operator=listing.operator, organisation=epci, covers_communes=True)
    return listing


def price(organisation, listing, communes=()) -> int:
    with tenant_scope([organisation.pk]):
        offer = offer_to(listing=listing, organisation=organisation, today=TODAY)
        choices = wanted_covers.with_covered(
            Choices(), offer=offer, organisation=organisation, communes=communes
        )
        return price_of(offer=offer, choices=choices).net_cents


def ask(organisation, listing, covers=(), *, cents=None) -> Subscription:
    cents = price(organisation, listing, covers) if cents is None else cents
    with tenant_scope([organisation.pk]):
        return operations.request_subscription(
            organisation=organisation,
            listing=listing,
            requested_by=UserFactory(),
            request_key=uuid.uuid4(),
            shown_cents=cents,
            covers=covers,
            now=NOW,
        )


def open_service(asked) -> None:
    """Approved by its council, opened by the worker."""
    with tenant_scope([asked.tenant_id]), transaction.atomic():
        operations.approve(
            subscription=asked,
            approved_by=UserFactory(),
            number="2026-31",
            date=TODAY,
            file=SimpleUploadedFile("acte.pdf", PDF),
            now=NOW,
        )
    with as_worker():
        asked.refresh_from_db()
        opening.activate(subscription=asked, service_url="", now=NOW)


def covered() -> list[str]:
    with as_worker():
        return sorted(one.tenant.name for one in Cover.objects.in_force(on=TODAY).select_related("tenant"))


def wanted(asked) -> dict[str, str]:
    with tenant_scope([asked.tenant_id]):
        return {one.commune_name: one.refused_because for one in wanted_covers.wanted_of(asked)}


def test_those_chosen_are_covered_when_the_service_opens(epci, listing, communes):
    clerk = MembershipFactory(organisation=communes[0], role=Role.SECRETARY).user
    asked = ask(epci, listing, communes[:2])
    assert (wanted(asked), covered()) == ({"Évran": "", "Plouër": ""}, [])
    open_service(asked)
    assert covered() == ["Plouër", "Évran"]
    assert wanted(asked) == {"Évran": "", "Plouër": ""}
    with as_worker():
        assert [one.to for one in Letter.objects.filter(key__startswith="cover:")] == [clerk.email]
        logged = AuditEvent.objects.filter(what="subscription.covered").values_list("tenant", flat=True)
        assert set(logged) == {epci.pk, *(one.pk for one in communes[:2])}
        assert wanted_covers.cover_wanted(subscription=asked, now=NOW) == 0, "once"


def test_none_is_a_choice_too(epci, listing, communes):
    open_service(ask(epci, listing))
    assert covered() == []


def test_who_cannot_be_chosen(epci, listing, communes):
    SubscriptionFactory(tenant=communes[0], listing=listing)
    CoverFactory(tenant=communes[1], listing=listing)
    stranger = OrganisationFactory(territory__epci=TerritoryFactory(epci=None))
    for taken, words in (
        ([communes[0]], "Évran a déjà son propre abonnement"),
        ([communes[1], communes[2]], "Plouër a déjà le service par"),
        ([stranger], "ne fait pas partie"),
    ):
        with pytest.raises(CoverRefused, match=words):
            ask(epci, listing, taken)
    commune = AdhesionFactory(operator=listing.operator).organisation
    with pytest.raises(CoverRefused):
        ask(commune, listing, [communes[2]], cents=25_800)
    with as_worker():
        assert not Subscription.objects.filter(tenant=epci).exists()


@pytest.mark.parametrize(
    ("happens", "because"),
    [
        (lambda one, held: SubscriptionFactory(tenant=one, listing=held.listing), "son propre abonnement"),
        (lambda one, held: CoverFactory(tenant=one, listing=held.listing), "a déjà le service par"),
        (
            lambda one, held: Territory.objects.filter(pk=one.territory_id).update(epci=None),
            "ne fait plus partie de Dinan Agglomération",
        ),
        (
            lambda one, held: Organisation.objects.filter(pk=one.pk).update(closed_on=TODAY),
            "ne fait plus partie",
        ),
    ],
    ids=["asks by itself", "covered by another", "leaves", "merges"],
)
def test_one_that_is_taken_meanwhile_is_left_out_and_told(epci, listing, communes, happens, because):
    clerk = MembershipFactory(organisation=epci, role=Role.SECRETARY).user
    asked = ask(epci, listing, communes)
    with as_worker():
        happens(communes[0], asked)
    open_service(asked)
    assert set(covered()) >= {"Plouër", "Quévert"}
    left = wanted(asked)
    assert because in left["Évran"]
    assert (left["Plouër"], left["Quévert"]) == ("", "")
    with as_worker():
        assert Subscription.objects.get(pk=asked.pk).state == State.ACTIVE
        [letter] = Letter.objects.filter(to=clerk.email, subject__contains="ne sont pas couvertes")
        assert f"– Évran : {left['Évran']}." in letter.body
        event = AuditEvent.objects.get(what="subscription.not_covered")
        assert event.details == {"Évran": left["Évran"]}


def test_a_request_that_is_refused_covers_nobody(epci, listing, communes):
    asked = ask(epci, listing, communes)
    with tenant_scope([epci.pk]):
        operations.refuse(subscription=asked, by=UserFactory(), reason="Non.", now=NOW)
    assert covered() == []
    assert ask(epci, listing, communes[:1])


def test_the_draft_of_the_act_names_them(epci, listing, communes):
    asked = ask(epci, listing, communes[:2])
    single = ask(epci, ListingFactory(operator=listing.operator), communes[:1])
    with tenant_scope([epci.pk]):
        articles = [
            str(block)
            for one in (asked, single)
            for block in act(Matter(one, TODAY), Decider.ASSEMBLY).blocks
        ]
    assert any("les 2 communes suivantes : Évran, Plouër" in block for block in articles)
    assert any("la commune suivante : Évran" in block for block in articles)


class TestPrice:
    def test_it_counts_the_communes_and_their_inhabitants(self, epci, by_covered, communes):
        assert price(epci, by_covered) == 0
        assert price(epci, by_covered, communes[:1]) == 5_000 + 8_800
        asked = ask(epci, by_covered, communes)
        assert asked.yearly_cents == 3 * (5_000 + 8_800)
        assert asked.counts == {"units.covered_commune": 3, "units.covered_inhabitant": 2_640}

    def test_what_a_browser_says_of_them_counts_for_nothing(self, epci, by_covered, communes):
        with pytest.raises(PriceChanged) as changed:
            ask(epci, by_covered, communes, cents=5_000)
        assert changed.value.current_cents == 3 * (5_000 + 8_800)

    def test_a_commune_counts_for_itself(self, by_covered):
        commune = OrganisationFactory(territory__population=1_000)
        assert price(commune, by_covered) == 5_000 + 10_200

    def test_other_grids_do_not_look_at_them(self, epci, listing, communes):
        assert price(epci, listing) == price(epci, listing, communes)
        assert ask(epci, listing, communes).counts == {}


def test_the_database_keeps_one_a_commune_and_a_reason_with_its_day():
    one = WantedCoverFactory()
    with pytest.raises(IntegrityError, match="wanted_cover_once"), transaction.atomic():
        WantedCoverFactory(subscription=one.subscription, commune=one.commune)
    with pytest.raises(IntegrityError, match="refused_when_settled"), transaction.atomic():
        WantedCoverFactory(refused_because="a déjà le service")


def test_an_intercommunality_reads_its_own(epci, listing, communes):
    ask(epci, listing, communes)
    with tenant_scope([communes[0].pk]):
        assert not WantedCover.objects.exists()
        assert not sharing.candidates_at(organisation=communes[0], listing=listing, on=TODAY)
