"""An issued invoice in UBL, for software that reads no Factur-X: made when somebody asks for it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import content_disposition_header
from django.utils.text import get_valid_filename
from django.views.decorators.http import require_safe

from billing.files import InvoiceNotSound, ubl_of
from billing.models import Invoice
from billing.queries import invoice_for_member
from marketplace.web.access import member_view, operator_view
from marketplace.web.operator.roles import MONEY_ROLES


@operator_view(*MONEY_ROLES)
@require_safe
def of_operator(request, operator, public_id):
    """That of an invoice which the operator issued."""
    invoice = get_object_or_404(Invoice.objects.issued().of_operator(operator), public_id=public_id)
    back = redirect("operator_invoice", operator=operator.slug, public_id=public_id)
    return _sent(request, invoice, back)


@member_view()
@require_safe
def of_member(request, organisation, public_id):
    """That of an invoice which the organisation received."""
    invoice = get_object_or_404(invoice_for_member(organisation=organisation), public_id=public_id)
    back = redirect("member_invoice", siren=organisation.siren, public_id=public_id)
    return _sent(request, invoice, back)


def _sent(request, invoice: Invoice, back: HttpResponse) -> HttpResponse:
    """The file, to be kept; the way `back` with the reason when it would be refused everywhere."""
    try:
        content = ubl_of(invoice)
    except InvoiceNotSound as refusal:
        messages.error(request, f"Le fichier UBL ne peut pas être fait. {refusal}")
        return back
    name = get_valid_filename(f"{invoice.get_type_code_display()}-{invoice.number}.xml")
    headers = {
        "Content-Disposition": content_disposition_header(True, name),
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(content, content_type="application/xml", headers=headers)
