"""Two people at one sheet at the same moment, and two workers at one planned publication."""

from datetime import timedelta

import pytest
from django.db import transaction

from catalog.models import ServiceSheet, Submission
from catalog.sheets import publishing
from catalog.sheets.drafts import create_service, draft_of, save_draft
from catalog.sheets.errors import SheetChanged
from tenants.tenancy import every_tenant, tenant_scope
from tests.factories import (
    OperatorFactory,
    PlannedPublicationFactory,
    ServiceSheetFactory,
    UserFactory,
    VendorFactory,
)
from tests.factories.base import NOW
from tests.tools.database import acting_as, as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def in_scope(vendor, verb, /, **values):
    """What a page does: one operation in a transaction, inside the vendor's scope."""

    def run():
        with transaction.atomic(), tenant_scope([vendor.organisation_id]):
            return verb(**values)

    return run


def writing(sheet, **values):
    return in_scope(
        sheet.vendor,
        save_draft,
        sheet=sheet,
        values=values,
        based_on=sheet.latest_revision_id,
        by=UserFactory(),
        now=NOW,
    )


@pytest.fixture
def sheet():
    sheet = ServiceSheetFactory()
    with as_worker():
        sheet.save_revision()
    return sheet


def test_one_of_two_people_at_the_same_field_is_told(sheet):
    for turn in range(5):
        sheet.refresh_from_db()
        results = at_once(*(writing(sheet, summary=f"{turn} {who}") for who in ("le mien", "le sien")))
        told = [result for result in results if isinstance(result, SheetChanged)]
        assert len(told) == 1, results
    assert sheet.revisions.count() == 1 + 5


def test_two_people_at_different_fields_lose_nothing(sheet):
    for turn in range(1, 6):
        sheet.refresh_from_db()
        results = at_once(writing(sheet, summary=f"Résumé {turn}"), writing(sheet, population_min=turn))
        assert all(result.changed for result in results), results
        draft = draft_of(ServiceSheet.objects.get(pk=sheet.pk)).sheet
        assert (draft.summary, draft.population_min) == (f"Résumé {turn}", turn)


def test_two_services_of_one_name_have_two_addresses():
    vendor = VendorFactory()
    values = {"vendor": vendor, "name": "Cantine", "family": "canteen", "by": UserFactory(), "now": NOW}
    made = at_once(*(in_scope(vendor, create_service, **values) for _ in range(3)))
    assert {sheet.slug for sheet in made} == {"cantine", "cantine-2", "cantine-3"}


def test_two_workers_publish_once(sheet):
    planned = PlannedPublicationFactory(sheet=sheet, at=NOW)
    with as_worker():
        planned.operators.set([OperatorFactory()])

    def due():
        with acting_as("worker"), every_tenant():
            return publishing.publish_due(now=NOW + timedelta(minutes=1))

    assert sorted(at_once(due, due)) == [0, 1]
    assert Submission.objects.filter(revision=planned.revision).count() == 1
