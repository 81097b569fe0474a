"""A vendor declares, corrects, renews and withdraws what it claims of a service."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from pypdf import PdfWriter

from catalog.models import Claim, ClaimTopic, ListingState
from tenants.models import Role
from tests.catalog.claims.test_values import EXAMPLES
from tests.factories import (
    ClaimFactory,
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    ServiceSheetFactory,
    UserFactory,
)
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db
PROOF = "https://editeur.example/preuve.pdf"


@pytest.fixture
def sheet():
    return ServiceSheetFactory(name="Cantinelle", slug="cantinelle")


@pytest.fixture
def signed_in(sheet, client):
    organisation = sheet.vendor.organisation
    client.force_login(MembershipFactory(organisation=organisation, role=Role.VENDOR_EDITOR).user)
    return client


def address(name, sheet, *more):
    return reverse(name, args=[sheet.vendor.organisation.siren, sheet.slug, *more])


def current(sheet, topic):
    return Claim.objects.current().get(sheet=sheet, topic=topic)


def flat(values):
    """The example as the form sends it."""
    sent = {name: content for name, content in values.items() if name != "subprocessors"}
    rows = values.get("subprocessors", [])
    for number, row in enumerate(rows):
        sent |= {f"subprocessors-{number}-{part}": text for part, text in row.items()}
    return sent | {"subprocessors-rows": str(len(rows) + 2)}


@pytest.mark.parametrize("topic", ClaimTopic.values)
def test_every_topic_is_declared_then_shown_as_it_was_typed(topic, sheet, signed_in):
    url = address("vendor_claim", sheet, topic)
    blank = signed_in.get(url).context["form"].initial
    sent = blank | flat(EXAMPLES[topic]) | {"evidence_url": PROOF, "replaces": ""}
    answer = signed_in.post(url, sent)
    assert answer.status_code == 302, answer.context["form"].errors
    claim = current(sheet, topic)
    assert claim.level == "documented"
    form = signed_in.get(url).context["form"]
    texts = form.fields.keys() - {"evidence_file"}
    again = {name: form.initial.get(name, "") for name in texts} | {
        "replaces": str(claim.public_id),
        "subprocessors-rows": str(len(form.rows)),
    }
    assert signed_in.post(url, again).status_code == 302
    assert current(sheet, topic).value == claim.value


def test_what_is_wrong_is_said_on_its_field_and_typing_is_kept(sheet, signed_in):
    url = address("vendor_claim", sheet, "rgaa")
    answer = signed_in.post(url, {"status": "total", "rate_percent": "72", "audit_date": "31/02/2026"})
    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == {"audit_date"}
    answer = signed_in.post(
        url,
        {"status": "total", "rate_percent": "72", "audit_date": "2026-01-05", "evidence_url": "http://a.fr"},
    )
    assert set(answer.context["form"].errors) == {"status", "evidence_url"}
    page = answer.content.decode()
    assert "Totalement conforme" in page
    assert 'value="72"' in page
    assert "Erreur : " in page


def test_mistakes_in_the_list_come_back_to_their_line(sheet, signed_in):
    sent = flat(EXAMPLES["rgpd"]) | {
        "subprocessors-rows": "4",
        "subprocessors-3-name": "Sans pays",
    }
    answer = signed_in.post(address("vendor_claim", sheet, "rgpd"), sent)
    assert set(answer.context["form"].errors) == {"subprocessors-3-country"}


def test_more_lines_without_javascript(sheet, signed_in):
    sent = flat(EXAMPLES["rgpd"]) | {"more-rows": "1", "dpo_contact": ""}
    answer = signed_in.post(address("vendor_claim", sheet, "rgpd"), sent)
    form = answer.context["form"]
    assert (len(form.rows), dict(form.errors)) == (5, {})
    assert "Nuage du Pré" in answer.content.decode()
    assert not Claim.objects.exists()


@pytest.mark.parametrize("rows", ["", "-1", "9999999", "²", "1e3", "100"])
def test_a_strange_number_of_lines_is_a_small_one(rows, sheet, signed_in):
    answer = signed_in.post(address("vendor_claim", sheet, "rgpd"), {"subprocessors-rows": rows})
    assert answer.status_code == 200
    assert len(answer.context["form"].rows) <= 40


def pdf(content=None):
    """A document of one blank page, or anything that pretends to be one."""
    if content is None:
        written = BytesIO()
        writer = PdfWriter()
        writer.add_blank_page(width=200, height=200)
        writer.write(written)
        content = written.getvalue()
    return SimpleUploadedFile("preuve.pdf", content, content_type="application/pdf")


def test_a_document_is_evidence_and_may_be_kept_or_dropped(sheet, signed_in):
    url = address("vendor_claim", sheet, "licence")
    sent = {"spdx_id": "MIT", "replaces": ""}
    assert signed_in.post(url, sent | {"evidence_file": pdf()}).status_code == 302
    first = current(sheet, "licence")
    assert (first.level, first.evidence_file.vendor) == ("documented", sheet.vendor)
    sent["replaces"] = str(first.public_id)
    assert signed_in.post(url, sent | {"keep_file": "on"}).status_code == 302
    kept = current(sheet, "licence")
    assert kept.evidence_file == first.evidence_file
    assert signed_in.post(url, sent | {"replaces": str(kept.public_id)}).status_code == 302
    assert current(sheet, "licence").level == "declared"


@pytest.mark.parametrize("content", [b"GIF89a", b"%PDF-1.7 rien", b"", b"MZ" + b"\0" * 100])
def test_what_is_no_pdf_is_no_evidence(content, sheet, signed_in):
    answer = signed_in.post(
        address("vendor_claim", sheet, "licence"), {"spdx_id": "MIT", "evidence_file": pdf(content)}
    )
    assert set(answer.context["form"].errors) == {"evidence_file"}
    assert not Claim.objects.exists()


def test_who_reads_a_document_that_proves_something(sheet, signed_in):
    sent = {"spdx_id": "MIT", "evidence_file": pdf()}
    signed_in.post(address("vendor_claim", sheet, "licence"), sent)
    url = reverse("sheet_file", args=[current(sheet, "licence").evidence_file.public_id])

    def statuses():
        return [reader.get(url).status_code for reader in (Client(), stranger, curator, staff, signed_in)]

    stranger, curator, staff = Client(), Client(), Client()
    stranger.force_login(
        MembershipFactory(organisation=OperatorFactory().organisation, role=Role.CURATOR).user
    )
    staff.force_login(UserFactory(is_staff=True))
    listing = ListingFactory(sheet=sheet, state=ListingState.DRAFT)
    curator.force_login(MembershipFactory(organisation=listing.operator.organisation, role=Role.CURATOR).user)
    assert statuses() == [404, 404, 200, 200, 200]
    on_a_shelf = ListingFactory(offer=listing.offer)
    assert statuses() == [200] * 5
    page = Client().get(reverse("service", args=[on_a_shelf.operator.slug, sheet.slug])).content.decode()
    assert url in page
    signed_in.post(address("vendor_claim_withdraw", sheet, "licence"))
    assert statuses() == [404, 404, 404, 404, 200]


def test_what_somebody_corrected_meanwhile_is_not_overwritten(sheet, signed_in):
    claim = ClaimFactory(sheet=sheet, topic="licence")
    url = address("vendor_claim", sheet, "licence")
    answer = signed_in.post(url, {"spdx_id": "MIT", "replaces": ""})
    assert answer.status_code == 200
    assert "a changé pendant que vous le lisiez" in answer.content.decode()
    assert answer.context["replaces"] == str(claim.public_id)
    assert signed_in.post(url, {"spdx_id": "MIT", "replaces": answer.context["replaces"]}).status_code == 302
    assert current(sheet, "licence").value == {"spdx_id": "MIT"}


def test_renewing_shows_what_will_be_said_again(sheet, signed_in):
    claim = ClaimFactory(sheet=sheet, verified=True, valid_until=localdate())
    url = address("vendor_claim_renew", sheet, "licence")
    assert "EUPL-1.2" in signed_in.get(url).content.decode()
    assert signed_in.post(url, {"replaces": str(claim.public_id)}).status_code == 302
    again = current(sheet, "licence")
    assert (again.level, again.made_at.date()) == ("documented", timezone.now().date())
    assert "a changé" in signed_in.post(url, {"replaces": str(claim.public_id)}).content.decode()


def test_what_no_longer_holds_is_to_be_corrected_first(sheet, signed_in):
    value = {"status": "partial", "rate_percent": "72", "audit_date": "2020-01-05"}
    claim = ClaimFactory(sheet=sheet, topic="rgaa", value=value)
    answer = signed_in.post(address("vendor_claim_renew", sheet, "rgaa"), {"replaces": str(claim.public_id)})
    assert "Cet audit a plus de 3 ans" in answer.content.decode()
    assert "Contradiction" in signed_in.get(address("vendor_claims", sheet)).content.decode()


def test_withdrawing(sheet, signed_in):
    ClaimFactory(sheet=sheet)
    assert signed_in.post(address("vendor_claim_withdraw", sheet, "licence")).status_code == 302
    assert not Claim.objects.current().exists()
    assert signed_in.post(address("vendor_claim_withdraw", sheet, "licence")).status_code == 302
    assert signed_in.get(address("vendor_claim_renew", sheet, "licence")).status_code == 404


def test_an_unknown_topic_or_another_vendors_service_is_not_found(sheet, signed_in):
    assert signed_in.get(address("vendor_claim", sheet, "tarif")).status_code == 404
    other = ServiceSheetFactory()
    siren = sheet.vendor.organisation.siren
    assert signed_in.get(reverse("vendor_claims", args=[siren, other.slug])).status_code == 404


def test_html_is_shown_as_text(sheet, signed_in):
    sent = {"commitments": "<script>alert(1)</script>", "replaces": ""}
    signed_in.post(address("vendor_claim", sheet, "environment"), sent)
    page = signed_in.get(address("vendor_claim", sheet, "environment")).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("count", [1, 6])
def test_queries_of_the_list(count, sheet, signed_in, snapshot):
    for topic in ClaimTopic.values[:count]:
        ClaimFactory(sheet=sheet, topic=topic, value=EXAMPLES[topic])
    with snapshot_queries(snapshot(name="claims")):
        signed_in.get(address("vendor_claims", sheet))
