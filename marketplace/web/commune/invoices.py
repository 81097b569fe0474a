"""A member's invoices: what is due, why, and how to pay."""

from datetime import timedelta
from decimal import Decimal

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from billing.adjustment_queries import to_come
from billing.collecting.queries import collected
from billing.contest_queries import contests_of
from billing.custody import FileUnsound, read_sound, with_last_check
from billing.late_queries import dunnings_of
from billing.models import Invoice
from billing.queries import due_of_member, invoice_for_member, invoices_of_member
from billing.sending.queries import said_of, with_said
from marketplace.web.access import member_view
from marketplace.web.adjustment_words import announced
from marketplace.web.archives import ARCHIVE_NOTE, downloads_of_years
from marketplace.web.commune.contests import line_contest
from marketplace.web.commune.words import is_paid, payment_badge, plural
from marketplace.web.contest_words import line_facts
from marketplace.web.custody import custody_facts
from marketplace.web.formats import day, format_cents, format_percent
from marketplace.web.late_words import history
from marketplace.web.operator.invoice_views import iban_in_words, titre_facts
from marketplace.web.pdf import pdf_answer
from marketplace.web.sending_words import followed

PAGE_SIZE = 25


@member_view()
@require_safe
def invoice_list(request, organisation):
    """Issued invoices, newest first, and what remains to be paid."""
    today = localdate(timezone.now())
    due = due_of_member(organisation=organisation, today=today)
    page = Paginator(invoices_of_member(organisation=organisation), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    figures = [
        {"label": "À payer", "value": format_cents(due.cents), "note": plural(due.count, "facture")},
        {
            "label": "Dont échéance passée",
            "value": format_cents(due.late_cents),
            "note": plural(due.late_count, "facture"),
        },
    ]
    if due.to_give_back_cents:
        figures.append(
            {
                "label": "À vous rendre",
                "value": format_cents(due.to_give_back_cents),
                "note": "avoirs sur des factures déjà payées",
            }
        )
    context = {
        "organisation": organisation,
        "rows": [
            {
                "number": invoice.number,
                "url": reverse("member_invoice", args=[organisation.siren, invoice.public_id]),
                "operator": invoice.operator.short_name,
                "date": day(invoice.issue_date),
                "due": _due(invoice),
                "gross": format_cents(invoice.gross_cents * invoice.sign),
                "badge": payment_badge(invoice, today=today),
            }
            for invoice in page
        ],
        "page": page,
        "figures": figures,
        "downloads": downloads_of_years(organisation),
        "archive_note": ARCHIVE_NOTE,
        "adjustments": [announced(one) for one in to_come(organisation=organisation)],
    }
    return render(request, "commune/invoices.html", context)


@member_view()
@require_safe
def detail(request, organisation, public_id):
    """One invoice: why each amount, what tax, how to pay, where the payment is."""
    found = with_last_check(with_said(invoice_for_member(organisation=organisation)))
    invoice = get_object_or_404(found, public_id=public_id)
    settlement = getattr(invoice, "settlement", None)
    paid = is_paid(invoice)
    received = collected(invoice)
    left = invoice.gross_cents - invoice.credited_cents - received.cents
    context = {
        "organisation": organisation,
        "invoice": invoice,
        "kind": "Avoir" if invoice.is_credit_note else "Facture",
        "linked": _linked(organisation, invoice),
        "to_pay": not paid and not invoice.is_credit_note and invoice.credited_cents < invoice.gross_cents,
        "operator": invoice.operator,
        "badge": payment_badge(invoice, today=localdate(timezone.now())),
        "breakdown": _breakdown(request, organisation, invoice),
        "issue_date": day(invoice.issue_date),
        "due_date": _due(invoice),
        "interrupted": _interrupted(invoice),
        "sent": followed(said_of(invoice), for_member=True),
        "dunnings": history(dunnings_of(invoice=invoice)),
        "period": f"du {day(invoice.period_start)} au {day(invoice.period_end - timedelta(days=1))}",
        "left": format_cents(left),
        "titre_facts": titre_facts(received),
        "partly_paid": bool(received.payments),
        "paid": paid,
        "payment": invoice.payment,
        "iban": iban_in_words(invoice.payment.get("iban", "")),
        "payment_url": settlement.payment_url if settlement and not paid else "",
        "custody": custody_facts(invoice),
        "file_url": (
            reverse("member_invoice_file", args=[organisation.siren, invoice.public_id])
            if hasattr(invoice, "file")
            else ""
        ),
    }
    return render(request, "commune/invoice.html", context)


@member_view()
@require_safe
def file(request, organisation, public_id):
    """The Factur-X: a PDF to read, with the invoice as data inside."""
    invoice = get_object_or_404(invoice_for_member(organisation=organisation), public_id=public_id)
    if hasattr(invoice, "file"):
        try:
            name = f"{invoice.get_type_code_display()}-{invoice.number}.pdf"
            content = read_sound(path=invoice.file.path, sha256=invoice.file.sha256)
            return pdf_answer(content, filename=name)
        except FileUnsound as error:
            messages.error(request, f"{error} Réessayez, puis prévenez votre opérateur.")
    else:
        what = "L’avoir" if invoice.is_credit_note else "La facture"
        messages.info(request, f"{what} électronique est en préparation. Revenez dans une minute.")
    return redirect("member_invoice", siren=organisation.siren, public_id=public_id)


def _due(invoice: Invoice) -> str:
    """By when it is to be paid."""
    return "sans objet" if invoice.is_credit_note else day(invoice.pay_by) or "après la réponse"


def _interrupted(invoice: Invoice) -> str:
    """What a contest did to the time to pay, in plain words; "" when there was none."""
    interruption = getattr(invoice, "interruption", None)
    if interruption is None:
        return ""
    before = f"L’échéance était le {day(invoice.due_date)}. Contestée le {day(interruption.starts_on)}, "
    if interruption.due_on is None:
        return f"{before}la facture n’est pas à payer avant la réponse de l’opérateur."
    return f"{before}avec une réponse le {day(interruption.ends_on)} : un nouveau délai s’est ouvert."


def _linked(organisation, invoice: Invoice) -> list[dict]:
    """For components/facts.html: the invoice a credit note corrects, or the credit notes of an invoice."""

    def link(label: str, other: Invoice) -> dict:
        return {
            "label": label,
            "value": other.number,
            "note": f"{format_cents(other.gross_cents * other.sign)} le {day(other.issue_date)}",
            "url": reverse("member_invoice", args=[organisation.siren, other.public_id]),
        }

    if invoice.corrects:
        return [link("Facture corrigée", invoice.corrects)]
    if not invoice.credited_cents:
        return []
    return [link("Avoir", note) for note in invoice.credit_notes.issued().order_by("sequence", "pk")]


def _breakdown(request, organisation, invoice: Invoice) -> dict:
    """For components/price_breakdown.html: each line with its calculation, its facts and its contest, each
    tax with its reason."""
    contests = contests_of(invoice=invoice)
    out_of_scope = [row for row in invoice.vat if row["category"] == "O"]
    return {
        "caption": f"Le calcul de {'l’avoir' if invoice.is_credit_note else 'la facture'} {invoice.number}",
        "total_label": "Total de l’avoir" if invoice.is_credit_note else "",
        "lines": [
            {
                "label": line.name,
                "steps": [text for text in (line.description, *line.steps) if text],
                "amount": format_cents(line.net_cents),
                "facts": line_facts(line.entry),
                "contest": line_contest(request, organisation, invoice, line, contests.get(line.pk)),
            }
            for line in invoice.lines.all()
        ],
        "total_ht": format_cents(invoice.net_cents),
        "vat_lines": [_vat_line(row) for row in invoice.vat if row["category"] != "O"],
        "total_ttc": format_cents(invoice.gross_cents),
        "vat_note": out_of_scope[0]["reason"] if out_of_scope else "",
    }


def _vat_line(row: dict) -> dict:
    base = format_cents(row["base_cents"])
    if row["category"] == "S":
        label = f"TVA {format_percent(Decimal(row['rate']))} sur {base}"
    else:
        label = f"Sans TVA sur {base} : {row['reason']}"
    return {"label": label, "amount": format_cents(row["vat_cents"])}
