"""A college taken away while somebody gives it to a member."""

import pytest
from django.db import transaction
from django.utils.timezone import localdate

from tenants.members.operations import ForeignCollege, amend, join
from tenants.models import Adhesion, AuditEvent, College
from tenants.operators.colleges import CollegeInUse, remove_college, rename_college
from tenants.operators.settings import SettingsInvalid
from tenants.tenancy import tenant_scope
from tests.factories import AdhesionFactory, CollegeFactory, OrganisationFactory, UserFactory
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def in_scope(tenants, verb, /, **values):
    """What a page does: one operation in a transaction, inside the scope of these tenants."""

    def run():
        with transaction.atomic(), tenant_scope(tenants):
            return verb(**values)

    return run


def terms(college):
    return {
        "college": college,
        "deliberation_number": "",
        "deliberation_date": None,
        "covers_communes": False,
        "by": UserFactory(),
        "now": NOW,
    }


def joining(college):
    member = OrganisationFactory()
    tenants = [college.operator.organisation_id, member.pk]
    values = {"operator": college.operator, "organisation": member, "since": localdate(NOW)}
    return in_scope(tenants, join, **values, **terms(college))


def amending(college):
    adhesion = AdhesionFactory(operator=college.operator)
    tenants = [college.operator.organisation_id, adhesion.organisation_id]
    return in_scope(tenants, amend, adhesion=adhesion, **terms(college))


@pytest.mark.parametrize("giving", [joining, amending])
def test_a_college_is_given_or_removed_never_both(giving):
    for _ in range(10):
        college = CollegeFactory()
        given, removed = at_once(
            giving(college),
            in_scope(
                [college.operator.organisation_id],
                remove_college,
                college=college,
                by=UserFactory(),
                now=NOW,
            ),
        )
        with as_worker():
            kept = College.objects.filter(pk=college.pk).exists()
            named = Adhesion.objects.filter(college=college.pk).exists()
        assert kept is named
        if kept:
            assert isinstance(given, Adhesion)
            assert isinstance(removed, CollegeInUse)
        else:
            assert isinstance(given, ForeignCollege)
            assert removed is None


def test_two_people_removing_a_college_remove_it_once():
    college = CollegeFactory()
    tenants = [college.operator.organisation_id]
    assert at_once(
        *(
            in_scope(tenants, remove_college, college=copy, by=UserFactory(), now=NOW)
            for copy in copies(college)
        )
    ) == [None, None]
    with as_worker():
        assert AuditEvent.objects.filter(what="operator.college_removed").count() == 1


def test_a_college_that_is_gone_has_no_new_name():
    college = CollegeFactory()
    kept, gone = copies(college)
    in_scope([college.operator.organisation_id], remove_college, college=kept, by=UserFactory(), now=NOW)()
    rename = in_scope(
        [college.operator.organisation_id],
        rename_college,
        college=gone,
        name="Communes",
        votes=1,
        by=UserFactory(),
        now=NOW,
    )
    with pytest.raises(SettingsInvalid):
        rename()


def copies(college):
    with as_worker():
        return [College.objects.select_related("operator__organisation").get(pk=college.pk) for _ in range(2)]
