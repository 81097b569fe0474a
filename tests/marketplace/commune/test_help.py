"""The commune asks its operator to act for it, sees what was done, ends it; the operator's agent acts."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.urls import get_resolver, reverse
from django.utils import timezone

from subscriptions.models import State, Subscription
from tenants.models import Assistance, AuditEvent, Letter, Role
from tests.factories import (
    AdhesionFactory,
    AssistanceFactory,
    ListingFactory,
    MembershipFactory,
    OrganisationFactory,
    SubscriptionFactory,
)
from tests.permissions.addresses import addresses
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

ASKS = [Role.SECRETARY, Role.SIGNATORY, Role.ORG_ADMIN]


@pytest.fixture
def operator(listing):
    return listing.operator


@pytest.fixture
def agent(operator):
    return MembershipFactory(organisation=operator.organisation, role=Role.CURATOR).user


@pytest.fixture
def lasting(commune, operator, agent):
    return AssistanceFactory(
        tenant=commune,
        operator=operator,
        opened_by=agent,
        opened_at=timezone.now() - timedelta(days=2),
    )


@pytest.fixture
def knock(client, commune, listing):
    """`knock("member_", by=person)`: which pages of the commune, of all whose name begins so, open to her."""
    made = SubscriptionFactory(tenant=commune, listing__operator=listing.operator)
    things = {
        "siren": commune.siren,
        "listing": listing.pk,
        "public_id": made.public_id,
        "message": made.public_id,
        "key": made.public_id,
        "share": made.public_id,
        "move": made.public_id,
    }

    def opened(prefix, *, by):
        client.force_login(by)
        found = {}
        for address in addresses():
            if address.name.startswith(prefix):
                names = get_resolver().reverse_dict.getlist(address.name)[0][0][0][1]
                url = reverse(address.name, kwargs={name: things.get(name, 1) for name in names})
                found[address.name] = {client.get(url).status_code, client.post(url).status_code}
        assert len(found) > 5
        return {name for name, statuses in found.items() if statuses != {404}}

    return opened


def asked(operator, days="10"):
    return {"operator": operator.slug, "days": days}


def page_of(response):
    return BeautifulSoup(response.content, "html.parser")


def banner(response):
    return [note.get_text(" ", strip=True) for note in page_of(response).select(".halle-acting")]


class TestTheCommunesSide:
    @pytest.mark.parametrize("role", ASKS)
    def test_asks_from_its_first_page(self, client, at, operator, person, role):
        client.force_login(person(role))
        form = page_of(client.get(at("member_home"))).find("form", action=at("member_help"))
        assert form.find("input", {"name": "days"})["value"] == "30"
        answer = client.post(at("member_help"), asked(operator), follow=True)
        assert "peut agir pour vous jusqu’au" in answer.content.decode()
        with as_worker():
            found = Assistance.objects.get()
            assert found.operator == operator
            assert AuditEvent.objects.get().what == "assistance.opened"

    @pytest.mark.parametrize("role", [Role.AGENT, Role.FINANCE])
    def test_the_others_read_but_do_not_ask(self, client, at, operator, lasting, person, role):
        client.force_login(person(role))
        home = client.get(at("member_home"))
        assert "Peut agir pour vous jusqu’au" in home.content.decode()
        assert page_of(home).main.find("form") is None
        assert len(banner(home)) == 1
        assert client.get(at("member_help")).status_code == 404
        assert client.post(at("member_help"), asked(operator)).status_code == 404
        assert client.post(at("member_help_end", lasting.pk)).status_code == 404

    @pytest.mark.parametrize("days", ["", "0", "91", "-3", "dix", "1e9", "9" * 400])
    def test_a_wrong_duration_is_said_in_place(self, client, at, operator, secretary, days):
        client.force_login(secretary)
        page = page_of(client.post(at("member_help"), asked(operator, days)))
        assert page.title.string.strip().startswith("Erreur : ")
        field = page.find("input", {"name": "days"})
        assert (field["value"] if days else field.get("value", "")) == days
        assert "entre 1 et 90" in page.select_one(".halle-error-summary").text
        with as_worker():
            assert not Assistance.objects.exists()

    def test_only_the_wrong_form_is_marked(self, client, at, commune, operator, secretary):
        AdhesionFactory(organisation=commune, operator__short_name="Autre")
        client.force_login(secretary)
        page = page_of(client.post(at("member_help"), asked(operator, "0")))
        assert len(page.select(".halle-field--error")) == 1
        ids = [tag["id"] for tag in page.select("[id]")]
        assert len(ids) == len(set(ids))

    @pytest.mark.parametrize("slug", ["", "inconnu", "a\0b"])
    def test_an_operator_that_is_not_ours_is_refused_in_french(self, client, at, secretary, slug):
        client.force_login(secretary)
        answer = client.post(at("member_help"), {"operator": slug, "days": "3"}, follow=True)
        assert "n’adhère pas à cet opérateur" in answer.content.decode()

    def test_sees_what_was_done_and_ends_it(self, client, at, commune, operator, secretary, agent, lasting):
        client.force_login(agent)
        listing = ListingFactory(operator=operator)
        client.post(at("member_subscribe", listing.pk), _request(client, at, listing))
        client.force_login(secretary)
        page = client.get(at("member_help"))
        assert "1 action en votre nom" in page.content.decode()
        log = page_of(page).find("a", string=lambda text: text and "Voir ce qui" in text) or page_of(
            page
        ).select_one('a[href*="aide=on"]')
        shown = client.get(log["href"])
        assert "a demandé" in shown.content.decode()
        assert str(agent) in shown.content.decode()
        ended = client.post(at("member_help_end", lasting.pk), follow=True)
        assert "ne peut plus agir pour vous" in ended.content.decode()
        assert banner(ended) == []
        client.force_login(agent)
        assert client.get(at("member_home")).status_code == 404

    def test_ending_what_has_ended_says_so(self, client, at, secretary, lasting):
        client.force_login(secretary)
        client.post(at("member_help_end", lasting.pk))
        answer = client.post(at("member_help_end", lasting.pk), follow=True)
        assert "avait déjà pris fin" in answer.content.decode()

    def test_ends_only_its_own(self, client, at, secretary, operator):
        foreign = AssistanceFactory(operator=operator, opened_at=timezone.now())
        client.force_login(secretary)
        assert client.post(at("member_help_end", foreign.pk)).status_code == 404

    @pytest.mark.parametrize("name", ["member_home", "member_subscriptions", "member_invoices"])
    @pytest.mark.usefixtures("lasting")
    def test_every_page_says_that_the_operator_may_act(self, client, at, operator, secretary, name):
        client.force_login(secretary)
        (said,) = banner(client.get(at(name)))
        assert said.startswith(f"{operator.short_name} peut agir pour vous, à votre demande, jusqu’au ")

    @pytest.mark.usefixtures("lasting")
    def test_a_page_that_does_not_exist_says_so(self, client, at, secretary):
        client.force_login(secretary)
        missing = client.get(at("member_invoice", "00000000-0000-0000-0000-000000000000"))
        assert missing.status_code == 404

    def test_without_operator(self, client, secretary):
        alone = OrganisationFactory()
        MembershipFactory(user=secretary, organisation=alone, role=Role.SECRETARY)
        client.force_login(secretary)
        page = client.get(reverse("member_help", args=[alone.siren]))
        assert "n’adhère à aucun opérateur" in page.content.decode()

    @pytest.mark.usefixtures("lasting")
    def test_queries(self, client, at, commune, secretary, snapshot):
        AdhesionFactory.create_batch(3, organisation=commune)
        client.force_login(secretary)
        client.get(at("member_help"))
        with snapshot_queries(snapshot):
            client.get(at("member_help"))


def _request(client, at, listing):
    """What the subscription form sends, as its page draws it."""
    form = page_of(client.get(at("member_subscribe", listing.pk))).main.find("form", method="post")
    return {field["name"]: field.get("value", "") for field in form.select("input[name]")}


class TestTheAgentsSide:
    def test_reads_as_a_secretary(self, client, at, commune, operator, agent, lasting):
        client.force_login(agent)
        page = client.get(at("member_home"))
        (said,) = banner(page)
        assert said.startswith(f"Vous agissez pour {commune.name}, à sa demande, jusqu’au ")
        leave = page_of(page).select_one(".halle-acting a")
        assert leave["href"] == reverse("operator_assistances", args=[operator.slug])
        assert "Mon opérateur peut agir pour moi" in page.content.decode()
        assert page_of(page).main.find("form") is None
        links = page_of(page).select("nav[aria-label='Menu principal'] .halle-nav__link")
        menu = [link.text for link in links]
        assert menu == ["Mes services", "Abonnements", "Factures", "Mes choix", "Besoins"]
        (current,) = page_of(page).select(".halle-menu__item[aria-current]")
        assert current["href"] == at("member_home")
        assert commune.name in current.text

    @pytest.mark.usefixtures("lasting")
    def test_what_she_asks_for_is_hers_and_the_signatory_approves(
        self, client, at, act, operator, signatory, agent, commune
    ):
        listing = ListingFactory(operator=operator)
        client.force_login(agent)
        client.post(at("member_subscribe", listing.pk), _request(client, at, listing))
        with as_worker():
            subscription = Subscription.objects.get(listing=listing)
            event = AuditEvent.objects.get()
            letter = Letter.objects.get(to=signatory.email)
        assert (subscription.requested_by, subscription.state) == (agent, State.REQUESTED)
        assert (event.actor, event.via, event.tenant) == (agent, operator, commune)
        assert "a agi aujourd’hui" in letter.subject
        address = at("member_approve", subscription.public_id)
        sent = {"number": "2026-1", "date": timezone.localdate().isoformat(), "file": act()}
        assert client.post(address, sent).status_code == 404
        client.force_login(signatory)
        client.post(address, sent | {"file": act()})
        with as_worker():
            subscription.refresh_from_db()
        assert subscription.state != State.REQUESTED

    @pytest.mark.usefixtures("lasting")
    def test_made_a_signatory_meanwhile_she_still_does_not_approve_her_own(
        self, client, at, act, operator, agent, commune
    ):
        asked_by_her = SubscriptionFactory(tenant=commune, listing__operator=operator, requested_by=agent)
        MembershipFactory(user=agent, organisation=commune, role=Role.SIGNATORY)
        client.force_login(agent)
        sent = {"number": "2026-1", "date": timezone.localdate().isoformat(), "file": act()}
        client.post(at("member_approve", asked_by_her.public_id), sent)
        with as_worker():
            asked_by_her.refresh_from_db()
        assert asked_by_her.state == State.REQUESTED

    @pytest.mark.usefixtures("lasting")
    def test_a_services_page_leads_her_to_the_request(self, client, at, agent, commune, operator):
        listing = ListingFactory(operator=operator)
        client.force_login(agent)
        url = reverse("service", args=[operator.slug, listing.sheet.slug])
        page = client.get(f"{url}?insee={commune.territory.code}")
        assert page_of(page).find("a", href=at("member_subscribe", listing.pk))

    def test_does_not_prolong_nor_end_from_inside(self, client, at, operator, agent, lasting):
        client.force_login(agent)
        assert client.get(at("member_help")).status_code == 404
        assert client.post(at("member_help"), asked(operator)).status_code == 404
        assert client.post(at("member_help_end", lasting.pk)).status_code == 404

    @pytest.mark.usefixtures("lasting")
    def test_neither_people_nor_settings_nor_journal(self, agent, knock):
        assert knock("organisation_", by=agent) == set()

    @pytest.mark.usefixtures("lasting")
    def test_with_a_mandate_of_her_own_she_acts_for_herself(self, client, at, commune, agent):
        MembershipFactory(user=agent, organisation=commune, role=Role.AGENT)
        client.force_login(agent)
        (said,) = banner(client.get(at("member_home")))
        assert "peut agir pour vous" in said

    @pytest.mark.usefixtures("lasting")
    def test_queries(self, client, at, agent, snapshot):
        client.force_login(agent)
        client.get(at("member_home"))
        with snapshot_queries(snapshot):
            client.get(at("member_home"))


class TestTheClosedDoor:
    """Every page of a member: nothing without an open request, and one commune only with it."""

    def ways_to_have_none(self, commune, operator, agent, kind):
        now = timezone.now()
        match kind:
            case "expired":
                AssistanceFactory(tenant=commune, operator=operator, opened_at=now - timedelta(days=31))
            case "ended":
                AssistanceFactory(
                    tenant=commune, operator=operator, opened_at=now - timedelta(days=1), closed_at=now
                )
            case "another operator":
                other = AdhesionFactory(organisation=commune).operator
                AssistanceFactory(tenant=commune, operator=other, opened_at=now)
            case "another commune":
                elsewhere = AdhesionFactory(operator=operator).organisation
                AssistanceFactory(tenant=elsewhere, operator=operator, opened_at=now)
            case "left":
                AssistanceFactory(tenant=commune, operator=operator, opened_at=now)
                with as_worker():
                    commune.adhesions.update(until=timezone.localdate())
            case "suspended":
                AssistanceFactory(tenant=commune, operator=operator, opened_at=now)
                agent.memberships.update(suspended_at=now)

    @pytest.mark.parametrize(
        "kind", ["never", "expired", "ended", "another operator", "another commune", "left", "suspended"]
    )
    def test_without_an_open_request_nothing_opens(self, commune, operator, agent, knock, kind):
        self.ways_to_have_none(commune, operator, agent, kind)
        assert knock("member_", by=agent) == set()

    @pytest.mark.parametrize("role", [Role.OPERATOR_FINANCE, Role.AUDITOR])
    @pytest.mark.usefixtures("lasting")
    def test_finance_and_auditors_do_not_act(self, operator, knock, role):
        person = MembershipFactory(organisation=operator.organisation, role=role).user
        assert knock("member_", by=person) == set()

    @pytest.mark.parametrize("role", [Role.CURATOR, Role.OPERATOR_ADMIN])
    @pytest.mark.usefixtures("lasting")
    def test_with_one_she_opens_what_a_secretary_opens(self, operator, knock, role):
        opened = knock("member_", by=MembershipFactory(organisation=operator.organisation, role=role).user)
        assert {"member_home", "member_subscriptions", "member_subscribe", "member_invoices"} <= opened
        refused = {"member_approve", "member_refuse", "member_help", "member_help_end"}
        assert not refused & opened

    @pytest.mark.usefixtures("lasting")
    def test_she_reads_that_commune_only(self, client, commune, operator, agent, at):
        other = AdhesionFactory(operator=operator).organisation
        SubscriptionFactory(tenant=other, listing__operator=operator)
        client.force_login(agent)
        assert client.get(reverse("member_home", args=[other.siren])).status_code == 404
        assert other.name not in client.get(at("member_subscriptions")).content.decode()
