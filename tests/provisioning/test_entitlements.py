"""What a service is told of an organisation and its agents: as st-deploycenter tells it."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django.utils.timezone import localdate

from subscriptions.models import ExitState, State
from tenants.models import Role
from tenants.tenancy import SETTING, tenant_scope
from tests.factories import (
    AdhesionFactory,
    CoverFactory,
    ExitFactory,
    ListingFactory,
    MembershipFactory,
    OrganisationFactory,
    ServiceKeyFactory,
    SubscriptionFactory,
    TrialFactory,
)
from tests.factories.tenants import ISSUER
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

URL = "/api/v1.0/entitlements/"
SECRET = "halle_a-secret-of-the-tests"


@pytest.fixture(autouse=True)
def _provider(settings):
    """The factories' people signed in at Halle's own identity provider."""
    settings.OIDC_ISSUER = ISSUER


@pytest.fixture
def key():
    return ServiceKeyFactory(sheet=ListingFactory().sheet)


@pytest.fixture
def sheet(key):
    return key.sheet


@pytest.fixture
def listing(sheet):
    with as_worker():
        return sheet.product.stockrecords.get().listings.get()


@pytest.fixture
def commune():
    return OrganisationFactory()


@pytest.fixture
def ask(client, sheet):
    """`ask(commune)`: what the service is answered; keywords change what it asks."""

    def asked(organisation=None, *, secret=SECRET, method="get", url=URL, **changes):
        parameters = {
            "service_id": sheet.slug,
            "account_type": "user",
            "account_email": "camille@saint-essai.example",
            "siret": organisation.siret if organisation else "",
            **changes,
        }
        given = {name: value for name, value in parameters.items() if value is not None}
        headers = {"X-Service-Auth": f"Bearer {secret}"} if secret else {}
        return getattr(client, method)(url, query_params=given, headers=headers)

    return asked


def may(answer):
    assert answer.status_code == 200, answer.content
    return answer.json()["entitlements"]


class TestTheOrganisation:
    def test_that_subscribes_has_access(self, ask, commune, listing):
        made = SubscriptionFactory(tenant=commune, listing=listing, state=State.ACTIVE)
        answer = ask(commune).json()
        operator = listing.operator
        assert answer == {
            "organization": {
                "id": commune.siren,
                "type": "commune",
                "name": commune.name,
                "oidc_valid": None,
            },
            "operator": {
                "id": operator.slug,
                "name": operator.organisation.name,
                "siret": operator.organisation.siret,
                "url": f"http://127.0.0.1:8000/halles/{operator.slug}/",
                "config": {"support_email": operator.contact_email},
            },
            "entitlements": {
                "can_access": True,
                "can_upload": True,
                "is_admin": False,
                "is_member": False,
            },
            "subscription": {"id": str(made.public_id), "state": "active", "until": None},
        }

    def test_that_is_unknown_has_none(self, ask):
        for siret in ("00000000000000", "pas un siret", "²" * 14):
            assert ask(siret=siret).json() == {
                "organization": None,
                "operator": None,
                "entitlements": {
                    "can_access": False,
                    "can_access_reason": "no_organization",
                    "can_upload": False,
                    "can_upload_reason": "no_organization",
                },
            }

    def test_that_does_not_subscribe_is_told_where_it_could(self, ask, commune, listing):
        AdhesionFactory(operator=listing.operator, organisation=commune)
        AdhesionFactory(organisation=commune)  # an operator that does not have the service
        answer = ask(commune).json()
        assert answer["entitlements"]["can_access_reason"] == "not_activated"
        assert answer["operator"] is None
        [operator] = answer["potentialOperators"]
        assert operator["name"] == listing.operator.organisation.name
        assert operator["siret"] == listing.operator.organisation.siret
        assert operator["signupUrl"].endswith(
            f"/services/{listing.sheet.slug}/?insee={commune.territory.code}"
        )

    def test_that_belongs_to_no_operator_of_the_service(self, ask, commune, listing):
        assert ask(commune).json()["potentialOperators"] == []

    @pytest.mark.parametrize(
        "state", [State.REQUESTED, State.PROVISIONING, State.SUSPENDED, State.ENDED, State.REFUSED]
    )
    def test_whose_subscription_is_not_open_has_none(self, ask, commune, listing, state):
        SubscriptionFactory(tenant=commune, listing=listing, state=state)
        assert may(ask(commune)) == {
            "can_access": False,
            "can_access_reason": "not_activated",
            "can_upload": False,
            "can_upload_reason": "not_activated",
        }

    def test_with_another_service_has_none(self, ask, commune, listing):
        SubscriptionFactory(tenant=commune, listing__operator=listing.operator, state=State.ACTIVE)
        assert may(ask(commune))["can_access"] is False

    def test_on_trial_has_access_until_its_end(self, ask, commune, listing):
        last = localdate(timezone.now()) + timedelta(days=10)
        TrialFactory(tenant=commune, listing=listing, active_from=last - timedelta(days=30), trial_until=last)
        answer = ask(commune).json()
        assert answer["entitlements"]["can_access"] is True
        assert answer["subscription"]["until"] == last.isoformat()

    @pytest.mark.parametrize(("days", "access"), [(1, True), (0, False), (-5, False)])
    def test_that_leaves_enters_until_its_data_are_erased(self, ask, commune, listing, days, access):
        erasure = localdate(timezone.now()) + timedelta(days=days)
        made = SubscriptionFactory(tenant=commune, listing=listing, state=State.TERMINATING)
        leave(made, erasure, ExitState.RETRIEVAL if access else ExitState.ERASURE)
        answer = ask(commune).json()
        assert answer["entitlements"]["can_access"] is access
        assert answer["subscription"] == {
            "id": str(made.public_id),
            "state": "terminating",
            "until": erasure.isoformat() if access else None,
        }

    def test_that_has_given_notice_has_access(self, ask, commune, listing):
        erasure = localdate(timezone.now()) + timedelta(days=80)
        made = SubscriptionFactory(tenant=commune, listing=listing, state=State.ACTIVE)
        leave(made, erasure, ExitState.NOTICE)
        assert ask(commune).json()["subscription"]["until"] == erasure.isoformat()

    @pytest.mark.parametrize("over", [ExitState.WITHDRAWN, ExitState.CARRIED])
    def test_whose_departure_is_over_has_access_without_end(self, ask, commune, listing, over):
        made = SubscriptionFactory(tenant=commune, listing=listing, state=State.ACTIVE)
        leave(made, localdate(timezone.now()) + timedelta(days=80), over)
        assert ask(commune).json()["subscription"]["until"] is None

    def test_covered_by_its_intercommunality_has_access(self, ask, commune, listing):
        shared = SubscriptionFactory(
            tenant=OrganisationFactory(epci=True), listing=listing, state=State.ACTIVE
        )
        CoverFactory(subscription=shared, tenant=commune)
        answer = ask(commune).json()
        assert answer["entitlements"]["can_access"] is True
        assert answer["organization"]["id"] == commune.siren
        assert answer["subscription"]["id"] == str(shared.public_id)

    def test_covered_by_what_is_suspended_has_none(self, ask, commune, listing):
        shared = SubscriptionFactory(
            tenant=OrganisationFactory(epci=True), listing=listing, state=State.SUSPENDED
        )
        CoverFactory(subscription=shared, tenant=commune)
        assert may(ask(commune))["can_access"] is False

    def test_no_longer_covered_has_none(self, ask, commune, listing):
        shared = SubscriptionFactory(
            tenant=OrganisationFactory(epci=True), listing=listing, state=State.ACTIVE
        )
        CoverFactory(subscription=shared, tenant=commune, until=date(2026, 3, 1), ended_because="Reprise")
        assert may(ask(commune))["can_access"] is False

    def test_that_merged_has_what_the_commune_nouvelle_has(self, ask, listing):
        heir = OrganisationFactory()
        merged = OrganisationFactory(closed_on=date(2026, 1, 1), successor=heir)
        before = SubscriptionFactory(tenant=merged, listing=listing, state=State.ENDED)
        SubscriptionFactory(tenant=heir, listing=listing, state=State.ACTIVE, follows=before)
        admin = MembershipFactory(organisation=heir, role=Role.ORG_ADMIN).user
        answer = ask(merged, account_email=admin.email).json()
        assert answer["organization"]["id"] == heir.siren
        assert answer["entitlements"]["can_access"] is True
        assert answer["entitlements"]["is_admin"] is True

    def test_that_merged_gives_its_own_agents_no_role_in_the_commune_nouvelle(self, ask, listing):
        heir = OrganisationFactory()
        merged = OrganisationFactory(closed_on=date(2026, 1, 1), successor=heir)
        SubscriptionFactory(tenant=heir, listing=listing, state=State.ACTIVE)
        admin = MembershipFactory(organisation=merged, role=Role.ORG_ADMIN).user
        assert may(ask(merged, account_email=admin.email))["is_admin"] is False


class TestTheAgent:
    @pytest.fixture(autouse=True)
    def _active(self, commune, listing):
        SubscriptionFactory(tenant=commune, listing=listing, state=State.ACTIVE)

    def test_who_administers_the_organisation(self, ask, commune):
        agent = MembershipFactory(organisation=commune, role=Role.ORG_ADMIN).user
        found = may(ask(commune, account_email=agent.email.upper()))
        assert (found["is_admin"], found["is_admin_resolve_level"]) == (True, "organization")
        assert found["is_member"] is True

    def test_by_her_identifier(self, ask, commune):
        agent = MembershipFactory(organisation=commune, role=Role.ORG_ADMIN).user
        assert may(ask(commune, account_email=None, account_id=agent.sub))["is_admin"] is True

    def test_by_her_identifier_at_the_provider_of_the_key_alone(self, ask, commune, key):
        agent = MembershipFactory(organisation=commune, role=Role.ORG_ADMIN).user
        other = MembershipFactory(
            organisation=commune,
            role=Role.SECRETARY,
            user__issuer="https://id.vendor.example",
            user__sub=agent.sub,
        ).user
        ours = may(ask(commune, account_email=None, account_id=agent.sub))
        assert (ours["is_admin"], ours["is_member"]) == (True, True)
        with as_worker():
            type(key).objects.filter(pk=key.pk).update(issuer=other.issuer)
        theirs = may(ask(commune, account_email=None, account_id=agent.sub))
        assert (theirs["is_admin"], theirs["is_member"]) == (False, True)
        with as_worker():
            type(key).objects.filter(pk=key.pk).update(issuer="https://elsewhere.example")
        assert may(ask(commune, account_email=None, account_id=agent.sub))["is_member"] is False

    def test_of_another_role_is_a_member(self, ask, commune):
        agent = MembershipFactory(organisation=commune, role=Role.SECRETARY).user
        found = may(ask(commune, account_email=agent.email))
        assert (found["is_admin"], found["is_member"]) == (False, True)

    @pytest.mark.parametrize(
        "lost",
        [
            {"ended_at": timezone.now()},
            {"suspended_at": timezone.now()},
            {"user__is_active": False},
        ],
        ids=["ended", "suspended", "inactive"],
    )
    def test_who_left_is_nobody(self, ask, commune, lost):
        agent = MembershipFactory(organisation=commune, role=Role.ORG_ADMIN, **lost).user
        found = may(ask(commune, account_email=agent.email))
        if "ended_at" in lost:
            assert (found["can_access"], found["can_access_reason"]) == (False, "left_organization")
        else:
            assert (found["is_admin"], found["is_member"]) == (False, False)

    def test_of_elsewhere_is_nobody(self, ask, commune):
        agent = MembershipFactory(role=Role.ORG_ADMIN).user
        assert may(ask(commune, account_email=agent.email))["is_member"] is False


class TestTheService:
    @pytest.fixture(autouse=True)
    def _active(self, commune, listing):
        SubscriptionFactory(tenant=commune, listing=listing, state=State.ACTIVE)

    def test_may_call_itself_by_its_number(self, ask, commune, sheet):
        assert may(ask(commune, service_id=str(sheet.pk)))["can_access"] is True

    def test_may_post_its_figures_of_use(self, ask, commune):
        """As La Suite's newer clients do."""
        assert may(ask(commune, method="post"))["can_access"] is True

    @pytest.mark.parametrize("secret", ["", "false", "halle_", "\udcff", "é" * 4_000])
    def test_without_its_key_is_nobody(self, ask, commune, secret):
        answer = ask(commune, secret=secret.encode("utf-8", "ignore").decode())
        assert answer.status_code == 401
        assert answer.json() == {"detail": "Informations d'authentification non fournies."}

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", f"Basic {SECRET}", SECRET])
    def test_whose_header_is_not_that_of_a_key(self, client, commune, header):
        answer = client.get(URL, {"siret": commune.siret}, headers={"X-Service-Auth": header})
        assert answer.status_code == 401

    @pytest.mark.parametrize("service", [None, "", "0", "un-autre", "\0", "9" * 400])
    def test_may_not_ask_for_another(self, ask, commune, service):
        answer = ask(commune, service_id=service)
        assert answer.status_code == 403
        assert answer.json() == {"detail": "Vous n'avez pas la permission d'effectuer cette action."}

    def test_of_another_vendor_is_refused_alike(self, ask, commune, sheet):
        ServiceKeyFactory(secret="halle_of-somebody-else")
        assert ask(commune, secret="halle_of-somebody-else").status_code == 403

    def test_with_an_ended_key_is_nobody(self, ask, commune, key):
        with as_worker():
            key.ended_at, key.ended_by = timezone.now(), key.created_by
            key.save()
        assert ask(commune).status_code == 401

    def test_with_either_key_of_a_rotation(self, ask, commune, sheet):
        ServiceKeyFactory(sheet=sheet, place=2, secret="halle_the-next-one")
        assert may(ask(commune, secret="halle_the-next-one")) == may(ask(commune))

    def test_shows_when_its_key_served_last(self, ask, commune, key):
        ask(commune)
        with as_worker():
            key.refresh_from_db()
        assert key.last_used_on == localdate(timezone.now())

    @pytest.mark.parametrize(
        ("asked", "problem"),
        [
            ({"siret": None}, {"siret": ["Ce champ est obligatoire."]}),
            ({"account_type": ""}, {"account_type": ["Ce champ est obligatoire."]}),
            (
                {"account_email": None},
                {"non_field_errors": ["Either 'account_id' or 'account_email' must be provided."]},
            ),
            ({"account_email": "camille"}, {"account_email": ["Saisissez une adresse de courriel valide."]}),
            ({"account_id": "\0"}, {"account_id": ["Le caractère nul n’est pas autorisé."]}),
            (
                {"siret": "1" * 255},
                {"siret": ["Assurez-vous que ce champ comporte au plus 254 caractères."]},
            ),
        ],
        ids=str,
    )
    def test_that_asks_badly_is_told(self, ask, commune, asked, problem):
        answer = ask(commune, **asked)
        assert answer.status_code == 400
        assert answer.json() == problem

    def test_keeps_nothing_by_accident(self, ask, commune):
        assert ask(commune)["Cache-Control"] == "no-store"
        assert ask(commune, secret="")["Cache-Control"] == "no-store"


