"""An operator's curators decide on what vendors submit."""

from datetime import date

import pytest

from catalog.curation import deciding, errors
from catalog.curation.visas import record_visa
from catalog.models import (
    GridState,
    Listing,
    ListingMove,
    ListingState,
    ShelfRules,
    Submission,
    SubmissionState,
    VisaOpinion,
)
from tenants.models import AuditEvent, Letter, Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    ChecklistItemFactory,
    EthicsVisaFactory,
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    PriceGridFactory,
    SubmissionFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    operator = OperatorFactory(short_name="Syndicat des Essais")
    with tenant_scope([operator.organisation_id]):
        yield operator


@pytest.fixture
def curator():
    return UserFactory(first_name="Aude", last_name="Curatelle")


def waiting(operator, *, state=ListingState.DRAFT, **values) -> Submission:
    return SubmissionFactory(
        listing__operator=operator,
        listing__state=state,
        listing__sheet__name="Cantine Claire",
        **{f"listing__{name}": value for name, value in values.items()},
    )


def accept(submission, curator, **values) -> Listing:
    return deciding.accept(**{"submission": submission, "ticked": None, "by": curator, "now": NOW, **values})


def test_accepting_lists_what_has_a_price(operator, curator):
    submission = waiting(operator)
    listing = accept(submission, curator)
    listing.refresh_from_db()
    submission.refresh_from_db()
    assert (listing.state, listing.approved_revision, listing.approved_at) == (
        ListingState.LISTED,
        submission.revision,
        NOW,
    )
    assert (submission.state, submission.decided_by, submission.decided_at) == ("accepted", curator, NOW)
    assert list(ListingMove.objects.values_list("before", "after", "by")) == [("draft", "listed", curator.pk)]
    assert [event.what for event in AuditEvent.objects.order_by("pk")] == [
        "listing.listed",
        "submission.accepted",
    ]


def test_accepting_without_a_price_leaves_it_in_preparation(operator, curator):
    listing = accept(waiting(operator, grid=None), curator)
    listing.refresh_from_db()
    assert (listing.state, listing.approved_revision is None) == (ListingState.DRAFT, False)
    assert not ListingMove.objects.exists()


@pytest.mark.parametrize(
    "grid",
    [
        {"state": GridState.DRAFT},
        {"option": "sms"},
        {"effective_until": date(2026, 10, 1)},
    ],
)
def test_a_draft_an_option_or_a_past_grid_is_no_price(grid, operator, curator):
    submission = waiting(operator, grid=None)
    PriceGridFactory(listing=submission.listing, **grid)
    assert accept(submission, curator).state == ListingState.DRAFT


def test_the_next_version_replaces_what_members_read(operator, curator):
    submission = waiting(operator, state=ListingState.LISTED)
    listing = accept(submission, curator)
    assert listing.state == ListingState.LISTED
    assert listing.approved_revision == submission.revision
    assert not ListingMove.objects.exists()


def test_what_was_refused_once_may_be_accepted(operator, curator):
    listing = accept(waiting(operator, state=ListingState.REFUSED), curator)
    assert listing.state == ListingState.LISTED
    assert list(ListingMove.objects.order_by("pk").values_list("before", "after")) == [
        ("refused", "draft"),
        ("draft", "listed"),
    ]


def test_the_second_curator_is_told_who_decided(operator, curator):
    submission = waiting(operator)
    deciding.ask_for_changes(submission=submission, message="Une capture ?", by=curator, now=NOW)
    with pytest.raises(errors.AlreadyDecided, match="Aude Curatelle a déjà demandé des modifications le 1er"):
        accept(submission, UserFactory())
    assert Listing.objects.get().state == ListingState.DRAFT


@pytest.mark.parametrize(
    ("state", "words"), [("replaced", "version plus récente"), ("cancelled", "retirer cette version")]
)
def test_what_the_vendor_did_meanwhile_is_told(state, words, operator, curator):
    submission = waiting(operator)
    with as_worker():
        Submission.objects.update(state=state)
    with pytest.raises(errors.AlreadyDecided, match=words):
        accept(submission, curator)


def test_the_compulsory_points_of_its_family_are_answered(operator, curator):
    for_all = ChecklistItemFactory(operator=operator, label="Les captures sont lisibles")
    of_family = ChecklistItemFactory(operator=operator, family="canteen", label="Le goûter", compulsory=False)
    ChecklistItemFactory(operator=operator, family="gis", label="Le cadastre")
    ChecklistItemFactory(label="Un autre opérateur")
    submission = waiting(operator)
    with pytest.raises(errors.ChecksMissing, match="Les captures sont lisibles"):
        accept(submission, curator, ticked={of_family.pk})
    submission.refresh_from_db()
    assert submission.state == SubmissionState.PENDING
    accept(submission, curator, ticked={for_all.pk})
    submission.refresh_from_db()
    assert submission.checks == [
        {"label": "Les captures sont lisibles", "compulsory": True, "ok": True},
        {"label": "Le goûter", "compulsory": False, "ok": False},
    ]


