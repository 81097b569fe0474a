"""The pages of a transfer of contract: the operator's, both vendors', the subscriber's."""

from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.timezone import localdate
from pypdf import PdfReader

from subscriptions.models import ContractTransfer, State
from tenants.models import Role
from tests.factories import (
    ContractTransferFactory,
    FrameworkLotFactory,
    ListingFactory,
    OperatorFactory,
    ServiceSheetFactory,
    SubscriptionFactory,
    TransferNoticeFactory,
    VendorFactory,
)
from tests.factories.subscriptions import PDF
from tests.factories.tenants import siren
from tests.tools import jobs
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries
from tests.tools.signing_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return OperatorFactory(short_name="Brume")


@pytest.fixture
def listing(operator):
    named = {"sheet__name": "Cantine", "sheet__vendor__organisation__name": "Ancien"}
    return ListingFactory(operator=operator, **named)


@pytest.fixture
def new():
    return VendorFactory(organisation__name="Nouveau")


@pytest.fixture
def client(operator):
    return signed_in(operator.organisation, Role.OPERATOR_ADMIN)


def pdf(content=PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile("acte.pdf", content)


def form_of(operator, vendor) -> str:
    return f"{reverse('operator_transfer_new', args=[operator.slug])}?editeur={vendor.pk}"


def typed(listing, new, **changes) -> dict:
    return {
        "services": [listing.pk],
        "siren": new.organisation.siren,
        "basis": "restructuring",
        "reason": "Rachat d’Ancien",
        "effective_on": localdate().isoformat(),
        "evidence": pdf(),
    } | changes


def at(name, transfer, *rest) -> str:
    return reverse(name, args=[transfer.operator.slug, transfer.public_id, *rest])


def test_a_transfer_from_its_preparation_to_its_effect(client, operator, listing, new):
    old = listing.vendor
    held = SubscriptionFactory(listing=listing, state=State.ACTIVE)
    waiting = SubscriptionFactory(listing=listing)
    over = SubscriptionFactory(listing=listing, state=State.CANCELLED)
    text = client.post(form_of(operator, old), typed(listing, new), follow=True).content.decode()
    for words in ("Avenant à signer", "Cantine", "2 abonnements en cours", "Rachat d’Ancien", "Nouveau"):
        assert words in text, words
    with as_worker():
        transfer = ContractTransfer.objects.select_related("operator").get()
    answer = client.post(at("operator_transfer_sign", transfer), {"file": pdf()}, follow=True)
    assert "prend effet dans quelques instants" in answer.content.decode()
    jobs.run_jobs()
    text = client.get(at("operator_transfer", transfer)).content.decode()
    assert "En vigueur" in text
    assert "Lire l’avenant signé" in text
    assert "<form" not in text.split("<main")[1].split("</main")[0]

    was, now = (signed_in(one.organisation, Role.VENDOR_ADMIN) for one in (old, new))
    for request, answers in ((held, (404, 200)), (waiting, (404, 200)), (over, (200, 404))):
        for vendor, browser, status in ((old, was, answers[0]), (new, now, answers[1])):
            page = reverse("vendor_request", args=[vendor.organisation.siren, request.public_id])
            assert browser.get(page).status_code == status, (vendor, request.state)
    # Neither enters by the other's door.
    there = reverse("vendor_request", args=[new.organisation.siren, held.public_id])
    assert was.get(there).status_code == 404
    sheet = reverse("vendor_service", args=[old.organisation.siren, listing.sheet.slug])
    assert was.get(sheet).status_code == 404
    assert (
        now.get(reverse("vendor_service", args=[new.organisation.siren, listing.sheet.slug])).status_code
        == 200
    )
    assert (
        "Cédé à Nouveau"
        in was.get(reverse("vendor_transfers", args=[old.organisation.siren])).content.decode()
    )
    assert (
        "Repris de Ancien"
        in now.get(reverse("vendor_transfers", args=[new.organisation.siren])).content.decode()
    )

    member = signed_in(held.tenant, Role.SECRETARY)
    text = member.get(
        reverse("member_subscription", args=[held.tenant.siren, held.public_id])
    ).content.decode()
    assert "Nouveau remplace Ancien depuis le" in text
    shown = client.get(reverse("service", args=[operator.slug, listing.sheet.slug]))
    assert shown.status_code == 200
    assert "Nouveau" in shown.content.decode()


def test_the_amendment_is_drawn_up_in_two_forms(client, operator, listing, new):
    FrameworkLotFactory(
        vehicle__operator=operator,
        vehicle__name="Téléservices 2026",
        listing=listing,
        holders=[listing.vendor],
    )
    SubscriptionFactory(listing=listing, state=State.ACTIVE)
    transfer = ContractTransferFactory(listing=listing, to_vendor=new, reason="Rachat <b>total</b>")
    answer = client.get(at("operator_transfer_paper", transfer, "pdf"))
    assert answer["Content-Disposition"] == 'attachment; filename="avenant-de-transfert.pdf"'
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
    words = " ".join(text.split())
    for said in ("R2194-6", "Ancien", "Nouveau", "Cantine", "Téléservices 2026", "Rachat <b>total</b>"):
        assert said in words, said
    answer = client.get(at("operator_transfer_paper", transfer, "odt"))
    with ZipFile(BytesIO(answer.content)) as odt:
        assert "R2194-6" in odt.read("content.xml").decode()
    assert client.get(at("operator_transfer_paper", transfer, "exe")).status_code == 404
    signed = ContractTransferFactory(state="signed", listing__operator=operator)
    assert client.get(at("operator_transfer_paper", signed, "pdf")).status_code == 404


def test_the_documents_are_read(client, listing):
    transfer = ContractTransferFactory(listing=listing)
    answer = client.get(at("operator_transfer_piece", transfer, "justificatif"))
    assert (answer.content, answer["Content-Type"]) == (PDF, "application/pdf")
    for piece in ("avenant-signe", "autre"):
        assert client.get(at("operator_transfer_piece", transfer, piece)).status_code == 404


def test_a_transfer_is_abandoned(client, listing):
    transfer = ContractTransferFactory(listing=listing)
    assert (
        "est abandonné"
        in client.post(at("operator_transfer_abandon", transfer), follow=True).content.decode()
    )
    again = client.post(at("operator_transfer_abandon", transfer), follow=True).content.decode()
    assert "Rechargez la page" in again


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"services": []}, "services", "Cochez"),
        ({"services": ["0"]}, "services", "choisissez de nouveau"),
        ({"siren": ""}, "siren", "Indiquez le SIREN"),
        ({"siren": "123"}, "siren", "il en faut 9"),
        ({"siren": siren(900_654)}, "siren", "Invitez-le"),
        ({"basis": ""}, "basis", "Choisissez"),
        ({"basis": "autre"}, "basis", "Choisissez"),
        ({"reason": ""}, "reason", "motif"),
        ({"effective_on": "31/02/2027"}, "effective_on", "n’existe pas"),
        ({"effective_on": "9999-12-31"}, "effective_on", "plus d’un an"),
        ({"evidence": ""}, "evidence", "Joignez"),
        ({"evidence": SimpleUploadedFile("a.pdf", b"<html>")}, "evidence", "pas un PDF"),
    ],
)
def test_a_mistake_is_told_next_to_its_field(client, operator, listing, new, changes, field, words):
    sent = typed(listing, new) | changes
    answer = client.post(form_of(operator, listing.vendor), sent)
    errors = answer.context["form"].errors
    assert words in str(errors[field])
    assert set(errors) <= {field, "evidence"}
    assert answer.context["form"]["reason"].value() == sent["reason"]
    with as_worker():
        assert not ContractTransfer.objects.exists()