def test_an_answer_asks_little(ask, commune, listing, snapshot):
    SubscriptionFactory(tenant=commune, listing=listing, state=State.ACTIVE)
    ask(commune)  # the first of the day notes that the key serves
    with snapshot_queries(snapshot):
        ask(commune)


def test_an_answer_opens_no_scope_beyond_itself(ask, commune, listing):
    shared = SubscriptionFactory(tenant=OrganisationFactory(epci=True), listing=listing, state=State.ACTIVE)
    CoverFactory(subscription=shared, tenant=commune)
    for before in ([], [listing.operator.organisation_id]):
        with tenant_scope(before):
            assert may(ask(commune))["can_access"] is True
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_setting(%s, true)", [SETTING])
                assert cursor.fetchone() == (",".join(map(str, before)).join("{}") if before else "",)


def test_nothing_of_an_agent_is_logged(ask, commune, caplog):
    caplog.set_level(0)
    ask(commune)
    ask(commune, secret="halle_false-secret")
    ask(commune, account_email="camille-la-mal-ecrite")
    assert "camille" not in caplog.text
    assert "false-secret" not in caplog.text


def leave(subscription, erasure, state):
    return ExitFactory(
        subscription=subscription,
        state=state,
        notice_from=erasure - timedelta(days=90),
        transition_from=erasure - timedelta(days=60),
        retrieval_from=erasure - timedelta(days=30),
        erasure_from=erasure,
    )
