"""Drafts, publication, withdrawal: the versions of a listing's grid follow one another without a hole."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import InternalError, transaction
from django.db.utils import IntegrityError
from django.utils import timezone
from django.utils.timezone import localdate

from catalog.grids import operations
from catalog.grids.jumping import never_priced
from catalog.grids.refusals import DraftChanged, LowersTotal, NotADraft, NotWithdrawable, TermsInvalid
from catalog.grids.terms import GridTerms
from catalog.models import GridState, PriceGrid, ShelfRules
from catalog.pricing import GridInvalid, parse_grid
from tenants.models import AuditEvent, VatPosition
from tenants.tenancy import tenant_scope
from tests.factories import ListingFactory, PriceGridFactory, UserFactory
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

TODAY = localdate()
NEXT_YEAR = date(TODAY.year + 1, 1, 1)
DEARER = {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "0.40"}
# 1 001 inhabitants pay less than 1 000.
LOWERING = {
    "pattern": "flat_by_stratum",
    "population_kind": "municipale",
    "strata": [{"upper": 1000, "amount": "500"}, {"lower": 1001, "amount": "300"}],
}


@pytest.fixture
def listing():
    return ListingFactory()


@pytest.fixture
def curator():
    return UserFactory()


@pytest.fixture(autouse=True)
def _scope(listing):
    with tenant_scope([listing.operator.organisation_id]):
        yield


def draft(listing, curator, **terms) -> PriceGrid:
    grid = operations.start_draft(
        listing=listing, by=curator, now=timezone.now(), definition=terms.pop("definition", DEARER)
    )
    if terms:
        edited(grid, curator, **terms)
    return grid


def edited(grid, curator, *, seen=None, **terms) -> PriceGrid:
    wanted = replace(GridTerms.of(grid), **terms)
    return operations.edit_draft(grid=grid, terms=wanted, by=curator, now=timezone.now(), seen=seen)


def published(grid, curator, **options) -> PriceGrid:
    return operations.publish(grid=grid, by=curator, now=timezone.now(), **options)


def periods(listing) -> list[tuple]:
    versions = listing.grids.filter(state=GridState.PUBLISHED).order_by("effective_from")
    return list(versions.values_list("effective_from", "effective_until"))


def test_a_draft_begins_next_january_with_the_vat_of_the_operator(listing, curator):
    with as_worker():
        VatPosition.objects.create(operator=listing.operator, regime="franchise", since=date(2020, 1, 1))
    grid = draft(listing, curator)
    assert grid.state == GridState.DRAFT
    assert grid.effective_from == NEXT_YEAR
    assert (grid.vat_category, grid.vat_rate) == ("E", 0)
    assert "293 B" in grid.vat_reason


def test_a_first_grid_may_begin_today_and_be_published_at_once(curator):
    listing = ListingFactory(grid=None)
    with tenant_scope([listing.operator.organisation_id]):
        grid = draft(listing, curator)
        assert grid.effective_from == localdate()
        published(edited(grid, curator, effective_from=TODAY - timedelta(days=400)), curator)
        assert periods(listing) == [(TODAY - timedelta(days=400), None)]


def test_a_copy_keeps_all_terms_of_the_same_listing(listing, curator):
    [in_force] = listing.grids.all()
    copy = operations.start_draft(listing=listing, by=curator, now=timezone.now(), copy_of=in_force)
    assert (copy.definition, copy.vat_rate) == (in_force.definition, in_force.vat_rate)
    other = ListingFactory(operator=listing.operator, grid__exempt=True)
    [exempt] = other.grids.all()
    copy = operations.start_draft(listing=listing, by=curator, now=timezone.now(), copy_of=exempt)
    assert copy.vat_category == "S"


def test_what_is_published_ends_the_version_in_force_that_day(listing, curator):
    [before] = periods(listing)
    grid = published(draft(listing, curator), curator)
    assert periods(listing) == [(before[0], NEXT_YEAR), (NEXT_YEAR, None)]
    assert grid.published_by == curator
    assert listing.grid_on(NEXT_YEAR) == grid
    with tenant_scope([listing.operator.organisation_id]):
        event = AuditEvent.objects.get(what="price_grid.published")
    assert "à partir du 1er janvier" in event.sentence


def test_a_version_in_between_ends_where_the_next_one_begins(listing, curator):
    [before] = periods(listing)
    later = NEXT_YEAR + timedelta(days=60)
    published(draft(listing, curator, effective_from=later), curator)
    published(draft(listing, curator, effective_from=NEXT_YEAR), curator)
    assert periods(listing) == [(before[0], NEXT_YEAR), (NEXT_YEAR, later), (later, None)]


def test_a_withdrawn_version_leaves_no_hole(listing, curator):
    [before] = periods(listing)
    later = NEXT_YEAR + timedelta(days=60)
    middle = published(draft(listing, curator, effective_from=NEXT_YEAR), curator)
    published(draft(listing, curator, effective_from=later), curator)
    operations.withdraw(grid=middle, by=curator, now=timezone.now())
    assert periods(listing) == [(before[0], later), (later, None)]
    # The day is free again.
    published(draft(listing, curator, effective_from=NEXT_YEAR), curator)
    assert len(periods(listing)) == 3
    with pytest.raises(NotWithdrawable):
        operations.withdraw(grid=middle, by=curator, now=timezone.now())


def test_what_is_in_force_is_never_withdrawn(listing, curator):
    [in_force] = listing.grids.all()
    with pytest.raises(NotWithdrawable):
        operations.withdraw(grid=in_force, by=curator, now=timezone.now())
    with pytest.raises((InternalError, IntegrityError)), transaction.atomic():
        PriceGrid.objects.filter(pk=in_force.pk).update(state=GridState.WITHDRAWN)


@pytest.mark.parametrize("change", [{"definition": LOWERING}, {"vat_rate": 10}, {"state": "draft"}])
def test_the_database_refuses_to_change_what_is_published(listing, curator, change):
    grid = published(draft(listing, curator), curator)
    with pytest.raises((InternalError, IntegrityError)), transaction.atomic():
        PriceGrid.objects.filter(pk=grid.pk).update(**change)
    with pytest.raises((InternalError, IntegrityError)), transaction.atomic():
        grid.delete()


def test_not_in_the_past_and_not_twice_the_same_day(listing, curator):
    late = draft(listing, curator, effective_from=TODAY - timedelta(days=1))
    with pytest.raises(TermsInvalid, match="au passé"):
        published(late, curator)
    published(draft(listing, curator), curator)
    with pytest.raises(TermsInvalid, match="commence déjà ce jour-là"):
        published(draft(listing, curator, effective_from=NEXT_YEAR), curator)


def test_in_january_only_where_the_rules_say_so(listing, curator):
    with as_worker():
        ShelfRules.objects.create(operator=listing.operator, grids_from_january=True)
    with pytest.raises(TermsInvalid, match="1er janvier"):
        draft(listing, curator, effective_from=NEXT_YEAR + timedelta(days=1))
    published(draft(listing, curator, effective_from=NEXT_YEAR), curator)


def test_a_lower_total_must_be_wanted(listing, curator):
    grid = draft(listing, curator, definition=LOWERING)
    with pytest.raises(LowersTotal) as refused:
        published(grid, curator)
    [jump] = refused.value.jumps
    assert jump.difference_cents == -20000
    assert periods(listing)[0][1] is None  # nothing has moved
    published(grid, curator, accept_lowering=True)


def test_an_incomplete_draft_is_never_published(listing, curator):
    grid = draft(listing, curator, definition={"pattern": "per_inhabitant"})
    with pytest.raises(GridInvalid):
        published(grid, curator)
    with pytest.raises(GridInvalid):
        edited(grid, curator, definition={"pattern": "flat_by_stratum", "strata": []})
    with pytest.raises(GridInvalid):
        edited(grid, curator, definition=DEARER, list_definition={"pattern": "?"})


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"effective_from": date(2126, 1, 1)}, "effective_from"),
        ({"vat_category": "X"}, "vat_category"),
        ({"vat_category": "S", "vat_rate": Decimal("0.2")}, "vat_rate"),
        ({"vat_category": "E", "vat_reason": " "}, "vat_reason"),
        ({"vat_category": "E", "vat_reason": "x" * 201}, "vat_reason"),
        ({"note": "x" * 501}, "note"),
    ],
)
def test_terms_that_make_no_sense(listing, curator, terms, field):
    with pytest.raises(TermsInvalid) as refused:
        edited(draft(listing, curator), curator, **terms)
    assert list(refused.value.errors) == [field]


def test_a_draft_saved_by_somebody_else_meanwhile(listing, curator):
    grid = draft(listing, curator)
    seen = operations.fingerprint(grid)
    edited(grid, curator, note="d’abord", seen=seen)
    with pytest.raises(DraftChanged):
        edited(grid, curator, note="ensuite", seen=seen)
    with pytest.raises(DraftChanged):
        published(grid, curator, seen=seen)


def test_a_draft_is_deleted_once(listing, curator):
    grid = draft(listing, curator)
    operations.delete_draft(grid=grid, by=curator, now=timezone.now())
    with pytest.raises(NotADraft):
        operations.delete_draft(grid=grid, by=curator, now=timezone.now())
    with pytest.raises(NotADraft):
        edited(grid, curator, note="trop tard")


def test_an_option_has_versions_of_its_own(listing, curator):
    grid = operations.start_draft(
        listing=listing, by=curator, now=timezone.now(), definition=DEARER, option="sms"
    )
    assert grid.effective_from == localdate()
    published(grid, curator)
    assert listing.grid_on(localdate(), "sms") == grid
    assert listing.grid_on(localdate()).option == ""


def test_a_factory_made_grid_stays_out_of_other_listings(listing, curator):
    other = PriceGridFactory(listing=ListingFactory(operator=listing.operator, grid=None))
    published(draft(listing, curator), curator)
    other.refresh_from_db()
    assert other.effective_until is None


def test_a_fall_in_the_first_year_must_be_wanted_too(listing, curator):
    flat = {"pattern": "flat_by_stratum", "strata": [{"amount": "600"}]}
    grid = draft(
        listing,
        curator,
        definition={"pattern": "first_year_and_following", "first_year": LOWERING, "following": flat},
    )
    with pytest.raises(LowersTotal):
        published(grid, curator)


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        ({"pattern": "per_unit", "unit": "workstation", "unit_price": "12"}, True),
        (
            {"pattern": "by_member_type", "grids": {"epci": {"pattern": "not_published"}, "commune": DEARER}},
            False,
        ),
        ({"pattern": "by_college", "colleges": {"Rurales": DEARER}}, False),
        (
            {"pattern": "epci_by_communes", "population_kind": "totale", "per_commune": "80", "rate": "0.1"},
            False,
        ),
    ],
)
def test_a_grid_that_gives_nobody_a_price_is_known(definition, told):
    assert bool(never_priced(parse_grid(definition))) is told


@pytest.mark.parametrize("days", [0, 93, -1])
def test_a_trial_lasts_a_quarter_at_most(listing, curator, days):
    with pytest.raises(TermsInvalid) as refused:
        draft(listing, curator, trial_days=days)
    assert "de 1 à 92" in refused.value.errors["trial_days"]


@pytest.mark.parametrize(
    "wrong", [{"trial_days": 93}, {"trial_days": 0}, {"trial_days": 30, "option": "sms"}]
)
def test_the_database_bounds_a_trial_too(listing, wrong):
    with pytest.raises(IntegrityError, match="price_grid_trial_of_a_quarter_at_most"), transaction.atomic():
        PriceGridFactory(listing=listing, state=GridState.DRAFT, **wrong)


def test_a_trial_is_of_the_service_never_of_an_option(listing, curator):
    grid = operations.start_draft(
        listing=listing, by=curator, now=timezone.now(), definition=DEARER, option="sms"
    )
    with pytest.raises(TermsInvalid) as refused:
        edited(grid, curator, trial_days=30)
    assert "du service seul" in refused.value.errors["trial_days"]


def test_a_published_trial_is_promised_until_the_next_version(listing, curator):
    grid = published(draft(listing, curator, trial_days=30), curator)
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic(), as_worker():
        PriceGrid.objects.filter(pk=grid.pk).update(trial_days=5)
    copy = operations.start_draft(listing=listing, by=curator, now=timezone.now(), copy_of=grid)
    assert copy.trial_days == 30
    other = ListingFactory(operator=listing.operator)
    elsewhere = operations.start_draft(listing=other, by=curator, now=timezone.now(), copy_of=grid)
    assert elsewhere.trial_days is None
