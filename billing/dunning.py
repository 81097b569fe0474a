"""What finance does about late payments: reminds, claims interest, or does not this time. Never by itself.

The calculation is proposed (`late_queries.assess`); nothing is written to a member before a person has read
it and sent it.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from billing import late_letters
from billing.exceptions import DunningRefused
from billing.late_interest import INDEMNITY_CENTS
from billing.late_queries import Assessment, assess, known_rates, late_invoices, pace_of
from billing.models import Dunning, DunningKind, Invoice, LateInterestRate, ReminderPace, Settlement
from catalog.pricing import format_cents, format_date
from tenants import audit
from tenants.constraints import violated
from tenants.models import Operator, User

PAID_NOW = "Cette facture n’attend plus rien : elle est payée, ou son échéance a changé. Rien n’a été envoyé."


@transaction.atomic
def remind(*, invoice: Invoice, text: str, by: User, now: datetime) -> Dunning:
    """Sends a reminder of an unpaid invoice, as typed, and keeps it. Raises DunningRefused: no longer late,
    contested, reminded of too lately, or nobody to write to."""
    found, assessment = _held(invoice, now)
    if found.paid_day:
        raise DunningRefused(PAID_NOW)
    if found.contested:
        raise DunningRefused("Une ligne de cette facture est contestée : répondez d’abord à l’adhérent.")
    if found.reminded_at:
        next_on = localdate(found.reminded_at) + timedelta(days=pace_of(operator=found.operator))
        if localdate(now) < next_on:
            raise DunningRefused(
                f"Le dernier rappel date du {format_date(localdate(found.reminded_at))} : le prochain peut "
                f"partir le {format_date(next_on)}."
            )
    dunning = _write(found, assessment, DunningKind.REMINDER, text, by, now)
    _send(dunning, now)
    _record(found, "invoice.reminded", f"{{actor}} a rappelé la facture {found.number}.", by, now)
    return dunning


@transaction.atomic
def claim(*, invoice: Invoice, shown_cents: int, text: str, by: User, now: datetime) -> Dunning:
    """Claims the interest and the indemnity of an invoice that was paid late: a letter with its calculation,
    due within forty-five days of the payment (CCP R2192-36).

    `shown_cents` is the total that the person read. Raises DunningRefused: it is otherwise by now, a rate is
    missing, it was decided already, or nobody is there to write to.
    """
    found, assessment = _held(invoice, now)
    if not found.paid_day:
        raise DunningRefused("Les intérêts se réclament une fois la facture payée : leur montant est sûr.")
    if assessment.late is None:
        raise DunningRefused("Il manque un taux : donnez-le dans « Taux et rappels », puis revenez.")
    if assessment.late.total_cents != shown_cents:
        raise DunningRefused("Le montant a changé depuis que vous l’avez lu. Relisez-le.")
    dunning = _write(found, assessment, DunningKind.CLAIM, text, by, now)
    _send(dunning, now)
    amount = format_cents(assessment.late.total_cents)
    sentence = f"{{actor}} a réclamé {amount} pour le paiement tardif de la facture {found.number}."
    _record(found, "invoice.late_interest_claimed", sentence, by, now)
    return dunning


@transaction.atomic
def let_go(*, invoice: Invoice, reason: str, by: User, now: datetime) -> Dunning:
    """Does not claim what a payment that came late makes due, this time. Only once it is due: to renounce it
    in advance is void (CCP L2192-14). Raises DunningRefused."""
    found, assessment = _held(invoice, now)
    if not found.paid_day:
        raise DunningRefused("Rien n’est à décider avant le paiement : y renoncer serait nul (L2192-14).")
    dunning = _write(found, assessment, DunningKind.WAIVER, reason, by, now)
    sentence = f"{{actor}} n’a pas réclamé cette fois d’intérêts pour la facture {found.number}."
    _record(found, "invoice.late_interest_let_go", sentence, by, now)
    return dunning


@transaction.atomic
def record_rate(
    *, operator: Operator, starts_on: date, ecb_rate: Decimal, source: str, by: User, now: datetime
) -> None:
    """Gives the ECB's rate of a half-year, for this operator; typed again, it is a correction. Raises
    DunningRefused for one that Halle gives to all."""
    if LateInterestRate.objects.filter(operator=None, starts_on=starts_on).exists():
        raise DunningRefused("Ce taux est déjà connu de tous.")
    LateInterestRate.objects.update_or_create(
        operator=operator,
        starts_on=starts_on,
        defaults={"ecb_rate": ecb_rate, "source": source, "recorded_by": by, "recorded_at": now},
    )
    audit.record(
        tenant=operator.organisation,
        actor=by,
        what="billing.late_rate_recorded",
        sentence=f"{{actor}} a donné le taux de la BCE au {format_date(starts_on)} : {ecb_rate} %.",
        subject_id=operator.pk,
        now=now,
        details={"source": source},
    )


@transaction.atomic
def set_pace(*, operator: Operator, days: int, by: User, now: datetime) -> None:
    """How many days pass at least between two reminders (7 to 90)."""
    ReminderPace.objects.update_or_create(
        operator=operator, defaults={"tenant": operator.organisation, "days": days}
    )
    audit.record(
        tenant=operator.organisation,
        actor=by,
        what="billing.reminder_pace_set",
        sentence=f"{{actor}} a fixé à {days} jours le temps entre deux rappels.",
        subject_id=operator.pk,
        now=now,
    )


def _held(invoice: Invoice, now: datetime) -> tuple[Invoice, Assessment]:
    """The invoice as it is now, held until the commit. Raises DunningRefused when it is not late."""
    Settlement.objects.select_for_update(of=("self",), no_key=True).filter(invoice=invoice).first()
    late = late_invoices(operator=invoice.operator, today=localdate(now))
    found = late.select_related("operator__organisation").filter(pk=invoice.pk).first()
    if found is None:
        raise DunningRefused(PAID_NOW)
    return found, assess(found, rates=known_rates(operator=found.operator), today=localdate(now))


def _write(
    found: Invoice, assessment: Assessment, kind: DunningKind, text: str, by: User, now: datetime
) -> Dunning:
    late = assessment.late
    dunning = Dunning(
        tenant_id=found.tenant_id,
        invoice=found,
        operator_id=found.operator_id,
        kind=kind,
        at=now,
        by=by,
        days_late=assessment.days,
        base_cents=late.base_cents if late else assessment.left_cents,
        interest_cents=late.interest_cents if late else None,
        indemnity_cents=INDEMNITY_CENTS,
        steps=late.steps if late else [],
        text=text,
    )
    try:
        with transaction.atomic():
            dunning.save(force_insert=True)
    except IntegrityError as error:
        if violated(error) != "dunning_interest_decided_once":
            raise
        raise DunningRefused("Les intérêts de cette facture ont déjà eu leur suite.") from None
    return dunning


def _send(dunning: Dunning, now: datetime) -> None:
    if not late_letters.send(dunning=dunning, now=now):
        raise DunningRefused(
            "Personne n’est connu chez cet adhérent pour recevoir ce courrier : il lui faut un agent des "
            "finances ou un secrétaire. Invitez-le depuis sa fiche."
        )


def _record(found: Invoice, what: str, sentence: str, by: User, now: datetime) -> None:
    for tenant in (found.operator.organisation, found.tenant):
        audit.record(
            tenant=tenant, actor=by, what=what, sentence=sentence, subject_id=found.public_id, now=now
        )
