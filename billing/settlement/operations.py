"""Settling issued invoices: mark started, commit, call, mark done, commit.

A settlement found "started" is never sent again blindly: what the provider has is looked up first.
"""

from datetime import datetime

from django.db import transaction

from billing import tasks
from billing.models import Settlement, SettlementState
from billing.models.settlement import SETTLEMENT_TRANSITIONS, Channel
from billing.settlement import stripe_gateway
from tenants import audit
from tenants.models import User
from tenants.moves import moved


class WrongSettlementState(Exception):
    """The settlement moved meanwhile, or this move does not exist."""


def push(*, settlement_id: int, now: datetime) -> None:
    """Mirrors an issued invoice of a private issuer to the provider, once.

    Must run outside a transaction. Nothing happens to a settlement that is already pushed, paid or in a
    person's hands. When the provider does not answer, the settlement stays "started" and the periodic
    sweep reconciles it.
    """
    settlement = Settlement.objects.select_related("invoice__tenant").get(
        pk=settlement_id, channel=Channel.STRIPE
    )
    try:
        if settlement.state == SettlementState.STARTED:
            mirrored = stripe_gateway.find_invoice(settlement)
            if mirrored is None or not mirrored.final:
                # Nothing there, or half of it: the same idempotency keys complete it.
                mirrored = stripe_gateway.mirror_invoice(settlement)
        elif settlement.state == SettlementState.PENDING:
            move(settlement, to=SettlementState.STARTED, now=now)
            mirrored = stripe_gateway.mirror_invoice(settlement)
        else:
            return
    except stripe_gateway.GatewayUnreachable:
        return
    except stripe_gateway.GatewayError as error:
        move(settlement, to=SettlementState.NEEDS_PERSON, now=now, problem=str(error))
        return
    move(
        settlement,
        to=SettlementState.PUSHED,
        now=now,
        external_id=mirrored.external_id,
        payment_url=mirrored.payment_url,
    )
    if mirrored.paid:
        # Paid before our record was written: the provider's word then found nothing to confirm.
        confirm_payment(external_id=mirrored.external_id, now=now)


@transaction.atomic
def confirm_payment(*, external_id: str, now: datetime) -> None:
    """Marks paid the settlement of a provider's invoice, once the provider itself confirms it.

    Called twice, or for an invoice that is not ours, changes nothing.
    """
    settlement = Settlement.objects.filter(external_id=external_id).select_related("invoice__tenant").first()
    if settlement is None or settlement.state == SettlementState.PAID:
        return
    if not stripe_gateway.is_paid(external_id):
        return
    move(settlement, to=SettlementState.PAID, now=now, paid_at=now)
    audit.record(
        tenant=settlement.invoice.tenant,
        actor=None,
        what="invoice.paid",
        sentence=f"La facture {settlement.invoice.number} est payée.",
        subject_id=settlement.invoice.public_id,
        now=now,
    )


@transaction.atomic
def try_again(*, settlement: Settlement, by: User, now: datetime) -> None:
    """A person has put right what the provider refused: the invoice is sent once more, by a worker.

    The settlement becomes "started", so that what the provider already has is looked up first, and taken
    up by the sweep if the job is lost. Raises WrongSettlementState when it no longer waits for a person, and
    for a credit note, which the provider knows nothing of.
    """
    if settlement.state != SettlementState.NEEDS_PERSON or settlement.invoice.is_credit_note:
        raise WrongSettlementState(f"{settlement.state} → {SettlementState.STARTED}")
    problem, invoice = settlement.problem, settlement.invoice
    move(settlement, to=SettlementState.STARTED, now=now, problem="")
    audit.record(
        tenant=invoice.operator.organisation,
        actor=by,
        what="invoice.push_retried",
        sentence=f"{{actor}} a relancé la transmission de la facture {invoice.number} "
        "au prestataire de paiement.",
        subject_id=invoice.public_id,
        now=now,
        details={"problem": problem},
    )
    tasks.push_settlement.defer(settlement_id=settlement.pk)


@transaction.atomic
def given_back(*, settlement: Settlement, by: User, now: datetime) -> None:
    """A person has deducted or paid back a credit note of a private issuer.

    Raises WrongSettlementState for anything else, or when it is done already.
    """
    invoice = settlement.invoice
    if settlement.state != SettlementState.NEEDS_PERSON or not invoice.is_credit_note:
        raise WrongSettlementState(f"{settlement.state} → {SettlementState.PAID}")
    move(settlement, to=SettlementState.PAID, now=now, paid_at=now, problem="")
    for tenant in (invoice.operator.organisation, invoice.tenant):
        audit.record(
            tenant=tenant,
            actor=by,
            what="invoice.given_back",
            sentence=f"{{actor}} a déduit ou remboursé l’avoir {invoice.number}.",
            subject_id=invoice.public_id,
            now=now,
        )


def move(settlement: Settlement, *, to: SettlementState, now: datetime, **fields) -> None:
    """Along the table of transitions. Raises WrongSettlementState."""
    if not moved(settlement, to=to, moves=SETTLEMENT_TRANSITIONS, changed_at=now, **fields):
        raise WrongSettlementState(f"{settlement.state} → {to}")
