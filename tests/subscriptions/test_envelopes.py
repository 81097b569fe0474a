"""An envelope approves what fits it, and leaves a trace; it is never passed and never votes for a council."""

import uuid
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from catalog.pricing import format_cents
from subscriptions import operations
from subscriptions.acts import Act
from subscriptions.approving import agree
from subscriptions.envelopes import EnvelopeTerms, close_envelope, open_envelope
from subscriptions.exceptions import DecisionInvalid, EnvelopeInvalid, WrongState
from subscriptions.models import (
    Approval,
    ApprovalState,
    Authority,
    Decision,
    Envelope,
    EnvelopeHold,
    Party,
    State,
    Subscription,
)
from tenants.models import AuditEvent, Letter, Membership, Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    EnvelopeFactory,
    EnvelopeHoldFactory,
    ListingFactory,
    MembershipFactory,
    OrganisationFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
YEARLY = 25_800
TERMS = EnvelopeTerms(
    amount_cents=100_000,
    starts_on=TODAY,
    ends_on=TODAY + timedelta(days=92),
    delegation_number="2020-12",
    delegation_date=date(2020, 7, 3),
)


@pytest.fixture
def commune():
    return OrganisationFactory(territory__population=860)


@pytest.fixture
def mayor(commune):
    return MembershipFactory(organisation=commune, role=Role.SIGNATORY).user


@pytest.fixture
def secretary(commune):
    return MembershipFactory(organisation=commune, role=Role.SECRETARY).user


def shelf(commune, **vehicle):
    """A listing at 258,00 € a year for the commune, which its mayor may decide."""
    rules = {"legal_basis": "centrale", "deliberation_required": False, **vehicle}
    listing = ListingFactory(**{f"vehicle__{name}": rule for name, rule in rules.items()})
    AdhesionFactory(operator=listing.operator, organisation=commune)
    return listing


def ask(commune, listing, by) -> Subscription:
    with tenant_scope([commune.pk, listing.operator.organisation_id]):
        return operations.request_subscription(
            organisation=commune,
            listing=listing,
            requested_by=by,
            request_key=uuid.uuid4(),
            shown_cents=YEARLY,
            now=NOW,
        )


def held(envelope) -> int:
    with as_worker():
        return Envelope.objects.get(pk=envelope.pk).held_cents


def test_what_fits_is_approved_at_once_with_its_trace(commune, mayor, secretary):
    envelope = EnvelopeFactory(tenant=commune, signed_by=mayor, families=["canteen"])
    subscription = ask(commune, shelf(commune), secretary)
    assert subscription.state == State.PROVISIONING
    with as_worker():
        step = Approval.objects.get(subscription=subscription)
        assert (step.state, step.by) == (ApprovalState.GIVEN, mayor)
        before, after = format_cents(100_000), format_cents(100_000 - YEARLY)
        assert step.reason == (
            f"Enveloppe n° {envelope.number} : {format_cents(YEARLY)} HT engagés, il restait {before} avant, "
            f"il reste {after} après."
        )
        act = Decision.objects.get(subscription=subscription)
        assert (act.number, act.authority, act.file.name) == (
            envelope.act_number, Authority.MAYOR, envelope.act_file.name,
        )  # fmt: skip
        hold = EnvelopeHold.objects.get()
        assert (hold.amount_cents, hold.left_after_cents) == (YEARLY, 100_000 - YEARLY)
        letter = Letter.objects.get(key=f"envelope:{hold.pk}")
        assert letter.to == mayor.email
        assert "258,00" in letter.body
        event = AuditEvent.objects.get(what="subscription.approved_by_envelope")
        assert (event.actor, event.person) == (None, mayor)
    assert held(envelope) == YEARLY


def test_the_narrowest_envelope_is_tried_first(commune, mayor, secretary):
    listing = shelf(commune)
    for_all = EnvelopeFactory(tenant=commune, signed_by=mayor, number=1)
    for_family = EnvelopeFactory(tenant=commune, signed_by=mayor, number=2, families=["canteen"])
    for_it = EnvelopeFactory(tenant=commune, signed_by=mayor, number=3, listing=listing)
    assert ask(commune, listing, secretary).state == State.PROVISIONING
    assert [held(one) for one in (for_all, for_family, for_it)] == [0, 0, YEARLY]


