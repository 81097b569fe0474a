"""Asking for a service: one screen, one request, whatever is pressed twice."""

import re
import uuid
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from catalog.models import ListingState, PriceGrid
from subscriptions.choosing import Choices
from subscriptions.exceptions import CommitmentMissing, OptionsApart
from subscriptions.models import State, Subscription
from subscriptions.operations import request_subscription
from tenants.models import Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    CoverFactory,
    FrameworkLotFactory,
    ListingFactory,
    OrganisationFactory,
    PriceGridFactory,
    PurchasingVehicleFactory,
    SubscriptionFactory,
    succeeding_grid,
)
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries


@pytest.fixture
def url(at, listing):
    return at("member_subscribe", listing.pk)


def typed(page, **changes) -> dict:
    """What the browser would send from this page."""
    form = page.context["form"]
    return {name: form[name].value() for name in form.fields} | changes


def requests_of(commune) -> list[Subscription]:
    with tenant_scope([commune.pk]):
        return list(Subscription.objects.filter(tenant=commune))


def test_the_screen_says_what_how_much_and_who_approves(client, url, secretary, signatory, listing):
    client.force_login(secretary)
    text = client.get(url).content.decode()
    assert listing.sheet.name in text
    assert "258,00" in text
    assert "860 habitants" in text
    assert "Engagement d’un an." in text
    assert str(signatory) in text
    assert "conseil municipal délibère" in text
    assert "une autre personne que vous" in text


def test_a_request_is_made_with_the_price_seen(client, url, commune, secretary):
    client.force_login(secretary)
    answer = client.post(url, typed(client.get(url), commitment_number="ENG-7"))
    (made,) = requests_of(commune)
    assert answer.status_code == 302
    assert answer.url.endswith(f"/{made.public_id}/")
    assert (made.yearly_cents, made.commitment_number, made.requested_by) == (25800, "ENG-7", secretary)
    assert "Votre demande est enregistrée" in client.get(answer.url).content.decode()


def test_a_commitment_number_is_asked_where_chorus_pro_wants_one(client, url, commune, secretary):
    with as_worker():
        commune.establishments.update(commitment_required=True)
    client.force_login(secretary)
    page = client.get(url)
    assert "rendu obligatoire pour Chorus Pro" in page.content.decode()
    answer = client.post(url, typed(page, commitment_number="  "))
    assert list(answer.context["form"].errors) == ["commitment_number"]
    assert requests_of(commune) == []
    client.post(url, typed(answer, commitment_number="ENG-8"))
    (made,) = requests_of(commune)
    assert made.commitment_number == "ENG-8"


def test_the_operation_itself_wants_the_commitment_number(commune, listing, secretary):
    with as_worker():
        commune.establishments.update(commitment_required=True)
    with tenant_scope([commune.pk]), pytest.raises(CommitmentMissing):
        request_subscription(
            organisation=commune,
            listing=listing,
            requested_by=secretary,
            request_key=uuid.uuid4(),
            shown_cents=25800,
            now=timezone.now(),
        )
    assert requests_of(commune) == []


def test_a_service_code_is_asked_where_chorus_pro_wants_one(client, url, commune, secretary):
    with as_worker():
        place = commune.establishments.get(is_seat=True)
        place.service_code_required = True
        place.save()
    client.force_login(secretary)
    answer = client.post(url, typed(client.get(url)))
    assert list(answer.context["form"].errors) == ["service_code"]
    with as_worker():
        place.services.create(code="COMPTA", is_default=True)
    page = client.get(url)
    assert page.context["form"]["service_code"].value() == "COMPTA"
    client.post(url, typed(page, service_code="ECOLES"))
    (made,) = requests_of(commune)
    assert made.service_code == "ECOLES"


@pytest.mark.parametrize(("days", "accepted"), [(-1, False), (0, True), (365, True), (366, False)])
def test_a_service_is_wanted_within_a_year(client, url, commune, secretary, days, accepted):
    client.force_login(secretary)
    day = timezone.localdate() + timedelta(days=days)
    answer = client.post(url, typed(client.get(url), wanted_from=day.isoformat()))
    assert [made.wanted_from for made in requests_of(commune)] == [day] * accepted
    if not accepted:
        assert list(answer.context["form"].errors) == ["wanted_from"]
        assert answer.context["form"]["wanted_from"].value() == day.isoformat()


