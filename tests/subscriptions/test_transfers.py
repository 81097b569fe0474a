"""A vendor takes over another one's contracts: what passes, what stays, what is refused."""

from datetime import date, timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone
from wagtail.models import Revision

from catalog.models import (
    ImportFeed,
    Listing,
    PlannedPublication,
    ServiceSheet,
    SheetFile,
    ShelfEntry,
    VendorState,
    VendorTerms,
)
from catalog.sheets import drafts
from provisioning.models import Endpoint, Run
from subscriptions.approval_queries import requests_of
from subscriptions.models import (
    ContractTransfer,
    LotSuccession,
    State,
    Subscription,
    TransferNotice,
    TransferState,
    VendorAccess,
)
from subscriptions.papers.matter import Matter
from subscriptions.papers.ordering_forms import order_form
from subscriptions.transfers import letters, operations, taking_effect
from subscriptions.transfers.checks import TransferRefused, WrongTransferState
from tenants.identifiers import BadIdentifier
from tenants.models import AuditEvent, Letter, Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    ContractTransferFactory,
    FrameworkLotFactory,
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    ServiceSheetFactory,
    SubscriptionFactory,
    UserFactory,
    VendorFactory,
)
from tests.factories.base import NOW
from tests.factories.subscriptions import PDF
from tests.factories.tenants import siren
from tests.tools import jobs
from tests.tools.database import acting_as, as_worker

pytestmark = pytest.mark.django_db
TODAY = date(2026, 10, 1)


@pytest.fixture
def operator():
    return OperatorFactory(short_name="Brume")


@pytest.fixture
def listing(operator):
    return ListingFactory(
        operator=operator, sheet__name="Cantine", sheet__vendor__organisation__name="Ancien"
    )


@pytest.fixture
def new():
    return VendorFactory(organisation__name="Nouveau")


