"""The chain of custody of an invoice's file, and having it read again, on both sides."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from billing.custody import SOUND, check_file, last_check_of
from billing.models import Invoice
from billing.queries import invoice_for_member
from billing.sending.queries import said_of
from marketplace.web.access import member_view, operator_view
from marketplace.web.formats import day, format_number, moment
from marketplace.web.operator.roles import MONEY_ROLES


@operator_view(*MONEY_ROLES)
@require_POST
def check_of_operator(request, operator, public_id):
    """Has the file of an invoice which the operator issued read again."""
    found = Invoice.objects.issued().of_operator(operator).select_related("tenant", "file")
    invoice = get_object_or_404(found, public_id=public_id)
    _check(request, invoice)
    return redirect("operator_invoice", operator=operator.slug, public_id=public_id)


@member_view()
@require_POST
def check_of_member(request, organisation, public_id):
    """Has the file of an invoice which the organisation received read again."""
    found = invoice_for_member(organisation=organisation).select_related("tenant")
    _check(request, get_object_or_404(found, public_id=public_id))
    return redirect("member_invoice", siren=organisation.siren, public_id=public_id)


def _check(request, invoice: Invoice) -> None:
    """Says what came of it, with the time."""
    if not hasattr(invoice, "file"):
        messages.info(request, "Le fichier se prépare : il n’y a encore rien à vérifier.")
        return
    check = check_file(invoice=invoice, by=request.user, now=timezone.now())
    if check.problem:
        messages.error(
            request,
            f"Fichier relu le {moment(check.at)}. {check.problem} Prévenez l’équipe de la plateforme.",
        )
    else:
        messages.success(
            request,
            f"Fichier relu le {moment(check.at)} : il correspond à son empreinte, il n’a pas changé depuis "
            "qu’il a été fait.",
        )


def custody_facts(invoice: Invoice) -> list[dict]:
    """For components/facts.html: what is recorded of the file of an invoice since it was issued; empty while
    it is being made. The invoice was read `with_said` and `with_last_check`."""
    file, said, check = getattr(invoice, "file", None), said_of(invoice), last_check_of(invoice)
    if file is None:
        return []
    facts = [
        {"label": "Numéro donné le", "value": day(invoice.issue_date)},
        {"label": "Fichier fait le", "value": moment(file.made_at), "note": "Une seule fois, par Halle."},
        {"label": "Format", "value": "Factur-X (PDF/A-3 et données EN 16931)"},
        {"label": "Taille", "value": f"{format_number(file.size)}\u00a0octets"},
        {
            "label": "Empreinte SHA-256",
            "value": file.sha256,
            "note": "Notée quand le fichier a été fait ; la base de données refuse qu’elle change.",
        },
    ]
    if said:
        facts.append({"label": "Suivi par Chorus Pro depuis le", "value": day(said[0].at)})
    last = {"label": "Dernière vérification", "value": "aucune à ce jour"}
    if check:
        last |= {"value": moment(check.at), "note": check.problem or SOUND}
    facts.append(last)
    if check and check.locked_until:
        note = "Jusque-là, le stockage refuse que quiconque l’efface ou le remplace."
        facts.append({"label": "Verrouillé jusqu’au", "value": day(check.locked_until), "note": note})
    return facts
