"""The yearly review of accesses: what is in it, what a decision does, when it closes, who is told."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from subscriptions.models import Access, AccessReview, ReviewLine, State
from subscriptions.reviews import yearly
from tenants.models import AuditEvent, Letter, Membership, Role
from tests.factories import (
    AccessFactory,
    AdhesionFactory,
    AgentGroupFactory,
    GroupMemberFactory,
    GroupServiceFactory,
    ListedServiceFactory,
    MembershipFactory,
    SubscriptionFactory,
)
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def commune():
    return SubscriptionFactory(state=State.ACTIVE).tenant


@pytest.fixture
def admin(commune):
    named = {"user__first_name": "Alix", "user__last_name": "Administrante"}
    return MembershipFactory(organisation=commune, role=Role.ORG_ADMIN, **named).user


@pytest.fixture
def client(admin):
    client = Client()
    client.force_login(admin)
    return client


def agent(commune, name, *roles):
    first = MembershipFactory(organisation=commune, role=roles[0], user__first_name="", user__last_name=name)
    for role in roles[1:]:
        MembershipFactory(organisation=commune, role=role, user=first.user)
    return first.user


def rows(model, **found):
    with as_worker():
        return list(model.objects.filter(**found).order_by("pk"))


def shown(answer):
    assert answer.status_code == 200, answer.content
    return BeautifulSoup(answer.content, "html.parser").main.get_text(" ", strip=True)


def at(commune, name, *args):
    return reverse(name, args=[commune.siren, *args])


def opened(client, commune):
    client.post(at(commune, "member_access_reviews"))
    [review] = rows(AccessReview, closed_at=None)
    return review, at(commune, "member_access_review", review.public_id)


def line_of(review, user, what=""):
    [line] = rows(ReviewLine, review=review, user=user, what__startswith=what)
    return line


def test_each_line_is_kept_or_removed_in_one_click_until_all_are_decided(client, commune, admin):
    [sheet] = {one.sheet for one in [ListedServiceFactory(tenant=commune)]}
    bea = agent(commune, "Béa", Role.AGENT, Role.FINANCE)
    access = AccessFactory(tenant=commune, user=bea, sheet=sheet)
    gone, leaver = agent(commune, "Gone", Role.AGENT), agent(commune, "Leaver", Role.AGENT)
    AccessFactory(tenant=commune, user=leaver, sheet=sheet)
    review, page = opened(client, commune)
    assert "Terminez-la d’abord" in shown(client.post(at(commune, "member_access_reviews"), follow=True))
    MembershipFactory(organisation=commune, role=Role.SECRETARY)  # given during the review: not in it
    assert len(rows(ReviewLine)) == 7
    assert "0 sur 7 lignes" in shown(client.get(page))
    assert "7 lignes à décider" in shown(client.get(at(commune, "member_home")))

    def decide(decision, line):
        return shown(client.post(page, {"decide": f"{decision}:{line.pk}"}, follow=True))

    assert "Retiré : Béa" in decide("removed", line_of(review, bea, sheet.name))
    assert rows(Access, pk=access.pk)[0].closed_because == "review"
    decide("removed", line_of(review, bea, "Rôle : finances"))
    assert [one.role for one in bea.memberships.open()] == [Role.AGENT]
    decide("removed", line_of(review, gone))
    assert not gone.memberships.open().exists()
    # What ends otherwise needs no decision.
    client.post(at(commune, "member_agent_leave", leaver.pk))
    text = shown(client.get(page, {"lignes": "toutes"}))
    assert "5 sur 7 lignes, 3 retirées, 2 fermées entre-temps" in text
    assert "Fermé entre-temps, le" in text
    assert "déjà décidée" in decide("removed", line_of(review, leaver, "Rôle"))
    assert "Choisissez de garder" in decide("nonsense", line_of(review, admin))
    # The last administrator is told why she stays, and the line too.
    assert "dernière personne" in decide("removed", line_of(review, admin))
    assert line_of(review, admin).decision == ""
    decide("kept", line_of(review, admin))
    assert "La revue est terminée" in decide("kept", line_of(review, bea, "Rôle : agent"))
    assert rows(AccessReview)[0].closed_at is not None
    past = shown(client.get(page))
    assert "Gardé par Alix Administrante" in past
    assert "Garder :" not in past
    assert "À faire" not in shown(client.get(at(commune, "member_home")))
    file = client.get(at(commune, "member_access_review_csv", review.public_id)).content.decode("utf-8-sig")
    lines = file.splitlines()
    assert len(lines) == 8
    hers = [line for line in lines if line.startswith("Béa;") and ";Retiré;" in line]
    assert ["Alix Administrante" in line for line in hers] == [True, True]
    told = {one.what for one in rows(AuditEvent)}
    assert {"access_review.opened", "access_review.kept", "access_review.closed"} <= told


def test_what_a_group_gives_is_removed_by_leaving_the_group(client, commune, admin):
    sheet = ListedServiceFactory(tenant=commune).sheet
    group = AgentGroupFactory(tenant=commune, name="Accueil")
    GroupServiceFactory(group=group, sheet=sheet)
    bea = agent(commune, "Béa", Role.AGENT)
    GroupMemberFactory(group=group, user=bea)
    access = AccessFactory(tenant=commune, user=bea, sheet=sheet, group=group)
    review, page = opened(client, commune)
    line = line_of(review, bea, sheet.name)
    assert "groupe « Accueil »" in line.what
    client.post(page, {"decide": f"removed:{line.pk}"})
    with as_worker():
        assert not group.members.exists()
    assert rows(Access, pk=access.pk)[0].closed_at is not None


def test_what_was_given_by_name_is_not_given_again_by_a_group(client, commune, admin):
    sheet = ListedServiceFactory(tenant=commune).sheet
    group = AgentGroupFactory(tenant=commune)
    GroupServiceFactory(group=group, sheet=sheet)
    bea = agent(commune, "Béa", Role.AGENT)
    GroupMemberFactory(group=group, user=bea)
    access = AccessFactory(tenant=commune, user=bea, sheet=sheet)
    review, page = opened(client, commune)
    client.post(page, {"decide": f"removed:{line_of(review, bea, sheet.name).pk}"})
    assert rows(Access, user=bea, closed_at=None) == []
    assert rows(Access, pk=access.pk)[0].closed_because == "review"


def test_an_administrator_who_removes_her_own_role_is_let_out(client, commune, admin):
    MembershipFactory(organisation=commune, role=Role.ORG_ADMIN)
    review, page = opened(client, commune)
    answer = client.post(page, {"decide": f"removed:{line_of(review, admin).pk}"})
    assert answer["Location"] == reverse("places")
    assert not admin.memberships.open().exists()


def test_a_review_opens_a_year_after_the_last_one_and_lateness_is_told(commune, admin):
    operator_staff = MembershipFactory(
        organisation=AdhesionFactory(organisation=commune).operator.organisation, role=Role.CURATOR
    ).user
    start = timezone.now()
    Membership.objects.filter(organisation=commune).update(since=start - timedelta(days=360))

    def follow(days):
        with as_worker():
            yearly.follow(now=start + timedelta(days=days))
        return [(one.to, one.subject.split(" –")[0]) for one in rows(Letter)]

    assert follow(0) == []
    first = [(admin.email, "Revue annuelle des accès à faire")]
    assert follow(5) == first
    assert follow(6) == first  # once
    reminded = [*first, (admin.email, "Rappel : revue annuelle des accès")]
    assert follow(20) == reminded
    late = follow(40)  # the reminder of the twenty-fifth day was missed
    assert late[2:] == [(person.email, "Revue des accès en retard") for person in (admin, operator_staff)]
    assert follow(300) == late
    [review] = rows(AccessReview)
    assert review.closed_at is None
    assert admin.memberships.open().exists()  # nothing closes by itself
    # Nothing left to decide: it closes; the next opens a year after it opened.
    with as_worker():
        ReviewLine.objects.update(decision="kept", decided_at=start, decided_by=admin)
    follow(301)
    assert rows(AccessReview)[0].closed_at is not None
    follow(369)
    assert len(rows(AccessReview)) == 1
    follow(371)
    assert len(rows(AccessReview)) == 2


def test_a_signatory_reads_and_the_lines_of_another_organisation_are_none(client, commune):
    _, page = opened(client, commune)
    signatory = Client()
    signatory.force_login(MembershipFactory(organisation=commune, role=Role.SIGNATORY).user)
    assert "Seul l’administrateur décide" in shown(signatory.get(page))
    other = SubscriptionFactory(state=State.ACTIVE).tenant
    theirs = Client()
    theirs.force_login(MembershipFactory(organisation=other, role=Role.ORG_ADMIN).user)
    foreign, _ = opened_of(theirs, other)
    [line] = rows(ReviewLine, review=foreign)
    assert client.post(page, {"decide": f"removed:{line.pk}"}).status_code == 404
    assert client.post(page, {"decide": "removed:²"}).status_code == 404


def opened_of(client, commune):
    client.post(at(commune, "member_access_reviews"))
    [review] = rows(AccessReview, tenant=commune)
    return review, at(commune, "member_access_review", review.public_id)


def test_queries(client, commune, admin, snapshot):
    sheet = ListedServiceFactory(tenant=commune).sheet
    for number in range(4):
        AccessFactory(tenant=commune, user=agent(commune, f"Agent {number}", Role.AGENT), sheet=sheet)
    _, page = opened(client, commune)
    client.get(page)
    with snapshot_queries(snapshot(name="a review")):
        client.get(page)
    with snapshot_queries(snapshot(name="all reviews")):
        client.get(at(commune, "member_access_reviews"))