def test_a_double_click_is_one_request(client, url, commune, secretary):
    client.force_login(secretary)
    form = typed(client.get(url))
    first, second = client.post(url, form), client.post(url, form)
    assert first.url == second.url
    assert len(requests_of(commune)) == 1


def test_two_tabs_lead_to_the_same_request(client, url, commune, secretary):
    client.force_login(secretary)
    one, other = typed(client.get(url)), typed(client.get(url))
    assert one["request_key"] != other["request_key"]
    first, second = client.post(url, one), client.post(url, other)
    assert first.url == second.url
    assert len(requests_of(commune)) == 1
    assert "déjà demandé" in client.get(second.url).content.decode()


def test_the_screen_of_a_service_already_asked_for_leads_to_it(client, url, commune, listing, secretary):
    existing = SubscriptionFactory(tenant=commune, listing=listing)
    client.force_login(secretary)
    assert client.get(url).url.endswith(f"/{existing.public_id}/")


def test_a_changed_price_is_shown_beside_the_old_one_first(client, url, commune, listing, secretary):
    client.force_login(secretary)
    form = typed(client.get(url), commitment_number="ENG-7")
    dearer = {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "0.40"}
    succeeding_grid(listing, effective_from=timezone.localdate(), definition=dearer)
    page = client.post(url, form)
    text = page.content.decode()
    assert page.status_code == 200
    assert requests_of(commune) == []
    assert "Le prix a changé" in text
    assert page.context["change"]["before"].startswith("258,00")
    assert page.context["change"]["now"].startswith("344,00")
    again = typed(page)
    assert again["commitment_number"] == "ENG-7"
    assert again["request_key"] == form["request_key"]
    client.post(url, again)
    (made,) = requests_of(commune)
    assert made.yearly_cents == 34400


@pytest.mark.parametrize(
    "broken", [{"request_key": ""}, {"request_key": "x"}, {"shown_cents": ""}, {"shown_cents": "-1"}]
)
def test_a_page_without_its_hidden_fields_is_drawn_again(client, url, commune, secretary, broken):
    client.force_login(secretary)
    page = client.post(url, typed(client.get(url)) | broken)
    assert requests_of(commune) == []
    assert "La page était incomplète" in page.content.decode()
    assert uuid.UUID(typed(page)["request_key"])
    assert typed(page)["shown_cents"] == "25800"


def test_a_commitment_number_too_long_is_said_at_its_field(client, url, commune, secretary):
    client.force_login(secretary)
    page = client.post(url, typed(client.get(url), commitment_number="9" * 51))
    assert requests_of(commune) == []
    assert page.context["form"].errors["commitment_number"]
    assert "9" * 51 in page.content.decode()
    assert "<title>Erreur" in page.content.decode()


def test_not_a_member_is_told_to_adhere(client, at, secretary):
    listing = ListingFactory()
    client.force_login(secretary)
    page = client.get(at("member_subscribe", listing.pk))
    assert "Adhésion nécessaire" in page.content.decode()
    assert listing.operator.contact_email in page.content.decode()


def test_a_suspended_listing_is_not_to_be_had(client, at, commune, secretary, url, listing):
    client.force_login(secretary)
    form = typed(client.get(url))
    with as_worker():
        type(listing).objects.filter(pk=listing.pk).update(state=ListingState.SUSPENDED)
    assert "n’est plus proposé" in client.get(url).content.decode()
    assert "n’est plus proposé" in client.post(url, form).content.decode()
    assert requests_of(commune) == []


def test_a_commune_without_known_population_is_told_why(client, person):
    commune = OrganisationFactory(territory__population={"municipale": None})
    listing = ListingFactory()
    AdhesionFactory(operator=listing.operator, organisation=commune)
    client.force_login(person(Role.SECRETARY, organisation=commune))
    page = client.get(f"/collectivites/{commune.siren}/abonnements/nouveau/{listing.pk}/")
    assert "Ce service ne peut pas être demandé" in page.content.decode()
    assert "population" in page.context["reason"]


def test_a_draft_listing_does_not_exist(client, at, commune, secretary):
    listing = ListingFactory(state=ListingState.DRAFT)
    client.force_login(secretary)
    assert client.get(at("member_subscribe", listing.pk)).status_code == 404
    assert client.get(at("member_subscribe", 999_999)).status_code == 404