@pytest.mark.parametrize("vendor", ["", "0", "abc", "-1", "9" * 30])
def test_an_unknown_vendor_is_asked_for_again(client, operator, listing, vendor):
    there = f"{reverse('operator_transfer_new', args=[operator.slug])}?editeur={vendor}"
    for answer in (client.get(there), client.post(there)):
        assert answer.status_code == 200
        assert answer.context["form"] is None
        assert answer.context["asked"].errors


def test_a_signature_that_is_no_pdf_is_refused_there(client, listing):
    transfer = ContractTransferFactory(listing=listing)
    for file in ("", pdf(b"<html>")):
        answer = client.post(at("operator_transfer_sign", transfer), {"file": file})
        assert answer.status_code == 200
        assert list(answer.context["form"].errors) == ["file"]


def test_the_others_who_list_it_are_named(client, listing):
    ListingFactory(offer=listing.offer, operator__short_name="Vallée")
    transfer = ContractTransferFactory(listing=listing)
    text = client.get(at("operator_transfer", transfer)).content.decode()
    assert "aussi au catalogue de Vallée" in text
    assert "Brume" not in text.split("aussi au catalogue de")[1].split("</p>")[0]


def test_another_operator_s_transfer_is_not_found(client, operator, listing):
    foreign = ContractTransferFactory()
    for name, rest in (("operator_transfer", ()), ("operator_transfer_paper", ("pdf",))):
        url = reverse(name, args=[operator.slug, foreign.public_id, *rest])
        assert client.get(url).status_code == 404
    url = reverse("operator_transfer_sign", args=[operator.slug, foreign.public_id])
    assert client.post(url, {"file": pdf()}).status_code == 404


def test_a_vendor_reads_its_own_transfers_only():
    notice = TransferNoticeFactory(service_name="Voirie")
    other = VendorFactory()
    page = reverse("vendor_transfers", args=[other.organisation.siren])
    assert "Aucun transfert" in signed_in(other.organisation, Role.VENDOR_EDITOR).get(page).content.decode()
    mine = reverse("vendor_transfers", args=[notice.tenant.siren])
    assert "Voirie" in signed_in(notice.tenant, Role.VENDOR_EDITOR).get(mine).content.decode()


@pytest.mark.parametrize("name", ["operator_transfers", "operator_transfer"])
def test_queries(client, operator, snapshot, name):
    vendor = VendorFactory()
    for days in range(3):
        listing = ListingFactory(operator=operator, sheet=ServiceSheetFactory(vendor=vendor))
        SubscriptionFactory(listing=listing, state=State.ACTIVE)
        transfer = ContractTransferFactory(listing=listing, effective_on=localdate() + timedelta(days=days))
    args = [operator.slug] if name == "operator_transfers" else [operator.slug, transfer.public_id]
    with snapshot_queries(snapshot):
        assert client.get(reverse(name, args=args)).status_code == 200


def test_queries_of_a_vendor(snapshot):
    vendor = VendorFactory()
    for _ in range(3):
        TransferNoticeFactory(tenant=vendor.organisation)
    browser = signed_in(vendor.organisation, Role.VENDOR_EDITOR)
    with snapshot_queries(snapshot):
        browser.get(reverse("vendor_transfers", args=[vendor.organisation.siren]))


def test_an_operator_without_services_is_told_that_nothing_can_pass(operator, client):
    page = client.get(reverse("operator_transfer_new", args=[operator.slug])).content.decode()
    assert "Aucun contrat à transférer" in page
    assert "Continuer" not in page
