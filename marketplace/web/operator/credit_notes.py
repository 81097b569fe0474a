"""Credit notes: those to issue, one to read and issue, and what is given back by hand."""

from datetime import timedelta

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing import credits
from billing.credit_queries import credit_note, page_to_issue
from billing.exceptions import BillingRefused, CreditNoteChanged, DraftsUnsound
from billing.issuing import credit_instructions
from billing.models import Invoice, InvoiceState
from billing.settlement import operations as settling
from marketplace.web.access import operator_view
from marketplace.web.formats import day, format_cents
from marketplace.web.operator.invoice_views import invoice_breakdown
from marketplace.web.operator.lists import counted, crumbs
from marketplace.web.operator.roles import MONEY_ROLES
from sso.stepping_up import strongly
from tenants.identifiers import grouped


@operator_view(*MONEY_ROLES)
@require_safe
def to_issue(request, operator):
    """What is to be given back: a draft for each invoice that bills days after an end."""
    page = page_to_issue(operator=operator, page=request.GET.get("page"))
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, ("Avoirs à émettre", "")),
        "page": page,
        "total": counted(page.paginator.count, "avoir à émettre", "avoirs à émettre"),
        "issued_url": f"{reverse('operator_invoices', args=[operator.slug])}?etat=avoirs",
        "rows": [
            {
                "member": note.tenant.name,
                "url": reverse("operator_credit_note", args=[operator.slug, note.public_id]),
                "invoice": note.corrects.number,
                "date": day(note.corrects.issue_date),
                "reasons": [f"{line.name} : {line.steps[0]}" for line in note.lines.all()],
                "gross": format_cents(note.gross_cents),
            }
            for note in page
        ],
    }
    return render(request, "operator/credit_notes.html", context)


@operator_view(*MONEY_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
@strongly("Émettre l’avoir")
def draft(request, operator, public_id):
    """A credit note to read; POST gives it its number."""
    note = get_object_or_404(credit_note(operator=operator), public_id=public_id)
    refused, problems = "", []
    if request.method == "POST":
        try:
            shown = _shown_cents(request)
            credits.issue_credit_note(
                credit_note=note, shown_cents=shown, by=request.user, now=timezone.now()
            )
        except CreditNoteChanged as refusal:
            messages.error(request, str(refusal))
            return redirect("operator_credit_note", operator=operator.slug, public_id=public_id)
        except DraftsUnsound as refusal:
            refused, problems = "Cet avoir serait refusé. Rien n’a été émis.", refusal.problems
        except BillingRefused as refusal:
            refused = str(refusal)
        else:
            messages.success(request, f"Avoir {note.number} émis. L’adhérent est prévenu par courriel.")
            return redirect("operator_invoice", operator=operator.slug, public_id=public_id)
    if note.state != InvoiceState.DRAFT:
        return redirect("operator_invoice", operator=operator.slug, public_id=public_id)
    list_url = reverse("operator_credit_notes", args=[operator.slug])
    gross = format_cents(note.gross_cents)
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, ("Avoirs à émettre", list_url), (note.tenant.name, "")),
        "member": note.tenant.name,
        "lead": f"Sur la facture {note.corrects.number} du {day(note.corrects.issue_date)}",
        "facts": _facts(operator, note),
        "breakdown": invoice_breakdown(note),
        "refused": refused,
        "problems": problems,
        "confirm_title": f"Émettre un avoir de {gross}\u202f?",
        "confirm_text": f"Il diminue la facture {note.corrects.number} de {note.tenant.name}.",
        "consequences": [
            "Il reçoit son numéro définitif, sans trou dans la suite des avoirs.",
            "Il ne se modifie plus ensuite.",
            credit_instructions(operator, note.corrects),
        ],
        "confirm_label": f"Émettre l’avoir ({gross} TTC)",
        "shown": [{"name": "montant", "value": note.gross_cents}],
        "list_url": list_url,
    }
    return render(request, "operator/credit_note.html", context)


@operator_view(*MONEY_ROLES)
@require_POST
def given_back(request, operator, public_id):
    """A person says that she has deducted or paid back a credit note."""
    notes = Invoice.objects.issued().of_operator(operator).credit_notes().select_related("settlement")
    note = get_object_or_404(notes, public_id=public_id)
    try:
        settling.given_back(settlement=note.settlement, by=request.user, now=timezone.now())
    except settling.WrongSettlementState:
        messages.error(request, f"L’avoir {note.number} n’attend plus personne.")
    else:
        messages.success(request, f"Avoir {note.number} noté comme déduit ou remboursé.")
    return redirect("operator_invoice", operator=operator.slug, public_id=public_id)


def _shown_cents(request) -> int:
    try:
        return int(request.POST.get("montant", ""))
    except ValueError:
        raise Http404 from None


def _facts(operator, note: Invoice) -> list[dict]:
    corrected = note.corrects
    last_day = note.period_end - timedelta(days=1)
    return [
        {"label": "Adhérent", "value": note.tenant.name, "note": f"SIREN {grouped(note.tenant.siren)}"},
        {
            "label": "Facture corrigée",
            "value": corrected.number,
            "url": reverse("operator_invoice", args=[operator.slug, corrected.public_id]),
        },
        {"label": "Montant de la facture", "value": f"{format_cents(corrected.gross_cents)} TTC"},
        {"label": "Jours rendus", "value": f"du {day(note.period_start)} au {day(last_day)}"},
    ]