def test_one_without_room_leaves_it_to_the_wider_one(commune, mayor, secretary):
    listing = shelf(commune)
    for_it = EnvelopeFactory(tenant=commune, signed_by=mayor, number=1, listing=listing, amount_cents=100)
    for_all = EnvelopeFactory(tenant=commune, signed_by=mayor, number=2)
    assert ask(commune, listing, secretary).state == State.PROVISIONING
    assert [held(one) for one in (for_it, for_all)] == [0, YEARLY]


def test_an_envelope_for_a_service_approves_no_other(commune, mayor, secretary):
    other = shelf(commune)
    envelope = EnvelopeFactory(tenant=commune, signed_by=mayor, listing=other)
    assert ask(commune, shelf(commune), secretary).state == State.REQUESTED
    assert held(envelope) == 0


def test_a_service_or_families_and_one_that_can_be_asked_for(commune, mayor):
    mine, elsewhere = shelf(commune), ListingFactory()

    def tried(**values) -> Envelope | dict:
        act = Act("D-1", TODAY, SimpleUploadedFile("d.pdf", PDF))
        with tenant_scope([commune.pk]):
            try:
                return open_envelope(
                    organisation=commune,
                    terms=replace(TERMS, **values),
                    act=act,
                    by=mayor,
                    request_key=uuid.uuid4(),
                    now=NOW,
                )
            except EnvelopeInvalid as invalid:
                return invalid.errors

    assert set(tried(listing=mine, families=["canteen"])) == {"families"}
    assert set(tried(listing=elsewhere)) == {"listing"}
    assert tried(listing=mine).listing == mine
    with as_worker(), pytest.raises(IntegrityError, match="envelope_for_one_service_or_families"):
        EnvelopeFactory(tenant=commune, signed_by=mayor, listing=mine, families=["canteen"])


def test_a_contract_of_several_years_takes_them_all(commune, mayor, secretary):
    envelope = EnvelopeFactory(tenant=commune, signed_by=mayor)
    rules = {"term_years": 4, "renewal": "tacit", "renewals": 3}
    assert ask(commune, shelf(commune, **rules), secretary).state == State.REQUESTED
    assert held(envelope) == 0
    assert ask(commune, shelf(commune, term_years=3), secretary).state == State.PROVISIONING
    assert held(envelope) == 3 * YEARLY


@pytest.mark.parametrize(
    ("envelope", "vehicle"),
    [
        ({"amount_cents": YEARLY - 1}, {}),
        ({"ends_on": TODAY}, {}),
        ({"starts_on": TODAY + timedelta(days=1)}, {}),
        ({"families": ["gis"]}, {}),
        ({}, {"legal_basis": "groupement"}),  # the council approves the convention
        ({}, {"deliberation_required": True}),  # the operator asks for a vote
    ],
)
def test_what_does_not_fit_waits_for_somebody(commune, mayor, secretary, envelope, vehicle):
    found = EnvelopeFactory(tenant=commune, signed_by=mayor, **envelope)
    assert ask(commune, shelf(commune, **vehicle), secretary).state == State.REQUESTED
    assert held(found) == 0


def test_nothing_in_the_name_of_who_signs_no_more(commune, mayor, secretary):
    EnvelopeFactory(tenant=commune, signed_by=mayor)
    Membership.objects.filter(user=mayor).update(ended_at=NOW)
    assert ask(commune, shelf(commune), secretary).state == State.REQUESTED


def test_nothing_for_somebody_from_elsewhere_or_for_who_signed_it(commune, mayor):
    EnvelopeFactory(tenant=commune, signed_by=mayor)
    listing = shelf(commune)
    assert ask(commune, listing, UserFactory()).state == State.REQUESTED
    MembershipFactory(organisation=commune, role=Role.SECRETARY, user=mayor)
    assert ask(commune, shelf(commune), mayor).state == State.REQUESTED
    assert ask(commune, shelf(commune, separate_approver=False), mayor).state == State.PROVISIONING


def test_the_one_that_ends_first_is_used_first(commune, mayor, secretary):
    late = EnvelopeFactory(tenant=commune, signed_by=mayor)
    early = EnvelopeFactory(tenant=commune, signed_by=mayor, ends_on=date(2026, 12, 1), amount_cents=30_000)
    ask(commune, shelf(commune), secretary)
    ask(commune, shelf(commune), secretary)
    assert (held(early), held(late)) == (YEARLY, YEARLY)


