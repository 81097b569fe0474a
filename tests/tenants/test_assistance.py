"""An operator acts for a commune that asks: for a time, on the record, and the commune is told."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils.timezone import localtime, make_aware

from tenants import audit
from tenants.assistance import operations
from tenants.assistance.queries import assistances_in_force, assistances_of
from tenants.models import Assistance, AuditEvent, Letter, Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    AssistanceFactory,
    MembershipFactory,
    OperatorFactory,
    OrganisationFactory,
)
from tests.factories.base import NOW
from tests.tools.threads import at_once

DAY = timedelta(days=1)


@pytest.fixture
def operator(db):
    return OperatorFactory(short_name="Mutu Test", contact_email="aide@mutu.example")


@pytest.fixture
def commune(operator):
    return AdhesionFactory(operator=operator, organisation__name="Commune de Fresne").organisation


@pytest.fixture
def secretary(commune):
    return MembershipFactory(organisation=commune, role=Role.SECRETARY).user


@pytest.fixture
def agent(operator):
    return MembershipFactory(organisation=operator.organisation, role=Role.CURATOR).user


@pytest.fixture
def scope(commune):
    """As the pages of the commune."""
    with tenant_scope([commune.pk]):
        yield


def ask(commune, operator, by, *, days=30, now=NOW):
    return operations.ask_for_help(organisation=commune, operator=operator, by=by, days=days, now=now)


def note(commune, operator, by, *, asked_by="Mme le maire, par téléphone", now=NOW):
    return operations.record_request(
        organisation=commune, operator=operator, asked_by=asked_by, by=by, now=now
    )


def may_act(commune, *, now=NOW):
    return [one.operator for one in assistances_in_force(organisation=commune, now=now)]


def letters_to(address):
    return Letter.objects.filter(to=address).order_by("pk")


@pytest.mark.usefixtures("scope")
class TestAsking:
    def test_the_operator_may_act_until_the_end_of_the_last_day(self, commune, operator, secretary):
        found = ask(commune, operator, secretary, days=1)
        assert localtime(found.expires_at) == make_aware(datetime(2026, 10, 3))
        assert may_act(commune) == [operator]
        assert may_act(commune, now=found.expires_at - timedelta(seconds=1)) == [operator]
        assert may_act(commune, now=found.expires_at) == []

    @pytest.mark.parametrize("role", [Role.SECRETARY, Role.SIGNATORY, Role.ORG_ADMIN])
    def test_whoever_answers_for_the_commune_may_ask(self, commune, operator, role):
        ask(commune, operator, MembershipFactory(organisation=commune, role=role).user)
        assert may_act(commune) == [operator]

    @pytest.mark.parametrize("role", [Role.AGENT, Role.FINANCE])
    def test_nobody_else_there(self, commune, operator, role):
        with pytest.raises(operations.NotAllowed):
            ask(commune, operator, MembershipFactory(organisation=commune, role=role).user)

    def test_nor_the_operator_in_its_place(self, commune, operator, agent):
        with pytest.raises(operations.NotAllowed):
            ask(commune, operator, agent)
        assert not Assistance.objects.exists()

    @pytest.mark.parametrize("days", [-1, 0, 91])
    def test_from_one_to_ninety_days(self, commune, operator, secretary, days):
        with pytest.raises(operations.DaysRefused):
            ask(commune, operator, secretary, days=days)

    def test_an_operator_it_does_not_adhere_to_does_nothing_for_it(self, commune, secretary):
        with pytest.raises(operations.NotAMember):
            ask(commune, OperatorFactory(), secretary)

    def test_it_is_recorded(self, commune, operator, secretary):
        found = ask(commune, operator, secretary)
        event = AuditEvent.objects.get()
        assert (event.what, event.actor, event.via) == ("assistance.opened", secretary, None)
        assert event.subject_id == str(found.pk)
        assert event.changes == {"expires_at": [None, "31 octobre 2026"]}
        assert str(event) == (
            f"{secretary} a demandé à Mutu Test d’agir pour la collectivité, jusqu’au 31 octobre 2026."
        )

    def test_everybody_who_answers_for_it_is_told_and_so_is_the_operator(self, commune, operator, secretary):
        mayor = MembershipFactory(organisation=commune, role=Role.SIGNATORY).user
        finance = MembershipFactory(organisation=commune, role=Role.FINANCE).user
        gone = MembershipFactory(organisation=commune, role=Role.SIGNATORY, suspended_at=NOW).user
        ask(commune, operator, secretary)
        for person in (secretary, mayor):
            letter = letters_to(person.email).get()
            assert letter.tenant == commune
            assert "jusqu’au 31 octobre 2026" in letter.body
            assert f"/collectivites/{commune.siren}/aide/" in letter.body
            assert str(secretary) not in letter.body
        assert not letters_to(finance.email).exists()
        assert not letters_to(gone.email).exists()
        assert "Commune de Fresne" in letters_to(operator.contact_email).get().body

    def test_asking_again_moves_the_last_day(self, commune, operator, secretary):
        first = ask(commune, operator, secretary, days=5)
        again = ask(commune, operator, secretary, days=40, now=NOW + DAY)
        assert again.pk == first.pk
        assert Assistance.objects.get().expires_at == first.expires_at + 36 * DAY
        event = AuditEvent.objects.get(what="assistance.prolonged")
        assert event.changes == {"expires_at": ["6 octobre 2026", "11 novembre 2026"]}
        assert letters_to(secretary.email).count() == 2

    def test_the_same_button_pressed_twice_is_once(self, commune, operator, secretary):
        ask(commune, operator, secretary)
        ask(commune, operator, secretary, now=NOW + timedelta(seconds=2))
        assert AuditEvent.objects.count() == 1
        assert letters_to(secretary.email).count() == 1

    def test_an_expired_one_makes_room(self, commune, operator, secretary):
        old = AssistanceFactory(tenant=commune, operator=operator, opened_at=NOW - 60 * DAY)
        new = ask(commune, operator, secretary)
        old.refresh_from_db()
        assert new.pk != old.pk
        assert (old.closed_at, old.closed_by) == (NOW, None)
        assert may_act(commune) == [operator]

    def test_one_for_each_operator(self, commune, operator, secretary):
        other = AdhesionFactory(organisation=commune, operator__short_name="Autre").operator
        ask(commune, operator, secretary)
        ask(commune, other, secretary)
        assert may_act(commune) == [other, operator]

    def test_leaving_the_operator_closes_the_door(self, commune, operator, secretary):
        AdhesionFactory(
            operator=(left := OperatorFactory()), organisation=commune, until=NOW.date() + 2 * DAY
        )
        ask(commune, left, secretary)
        assert may_act(commune) == [left]
        assert may_act(commune, now=NOW + 2 * DAY) == []

    def test_the_database_refuses_two_open(self, commune, operator):
        AssistanceFactory(tenant=commune, operator=operator)
        with pytest.raises(IntegrityError, match="assistance_one_open_per_operator"), transaction.atomic():
            AssistanceFactory(tenant=commune, operator=operator)


class TestNoting:
    """The commune asked by telephone: an agent writes it down."""

    @pytest.fixture(autouse=True)
    def scope(self, commune, operator):
        with tenant_scope([commune.pk, operator.organisation_id]):
            yield

    def test_the_commune_is_told_at_once(self, commune, operator, secretary, agent):
        found = note(commune, operator, agent)
        assert (found.asked_by, found.opened_by) == ("Mme le maire, par téléphone", agent)
        assert may_act(commune) == [operator]
        letter = letters_to(secretary.email).get()
        assert "Arrêtez quand vous voulez" in letter.body
        assert str(agent) not in letter.body
        event = AuditEvent.objects.get()
        assert event.tenant == commune
        assert str(event).startswith(f"{agent}, de Mutu Test, a noté que la collectivité")
        assert "Mme le maire" not in f"{event.sentence}{event.changes}{event.details}"

    def test_a_commune_that_cannot_be_told_is_not_acted_for(self, commune, operator, agent):
        MembershipFactory(organisation=commune, role=Role.AGENT)
        with pytest.raises(operations.NobodyToTell):
            note(commune, operator, agent)
        assert not Assistance.objects.exists()

    @pytest.mark.parametrize("role", [Role.OPERATOR_FINANCE, Role.AUDITOR])
    @pytest.mark.usefixtures("secretary")
    def test_finance_and_auditors_do_not(self, commune, operator, role):
        person = MembershipFactory(organisation=operator.organisation, role=role).user
        with pytest.raises(operations.NotAllowed):
            note(commune, operator, person)

    @pytest.mark.usefixtures("secretary")
    def test_nor_another_operators_agent(self, commune, operator):
        stranger = MembershipFactory(organisation=OperatorFactory().organisation, role=Role.OPERATOR_ADMIN)
        with pytest.raises(operations.NotAllowed):
            note(commune, operator, stranger.user)

    @pytest.mark.usefixtures("secretary")
    def test_it_says_who_asked(self, commune, operator, agent):
        with pytest.raises(operations.WhoAskedMissing):
            note(commune, operator, agent, asked_by="  ")


@pytest.mark.usefixtures("scope")
class TestEnding:
    @pytest.fixture
    def lasting(self, commune, operator):
        return AssistanceFactory(tenant=commune, operator=operator)

    @pytest.mark.parametrize("side", ["secretary", "agent"])
    def test_either_side_ends_it_at_once(self, commune, lasting, side, request):
        person = request.getfixturevalue(side)
        operations.end(assistance=lasting, by=person, now=NOW + DAY)
        lasting.refresh_from_db()
        assert (lasting.closed_at, lasting.closed_by) == (NOW + DAY, person)
        assert may_act(commune, now=NOW + DAY) == []
        event = AuditEvent.objects.get()
        assert (event.what, event.actor) == ("assistance.ended", person)

    def test_twice_is_refused(self, lasting, secretary):
        operations.end(assistance=lasting, by=secretary, now=NOW)
        with pytest.raises(operations.AlreadyEnded):
            operations.end(assistance=lasting, by=secretary, now=NOW)
        assert AuditEvent.objects.count() == 1

    def test_so_is_one_that_has_expired(self, lasting, secretary):
        with pytest.raises(operations.AlreadyEnded):
            operations.end(assistance=lasting, by=secretary, now=lasting.expires_at)

    def test_a_stranger_ends_nothing(self, lasting):
        with pytest.raises(operations.NotAllowed):
            operations.end(assistance=lasting, by=MembershipFactory(role=Role.SECRETARY).user, now=NOW)


@pytest.mark.usefixtures("scope")
class TestTelling:
    """What is done for the commune is told: the first time each day."""

    @pytest.fixture
    def lasting(self, commune, operator):
        return AssistanceFactory(tenant=commune, operator=operator)

    def act(self, commune, operator, agent, *, now=NOW):
        with audit.acting_for(operator):
            return audit.record(
                tenant=commune,
                actor=agent,
                what="test.done",
                sentence="{actor} a fait une chose.",
                subject_id=1,
                now=now,
            )

    def test_one_letter_a_day_to_each(self, commune, operator, agent, secretary, lasting):
        for hours in (0, 1, 2, 24):
            self.act(commune, operator, agent, now=NOW + timedelta(hours=hours))
        keys = list(letters_to(secretary.email).values_list("key", flat=True))
        start = f"assistance:{lasting.pk}"
        assert keys == [f"{start}:2026-10-01:{secretary.pk}", f"{start}:2026-10-02:{secretary.pk}"]

    @pytest.mark.usefixtures("lasting")
    def test_it_names_nobody_and_leads_to_the_log(self, commune, operator, agent, secretary):
        self.act(commune, operator, agent)
        letter = letters_to(secretary.email).get()
        assert f"/organisations/{commune.siren}/journal/?aide=on" in letter.body
        assert "Mutu Test" in letter.subject
        assert str(agent) not in f"{letter.subject}{letter.body}"

    @pytest.mark.usefixtures("lasting")
    def test_it_is_undone_with_what_it_tells(self, commune, operator, agent, secretary):
        with transaction.atomic():
            self.act(commune, operator, agent)
            assert letters_to(secretary.email).exists()
            transaction.set_rollback(True)
        assert not letters_to(secretary.email).exists()

    @pytest.mark.usefixtures("lasting")
    def test_what_the_commune_does_itself_tells_nothing(self, commune, secretary):
        self.act(commune, None, secretary)
        assert not Letter.objects.exists()

    @pytest.mark.usefixtures("lasting")
    def test_it_is_counted(self, commune, operator, agent, secretary):
        self.act(commune, operator, agent)
        self.act(commune, operator, agent)
        self.act(commune, None, secretary)
        self.act(commune, OperatorFactory(), agent)
        (found,) = assistances_in_force(organisation=commune, now=NOW)
        assert found.done == 2


def test_an_operators_list_has_its_own_only(operator, commune):
    old = AssistanceFactory(tenant=commune, operator=operator, opened_at=NOW - 60 * DAY, closed_at=NOW)
    lasting = AssistanceFactory(tenant=commune, operator=operator)
    left = AssistanceFactory(operator=operator)  # does not adhere
    other = AssistanceFactory(tenant=commune)
    ids = [one.tenant_id for one in (left, other)] + [commune.pk]
    with tenant_scope(ids):
        now = list(assistances_of(operator=operator, lasting=True, search="", now=NOW))
        past = list(assistances_of(operator=operator, lasting=False, search="", now=NOW))
        nothing = list(assistances_of(operator=operator, lasting=True, search="zzz", now=NOW))
    assert (now, past, nothing) == ([lasting], [left, old], [])


def test_rows_of_another_commune_do_not_exist(operator, commune):
    AssistanceFactory(tenant=commune, operator=operator)
    with tenant_scope([OrganisationFactory().pk]):
        assert not Assistance.objects.exists()
        assert may_act(commune) == []


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_the_same_time_open_one():
    operator = OperatorFactory()
    commune = AdhesionFactory(operator=operator).organisation
    people = [MembershipFactory(organisation=commune, role=Role.SECRETARY).user for _ in range(4)]

    def asking(person):
        with transaction.atomic(), tenant_scope([commune.pk]):
            return ask(commune, operator, person).pk

    opened = at_once(*(lambda person=person: asking(person) for person in people))
    assert len(set(opened)) == 1
