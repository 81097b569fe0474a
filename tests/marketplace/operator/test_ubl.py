"""An invoice in UBL, as its two sides download it."""

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from lxml import etree

from billing.documents import render_ubl
from tenants.models import Role
from tests.billing.documents import samples
from tests.factories import (
    AdhesionFactory,
    InvoiceFactory,
    MembershipFactory,
    issued_credit_note,
    issued_invoice,
)
from tests.tools.einvoice_rules import judge

pytestmark = pytest.mark.django_db
CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"


def test_both_sides_download_the_same_sound_ubl_and_nothing_is_stored(sign_in, client):
    invoice = issued_invoice()
    note = issued_credit_note(invoice)
    finance = sign_in(Role.OPERATOR_FINANCE, invoice.operator)
    client.force_login(MembershipFactory(organisation=invoice.tenant, role=Role.FINANCE).user)
    before = default_storage.listdir("")
    for one, root in ((invoice, "Invoice"), (note, "CreditNote")):
        answer = finance.get(reverse("operator_invoice_ubl", args=[one.operator.slug, one.public_id]))
        assert answer["Content-Type"] == "application/xml"
        assert one.number in answer["Content-Disposition"]
        verdict = judge(answer.content)
        assert (verdict.judged, verdict.failures) == (True, ())
        tree = etree.fromstring(answer.content)
        assert etree.QName(tree).localname == root
        assert tree.findtext(f".//{CBC}PayableAmount") == f"{one.gross_cents / 100:.2f}"
        page = client.get(reverse("member_invoice", args=[invoice.tenant.siren, one.public_id])).content
        url = reverse("member_invoice_ubl", args=[invoice.tenant.siren, one.public_id])
        assert f'href="{url}"' in page.decode()
        assert client.get(url).content == answer.content
    assert default_storage.listdir("") == before


def test_what_would_be_refused_everywhere_is_said_and_not_sent(sign_in):
    party = dict.fromkeys(("siren", "vat_number", "address", "postcode", "city", "service_code"), "")
    party |= {"name": "Commune", "siret": "21350001800012", "kind": "commune", "order_reference": ""}
    payment = dict.fromkeys(("iban", "bic", "account_name", "reference", "instructions"), "")
    unsound = InvoiceFactory(issued=True, seller=party, buyer=party, payment=payment)
    AdhesionFactory(operator=unsound.operator, organisation=unsound.tenant)
    finance = sign_in(Role.OPERATOR_FINANCE, unsound.operator)

    answer = finance.get(reverse("operator_invoice_ubl", args=[unsound.operator.slug, unsound.public_id]))

    assert answer.status_code == 302
    assert answer.url == reverse("operator_invoice", args=[unsound.operator.slug, unsound.public_id])


def test_the_judge_of_ubl_refuses_a_false_one():
    wrong = render_ubl(samples.invoice(gross_cents=1))
    assert {"BR-CO-15", "BR-CO-16"} & judge(wrong).ids