def test_nobody_to_approve_is_said_before_asking(client, url, person):
    client.force_login(person(Role.SECRETARY, Role.SIGNATORY))
    assert "Personne ne peut encore approuver" in client.get(url).content.decode()


@pytest.mark.parametrize("role", [Role.AGENT, Role.SIGNATORY, Role.FINANCE, Role.ORG_ADMIN])
def test_other_roles_do_not_ask(client, url, commune, person, role):
    client.force_login(person(role))
    assert client.get(url).status_code == 404
    assert client.post(url, {}).status_code == 404
    assert requests_of(commune) == []


def test_a_stranger_does_not_ask_for_the_commune(client, url, commune, stranger):
    client.force_login(stranger)
    assert client.post(url, {}).status_code == 404
    assert requests_of(commune) == []


def test_queries(client, url, secretary, signatory, snapshot):
    client.force_login(secretary)
    with snapshot_queries(snapshot):
        client.get(url)


class TestWithoutRoom:
    """A framework agreement that has no room for the commune's order."""

    @pytest.fixture
    def listing(self, commune):
        listing = ListingFactory(vehicle__legal_basis="framework", vehicle__name="Accord-cadre 2026")
        AdhesionFactory(operator=listing.operator, organisation=commune)
        FrameworkLotFactory(vehicle=listing.vehicles.get(), listing=listing)
        return listing

    def test_she_is_told_why_before_asking(self, client, url, commune, secretary):
        client.force_login(secretary)
        page = client.get(url)
        assert "n’est pas nommée dans l’avis" in page.content.decode()
        assert "Demander par" not in page.content.decode()

    def test_another_way_is_offered_and_works(self, client, url, commune, listing, secretary):
        grouping = PurchasingVehicleFactory(
            operator=listing.operator, listing=listing, name="Groupement <b>2026</b>"
        )
        client.force_login(secretary)
        page = BeautifulSoup(client.get(url).content, "html.parser")
        link = page.find("a", string=re.compile("Demander par"))
        assert "Groupement <b>2026</b>" in link.text
        screen = client.get(url + link["href"])
        form = BeautifulSoup(screen.content, "html.parser").select_one("main form[method=post]")
        sent = {field["name"]: field.get("value", "") for field in form.select("input[name]")}
        answer = client.post(form["action"], sent)
        assert answer.status_code == 302
        with tenant_scope([commune.pk]):
            assert Subscription.objects.get().vehicle == grouping

    @pytest.mark.parametrize("typed", ["0", "x", "99999999999", "-1"])
    def test_a_way_that_does_not_exist(self, client, url, secretary, typed):
        client.force_login(secretary)
        page = client.get(f"{url}?cadre={typed}")
        assert page.status_code == 200
        assert "ne peut pas être demandé" in page.content.decode()


class TestCounting:
    """A service priced by agent: the form asks how many, and for nothing else."""

    @pytest.fixture
    def listing(self, commune):
        per_agent = {"pattern": "per_unit", "unit": "agent", "unit_price": "30"}
        listing = ListingFactory(grid__definition=per_agent)
        AdhesionFactory(operator=listing.operator, organisation=commune)
        return listing

    def test_the_price_is_computed_then_asked_for(self, client, url, commune, secretary):
        client.force_login(secretary)
        page = client.get(url)
        assert "Demander l’abonnement" not in page.content.decode()
        page = client.post(url, typed(page, agents=" 12 agents", recalculer="1"))
        assert "360,00" in page.content.decode()
        assert requests_of(commune) == []
        client.post(url, typed(page))
        (made,) = requests_of(commune)
        assert (made.counts, made.yearly_cents) == ({"agents": 12}, 36_000)

    def test_another_number_than_the_price_shown_is_told_first(self, client, url, commune, secretary):
        client.force_login(secretary)
        page = client.get(f"{url}?agents=12")
        page = client.post(url, typed(page, agents="13"))
        assert requests_of(commune) == []
        assert "Vos choix ont changé" in page.content.decode()
        client.post(url, typed(page))
        (made,) = requests_of(commune)
        assert made.yearly_cents == 39_000

    @pytest.mark.parametrize("wrong", ["", "douze", "-3", "0", "1,5", "99999999999999999999", "\0"])
    def test_a_wrong_number_is_said_in_its_place_and_kept(self, client, url, commune, secretary, wrong):
        client.force_login(secretary)
        page = client.get(f"{url}?agents=12")
        for button in ({}, {"recalculer": "1"}):
            answer = client.post(url, typed(page, agents=wrong) | button)
            assert list(answer.context["form"].errors) == ["agents"]
            assert answer.context["form"]["agents"].value() == wrong
        assert requests_of(commune) == []


