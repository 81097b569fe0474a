"""Who pays for a subscription beside its subscriber: proposed, agreed to, refused, taken back, ended.

A share binds once the payer's signatory has agreed, and never reaches a period that is already invoiced: the
database refuses it. The rows belong to the subscriber; these verbs open the payer's scope beside its own.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.core.files.base import File
from django.db import transaction
from django.utils.timezone import localdate

from subscriptions import signals
from subscriptions.exceptions import CommitmentMissing, ServiceCodeMissing, ShareRefused
from subscriptions.models import (
    RATE,
    PayerAccess,
    PayerShare,
    ShareKind,
    ShareSide,
    ShareState,
    Subscription,
)
from subscriptions.payer_letters import tell_answered, tell_ended, tell_proposed
from subscriptions.payer_moves import both_sides, log, move, refusals
from subscriptions.requesting import check_chorus, chorus_rules
from tenants.members.adhesions import adheres
from tenants.models import Organisation, User
from tenants.uploads import problem_with_pdf

LAST_YEAR = 2099  # of any period that an invoice may bill


@dataclass(frozen=True)
class Convention:
    """What a share rests on; `file` an uploaded PDF."""

    number: str
    date: date
    file: File | None

    def check(self, *, today: date) -> None:
        """Raises ShareRefused with the field to mend."""
        if not self.number.strip():
            raise ShareRefused("Indiquez la référence de la convention.", "convention_number")
        if self.date > today:
            raise ShareRefused(
                "La date de la convention est dans le futur. Vérifiez le jour et l’année.", "convention_date"
            )
        if problem := problem_with_pdf(self.file, what="la convention signée"):
            raise ShareRefused(problem, "convention_file")


@dataclass(frozen=True)
class Terms:
    """What is asked of a payer: `percent` of all that is billed, or `yearly_cents` net of tax a year, over
    the whole months [starts, ends); `ends` None goes on as long as the subscription."""

    percent: Decimal | None
    yearly_cents: int | None
    starts: date
    ends: date | None

    def check(self) -> None:
        """Raises ShareRefused with the field to mend."""
        if (self.percent is None) == (self.yearly_cents is None):
            raise ShareRefused("Indiquez un taux, ou un montant par an, mais pas les deux.", "percent")
        if self.percent is not None and not 0 < self.percent <= 100:
            raise ShareRefused("Le taux est entre 0,01 et 100.", "percent")
        if self.percent is not None and self.percent * 100 % 1:
            raise ShareRefused("Le taux a deux décimales au plus.", "percent")
        if self.yearly_cents is not None and self.yearly_cents <= 0:
            raise ShareRefused("Le montant est plus grand que zéro.", "yearly_cents")
        check_months(self.starts, self.ends)

    @property
    def columns(self) -> dict:
        """As a `PayerShare` holds them."""
        rate = {"part": int(self.percent * 100), "whole": RATE} if self.percent is not None else {}
        return {"yearly_cents": self.yearly_cents, "starts": self.starts, "ends": self.ends, **rate}


def check_months(starts: date, ends: date | None) -> None:
    """Whole months only. Raises ShareRefused."""
    if starts.year > LAST_YEAR:
        raise ShareRefused("C’est trop loin. Vérifiez l’année.", "starts")
    if ends is not None and ends.year > LAST_YEAR:
        raise ShareRefused("C’est trop loin. Vérifiez l’année.", "ends")
    if starts.day != 1:
        raise ShareRefused("Une part commence le premier jour d’un mois.", "starts")
    if ends is not None and ends.day != 1:
        raise ShareRefused("Une part s’arrête à la fin d’un mois : indiquez le dernier jour du mois.", "ends")
    if ends is not None and ends <= starts:
        raise ShareRefused("La fin est avant le début.", "ends")


@transaction.atomic
def propose(
    *,
    subscription: Subscription,
    payer: Organisation,
    kind: ShareKind,
    terms: Terms,
    convention: Convention,
    side: ShareSide,
    by: User,
    public_id: UUID,
    now: datetime,
) -> PayerShare:
    """Asks another member of the operator to pay a part. `public_id` was drawn with the form: sent twice, the
    first is kept. Raises ShareRefused with the field to mend; nothing is written then."""
    if again := PayerShare.objects.filter(public_id=public_id, subscription=subscription).first():
        return again
    today = localdate(now)
    check_open(subscription)
    check_payer(subscription=subscription, payer=payer, today=today)
    if kind == ShareKind.COST_KEY:
        raise ShareRefused("Une clé de répartition se propose à toutes les communes à la fois.", "kind")
    terms.check()
    convention.check(today=today)
    share = PayerShare(
        public_id=public_id,
        tenant=subscription.tenant,
        subscription=subscription,
        payer=payer,
        kind=kind,
        convention_number=convention.number.strip(),
        convention_date=convention.date,
        convention_file=convention.file,
        proposed_by=by,
        proposed_at=now,
        **terms.columns,
    )
    return write([share], side=side, by=by, now=now)[0]


def check_open(subscription: Subscription) -> None:
    """Raises ShareRefused for a subscription that is over, or a free trial."""
    if subscription.is_trial:
        raise ShareRefused("Un essai gratuit ne coûte rien : il n’y a rien à partager.")
    if not subscription.is_open:
        raise ShareRefused("Cet abonnement est terminé : personne d’autre ne peut plus le payer.")


def check_payer(*, subscription: Subscription, payer: Organisation, today: date) -> None:
    """Another living member of the same operator: the operator must be able to invoice it. Raises
    ShareRefused."""
    if payer.pk == subscription.tenant_id:
        raise ShareRefused("L’abonné paie déjà tout ce que les autres ne paient pas.", "payer")
    if payer.is_closed(on=today):
        raise ShareRefused(f"{payer.name} a fusionné ou n’existe plus.", "payer")
    if not adheres(organisation=payer, operator=subscription.operator, on=today):
        raise ShareRefused(
            f"{payer.name} n’est pas adhérent de {subscription.operator.short_name}, qui ne pourrait pas lui "
            "envoyer de facture.",
            "payer",
        )


def write(
    shares: list[PayerShare], *, side: ShareSide, by: User | None, now: datetime, state=ShareState.PROPOSED
) -> list[PayerShare]:
    """Writes new shares of one subscription, with their access and their log, and tells their payers. In the
    caller's transaction. Raises ShareRefused."""
    subscription = shares[0].subscription
    with both_sides(subscription, *(share.payer_id for share in shares)), refusals():
        for share in shares:
            share.state = state
            share.save(force_insert=True)
        PayerAccess.objects.bulk_create(
            PayerAccess(tenant_id=share.payer_id, share=share, subscriber_id=share.tenant_id)
            for share in shares
        )
        for share in shares:
            log(share, before="", side=side, by=by, now=now)
        if state == ShareState.PROPOSED:
            tell_proposed(shares=shares, side=side, now=now)
    return shares


