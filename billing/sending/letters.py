"""What the person who asked for a deposit is told when it waits for her."""

from datetime import datetime

from django.utils.timezone import localdate

from billing.models import Deposit, DepositState, Sending, SendingStatus
from billing.sending.statuses import meaning_of
from tenants import letters
from tenants.days import in_words


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


def tell_not_answered(deposit: Deposit, *, why: str, now: datetime) -> None:
    """One letter a day, whatever the number of deposits."""
    letters.write(
        tenant=deposit.operator.organisation,
        key=f"deposits-unanswered:{deposit.operator_id}:{deposit.asked_by_id}:{localdate(now)}",
        to=deposit.asked_by.email,
        subject="Chorus Pro ne dit plus rien de vos factures",
        body=NOT_ANSWERED.format(why=why, operator=deposit.operator.short_name),
        now=now,
    )


def tell_still_under_way(deposit: Deposit, *, now: datetime) -> None:
    """One letter for an analysis that lasts."""
    letters.write(
        tenant=deposit.operator.organisation,
        key=f"deposit:{deposit.pk}:under-way:{deposit.changed_at.isoformat()}",
        to=deposit.asked_by.email,
        subject="Dépôt sur Chorus Pro : l’analyse dure",
        body=UNDER_WAY.format(
            number=deposit.number, name=deposit.file_name, since=in_words(localdate(deposit.changed_at))
        ),
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
NOT_ANSWERED = """\
Bonjour,

Halle demande toutes les heures à Chorus Pro ce que deviennent les factures de {operator}, et n’a pas pu
l’apprendre :
{why}

Tant que ce n’est pas réglé, les factures refusées, suspendues ou payées là-bas ne se voient pas dans Halle.
"""
UNDER_WAY = """\
Bonjour,

Chorus Pro analyse depuis le {since} le dépôt {name} (flux {number}). D’ordinaire, cela prend quelques heures.

Regardez sur Chorus Pro si ce flux y est en incident. Halle continue de demander toutes les heures.
"""
STATUS = """\
Bonjour,

La facture {number} de {operator} à {member} est {label} sur Chorus Pro.
Motif : {reason}

À faire : {to_do}
"""