class TestOptions:
    @pytest.fixture
    def listing(self, commune):
        listing = ListingFactory(
            sheet__options=[
                {"code": "paiement", "name": "Paiement <en> ligne", "summary": "Par PayFiP."},
                {"code": "sms", "name": "SMS", "needs": "paiement"},
            ]
        )
        AdhesionFactory(operator=listing.operator, organisation=commune)
        with as_worker():
            PriceGridFactory(listing=listing, option="paiement", flat=True)
        return listing

    def test_an_option_is_chosen_with_its_price(self, client, url, commune, secretary):
        client.force_login(secretary)
        page = client.get(url)
        assert "Paiement &lt;en&gt; ligne\u00a0: 120,00" in page.content.decode()
        page = client.post(url, typed(page, options=["paiement"], recalculer="1"))
        assert page.context["form"]["options"].value() == ["paiement"]
        client.post(url, typed(page))
        (made,) = requests_of(commune)
        assert [one["code"] for one in made.options] == ["paiement"]
        assert made.yearly_cents == 37_800
        told = client.get(f"/collectivites/{commune.siren}/abonnements/{made.public_id}/").content.decode()
        assert "Option Paiement &lt;en&gt; ligne" in told

    def test_one_that_needs_another_is_not_chosen_alone(self, client, url, commune, secretary, listing):
        with as_worker():
            PriceGridFactory(listing=listing, option="sms", flat=True)
        client.force_login(secretary)
        page = client.post(url, typed(client.get(url), options=["sms"]))
        assert "« SMS » ne va pas sans" in page.content.decode()
        assert page.context["form"]["options"].value() == ["sms"]
        assert requests_of(commune) == []
        with tenant_scope([commune.pk]), pytest.raises(OptionsApart, match="choisissez les deux"):
            request_subscription(
                organisation=commune,
                listing=listing,
                requested_by=secretary,
                request_key=uuid.uuid4(),
                shown_cents=37_800,
                choices=Choices(options=frozenset({"sms"})),
                now=timezone.now(),
            )
        page = client.post(url, typed(page, options=["sms", "paiement"], recalculer="1"))
        client.post(url, typed(page))
        (made,) = requests_of(commune)
        assert made.yearly_cents == 25_800 + 2 * 12_000

    def test_one_withdrawn_meanwhile_is_told(self, client, url, commune, secretary):
        client.force_login(secretary)
        page = client.post(url, typed(client.get(url), options=["paiement"], recalculer="1"))
        with as_worker():
            PriceGrid.objects.filter(option="paiement").update(effective_until=timezone.localdate())
        page = client.post(url, typed(page))
        assert requests_of(commune) == []
        assert "Une option n’est plus proposée" in page.content.decode()
        client.post(url, typed(page))
        (made,) = requests_of(commune)
        assert (made.options, made.yearly_cents) == ([], 25_800)