def pdf(content=PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile("acte.pdf", content)


def prepared(listing, new, *, now=NOW, **changes) -> ContractTransfer:
    said = {
        "listings": [listing],
        "from_vendor": listing.vendor,
        "siren": new.organisation.siren,
        "basis": "restructuring",
        "reason": "Rachat d’Ancien",
        "effective_on": TODAY,
        "evidence": pdf(),
    } | changes
    with tenant_scope([listing.operator.organisation_id]):
        return operations.prepare(operator=listing.operator, by=UserFactory(), now=now, **said)


def signed(transfer, *, now=NOW, file=None) -> ContractTransfer:
    with tenant_scope([transfer.tenant_id]):
        operations.sign(transfer=transfer, file=file or pdf(), by=UserFactory(), now=now)
        transfer.refresh_from_db()
    return transfer


def night(day: date = TODAY) -> int:
    with as_worker():
        return taking_effect.apply_due(now=NOW + (day - TODAY))


def vendor_of(listing):
    return Listing.objects.get(pk=listing.pk).vendor


def seen_by(vendor) -> set[int]:
    """The subscriptions that the vendor's pages open, as the web role."""
    with as_worker():
        subscribers = set(VendorAccess.objects.values_list("subscriber", flat=True))
    with tenant_scope([vendor.organisation_id, *subscribers]):
        return set(requests_of(owner=vendor).values_list("pk", flat=True))


def state_of(transfer) -> str:
    with as_worker():
        return ContractTransfer.objects.values_list("state", flat=True).get(pk=transfer.pk)


def test_what_is_open_passes_and_what_was_closed_stays(listing, new):
    old = listing.vendor
    running = [SubscriptionFactory(listing=listing, state=state) for state in (State.ACTIVE, State.REQUESTED)]
    over = SubscriptionFactory(listing=listing, state=State.ENDED)
    transfer = signed(prepared(listing, new))
    before = ShelfEntry.objects.get(listing=listing)
    assert seen_by(old) == {one.pk for one in [*running, over]}
    assert night() == 1
    assert (state_of(transfer), vendor_of(listing)) == (TransferState.IN_FORCE, new)
    assert seen_by(new) == {one.pk for one in running}
    assert seen_by(old) == {over.pk}
    # Same shelf, same address; the offer is the new vendor's.
    after = ShelfEntry.objects.get(listing=listing)
    assert (after.slug, after.listed) == (before.slug, True)
    assert (after.vendor_id, after.vendor_name) == (new.pk, "Nouveau")
    assert Listing.objects.on_shelf_of(listing.operator).get() == listing
    # Nothing is opened nor closed.
    with as_worker():
        assert not Run.objects.exists()
        assert {one.state for one in Subscription.objects.filter(pk__in=[r.pk for r in running])} == {
            State.ACTIVE,
            State.REQUESTED,
        }


def test_carried_out_twice_it_is_carried_out_once(listing, new):
    SubscriptionFactory(listing=listing, state=State.ACTIVE)
    signed(prepared(listing, new))
    assert (night(), night()) == (1, 0)
    with as_worker():
        assert TransferNotice.objects.count() == 3


def test_it_takes_effect_by_a_job_when_it_is_signed_and_people_are_told_once(listing, new):
    held = SubscriptionFactory(listing=listing, state=State.ACTIVE)
    MembershipFactory(organisation=held.tenant, role=Role.SECRETARY)
    MembershipFactory(organisation=held.tenant, role=Role.AGENT)
    for vendor in (listing.vendor, new):
        MembershipFactory(organisation=vendor.organisation, role=Role.VENDOR_ADMIN)
    transfer = signed(prepared(listing, new))
    done = jobs.run_jobs()
    assert "subscriptions.tasks.apply_transfers" in done
    with as_worker():
        assert letters.write_letters(transfer_id=transfer.pk, now=NOW) == 3
        told = Letter.objects.filter(key__startswith=f"transfer:{transfer.pk}:")
        assert {letter.tenant for letter in told} == {
            held.tenant,
            new.organisation,
            transfer.from_vendor.organisation,
        }
        assert "mettez votre registre à jour" in told.get(tenant=held.tenant).body
        events = AuditEvent.objects.filter(what="subscription.vendor_replaced")
        assert [event.tenant for event in events] == [held.tenant]


def test_it_waits_for_its_day(listing, new):
    transfer = signed(prepared(listing, new, effective_on=TODAY + timedelta(days=30)))
    assert night(TODAY + timedelta(days=29)) == 0
    assert state_of(transfer) == TransferState.SIGNED
    assert night(TODAY + timedelta(days=30)) == 1


def test_it_waits_for_every_operator_that_has_contracts_for_the_same_service(listing, new):
    elsewhere = ListingFactory(offer=listing.offer)
    held = SubscriptionFactory(listing=elsewhere, state=State.ACTIVE)
    signed(prepared(listing, new))
    assert night() == 0
    second = prepared(elsewhere, new)
    assert night() == 0
    signed(second)
    assert night() == 2
    assert seen_by(new) == {held.pk}


def test_a_chain_of_services_waits_as_a_whole(operator, new):
    """A has one and two, B has two and three, C has three and has not signed: nobody's passes."""
    old = VendorFactory()
    one, two, three = (
        ListingFactory(operator=operator, sheet=ServiceSheetFactory(vendor=old)) for _ in range(3)
    )
    b, c = OperatorFactory(), OperatorFactory()
    two_at_b = ListingFactory(operator=b, offer=two.offer)
    three_at_b = ListingFactory(operator=b, offer=three.offer)
    three_at_c = ListingFactory(operator=c, offer=three.offer)
    with as_worker():
        Listing.objects.filter(pk=three.pk).update(state="withdrawn")
    signed(prepared(one, new, listings=[one, two]))
    signed(prepared(two_at_b, new, listings=[two_at_b, three_at_b]))
    assert night() == 0
    assert vendor_of(one) == old
    signed(prepared(three_at_c, new))
    assert night() == 3
    assert {vendor_of(listing) for listing in (one, two, three)} == {new}


def test_how_it_opens_stays_until_the_operator_says_otherwise(listing, new):
    with as_worker():
        endpoint = Endpoint.objects.create(offer=listing.offer, connector="manual", config={"due_days": 5})
    signed(prepared(listing, new))
    night()
    assert Endpoint.objects.get(pk=endpoint.pk).offer_id == listing.offer_id


def test_a_lot_passes_whole_and_its_notice_stays_as_it_is(operator, listing, new):
    old = listing.vendor
    second = ListingFactory(operator=operator, sheet=ServiceSheetFactory(vendor=old, name="État civil"))
    lot = FrameworkLotFactory(vehicle__operator=operator, listing=listing, holders=[old])
    with as_worker(), transaction.atomic():
        lot_open = FrameworkLotFactory(
            vehicle__operator=operator, listing=listing, holders=[old], published_on=None
        )
        lot_open.listings.add(second)
    with pytest.raises(TransferRefused, match="« État civil »") as refusal:
        prepared(listing, new)
    assert refusal.value.field == "services"
    signed(prepared(listing, new, listings=[listing, second]))
    assert night() == 1
    assert set(LotSuccession.objects.values_list("lot", "holder", "successor")) == {
        (one.pk, old.pk, new.pk) for one in (lot, lot_open)
    }
    assert [holder.vendor for holder in lot.holders.all()] == [old]
    held = SubscriptionFactory(listing=listing, vehicle=lot.vehicle, state=State.ACTIVE)
    with tenant_scope([held.tenant_id]):
        held = Subscription.objects.get(pk=held.pk)
        text = " ".join(order_form(Matter(subscription=held, on=TODAY)).texts())
    assert "1. Ancien, remplacé par Nouveau depuis le 01/10/2026" in text
    assert "À l’attention de Nouveau" in text


def test_the_files_of_the_service_go_with_it(listing, new):
    old, sheet = listing.vendor, listing.sheet
    mine, kept = (_file(old) for _ in range(2))
    sheet.screenshots = [{"file": str(mine.public_id), "alt": "L’accueil"}]
    with as_worker():
        sheet.save_revision()
    signed(prepared(listing, new))
    night()
    assert SheetFile.objects.get(pk=mine.pk).vendor == new
    assert SheetFile.objects.get(pk=kept.pk).vendor == old


def test_services_that_show_the_same_file_are_not_parted(operator, listing, new):
    other = ListingFactory(
        operator=operator, sheet=ServiceSheetFactory(vendor=listing.vendor, name="Jumelle")
    )
    shown = _file(listing.vendor)
    with as_worker():
        for sheet in (listing.sheet, other.sheet):
            sheet.screenshots = [{"file": str(shown.public_id), "alt": "L’accueil"}]
            sheet.save_revision()
    with pytest.raises(TransferRefused, match="« Jumelle »"):
        prepared(listing, new)
    prepared(listing, new, listings=[listing, other])


def _file(vendor) -> SheetFile:
    with as_worker():
        return SheetFile.objects.create(
            vendor=vendor, kind="image", file="sheets/x.png", sha256="0" * 64, size=1, uploaded_at=NOW
        )


def test_what_the_old_vendor_had_started_stops(listing, new):
    sheet, by = listing.sheet, UserFactory()
    with as_worker():
        revision = sheet.save_revision()
        planned = PlannedPublication.objects.create(
            sheet=sheet, revision=revision, at=NOW + timedelta(days=9), asked_by=by, asked_at=NOW
        )
        feed = ImportFeed.objects.create(
            kind="publiccode", url="https://code.example/publiccode.yml", vendor=listing.vendor,
            sheet=sheet, added_by=by, added_at=NOW,
        )  # fmt: skip
    signed(prepared(listing, new))
    night()
    planned.refresh_from_db()
    feed.refresh_from_db()
    assert (planned.state, feed.removed_at) == ("cancelled", NOW)


def test_a_version_written_before_never_gives_the_service_back(listing, new):
    with as_worker():
        revision = listing.sheet.save_revision()
    signed(prepared(listing, new))
    night()
    with as_worker():
        revision = Revision.objects.get(pk=revision.pk)
        revision.publish(log_action=False, skip_permission_checks=True)
    assert ServiceSheet.objects.get(pk=listing.sheet.pk).vendor == new
    listing = Listing.objects.select_related("approved_revision").get(pk=listing.pk)
    assert listing.shown.vendor == new


def test_the_old_vendor_writes_no_draft_any_more(listing, new):
    stale = ServiceSheet.objects.get(pk=listing.sheet.pk)
    signed(prepared(listing, new))
    night()
    with tenant_scope([stale.vendor.organisation_id]), pytest.raises(Http404):
        drafts.save_draft(
            sheet=stale, values={"summary": "À nous"}, based_on=None, by=UserFactory(), now=timezone.now()
        )


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"listings": []}, "services", "Cochez"),
        ({"siren": siren(900_777)}, "siren", "Aucun éditeur"),
        ({"basis": "plaisir"}, "basis", "Choisissez"),
        ({"reason": " "}, "reason", "motif"),
        ({"reason": "m" * 501}, "reason", "trop long"),
        ({"effective_on": TODAY + timedelta(days=367)}, "effective_on", "plus d’un an"),
        ({"effective_on": TODAY - timedelta(days=367)}, "effective_on", "plus d’un an"),
        ({"evidence": None}, "evidence", "Joignez"),
        ({"evidence": ContentFile(b"<html>", name="a.pdf")}, "evidence", "pas un PDF"),
    ],
)
def test_what_is_refused(listing, new, changes, field, words):
    with pytest.raises(TransferRefused, match=words) as refusal:
        prepared(listing, new, **changes)
    assert refusal.value.field == field
    with as_worker():
        assert not ContractTransfer.objects.exists()