@transaction.atomic
def agree(
    *, share: PayerShare, commitment_number: str = "", service_code: str = "", by: User, now: datetime
) -> None:
    """The payer's signatory accepts: the share binds. Raises ShareRefused, CommitmentMissing or
    ServiceCodeMissing (what Chorus Pro wants on the payer's own invoices)."""
    subscription = share.subscription
    check_open(subscription)
    with both_sides(subscription, share.payer_id):
        check_payer(subscription=subscription, payer=share.payer, today=localdate(now))
        commitment_number, service_code = commitment_number.strip(), service_code.strip()
        try:
            check_chorus(
                rules=chorus_rules(organisation=share.payer),
                commitment_number=commitment_number,
                service_code=service_code,
            )
        except CommitmentMissing as missing:
            raise ShareRefused(str(missing), "commitment_number") from missing
        except ServiceCodeMissing as missing:
            raise ShareRefused(str(missing), "service_code") from missing
        move(
            share,
            to=ShareState.AGREED,
            side=ShareSide.PAYER,
            by=by,
            now=now,
            answered_by=by,
            answered_at=now,
            commitment_number=commitment_number,
            service_code=service_code,
        )
        tell_answered(share=share, reason="", now=now)
        signals.payers_changed.send(sender=PayerShare, subscription=subscription, now=now)


@transaction.atomic
def refuse(*, share: PayerShare, reason: str, by: User, now: datetime) -> None:
    """The payer's signatory says no, and why. Raises ShareRefused."""
    if not reason.strip():
        raise ShareRefused("Dites pourquoi : la collectivité abonnée lira votre réponse.", "reason")
    with both_sides(share.subscription, share.payer_id):
        answer = {"answered_by": by, "answered_at": now}
        move(
            share,
            to=ShareState.REFUSED,
            side=ShareSide.PAYER,
            by=by,
            reason=reason.strip(),
            now=now,
            **answer,
        )
        tell_answered(share=share, reason=reason.strip(), now=now)


@transaction.atomic
def withdraw(*, share: PayerShare, side: ShareSide, by: User, now: datetime) -> None:
    """A proposal is taken back before any answer: by the subscriber, or by the operator that made it. Raises
    ShareRefused."""
    with both_sides(share.subscription, share.payer_id):
        if side == ShareSide.OPERATOR and not proposed_by(share, side):
            raise ShareRefused("C’est l’abonné qui a fait cette proposition : lui seul la retire.")
        move(share, to=ShareState.WITHDRAWN, side=side, by=by, now=now)


def proposed_by(share: PayerShare, side: ShareSide) -> bool:
    """Whether that side made the proposal. One query."""
    return share.moves.filter(before="", side=side).exists()


@transaction.atomic
def end(*, share: PayerShare, on: date, reason: str, side: ShareSide, by: User, now: datetime) -> None:
    """Either side, or the operator, ends an agreed share before its term: `on`, the first of a month, is the
    first day no longer paid. Raises ShareRefused with the field to mend."""
    if on.day != 1:
        raise ShareRefused("Une part s’arrête à la fin d’un mois : indiquez le dernier jour du mois.", "ends")
    if on < share.starts:
        raise ShareRefused("La fin est avant le début.", "ends")
    if share.ends is not None and on >= share.ends:
        raise ShareRefused("La part s’arrête déjà d’elle-même avant ce jour.", "ends")
    if on <= localdate(now) and on != share.starts:
        raise ShareRefused("Choisissez la fin de ce mois, ou d’un mois à venir.", "ends")
    if not reason.strip():
        raise ShareRefused("Dites pourquoi : l’autre collectivité lira votre réponse.", "reason")
    with both_sides(share.subscription, share.payer_id):
        move(share, to=ShareState.ENDED, side=side, by=by, reason=reason.strip(), now=now, ends=on)
        tell_ended(share=share, side=side, reason=reason.strip(), now=now)
        signals.payers_changed.send(sender=PayerShare, subscription=share.subscription, now=now)


def replace(
    *, share: PayerShare, on: date, reason: str, side: ShareSide, by: User | None, now: datetime
) -> None:
    """Ends an agreed share on `on`, or takes a proposal back, without a letter: another follows it. In the
    caller's transaction. Raises ShareRefused."""
    agreed = share.state == ShareState.AGREED
    to = {"to": ShareState.ENDED, "ends": on} if agreed else {"to": ShareState.WITHDRAWN}
    with both_sides(share.subscription, share.payer_id):
        move(share, side=side, by=by, reason=reason, now=now, **to)
