"""Dashboard and subscriptions of an operator."""

import pytest
from django.urls import reverse

from billing.models import BillingRun, RunState
from subscriptions.models import State
from tenants.models import Role
from tests.factories import (
    AdhesionFactory,
    AuditEventFactory,
    BillingRunFactory,
    OrganisationFactory,
    RunFactory,
    StepFactory,
    SubscriptionFactory,
    drafted_run,
)
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

# Session, person, mandates, members, scope in and out, savepoint in and out.
FRAME = 8


def home(operator):
    return reverse("operator_home", args=[operator.slug])


def subscriptions(operator, query=""):
    return reverse("operator_subscriptions", args=[operator.slug]) + query


def text(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_dashboard_counts_its_own_members_only(operator, sign_in):
    SubscriptionFactory(state=State.ACTIVE, listing__operator=operator)
    SubscriptionFactory(listing__operator=operator)
    AdhesionFactory(operator=operator, until="2026-01-01")
    SubscriptionFactory(state=State.ACTIVE)  # of another operator
    answer = sign_in(Role.OPERATOR_ADMIN, operator).get(home(operator))
    figures = {figure["label"]: figure["value"] for figure in answer.context["figures"]}
    assert figures["Adhérents"] == "2"
    assert figures["Abonnements ouverts"] == "1"
    assert figures["Demandes en attente"] == "1"
    assert figures["Facturation"] == "—"


def test_what_to_do_follows_the_role(operator, sign_in):
    drafted_run(operator=operator)
    step = StepFactory(
        run__subscription__state=State.PROVISIONING,
        run__subscription__listing__operator=operator,
        state="needs_person",
    )
    assert step.pk
    words = {
        role: text(sign_in(role, operator).get(home(operator)))
        for role in (Role.CURATOR, Role.OPERATOR_FINANCE, Role.OPERATOR_ADMIN)
    }
    assert "Ouvrir ou fermer 1 service à la main" in words[Role.CURATOR]
    assert "Relire la facturation" not in words[Role.CURATOR]
    assert "Relire la facturation" in words[Role.OPERATOR_FINANCE]
    assert "Ouvrir ou fermer 1 service à la main" not in words[Role.OPERATOR_FINANCE]
    assert "Relire la facturation" in words[Role.OPERATOR_ADMIN]
    assert "Ouvrir ou fermer 1 service à la main" in words[Role.OPERATOR_ADMIN]


def test_the_run_to_finish_comes_before_a_later_one_that_is_issued(operator, sign_in):
    waiting = drafted_run(operator=operator)
    later = BillingRunFactory(
        operator=operator, period_start="2027-01-01", period_end="2028-01-01", started_at="2027-01-02T09:00Z"
    )
    with as_worker():
        BillingRun.objects.filter(pk=later.pk).update(
            state=RunState.ISSUED, issued_at=later.started_at, approved_by_id=later.started_by_id
        )
    answer = sign_in(Role.OPERATOR_FINANCE, operator).get(home(operator))
    assert answer.context["figures"][-1] == {
        "label": "Facturation",
        "value": "À relire",
        "note": "année 2026",
    }
    assert waiting.state == RunState.REVIEW


def test_the_dashboard_tells_the_operators_own_log(operator, sign_in):
    member = AdhesionFactory(operator=operator).organisation
    AuditEventFactory(tenant=operator.organisation, sentence="La période est facturée.")
    AuditEventFactory(tenant=member, sentence="Chose de la commune.")
    page = text(sign_in(Role.CURATOR, operator).get(home(operator)))
    assert "La période est facturée." in page
    assert "Chose de la commune." not in page


def test_an_empty_hall_says_so(operator, sign_in):
    client = sign_in(Role.CURATOR, operator)
    assert "Rien ne vous attend" in text(client.get(home(operator)))
    assert "Aucun abonnement pour le moment" in text(client.get(subscriptions(operator)))


def test_subscriptions_are_those_of_the_operator(operator, sign_in):
    mine = SubscriptionFactory(state=State.ACTIVE, listing__operator=operator)
    theirs = SubscriptionFactory(state=State.ACTIVE, tenant=mine.tenant)  # same member, other operator
    page = text(sign_in(Role.CURATOR, operator).get(subscriptions(operator)))
    assert mine.service_name in page
    assert theirs.service_name not in page
    assert "258,00" in page
    assert "1er janvier 2026" in page


@pytest.mark.parametrize("typed", ["EPERCIEUX", "épercieux-saint", "{siren}", " {spaced} "])
def test_a_member_is_found_without_accents_or_by_siren(typed, operator, sign_in):
    member = OrganisationFactory(name="Commune d’Épercieux-Saint-Paul")
    SubscriptionFactory(listing__operator=operator, tenant=member)
    other = SubscriptionFactory(listing__operator=operator)
    spaced = f"{member.siren[:3]} {member.siren[3:6]} {member.siren[6:]}"
    wanted = typed.format(siren=member.siren, spaced=spaced)
    answer = sign_in(Role.CURATOR, operator).get(subscriptions(operator), {"q": wanted})
    assert member.name in text(answer)
    assert other.tenant.name not in text(answer)


@pytest.mark.parametrize("query", ["?q=%00", "?q=%25_'", "?etat=nimporte", "?page=abc", "?page=99999999999"])
def test_a_strange_address_gives_the_list(query, operator, sign_in):
    SubscriptionFactory(listing__operator=operator)
    assert sign_in(Role.CURATOR, operator).get(subscriptions(operator, query)).status_code == 200


def test_tabs_count_and_narrow_by_state(operator, sign_in):
    for state in (State.REQUESTED, State.ACTIVE, State.ACTIVE, State.REFUSED):
        SubscriptionFactory(state=state, listing__operator=operator)
    answer = sign_in(Role.CURATOR, operator).get(subscriptions(operator, "?etat=ouverts"))
    assert [tab["count"] for tab in answer.context["tabs"]] == ["4", "1", "0", "2", "1"]
    assert [row["state"] for row in answer.context["rows"]] == ["Ouvert", "Ouvert"]


def test_the_list_is_paged_and_keeps_its_search(operator, sign_in):
    for _ in range(26):
        SubscriptionFactory(listing__operator=operator)
    client = sign_in(Role.CURATOR, operator)
    first = client.get(subscriptions(operator, "?q=Saint&etat=demandes"))
    assert len(first.context["rows"]) == 25
    assert "?q=Saint&amp;etat=demandes&amp;page=2" in text(first)
    assert len(client.get(subscriptions(operator, "?q=Saint&page=2")).context["rows"]) == 1


@pytest.mark.parametrize("count", [1, 12])
def test_queries_of_the_subscriptions(count, operator, sign_in, snapshot):
    for _ in range(count):
        SubscriptionFactory(state=State.ACTIVE, listing__operator=operator)
    client = sign_in(Role.CURATOR, operator)
    with snapshot_queries(snapshot(name="subscriptions")) as queries:
        client.get(subscriptions(operator))
    assert len(queries) == FRAME + 2


def test_queries_of_the_dashboard(operator, sign_in, snapshot):
    RunFactory(subscription__state=State.PROVISIONING, subscription__listing__operator=operator)
    client = sign_in(Role.OPERATOR_ADMIN, operator)
    with snapshot_queries(snapshot(name="home")):
        client.get(home(operator))