def test_who_may_not_take_over(listing, new):
    with pytest.raises(BadIdentifier, match="clé de contrôle"):
        prepared(listing, new, siren="123456789")
    with pytest.raises(TransferRefused, match="changement de SIRET"):
        prepared(listing, new, siren=listing.vendor.organisation.siren)
    with as_worker():
        new.state, new.suspension_reason = VendorState.SUSPENDED, "Litige"
        new.save()
    with pytest.raises(TransferRefused, match="suspendu"):
        prepared(listing, new)
    with as_worker():
        new.state = VendorState.ACTIVE
        new.save()
        VendorTerms.objects.create(version="1", in_force_from=TODAY, text="Texte.")
    with pytest.raises(TransferRefused, match="conditions"):
        prepared(listing, new)


def test_another_operator_s_listing_and_another_vendor_s_are_refused(listing, new):
    for foreign in (ListingFactory(), ListingFactory(operator=listing.operator)):
        with pytest.raises(TransferRefused, match="n’est plus un service"):
            prepared(listing, new, listings=[foreign])


def test_a_service_is_in_one_transfer_at_a_time(listing, new):
    first = prepared(listing, new)
    with pytest.raises(TransferRefused, match="déjà préparé"):
        prepared(listing, new)
    with tenant_scope([first.tenant_id]):
        operations.abandon(transfer=first, by=UserFactory(), now=NOW)
    prepared(listing, new)


