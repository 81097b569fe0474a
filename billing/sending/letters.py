"""What the person who asked for a deposit is told when it waits for her."""

from datetime import datetime

from billing.models import Deposit, DepositState, Sending, SendingStatus
from billing.sending.statuses import meaning_of
from tenants import letters


def ask(deposit: Deposit, *, now: datetime) -> None:
    """One letter for each time that a deposit waits for her, in the transaction that says so."""
    doubtful = deposit.state == DepositState.DOUBTFUL
    letters.write(
        tenant=deposit.operator.organisation,
        key=f"deposit:{deposit.pk}:{deposit.state}:{deposit.changed_at.isoformat()}",
        to=deposit.asked_by.email,
        subject="Dépôt sur Chorus Pro : à vérifier" if doubtful else "Dépôt sur Chorus Pro : à reprendre",
        body=(DOUBTFUL if doubtful else REFUSED).format(
            name=deposit.file_name, why=deposit.problem, operator=deposit.operator.short_name
        ),
        now=now,
    )


def tell_not_taken(deposit: Deposit, *, count: int, now: datetime) -> None:
    """One letter for all the invoices of a deposit that the portal did not take."""
    letters.write(
        tenant=deposit.operator.organisation,
        key=f"deposit:{deposit.pk}:not-taken",
        to=deposit.asked_by.email,
        subject="Factures rejetées par Chorus Pro",
        body=NOT_TAKEN.format(name=deposit.file_name, count=count, operator=deposit.operator.short_name),
        now=now,
    )


def tell(sending: Sending, *, status: SendingStatus, now: datetime) -> None:
    """One letter for each status that asks something of the issuer, to who deposited the invoice; one that
    comes back asks again."""
    meaning = meaning_of(sending.code, sending.lifecycle)
    number, deposit = sending.invoice.number, sending.deposit
    letters.write(
        tenant=deposit.operator.organisation,
        key=f"sending-status:{status.pk}",
        to=deposit.asked_by.email,
        subject=f"Facture {number} : {meaning.label.lower()}",
        body=STATUS.format(
            number=number,
            member=sending.invoice.buyer["name"],
            label=meaning.label.lower(),
            reason=status.reason or "non précisé",
            to_do=meaning.to_do,
            operator=deposit.operator.short_name,
        ),
        now=now,
    )


DOUBTFUL = """\
Bonjour,

Le dépôt {name} que vous avez demandé pour {operator} a peut-être réussi, peut-être pas :
{why}

Halle ne le refait pas de lui-même. Il le cherche sur Chorus Pro toutes les heures. Vous pouvez aussi regarder
vous-même, sous ce nom de fichier, puis le dire dans Halle, à la page « Envois à Chorus Pro ».
"""
REFUSED = """\
Bonjour,

Le dépôt {name} que vous avez demandé pour {operator} n’a pas été fait :
{why}

Réglez ce qui l’empêche, puis relancez-le dans Halle, à la page « Envois à Chorus Pro ».
"""
NOT_TAKEN = """\
Bonjour,

Chorus Pro n’a pas pris toutes les factures du dépôt {name} de {operator}. Rejetées : {count}.

Le motif de chacune est dans Halle, à la page « Envois à Chorus Pro », avec ce qu’il faut faire. Les adhérents
concernés ne les ont pas reçues.
"""
STATUS = """\
Bonjour,

La facture {number} de {operator} à {member} est {label} sur Chorus Pro.
Motif : {reason}

À faire : {to_do}
"""