class TestPrerequisites:
    @pytest.fixture
    def deeper(self):
        return []

    @pytest.fixture
    def needed(self, deeper):
        return ListingFactory(sheet__slug="parapheur", sheet__name="Parapheur", sheet__prerequisites=deeper)

    @pytest.fixture
    def required(self):
        return True

    @pytest.fixture
    def listing(self, commune, needed, required):
        needs = [{"sheet": "parapheur", "text": "", "required": required}]
        listing = ListingFactory(operator=needed.operator, sheet__prerequisites=needs)
        AdhesionFactory(operator=listing.operator, organisation=commune)
        return listing

    def test_both_are_asked_for_at_once(self, client, url, commune, secretary, listing, needed):
        client.force_login(secretary)
        page = client.get(url)
        assert "Demander aussi Parapheur : 258,00" in page.content.decode()
        sent = typed(page)
        assert sent["avec"] == [str(needed.pk)]
        first, second = client.post(url, sent), client.post(url, sent)
        assert first.url == second.url
        assert {made.listing for made in requests_of(commune)} == {listing, needed}

    def test_what_is_indispensable_is_not_left_out(self, client, url, commune, secretary):
        client.force_login(secretary)
        answer = client.post(url, typed(client.get(url), avec=[], commitment_number="ENG-9"))
        assert list(answer.context["form"].errors) == ["avec"]
        assert answer.context["form"]["commitment_number"].value() == "ENG-9"
        assert requests_of(commune) == []

    @pytest.mark.parametrize("required", [False])
    def test_what_is_advised_may_be(self, client, url, commune, secretary, listing):
        client.force_login(secretary)
        page = client.get(url)
        assert not typed(page)["avec"]
        client.post(url, typed(page, avec=[]))
        assert [made.listing for made in requests_of(commune)] == [listing]

    def test_one_that_has_ended_since_the_page_was_read_is_told(
        self, client, url, commune, secretary, listing, needed
    ):
        existing = SubscriptionFactory(tenant=commune, listing=needed, state=State.ACTIVE)
        client.force_login(secretary)
        page = client.get(url)
        assert "votre collectivité l’a" in page.content.decode()
        with as_worker():
            Subscription.objects.filter(pk=existing.pk).update(
                state=State.ENDED, ended_on=timezone.localdate()
            )
        page = client.post(url, typed(page))
        assert "Ce que demande ce service a changé" in page.content.decode()
        assert [made.pk for made in requests_of(commune)] == [existing.pk]
        client.post(url, typed(page, avec=[str(needed.pk)]))
        assert {made.listing for made in requests_of(commune)} == {listing, needed}
        assert len(requests_of(commune)) == 3

    def test_one_that_a_colleague_asked_for_goes_with_it(
        self, client, url, commune, secretary, listing, needed
    ):
        existing = SubscriptionFactory(tenant=commune, listing=needed, state=State.REQUESTED)
        client.force_login(secretary)
        page = client.get(url)
        text = page.content.decode()
        assert "Avec Parapheur, déjà demandé : 258,00" in text
        assert "indispensable : en attente d’approbation" in text
        client.post(url, typed(page, avec=[]))
        assert [made.pk for made in requests_of(commune)] == [existing.pk]
        client.post(url, typed(page))
        assert {made.listing for made in requests_of(commune)} == {listing, needed}
        assert len(requests_of(commune)) == 2

    def test_one_that_its_intercommunality_covers_is_there(
        self, client, url, commune, secretary, listing, needed
    ):
        cover = CoverFactory(
            tenant=commune,
            subscription=SubscriptionFactory(listing=needed, state=State.ACTIVE),
            since=timezone.localdate(),
        )
        client.force_login(secretary)
        page = client.get(url)
        assert f"votre collectivité l’a par {cover.covering.name}" in page.content.decode()
        client.post(url, typed(page))
        assert [made.listing for made in requests_of(commune)] == [listing]

    def test_one_that_was_withdrawn_since_is_told(self, client, url, commune, secretary, needed):
        client.force_login(secretary)
        page = client.get(url)
        with as_worker():
            type(needed).objects.filter(pk=needed.pk).update(state=ListingState.WITHDRAWN)
        page = client.post(url, typed(page))
        text = page.content.decode()
        assert "Ce que demande ce service a changé" in text
        assert "Ce service ne peut pas être demandé sans : parapheur" in text
        assert "Demander l’abonnement" not in text
        assert requests_of(commune) == []

    @pytest.mark.parametrize("deeper", [[{"sheet": "certificat", "text": "Certificat", "required": True}]])
    def test_one_that_is_refused_is_told_and_nothing_is_asked_for(self, client, url, commune, secretary):
        client.force_login(secretary)
        answer = client.post(url, typed(client.get(url), commitment_number="ENG-9"))
        assert "Parapheur : Il faut d’abord, ou en même temps : Certificat." in answer.content.decode()
        assert answer.context["form"]["commitment_number"].value() == "ENG-9"
        assert requests_of(commune) == []

    def test_a_page_that_could_not_confirm_is_sent_all_the_same(
        self, client, url, commune, secretary, needed
    ):
        with as_worker():
            type(needed).objects.filter(pk=needed.pk).update(state=ListingState.WITHDRAWN)
        client.force_login(secretary)
        answer = client.post(url, typed(client.get(url), commitment_number="ENG-9"))
        assert "Il faut d’abord, ou en même temps : parapheur." in answer.content.decode()
        assert answer.context["form"]["commitment_number"].value() == "ENG-9"
        assert requests_of(commune) == []