@pytest.mark.parametrize("how", ["refused", "cancelled"])
def test_what_is_refused_or_withdrawn_is_given_back_once(commune, mayor, secretary, how):
    envelope = EnvelopeFactory(tenant=commune, signed_by=mayor)
    subscription = ask(commune, shelf(commune, operator_approves=True), secretary)
    assert subscription.state == State.REQUESTED
    assert held(envelope) == YEARLY
    with as_worker():
        if how == "refused":
            operations.refuse(
                subscription=subscription, by=UserFactory(), reason="Non.", now=NOW, party=Party.OPERATOR
            )
        else:
            operations.cancel(subscription=subscription, by=secretary, now=NOW)
    assert held(envelope) == 0
    with as_worker(), pytest.raises(IntegrityError, match="no longer be changed"), transaction.atomic():
        EnvelopeHold.objects.update(given_back_at=None)


def test_the_operator_still_has_its_word(commune, mayor, secretary):
    EnvelopeFactory(tenant=commune, signed_by=mayor)
    subscription = ask(commune, shelf(commune, operator_approves=True), secretary)
    with as_worker():
        assert agree(subscription=subscription, party=Party.OPERATOR, by=UserFactory(), now=NOW)
        assert Subscription.objects.get().approved_by == mayor


def test_a_framework_without_room_leaves_it_to_a_person(commune, mayor, secretary, monkeypatch):
    envelope = EnvelopeFactory(tenant=commune, signed_by=mayor)
    listing = shelf(commune, legal_basis="framework")  # in no lot: nothing can be ordered
    monkeypatch.setattr(operations, "find_room", lambda **asked: None)  # as if the last euro went meanwhile
    subscription = ask(commune, listing, secretary)
    assert subscription.state == State.REQUESTED
    assert held(envelope) == 0
    with as_worker():
        assert not EnvelopeHold.objects.exists()
        assert Approval.objects.get().state == ApprovalState.WAITING


def opened(commune, by, *, act=None, key=None, **terms) -> Envelope:
    with tenant_scope([commune.pk]):
        return open_envelope(
            organisation=commune,
            terms=replace(TERMS, **terms),
            act=act or Act("D-1", TODAY, SimpleUploadedFile("d.pdf", PDF)),
            by=by,
            request_key=key or uuid.uuid4(),
            now=NOW,
        )


def test_envelopes_are_numbered_and_a_double_click_is_one(commune, mayor):
    key = uuid.uuid4()
    first, again = opened(commune, mayor, key=key), opened(commune, mayor, key=key)
    assert (first, first.number, opened(commune, mayor).number) == (again, 1, 2)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"amount_cents": 0}, "amount_cents"),
        ({"delegation_number": " "}, "delegation_number"),
        ({"delegation_date": TODAY + timedelta(days=1)}, "delegation_date"),
        ({"starts_on": TODAY - timedelta(days=1)}, "starts_on"),
        ({"ends_on": TODAY}, "ends_on"),
        ({"ends_on": TODAY + timedelta(days=366)}, "ends_on"),
        ({"families": ["vin"]}, "families"),
    ],
)
def test_an_envelope_that_cannot_be_is_refused_in_its_place(commune, mayor, terms, field):
    with pytest.raises(EnvelopeInvalid) as invalid:
        opened(commune, mayor, **terms)
    assert list(invalid.value.errors) == [field]


def test_it_takes_a_decision_to_open_one(commune, mayor):
    with pytest.raises(DecisionInvalid):
        opened(commune, mayor, act=Act("D-1", TODAY, SimpleUploadedFile("d.pdf", b"no pdf")))


def test_closed_it_approves_nothing_more(commune, mayor, secretary):
    envelope = EnvelopeFactory(tenant=commune, signed_by=mayor)
    with tenant_scope([commune.pk]):
        close_envelope(envelope=envelope, by=mayor, now=NOW)
        with pytest.raises(WrongState):
            close_envelope(envelope=envelope, by=mayor, now=NOW)
    assert ask(commune, shelf(commune), secretary).state == State.REQUESTED


def test_the_database_keeps_within(commune):
    hold = EnvelopeHoldFactory()
    with as_worker(), pytest.raises(IntegrityError, match="envelope_never_passed"), transaction.atomic():
        Envelope.objects.filter(pk=hold.envelope_id).update(held_cents=100_001)
