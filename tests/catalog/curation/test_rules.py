"""What an operator asks of its own shelf."""

import pytest

from catalog.curation import rules
from catalog.curation.deciding import checklist
from catalog.curation.errors import ChecklistInvalid
from catalog.curation.visas import rules_of
from catalog.models import ChecklistItem
from tenants.models import AuditEvent
from tenants.tenancy import tenant_scope
from tests.factories import OperatorFactory, UserFactory
from tests.factories.base import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    operator = OperatorFactory()
    with tenant_scope([operator.organisation_id]):
        yield operator


def add(operator, label, family="", compulsory=True) -> ChecklistItem:
    return rules.add_point(
        operator=operator, family=family, label=label, compulsory=compulsory, by=UserFactory(), now=NOW
    )


def test_without_a_row_nothing_is_asked(operator):
    assert rules_of(operator).visa_required is False


def test_rules_are_kept_with_what_they_were(operator):
    for _ in range(2):
        rules.set_rules(
            operator=operator, visa_required=True, grids_from_january=False, by=UserFactory(), now=NOW
        )
    assert rules_of(operator).visa_required is True
    assert AuditEvent.objects.get().changes == {"visa_required": [False, True]}


def test_points_stand_in_the_order_they_were_added(operator):
    for label in ("Deux", "Un"):
        add(operator, label)
    add(operator, "  La   cantine ", family="canteen")
    assert [point.label for point in checklist(operator=operator, family="canteen")] == [
        "Deux",
        "Un",
        "La cantine",
    ]
    assert len(rules.points_of(operator)) == 3


@pytest.mark.parametrize("label", ["", "   ", "Deux", " Deux "])
def test_an_empty_or_repeated_point_is_refused(label, operator):
    add(operator, "Deux")
    with pytest.raises(ChecklistInvalid):
        add(operator, label)
    assert ChecklistItem.objects.count() == 1


def test_a_point_is_removed_once(operator):
    point = add(operator, "Deux {actor}")
    copy = ChecklistItem.objects.get()
    rules.remove_point(point=point, by=UserFactory(), now=NOW)
    rules.remove_point(point=copy, by=UserFactory(), now=NOW)
    assert AuditEvent.objects.filter(what="shelf.point_removed").count() == 1
