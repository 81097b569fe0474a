"""What a member reads when a credit note is issued to it."""

from datetime import datetime

from billing.models import AdjustmentKind, Invoice, LedgerEntry
from catalog.pricing import format_cents
from tenants import letters
from tenants.models import Role
from tenants.people.telling import people_to_tell

TOLD = (Role.FINANCE, Role.SECRETARY)


def tell_member(*, credit_note: Invoice, now: datetime) -> None:
    """One letter to each secretary and finance officer of the member, in the transaction that issues it."""
    operator, corrected = credit_note.operator, credit_note.corrects
    for mandate in people_to_tell(organisations=[credit_note.tenant_id], roles=TOLD):
        letters.write(
            tenant=credit_note.tenant,
            key=f"credit-note:{credit_note.pk}:{mandate.user_id}",
            to=mandate.user.email,
            subject=f"Avoir {credit_note.number} de {operator.short_name}",
            body=BODY.format(
                operator=operator.short_name,
                number=credit_note.number,
                amount=format_cents(credit_note.gross_cents),
                invoice=corrected.number,
                member=credit_note.tenant.name,
                why=_why(credit_note),
                what_then=credit_note.payment["instructions"],
                contact=operator.contact_email,
            ),
            now=now,
        )


def _why(credit_note: Invoice) -> str:
    entries = LedgerEntry.objects.filter(line__invoice=credit_note)
    kinds = set(entries.values_list("adjustment__kind", flat=True))
    return " ; ".join(words for kind, words in WHY.items() if kind in kinds)


WHY = {
    None: "un abonnement a pris fin avant la fin de la période facturée",
    AdjustmentKind.REPRICED: "un prix ou un usage a changé pour une période déjà facturée",
    AdjustmentKind.TRUE_UP: "le prix mutualisé de l’année est régularisé",
    AdjustmentKind.CONTESTED: "votre contestation d’une ligne est acceptée",
}

BODY = """\
Bonjour,

{operator} a émis l’avoir {number} de {amount} TTC pour {member}. Il diminue la facture {invoice} :
{why}.

{what_then}

Le document et son calcul, ligne par ligne, sont dans Halle, à la page « Factures ».

Une question ? {contact}
"""
