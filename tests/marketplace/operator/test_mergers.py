"""The pages where an operator hands merged communes over."""

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from subscriptions.models import State, Subscription
from tenants.models import Role, TerritoryChange
from tests.factories import (
    AdhesionFactory,
    MembershipFactory,
    OperatorFactory,
    OrganisationFactory,
    SubscriptionFactory,
    drafted_run,
)
from tests.factories.vintages import MergerFactory
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def merger(operator):
    return merged(operator)


def merged(operator, **values) -> TerritoryChange:
    """A member of 860 inhabitants, merged into Val-d’Essai and its 1,500."""
    new = OrganisationFactory(territory__name="Val-d’Essai", territory__population=1500)
    change = MergerFactory(**{"new": new, **values})
    AdhesionFactory(operator=operator, organisation=change.territory.organisation)
    return change


def subscribe(change, operator, state=State.ACTIVE, **values) -> Subscription:
    return SubscriptionFactory(
        tenant=change.territory.organisation, listing__operator=operator, state=state, **values
    )


def url(operator, change=None):
    if change is None:
        return reverse("operator_mergers", args=[operator.slug])
    return reverse("operator_merger", args=[operator.slug, change.pk])


def page_of(client, address) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_list_says_what_waits(merger, operator, sign_in):
    subscribe(merger, operator)
    subscribe(merger, operator)
    drafted_run(operator=operator, members=0)
    elsewhere = merged(OperatorFactory())
    page = page_of(sign_in(Role.CURATOR, operator), url(operator))
    assert "2 abonnements, 1 adhésion, 2 lignes de projets de factures" in page
    assert merger.territory.name in page
    assert url(operator, merger) in page
    assert elsewhere.territory.name not in page


def test_no_merger_is_said(operator, sign_in):
    assert "Aucune fusion" in page_of(sign_in(Role.CURATOR, operator), url(operator))


def test_the_page_shows_what_will_happen_with_the_new_price(merger, operator, sign_in):
    subscription = subscribe(merger, operator, commitment_number="2026-17")
    MembershipFactory(organisation=merger.territory.organisation, role=Role.SECRETARY)
    drafted_run(operator=operator, members=0)
    page = page_of(sign_in(Role.OPERATOR_ADMIN, operator), url(operator, merger))
    for words in (
        subscription.service_name,
        "Aujourd’hui 258,00\u00a0€ HT par an, puis <strong>450,00\u00a0€ HT par an</strong>.",
        "1\u202f500 habitants",
        "1 abonnement continue au nom de la commune nouvelle à partir du 1er mars 2026",
        "L’adhésion de la commune fusionnée se termine le 1er mars 2026",
        "celle de la commune nouvelle commence.",
        "1 ligne de projet de facture à recalculer",
        "1 personne garde la lecture des dossiers de la commune fusionnée",
        "Les numéros d’engagement ne passent pas",
        "Reprendre pour Val-d’Essai</button>",
    ):
        assert words in page, words


def test_one_button_hands_it_over(merger, operator, sign_in):
    subscribe(merger, operator)
    client = sign_in(Role.CURATOR, operator)
    answer = client.post(url(operator, merger))
    assert answer.headers["Location"] == url(operator, merger)
    assert "a repris ce que" in str(next(iter(get_messages(answer.wsgi_request))))
    with as_worker():
        states = dict(Subscription.objects.values_list("tenant__name", "state"))
    assert states == {
        merger.territory.organisation.name: State.ENDED,
        "Commune de Val-d’Essai": State.ACTIVE,
    }
    page = page_of(client, url(operator, merger))
    assert "Rien n’attend" in page
    assert '<form method="post" action="' + url(operator, merger) not in page
    assert "Repris" in page_of(client, url(operator))


def test_sent_twice_it_says_that_nothing_waited(merger, operator, sign_in):
    subscribe(merger, operator)
    client = sign_in(Role.CURATOR, operator)
    client.post(url(operator, merger))
    answer = client.post(url(operator, merger))
    assert answer.status_code == 302
    assert "Rien n’attendait plus" in [str(message) for message in get_messages(answer.wsgi_request)][-1]


def test_what_blocks_is_said_and_no_button_shown(merger, operator, sign_in):
    blocked = subscribe(merger, operator, State.PROVISIONING)
    client = sign_in(Role.CURATOR, operator)
    page = page_of(client, url(operator, merger))
    assert f"{blocked.service_name} : son ouverture est en cours chez l’éditeur." in page
    assert "Reprendre pour" not in page
    answer = client.post(url(operator, merger))
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "<title>Erreur : " in page
    assert "La reprise est refusée" in page


def test_a_commune_nouvelle_without_siren(operator, sign_in):
    change = merged(operator, new=None)
    subscribe(change, operator)
    page = page_of(sign_in(Role.CURATOR, operator), url(operator, change))
    assert f"ne donne pas encore le SIREN de {change.successor.name}" in page
    assert change.successor.name in page_of(sign_in(Role.CURATOR, operator), url(operator))


def test_drafts_in_use_are_said(merger, operator, sign_in):
    from billing import approving
    from tests.factories.base import NOW

    subscribe(merger, operator)
    run = drafted_run(operator=operator, members=0)
    with as_worker():
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
    answer = sign_in(Role.CURATOR, operator).post(url(operator, merger))
    assert "Réessayez dans quelques minutes" in answer.content.decode()


def test_an_auditor_reads_and_has_no_button(merger, operator, sign_in):
    subscribe(merger, operator)
    client = sign_in(Role.AUDITOR, operator)
    page = page_of(client, url(operator, merger))
    assert "Ce qui se passera" in page
    assert "Reprendre pour" not in page
    assert client.post(url(operator, merger)).status_code == 404


def test_another_operators_merger_is_not_found(merger, operator, sign_in):
    other = OperatorFactory()
    client = sign_in(Role.OPERATOR_ADMIN, other)
    assert client.get(url(other, merger)).status_code == 404
    assert client.post(url(other, merger)).status_code == 404


@pytest.mark.parametrize("count", [1, 4])
def test_queries_of_the_list(count, operator, sign_in, snapshot):
    for _ in range(count):
        subscribe(merged(operator), operator)
    client = sign_in(Role.CURATOR, operator)
    with snapshot_queries(snapshot(name="mergers")):
        client.get(url(operator))


@pytest.mark.parametrize("count", [1, 4])
def test_queries_of_one(count, merger, operator, sign_in, snapshot):
    for _ in range(count):
        subscribe(merger, operator)
    client = sign_in(Role.CURATOR, operator)
    with snapshot_queries(snapshot(name="merger")):
        client.get(url(operator, merger))
