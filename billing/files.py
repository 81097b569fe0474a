"""The Factur-X of an issued invoice: made once, kept with its hash. Its UBL: made when it is asked for."""

import hashlib
from datetime import datetime
from decimal import Decimal

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from billing.documents import (
    DocumentLine,
    InvoiceDocument,
    Party,
    PaymentTerms,
    VatSubtotal,
    content_problems,
    render_cii,
    render_factur_x,
    render_ubl,
    written_problems,
)
from billing.models import Invoice, InvoiceFile, InvoiceState


class InvoiceNotSound(Exception):
    """The document would be refused: a person must look before it leaves. `problems` in French."""

    def __init__(self, problems):
        self.problems = problems
        super().__init__(" ".join(problems))


def document_of(invoice: Invoice) -> InvoiceDocument:
    """The frozen document of an issued invoice, from its own copies only."""
    return InvoiceDocument(
        number=invoice.number,
        type_code=invoice.type_code,
        preceding_number=invoice.corrects.number if invoice.corrects else None,
        preceding_date=invoice.corrects.issue_date if invoice.corrects else None,
        issue_date=invoice.issue_date,
        due_date=invoice.due_date,
        seller=_party(invoice.seller),
        buyer=_party(invoice.buyer),
        period_start=invoice.period_start,
        period_end=invoice.period_end,
        lines=tuple(
            DocumentLine(
                id=str(line.position),
                name=line.name,
                description=line.description,
                steps=tuple(line.steps),
                quantity=line.quantity,
                unit_label=line.unit,
                unit_price=line.unit_price,
                net_cents=line.net_cents,
                vat_category=line.vat_category,
                vat_rate=line.vat_rate,
            )
            for line in sorted(invoice.lines.all(), key=lambda line: line.position)
        ),
        vat=tuple(
            VatSubtotal(
                category=row["category"],
                rate=Decimal(row["rate"]),
                base_cents=row["base_cents"],
                vat_cents=row["vat_cents"],
                reason=row["reason"],
                reason_code=row.get("code", "VATEX-EU-O" if row["category"] == "O" else ""),
            )
            for row in invoice.vat
        ),
        net_cents=invoice.net_cents,
        vat_cents=invoice.vat_cents,
        gross_cents=invoice.gross_cents,
        payment=PaymentTerms(
            iban=invoice.payment["iban"],
            bic=invoice.payment["bic"] or None,
            account_name=invoice.payment["account_name"],
            reference=invoice.payment["reference"],
            instructions=invoice.payment["instructions"],
        ),
        notes=invoice.notes,
        buyer_reference=invoice.buyer["service_code"] or None,
        order_reference=invoice.buyer["order_reference"] or None,
    )


def _party(copy: dict) -> Party:
    return Party(
        name=copy["name"],
        legal_id=copy["siren"],
        siret=copy["siret"],
        vat_number=copy["vat_number"] or None,
        address_lines=(copy["address"],),
        postcode=copy["postcode"],
        city=copy["city"],
        electronic_address=copy["siren"],
        service_code=copy["service_code"] or None,
        contact_email=copy.get("contact_email", ""),
        contact_phone=copy.get("contact_phone", ""),
        legal_kind=copy["kind"],
    )


def ubl_of(invoice: Invoice) -> bytes:
    """An issued invoice in UBL 2.1, from the same frozen document as its Factur-X. Nothing is stored: the
    same invoice always gives the same bytes. Two queries. Raises InvoiceNotSound."""
    found = Invoice.objects.issued().select_related("corrects").prefetch_related("lines")
    document = document_of(found.get(pk=invoice.pk))
    if problems := content_problems(document):
        raise InvoiceNotSound(problems)
    return render_ubl(document)


def make_file(*, invoice_id: int, now: datetime) -> InvoiceFile:
    """Makes and stores the Factur-X of an issued invoice; returns the one there is if it was made already.

    The same invoice always gives the same bytes, so that a worker killed between the storage and the row
    only writes the same file again. Raises InvoiceNotSound.
    """
    invoice = (
        Invoice.objects.select_related("operator", "file", "corrects")
        .prefetch_related("lines")
        .get(pk=invoice_id, state=InvoiceState.ISSUED)
    )
    if hasattr(invoice, "file"):
        return invoice.file
    document = document_of(invoice)
    xml = render_cii(document)
    if problems := content_problems(document) or written_problems(xml):
        raise InvoiceNotSound(problems)
    content = render_factur_x(document, xml=xml)
    with transaction.atomic():
        _alone(invoice)
        return InvoiceFile.objects.filter(invoice=invoice).first() or _keep(invoice, content, now)


def _alone(invoice: Invoice) -> None:
    """Until the commit, no other worker keeps the file of this invoice: the storage would give a second one
    of the same path another name, and nobody would know of it."""
    Invoice.objects.select_for_update(of=("self",), no_key=True).get(pk=invoice.pk)


def _keep(invoice: Invoice, content: bytes, now: datetime) -> InvoiceFile:
    path = f"invoices/{invoice.operator.slug}/{invoice.year}/{invoice.number}.pdf"
    if default_storage.exists(path):
        default_storage.delete(path)
    default_storage.save(path, ContentFile(content))
    return InvoiceFile.objects.create(
        tenant_id=invoice.tenant_id,
        invoice=invoice,
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        made_at=now,
    )
