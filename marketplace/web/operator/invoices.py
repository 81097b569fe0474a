"""Issued invoices as accountants read them, and the proposals of titres de recettes."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_POST, require_safe

from billing import review
from billing.collecting.queries import with_collected
from billing.custody import FileUnsound, read_sound, with_last_check
from billing.models import BillingRun, Invoice, InvoiceState, SettlementState
from billing.sending.queries import said_of, with_said
from billing.settlement import operations as settling
from billing.titres import Titre, all_titres, titre_page
from catalog.pricing.money import from_cents
from marketplace.web.access import operator_view
from marketplace.web.archives import ARCHIVE_NOTE, downloads_of_search
from marketplace.web.csv import csv_response
from marketplace.web.custody import custody_facts
from marketplace.web.formats import day, format_cents, format_number
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.invoice_views import (
    asks_person,
    iban_in_words,
    invoice_breakdown,
    party,
    settlement_badge,
    settlement_facts,
)
from marketplace.web.operator.lists import (
    crumbs,
    rest_of_address,
    searched_list,
)
from marketplace.web.operator.roles import MONEY_ROLES
from marketplace.web.operator.runs_chosen import chosen_run
from marketplace.web.pdf import pdf_answer
from marketplace.web.sending_words import followed, to_do
from tenants.identifiers import grouped
from tenants.models.operator import IssuerKind
from tenants.spreadsheets.writing import csv_bytes, safe_cell

TABS = {
    review.ALL: "Toutes",
    "encaisser": "À encaisser",
    "regarder": "Demandent une personne",
    "payees": "Payées",
    "avoirs": "Avoirs",
}
CSV_COLUMNS = (
    "Débiteur",
    "SIRET",
    "Code service",
    "Objet",
    "Numéro de facture",
    "Date de facture",
    "Montant HT",
    "TVA",
    "Montant TTC",
    "Date d’échéance",
    "IBAN",
    "État",
)


@operator_view(*MONEY_ROLES)
@require_safe
def invoice_list(request, operator):
    """Issued invoices by state of their settlement."""
    today = localdate(timezone.now())
    frame, found = searched_list(
        request,
        operator,
        review.issued_invoices,
        title="Factures",
        noun="facture",
        labels=TABS,
    )
    context = frame | {
        "downloads": downloads_of_search(
            operator, search=frame["search"], group=frame["group"], count=found.counts[frame["group"]]
        ),
        "archive_note": ARCHIVE_NOTE,
        "differences_url": (
            reverse("operator_ledger_differences", args=[operator.slug])
            if operator.issuer_kind != IssuerKind.PUBLIC
            else ""
        ),
        "rows": [
            {
                "number": invoice.number,
                "url": reverse("operator_invoice", args=[operator.slug, invoice.public_id]),
                "member": invoice.buyer["name"],
                "date": day(invoice.issue_date),
                "due": day(invoice.pay_by) or "interrompue",
                "credit": invoice.is_credit_note,
                "late": invoice.settlement.paid_at is None
                and not invoice.is_credit_note
                and invoice.pay_by is not None
                and invoice.pay_by < today,
                "badge": settlement_badge(invoice.settlement),
                "problem": invoice.settlement.problem,
                "retry_url": _retry_url(operator, invoice),
                "gross": format_cents(invoice.gross_cents * invoice.sign),
            }
            for invoice in found.page
        ],
    }
    return render(request, "operator/invoices.html", context)


@operator_view(*MONEY_ROLES)
@require_safe
def detail(request, operator, public_id):
    """One issued invoice: what was copied on it, how each line comes about, how it is collected."""
    invoice = _invoice(operator, public_id, with_lines=True)
    payment, sent = invoice.payment, said_of(invoice)
    file = getattr(invoice, "file", None)
    what = f"Télécharger {'l’avoir' if invoice.is_credit_note else 'la facture'}"
    context = {
        "operator": operator,
        "crumbs": crumbs(
            operator, ("Factures", reverse("operator_invoices", args=[operator.slug])), (invoice.number, "")
        ),
        "invoice": invoice,
        "buyer_name": invoice.buyer["name"],
        "kind": capitalised(invoice.get_type_code_display()),
        "figures": _figures(invoice),
        "linked": _linked(operator, invoice),
        "given_back_url": (
            reverse("operator_credit_given_back", args=[operator.slug, invoice.public_id])
            if invoice.is_credit_note and invoice.settlement.state == SettlementState.NEEDS_PERSON
            else ""
        ),
        "actions": [
            {
                "label": f"Facturation : {review.period_of(invoice.run).label}",
                "url": reverse("operator_run", args=[operator.slug, invoice.run.public_id]),
                "style": "quiet",
            }
        ],
        "breakdown": invoice_breakdown(invoice),
        "seller": party(invoice.seller),
        "buyer": party(invoice.buyer),
        "payment": [
            {"label": "IBAN", "value": iban_in_words(payment["iban"])},
            {"label": "Titulaire", "value": payment["account_name"]},
            {"label": "Référence à rappeler", "value": payment["reference"]},
            {"label": "Comment payer", "value": payment["instructions"]},
        ],
        "notes": list(invoice.notes.values()),
        "settlement_badge": settlement_badge(invoice.settlement),
        "settlement_facts": settlement_facts(invoice),
        "settlement_problem": invoice.settlement.problem,
        "sent": followed(sent),
        "sent_to_do": to_do(sent),
        "retry_url": _retry_url(operator, invoice),
        "file": file
        and {
            "url": reverse("operator_invoice_file", args=[operator.slug, invoice.public_id]),
            "label": f"{what} (PDF, {max(round(file.size / 1024), 1)} Ko)",
        },
        "custody": custody_facts(invoice),
    }
    return render(request, "operator/invoice.html", context)


@operator_view(*MONEY_ROLES)
@require_POST
def try_again(request, operator, public_id):
    """Sends to the payment provider once more an invoice that it refused."""
    invoice = _invoice(operator, public_id)
    try:
        settling.try_again(settlement=invoice.settlement, by=request.user, now=timezone.now())
    except settling.WrongSettlementState:
        messages.error(request, f"La facture {invoice.number} n’attend plus personne : rien n’a été relancé.")
    else:
        messages.success(
            request, f"Nouvel essai lancé pour la facture {invoice.number} ({invoice.buyer['name']})."
        )
    return redirect(f"{reverse('operator_invoices', args=[operator.slug])}?etat=regarder")


@operator_view(*MONEY_ROLES)
@require_safe
def file(request, operator, public_id):
    """The Factur-X of an issued invoice, held against its hash. 404 while it is being made."""
    invoice = _invoice(operator, public_id)
    if not hasattr(invoice, "file"):
        raise Http404
    try:
        content = read_sound(path=invoice.file.path, sha256=invoice.file.sha256)
    except FileUnsound as error:
        messages.error(request, f"{error} Réessayez, puis prévenez l’équipe de la plateforme.")
        return redirect("operator_invoice", operator=operator.slug, public_id=public_id)
    return pdf_answer(content, filename=f"{invoice.number}.pdf")


@operator_view(*MONEY_ROLES)
@require_safe
def titres(request, operator):
    """Proposals of titres de recettes of a public issuer; for another one, why there are none."""
    if operator.issuer_kind != IssuerKind.PUBLIC:
        context = {"operator": operator, "crumbs": crumbs(operator, ("Titres de recettes", ""))}
        return render(request, "operator/titres_none.html", context)
    runs = list(BillingRun.objects.filter(operator=operator).order_by("-period_start"))
    run = chosen_run(request, runs)
    found = titre_page(operator=operator, run=run, page=request.GET.get("page"))
    chosen_id = str(run.public_id) if run else ""
    csv_url = reverse("operator_titres_csv", args=[operator.slug])
    pes_url = reverse("operator_titre_pes", args=[operator.slug])
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, ("Titres de recettes", "")),
        "runs": [
            {
                "value": str(one.public_id),
                "label": capitalised(review.period_of(one).label),
                "selected": one == run,
            }
            for one in runs
        ],
        "page": found.page,
        "rest": rest_of_address(campagne=chosen_id),
        "csv_url": f"{csv_url}?campagne={chosen_id}" if run else csv_url,
        "pes_url": f"{pes_url}?campagne={chosen_id}" if run else pes_url,
        "codes_url": reverse("operator_titre_codes", args=[operator.slug]),
        "imports_url": reverse("operator_titre_imports", args=[operator.slug]),
        "figures": [
            {"label": "Titres", "value": format_number(found.page.paginator.count)},
            {"label": "Total HT", "value": format_cents(found.net_cents)},
            {"label": "TVA", "value": format_cents(found.vat_cents)},
            {"label": "Total TTC", "value": format_cents(found.gross_cents)},
            {"label": "Reste à encaisser", "value": format_cents(found.unpaid_cents)},
        ],
        "ibans": sorted({iban_in_words(titre.iban) for titre in found.page.object_list}),
        "rows": [_titre_row(operator, titre) for titre in found.page.object_list],
    }
    return render(request, "operator/titres.html", context)


@operator_view(*MONEY_ROLES)
@require_safe
def titres_csv(request, operator):
    """The same proposals, all of them, for the accounting software.

    UTF-8 with a byte order mark, semicolons, lines ended by CRLF. Columns, in this order: debtor's name;
    SIRET; Chorus Pro service code; purpose; invoice number; invoice date (DD/MM/YYYY); net amount, VAT and
    gross amount in euros (decimal comma, no thousands separator, no currency sign); due date; IBAN to
    collect on; state. A text that a spreadsheet would take for a formula begins with an apostrophe.
    404 for a private issuer, which proposes none.
    """
    if operator.issuer_kind != IssuerKind.PUBLIC:
        raise Http404
    run = chosen_run(request, BillingRun.objects.filter(operator=operator))
    rows = (_csv_row(titre) for titre in all_titres(operator=operator, run=run))
    which = f"-{run.period_start}-{run.period_end}" if run else ""
    return csv_response(content=csv_bytes(CSV_COLUMNS, rows), filename=f"titres-{operator.slug}{which}.csv")


def _invoice(operator, public_id, *, with_lines: bool = False) -> Invoice:
    found = (
        Invoice.objects.issued().of_operator(operator).select_related("settlement", "file", "run", "corrects")
    )
    if with_lines:
        found = with_last_check(with_said(with_collected(found.with_credited())))
        found = found.prefetch_related(review.with_lines())
    return get_object_or_404(found, public_id=public_id)


def _figures(invoice: Invoice) -> list[dict]:
    tax = f"dont {format_cents(invoice.vat_cents)} de TVA"
    if invoice.is_credit_note:
        return [
            {"label": "Montant de l’avoir", "value": format_cents(invoice.gross_cents), "note": tax},
            {"label": "Émis le", "value": day(invoice.issue_date)},
        ]
    figures = [
        {"label": "Montant de la facture", "value": format_cents(invoice.gross_cents), "note": tax},
        {"label": "Émise le", "value": day(invoice.issue_date)},
        {"label": "Échéance", "value": day(invoice.pay_by) or "interrompue"},
    ]
    if invoice.credited_cents:
        left = format_cents(invoice.gross_cents - invoice.credited_cents)
        figures[0]["note"] += f", {left} une fois les avoirs déduits"
    return figures


def _linked(operator, invoice: Invoice) -> list[dict]:
    """For components/facts.html: the invoice a credit note corrects, or the credit notes of an invoice."""
    if invoice.corrects:
        url = reverse("operator_invoice", args=[operator.slug, invoice.corrects.public_id])
        return [{"label": "Corrige la facture", "value": invoice.corrects.number, "url": url}]
    links = []
    for note in invoice.credit_notes.order_by("pk"):
        drafted = note.state == InvoiceState.DRAFT
        name = "operator_credit_note" if drafted else "operator_invoice"
        links.append(
            {
                "label": "Avoir à émettre" if drafted else "Avoir",
                "value": format_cents(note.gross_cents) if drafted else note.number,
                "note": "" if drafted else format_cents(-note.gross_cents),
                "url": reverse(name, args=[operator.slug, note.public_id]),
            }
        )
    return links


def _retry_url(operator, invoice: Invoice) -> str:
    """Where to ask for another try; "" when the settlement waits for nobody."""
    if not asks_person(invoice.settlement):
        return ""
    return reverse("operator_invoice_retry", args=[operator.slug, invoice.public_id])


def _titre_row(operator, titre: Titre) -> dict:
    return {
        "debtor": titre.debtor,
        "siret": grouped(titre.siret) or "inconnu",
        "service_code": titre.service_code,
        "purpose": titre.purpose,
        "number": titre.number,
        "url": reverse("operator_invoice", args=[operator.slug, titre.public_id]),
        "date": day(titre.issue_date),
        "due": day(titre.due_date),
        "net": format_cents(titre.net_cents),
        "vat": format_cents(titre.vat_cents),
        "gross": format_cents(titre.gross_cents),
        "state": capitalised(titre.state),
        "badge": "success" if titre.paid else "info",
    }


def _csv_row(titre: Titre) -> list[str]:
    return [
        safe_cell(titre.debtor),
        safe_cell(titre.siret),
        safe_cell(titre.service_code),
        safe_cell(titre.purpose),
        safe_cell(titre.number),
        f"{titre.issue_date:%d/%m/%Y}",
        _euros(titre.net_cents),
        _euros(titre.vat_cents),
        _euros(titre.gross_cents),
        f"{titre.due_date:%d/%m/%Y}",
        safe_cell(titre.iban),
        safe_cell(titre.state),
    ]


def _euros(cents: int) -> str:
    return f"{from_cents(cents)}".replace(".", ",")