def test_a_signature_is_a_pdf_and_given_once(listing, new):
    transfer = prepared(listing, new)
    with pytest.raises(TransferRefused, match="pas un PDF"):
        signed(transfer, file=pdf(b"<html>"))
    signed(transfer)
    with pytest.raises(WrongTransferState, match="Rechargez"):
        signed(transfer)


def test_what_changed_since_it_was_prepared_is_seen_when_it_is_signed(listing, new):
    transfer = prepared(listing, new)
    with as_worker():
        new.state, new.suspension_reason = VendorState.SUSPENDED, "Litige"
        new.save()
    with pytest.raises(TransferRefused, match="suspendu"):
        signed(transfer)


def test_it_is_abandoned_until_it_takes_effect(listing, new):
    transfer = signed(prepared(listing, new, effective_on=TODAY + timedelta(days=9)))
    with tenant_scope([transfer.tenant_id]):
        operations.abandon(transfer=transfer, by=UserFactory(), now=NOW)
    assert night(TODAY + timedelta(days=9)) == 0
    second = signed(prepared(listing, new))
    night()
    with tenant_scope([second.tenant_id]), pytest.raises(WrongTransferState):
        operations.abandon(transfer=second, by=UserFactory(), now=NOW)


def test_a_service_passes_on_again(listing, new):
    third = VendorFactory(organisation__name="Troisième")
    lot = FrameworkLotFactory(vehicle__operator=listing.operator, listing=listing, holders=[listing.vendor])
    held = SubscriptionFactory(listing=listing, state=State.ACTIVE)
    signed(prepared(listing, new))
    night()
    listing = Listing.objects.get(pk=listing.pk)
    signed(prepared(listing, third))
    assert night() == 1
    assert seen_by(third) == {held.pk}
    assert lot.successions.count() == 2


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"reason": ""}, "transfer_is_justified"),
        ({"state": "in_force", "settled_at": NOW}, "transfer_signed_by_somebody"),
        ({"state": "signed", "settled_at": NOW}, "transfer_settled_once_over"),
    ],
)
def test_the_database_holds_a_transfer_together(changes, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ContractTransferFactory(**changes)


@pytest.mark.parametrize("role", ["web", "worker", "owner"])
def test_sight_of_a_subscription_goes_to_the_vendor_of_the_service_only(listing, new, role):
    held = SubscriptionFactory(listing=listing, state=State.ACTIVE)
    old = listing.vendor.organisation
    with (
        pytest.raises(IntegrityError, match="can no longer be changed"),
        transaction.atomic(),
        acting_as(role),
        tenant_scope([old.pk, new.organisation_id, held.tenant_id]),
    ):
        VendorAccess.objects.filter(subscription=held).update(tenant=new.organisation)