def require_visa(operator):
    with as_worker():
        ShelfRules.objects.create(operator=operator, visa_required=True)


@pytest.mark.parametrize(
    "visa",
    [
        None,
        {"opinion": VisaOpinion.UNFAVOURABLE},
        {"valid_until": date(2026, 9, 30)},
        {"given_on": date(2026, 10, 2)},
    ],
)
def test_personal_data_wait_for_the_committee(visa, operator, curator):
    require_visa(operator)
    submission = waiting(operator)
    if visa:
        EthicsVisaFactory(listing=submission.listing, **visa)
    with pytest.raises(errors.VisaMissing):
        accept(submission, curator)


@pytest.mark.parametrize(
    "visa", [{"valid_until": date(2026, 10, 1)}, {"opinion": "reservations", "text": "Sans photo."}]
)
def test_a_favourable_visa_in_force_opens_the_shelf(visa, operator, curator):
    require_visa(operator)
    submission = waiting(operator)
    EthicsVisaFactory(listing=submission.listing, given_on=date(2026, 1, 1), opinion="unfavourable")
    EthicsVisaFactory(listing=submission.listing, **visa)
    assert accept(submission, curator).state == ListingState.LISTED


def test_without_personal_data_no_visa_is_asked(operator, curator):
    require_visa(operator)
    assert accept(waiting(operator, sheet__personal_data=False), curator).state == ListingState.LISTED


def test_nothing_is_sent_back_without_a_word(operator, curator):
    submission = waiting(operator)
    decision = {"submission": submission, "by": curator, "now": NOW}
    with pytest.raises(errors.MessageMissing):
        deciding.ask_for_changes(message="", **decision)
    with pytest.raises(errors.MessageMissing):
        deciding.refuse(reason="  \n ", **decision)
    submission.refresh_from_db()
    assert submission.state == SubmissionState.PENDING


def test_a_new_service_refused_is_said_refused(operator, curator):
    submission = waiting(operator)
    deciding.refuse(submission=submission, reason="Hors de notre objet.", by=curator, now=NOW)
    assert Listing.objects.get().state == ListingState.REFUSED
    assert ListingMove.objects.get().reason == "Hors de notre objet."


def test_a_refused_version_takes_nothing_off_the_shelf(operator, curator):
    submission = waiting(operator, state=ListingState.LISTED)
    before = submission.listing.approved_revision_id
    deciding.refuse(submission=submission, reason="Trop long.", by=curator, now=NOW)
    listing = Listing.objects.get()
    assert (listing.state, listing.approved_revision_id) == (ListingState.LISTED, before)


def test_the_vendors_administrators_are_told(operator, curator):
    submission = waiting(operator, grid=None)
    vendor = submission.listing.vendor.organisation
    told = MembershipFactory(organisation=vendor, role=Role.VENDOR_ADMIN).user
    MembershipFactory(organisation=vendor, role=Role.VENDOR_EDITOR)
    accept(submission, curator, message="Bravo.")
    letter = Letter.objects.get()
    assert letter.to == told.email
    assert letter.subject == "Syndicat des Essais a accepté votre fiche « Cantine Claire »"
    assert "quand l’opérateur aura publié son tarif" in letter.body
    assert "Bravo." in letter.body
    assert "Aude" not in letter.body


def test_a_batch_accepts_what_may_be_and_says_the_rest(operator, curator):
    require_visa(operator)
    good = waiting(operator, sheet__personal_data=False)
    bad = SubmissionFactory(listing__operator=operator)
    accepted, refused = deciding.accept_many(submissions=[good, bad], checked=True, by=curator, now=NOW)
    assert [listing.pk for listing in accepted] == [good.listing_id]
    assert [(submission, type(why)) for submission, why in refused] == [(bad, errors.VisaMissing)]
    bad.refresh_from_db()
    assert bad.state == SubmissionState.PENDING


def note(listing, **values):
    return record_visa(
        **{
            "listing": listing,
            "opinion": VisaOpinion.FAVOURABLE,
            "given_on": date(2026, 9, 1),
            "valid_until": None,
            "text": "",
            "by": UserFactory(),
            "now": NOW,
            **values,
        }
    )


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"given_on": date(2026, 10, 2)}, "given_on"),
        ({"valid_until": date(2026, 8, 31)}, "valid_until"),
        ({"opinion": VisaOpinion.WITH_RESERVATIONS}, "text"),
    ],
)
def test_an_opinion_that_does_not_hold_together(values, field, operator):
    with pytest.raises(errors.VisaInvalid) as refusal:
        note(ListingFactory(operator=operator), **values)
    assert refusal.value.field == field


def test_an_opinion_is_noted_and_logged(operator):
    listing = ListingFactory(operator=operator)
    note(listing, text="  Favorable.  ")
    assert listing.visas.get().text == "Favorable."
    assert AuditEvent.objects.get().what == "listing.visa"
