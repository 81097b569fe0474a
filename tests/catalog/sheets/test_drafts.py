"""Drafts: each save is one more revision, the live row stays, two people do not erase each other's words."""

from contextlib import contextmanager

import pytest

from catalog.models import ServiceSheet
from catalog.sheets.drafts import create_service, draft_of, restore, save_draft
from catalog.sheets.errors import SheetChanged, SheetInvalid
from tenants.models import AuditEvent
from tenants.tenancy import tenant_scope
from tests.factories import ServiceSheetFactory, UserFactory, VendorFactory
from tests.factories.base import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def vendor():
    return VendorFactory()


@pytest.fixture
def by():
    return UserFactory()


@pytest.fixture
def scope(vendor):
    with tenant_scope([vendor.organisation_id]):
        yield


@pytest.fixture
def sheet(vendor, by, scope):
    return create_service(vendor=vendor, name="Cantine facile", family="canteen", by=by, now=NOW)


@contextmanager
def the_row_stays(sheet):
    before = ServiceSheet.objects.values("name", "summary", "live", "live_revision_id").get(pk=sheet.pk)
    yield
    assert (
        ServiceSheet.objects.values("name", "summary", "live", "live_revision_id").get(pk=sheet.pk) == before
    )


def fresh(sheet) -> ServiceSheet:
    return ServiceSheet.objects.get(pk=sheet.pk)


def save(sheet, by, *, based_on=None, **values):
    return save_draft(
        sheet=sheet,
        values=values,
        based_on=fresh(sheet).latest_revision_id if based_on is None else based_on,
        by=by,
        now=NOW,
    )


def test_a_new_service_is_a_draft(sheet, vendor):
    assert (sheet.slug, sheet.live, sheet.vendor) == ("cantine-facile", False, vendor)
    assert sheet.product.product_class.slug == "teleservice"
    assert sheet.latest_revision is not None
    assert sheet.live_revision is None


def test_an_address_is_given_once(sheet, vendor, by):
    again = [
        create_service(vendor=vendor, name=name, family="gis", by=by, now=NOW).slug
        for name in ("Cantine facile", "CANTINE  FACILE", "Nouveau", "???")
    ]
    assert again == ["cantine-facile-2", "cantine-facile-3", "nouveau-2", "service"]
    save(sheet, by, name="Tout autre nom")
    assert fresh(sheet).slug == "cantine-facile"
    assert draft_of(fresh(sheet)).sheet.slug == "cantine-facile"


def test_a_save_is_one_more_revision_and_never_the_row(sheet, by):
    with the_row_stays(sheet):
        saved = save(sheet, by, name="Cantine très facile", summary="Les repas.")
    assert saved.changed
    assert draft_of(fresh(sheet)).sheet.name == "Cantine très facile"
    assert sheet.revisions.count() == 2
    assert saved.revision.user == by


def test_a_save_that_changes_nothing_makes_no_revision(sheet, by):
    save(sheet, by, summary="Les repas.")
    assert not save(sheet, by, summary="  Les repas. ").changed
    assert sheet.revisions.count() == 2


def test_what_is_wrong_is_not_saved(sheet, by):
    with pytest.raises(SheetInvalid):
        save(sheet, by, website="nowhere")
    assert sheet.revisions.count() == 1


def test_fields_of_other_sections_stay(sheet, by):
    save(sheet, by, summary="Les repas.")
    save(sheet, by, population_min=500)
    draft = draft_of(fresh(sheet)).sheet
    assert (draft.summary, draft.population_min) == ("Les repas.", 500)


def test_two_people_at_the_same_field(sheet, by):
    began = fresh(sheet).latest_revision_id
    save(sheet, by, summary="Le sien.")
    with pytest.raises(SheetChanged) as conflict:
        save(sheet, UserFactory(), based_on=began, summary="Le mien.")
    assert [one.field for one in conflict.value.changed] == ["summary"]
    assert conflict.value.latest.pk == fresh(sheet).latest_revision_id
    assert draft_of(fresh(sheet)).sheet.summary == "Le sien."
    # She has read what changed, and sends again.
    assert save(sheet, by, based_on=conflict.value.latest.pk, summary="Le mien.").changed


def test_two_people_at_different_fields_lose_nothing(sheet, by):
    began = fresh(sheet).latest_revision_id
    save(sheet, by, summary="Le sien.")
    saved = save(sheet, by, based_on=began, population_min=500)
    assert [one.field for one in saved.meanwhile] == ["summary"]
    draft = draft_of(fresh(sheet)).sheet
    assert (draft.summary, draft.population_min) == ("Le sien.", 500)


def test_the_same_words_twice_are_no_conflict(sheet, by):
    began = fresh(sheet).latest_revision_id
    save(sheet, by, summary="Pareil.")
    assert not save(sheet, by, based_on=began, summary="Pareil.").changed


def test_a_revision_of_another_sheet_or_none_is_no_beginning(sheet, by):
    other = ServiceSheetFactory()
    other.save_revision()
    for strange in (0, other.latest_revision_id, 10**12):
        with pytest.raises(SheetChanged):
            save(sheet, by, based_on=strange, name="Autre")


def test_an_old_version_comes_back_as_one_more(sheet, by):
    first = fresh(sheet).latest_revision
    save(sheet, by, name="Deuxième")
    with the_row_stays(sheet):
        saved = restore(sheet=sheet, revision=first, by=by, now=NOW)
    assert saved.changed
    assert draft_of(fresh(sheet)).sheet.name == "Cantine facile"
    assert sheet.revisions.count() == 3
    assert not restore(sheet=sheet, revision=first, by=by, now=NOW).changed


def test_every_verb_is_in_the_log_without_names(sheet, vendor, by):
    first = fresh(sheet).latest_revision
    save(sheet, by, name="Deuxième")
    restore(sheet=sheet, revision=first, by=by, now=NOW)
    events = AuditEvent.objects.filter(tenant=vendor.organisation).order_by("pk")
    assert [event.what for event in events] == ["sheet.created", "sheet.draft_saved", "sheet.restored"]
    assert events[1].details["fields"] == ["name"]
    assert all("{actor}" in event.sentence for event in events)
