"""The letters about late payments, as they are proposed to finance, and their sending."""

from datetime import datetime

from billing.late_queries import Assessment, is_private
from billing.models import Channel, Dunning, DunningKind, Invoice
from catalog.pricing import format_cents, format_date
from tenants import letters
from tenants.models import Role
from tenants.people.telling import people_to_tell

TOLD = (Role.FINANCE, Role.SECRETARY)
SUBJECT = {
    DunningKind.REMINDER: "Rappel : facture {number} de {operator}",
    DunningKind.CLAIM: "Intérêts de retard : facture {number} de {operator}",
}


def proposed_reminder(invoice: Invoice, assessment: Assessment) -> str:
    """A reminder to read and to change before it is sent."""
    titre = invoice.settlement.channel == Channel.TITRE
    return REMINDER.format(
        **_words(invoice, assessment),
        law=PRIVATE_LAW if is_private(invoice.tenant) else PUBLIC_LAW,
        paid=PAID_TO_TREASURY if titre else PAID_TO_US,
        how=invoice.payment.get("instructions", ""),
    )


def proposed_claim(invoice: Invoice, assessment: Assessment) -> str:
    """A claim with its calculation, to read before it is sent. `assessment.late` is there."""
    private = is_private(invoice.tenant)
    return CLAIM.format(
        law=PRIVATE_LAW if private else PUBLIC_LAW,
        within="" if private else WITHIN,
        **_words(invoice, assessment),
        steps="\n".join(f"- {step}" for step in assessment.late.steps),
        total=format_cents(assessment.late.total_cents),
        paid_on=format_date(assessment.until),
    )


def send(*, dunning: Dunning, now: datetime) -> int:
    """Writes it to the member's finance officers and secretaries; to how many."""
    invoice = dunning.invoice
    mandates = people_to_tell(organisations=[dunning.tenant_id], roles=TOLD)
    subject = SUBJECT[DunningKind(dunning.kind)]
    for mandate in mandates:
        letters.write(
            tenant=invoice.tenant,
            key=f"dunning:{dunning.pk}:{mandate.user_id}",
            to=mandate.user.email,
            subject=subject.format(number=invoice.number, operator=invoice.operator.short_name),
            body=dunning.text,
            now=now,
        )
    return len(mandates)


def _words(invoice: Invoice, assessment: Assessment) -> dict[str, str]:
    operator = invoice.operator
    return {
        "member": invoice.tenant.name,
        "number": invoice.number,
        "issued": format_date(invoice.issue_date),
        "due": format_date(assessment.due_on),
        "amount": format_cents(assessment.left_cents),
        "operator": operator.short_name,
        "contact": operator.contact_email,
        "reference": invoice.payment.get("reference", invoice.number),
    }


PAID_TO_TREASURY = "Si vous avez déjà payé au comptable public, ne tenez pas compte de ce courrier."
PAID_TO_US = "Si votre paiement est en route, ne tenez pas compte de ce courrier."
WITHIN = (
    " Cette somme se paie dans les\nquarante-cinq jours qui suivent le paiement de la facture (R2192-36)."
)
PUBLIC_LAW = "code de la commande publique, L2192-13"
PRIVATE_LAW = "code de commerce, L441-10"

REMINDER = """\
Bonjour,

Sauf erreur de notre part, nous n’avons pas connaissance du paiement de la facture {number} du
{issued}, adressée à {member}. Il reste {amount} à régler ; l’échéance était le {due}.

{paid} Sinon, merci de la faire mandater, avec la référence {reference}.
{how}

Une ligne vous paraît fausse ? Vous pouvez la contester depuis la page de la facture, dans Halle.

Passée l’échéance, des intérêts moratoires courent de plein droit jusqu’au paiement, avec une indemnité de
40 € pour frais de recouvrement ({law}).

Pour toute question : {contact}

{operator}
"""

CLAIM = """\
Bonjour,

La facture {number} du {issued}, adressée à {member}, a été payée le {paid_on} ; son échéance était le {due}.
Le retard ouvre droit à des intérêts et à une indemnité ({law}), calculés ainsi :

{steps}

Soit {total}, sans TVA, à régler avec la référence {reference}.{within}

Pour toute question : {contact}

{operator}
"""
