"""Joining an operator, amending, leaving, staying after all."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection

from tenants.identifiers import WrongKey
from tenants.members import operations
from tenants.members.adhesions import MAKES_A_MEMBER, adheres, members_of, operators_of
from tenants.models import Adhesion, AuditEvent, Organisation
from tenants.organisations import ForeignSiret
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    CollegeFactory,
    OperatorFactory,
    OrganisationFactory,
    UserFactory,
)
from tests.factories.tenants import siren, siret
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 1, 9, tzinfo=UTC)
TODAY = date(2026, 10, 1)


@pytest.fixture
def operator():
    return OperatorFactory(withdrawal_months=6)


@pytest.fixture
def commune():
    return OrganisationFactory()


@pytest.fixture
def person():
    return UserFactory()


def join(operator, organisation, **changes):
    terms = {
        "college": None,
        "since": date(2026, 1, 1),
        "deliberation_number": "2025-041",
        "deliberation_date": date(2025, 11, 12),
        "covers_communes": False,
        "by": None,
        "now": NOW,
    } | changes
    with tenant_scope([operator.organisation_id, organisation.pk]):
        return operations.join(operator=operator, organisation=organisation, **terms)


def do(verb, adhesion, **terms):
    with tenant_scope([adhesion.operator.organisation_id, adhesion.organisation_id]):
        return verb(adhesion=adhesion, now=NOW, **({"by": None} | terms))


def amended(adhesion, **changes):
    terms = {
        "college": adhesion.college,
        "deliberation_number": adhesion.deliberation_number,
        "deliberation_date": adhesion.deliberation_date,
        "covers_communes": adhesion.covers_communes,
    } | changes
    return do(operations.amend, adhesion, **terms)


def withdrawn(adhesion, asked_on=date(2026, 6, 30), number="R-1", **terms):
    return do(operations.withdraw, adhesion, asked_on=asked_on, deliberation_number=number, **terms)


def log(what) -> list[AuditEvent]:
    with as_worker():
        return list(AuditEvent.objects.filter(what=what).select_related("actor").order_by("pk"))


def test_a_member_of_a_college_from_a_day(operator, commune, person):
    college = CollegeFactory(operator=operator)
    adhesion = join(operator, commune, college=college, by=person)
    assert (adhesion.college, adhesion.until) == (college, None)
    assert adheres(organisation=commune, operator=operator, on=date(2026, 1, 1))
    assert not adheres(organisation=commune, operator=operator, on=date(2025, 12, 31))


def test_both_logs_tell_it_without_a_name(operator, commune, person):
    college = CollegeFactory(operator=operator)
    join(operator, commune, college=college, by=person)
    events = log("adhesion.joined")
    assert {event.tenant_id for event in events} == {commune.pk, operator.organisation_id}
    for event in events:
        assert str(event).startswith(f"{person} a inscrit {commune.name}")
        assert str(person) not in event.sentence
        assert event.changes["college"] == [None, college.name]
        assert event.changes["since"] == [None, "2026-01-01"]


def test_an_operator_that_is_a_member_of_itself_is_told_once(operator):
    join(operator, operator.organisation)
    assert len(log("adhesion.joined")) == 1


@pytest.mark.parametrize("since", [date(2020, 1, 1), date(2026, 1, 1), date(2030, 1, 1)])
def test_two_adhesions_never_overlap(operator, commune, since):
    first = join(operator, commune)
    with pytest.raises(operations.AdhesionOverlaps) as refusal:
        join(operator, commune, since=since)
    assert refusal.value.field == "since"
    assert commune.name in str(refusal.value)
    assert list(Adhesion.objects.all()) == [first]
    assert len(log("adhesion.joined")) == 2


def test_after_an_end_one_may_come_back(operator, commune):
    AdhesionFactory(operator=operator, organisation=commune, until=date(2026, 1, 1))
    join(operator, commune, since=date(2026, 1, 1))
    assert adheres(organisation=commune, operator=operator, on=TODAY)


def test_one_may_adhere_to_several_operators(operator, commune):
    join(operator, commune)
    join(OperatorFactory(), commune)
    assert Adhesion.objects.count() == 2


def test_the_college_is_the_operators(operator, commune):
    with pytest.raises(operations.ForeignCollege):
        join(operator, commune, college=CollegeFactory())


def test_only_an_intercommunality_covers_its_communes(operator, commune):
    for organisation in (commune, OrganisationFactory(epci=True, territory=None)):
        with pytest.raises(operations.CoversNoCommune):
            join(operator, organisation, covers_communes=True)


def test_an_intercommunality_brings_its_communes(operator):
    epci = OrganisationFactory(epci=True)
    commune = OrganisationFactory(territory__epci=epci.territory)
    join(operator, epci, covers_communes=True)
    assert set(members_of(operator=operator, on=TODAY)) == {epci, commune}


def test_what_was_dissolved_joins_nothing(operator):
    gone = OrganisationFactory(closed_on=date(2026, 1, 1))
    with pytest.raises(operations.AdhesionRefused, match="n’existe plus"):
        join(operator, gone)
    assert join(operator, gone, since=date(2025, 1, 1))


def test_what_changes_is_recorded_before_and_after(operator, commune):
    first, second = CollegeFactory(operator=operator), CollegeFactory(operator=operator)
    adhesion = AdhesionFactory(operator=operator, organisation=commune, college=first)
    amended(adhesion, college=second, deliberation_number="2026-2")
    adhesion.refresh_from_db()
    assert (adhesion.college, adhesion.deliberation_number) == (second, "2026-2")
    for event in log("adhesion.amended"):
        assert event.changes == {
            "college": [first.name, second.name],
            "deliberation_number": ["", "2026-2"],
        }


def test_nothing_changed_is_nothing_recorded(operator, commune):
    amended(AdhesionFactory(operator=operator, organisation=commune))
    assert log("adhesion.amended") == []


def test_amending_keeps_the_rules(operator, commune):
    adhesion = AdhesionFactory(operator=operator, organisation=commune)
    with pytest.raises(operations.ForeignCollege):
        amended(adhesion, college=CollegeFactory())
    with pytest.raises(operations.CoversNoCommune):
        amended(adhesion, covers_communes=True)


@pytest.mark.parametrize(
    ("rule", "until"), [("year_end", date(2027, 1, 1)), ("notice_end", date(2026, 12, 31))]
)
def test_a_withdrawal_follows_the_statutes(commune, rule, until):
    operator = OperatorFactory(withdrawal_months=6, withdrawal_rule=rule)
    adhesion = withdrawn(AdhesionFactory(operator=operator, organisation=commune))
    assert (adhesion.until, adhesion.withdrawal_on) == (until, date(2026, 6, 30))
    assert adheres(organisation=commune, operator=operator, on=TODAY)
    assert not adheres(organisation=commune, operator=operator, on=until)
    (event, _) = log("adhesion.withdrawn")
    assert event.changes["until"] == [None, until.isoformat()]


def test_one_leaves_once(operator, commune):
    adhesion = AdhesionFactory(operator=operator, organisation=commune)
    withdrawn(adhesion)
    with pytest.raises(operations.AlreadyEnding):
        withdrawn(adhesion)
    assert len(log("adhesion.withdrawn")) == 2


@pytest.mark.parametrize("asked_on", [date(2026, 10, 2), date(2024, 12, 31)])
def test_a_withdrawal_is_received_during_the_adhesion_and_not_tomorrow(operator, commune, asked_on):
    adhesion = AdhesionFactory(operator=operator, organisation=commune, since=date(2025, 1, 1))
    with pytest.raises(operations.AdhesionRefused) as refusal:
        withdrawn(adhesion, asked_on=asked_on)
    assert refusal.value.field == "asked_on"


def test_a_withdrawal_is_taken_back_before_it_takes_effect(operator, commune):
    adhesion = withdrawn(AdhesionFactory(operator=operator, organisation=commune))
    again = do(operations.cancel_withdrawal, adhesion)
    assert (again.until, again.withdrawal_on, again.withdrawal_number) == (None, None, "")
    (event, _) = log("adhesion.withdrawal_cancelled")
    assert event.changes["until"] == ["2027-01-01", None]


def test_but_not_after(operator, commune):
    adhesion = AdhesionFactory(
        operator=operator, organisation=commune, until=TODAY, withdrawal_on=date(2026, 1, 1)
    )
    with pytest.raises(operations.NoWithdrawal, match="déjà pris effet"):
        do(operations.cancel_withdrawal, adhesion)


def test_without_a_withdrawal_there_is_nothing_to_take_back(operator, commune):
    adhesion = AdhesionFactory(operator=operator, organisation=commune)
    with pytest.raises(operations.NoWithdrawal, match="Aucun retrait"):
        do(operations.cancel_withdrawal, adhesion)


def test_a_withdrawal_stays_once_a_new_adhesion_follows(operator, commune):
    adhesion = withdrawn(AdhesionFactory(operator=operator, organisation=commune))
    join(operator, commune, since=date(2027, 1, 1))
    with pytest.raises(operations.AdhesionOverlaps):
        do(operations.cancel_withdrawal, adhesion)


def new_body(operator, number, **changes):
    identity = {"siren": siren(number), "name": "CCAS d’Essai", "kind": "ccas", "legal_category": "7361"}
    return operations.register_and_join(
        identity=identity | changes,
        operator=operator,
        college=None,
        since=TODAY,
        deliberation_number="",
        deliberation_date=None,
        covers_communes=False,
        by=None,
        now=NOW,
    )


def test_a_body_that_nobody_knew_is_registered_and_joins(operator):
    adhesion = new_body(operator, 700_001, siret=siret(siren(700_001)))
    assert adhesion.organisation.siret == siret(siren(700_001))
    assert log("organisation.registered")[0].tenant == adhesion.organisation


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [({"siret": siret(siren(700_003))}, ForeignSiret), ({"siren": "123456789"}, WrongKey)],
)
def test_a_refusal_keeps_nothing(operator, changes, refusal):
    before = Organisation.objects.count()
    with pytest.raises(refusal):
        new_body(operator, 700_002, **changes)
    assert Organisation.objects.count() == before
    assert not Adhesion.objects.exists()


def test_said_in_sql_it_makes_the_same_members(operator):
    epci = OrganisationFactory(epci=True)
    commune = OrganisationFactory(territory__epci=epci.territory)
    AdhesionFactory(operator=operator, organisation=commune)
    AdhesionFactory(operator=operator, organisation=epci)
    AdhesionFactory(organisation=epci, covers_communes=True)
    AdhesionFactory(organisation=commune, until=TODAY)
    AdhesionFactory(organisation=commune, since=date(2026, 10, 2))
    alone = OrganisationFactory(territory=None)
    AdhesionFactory(organisation=alone, covers_communes=True)
    statement = f"SELECT a.operator_id FROM tenants_adhesion a WHERE {MAKES_A_MEMBER}"
    for member, count in ((commune, 2), (epci, 2), (alone, 1)):
        with connection.cursor() as cursor:
            cursor.execute(statement, {"member": member.pk, "today": TODAY})
            found = {row[0] for row in cursor.fetchall()}
        assert found == set(operators_of(organisation=member, on=TODAY).values_list("pk", flat=True))
        assert len(found) == count
