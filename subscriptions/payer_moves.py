"""How a share moves: along one table, with its log, and what the database refuses said in French."""

from datetime import date, datetime

from django.db import IntegrityError, transaction

from subscriptions.exceptions import ShareRefused
from subscriptions.models import (
    SHARE_MOVES,
    PayerShare,
    PayerShareMove,
    ShareSide,
    ShareState,
    Subscription,
)
from tenants import audit
from tenants.constraints import violated
from tenants.days import in_words
from tenants.models import User
from tenants.tenancy import tenant_scope

MOVED = "Quelqu’un vient de répondre ou de retirer cette proposition. Rechargez la page."


def move(
    share: PayerShare,
    *,
    to: ShareState,
    side: ShareSide,
    by: User | None,
    now: datetime,
    reason: str = "",
    **fields,
) -> None:
    """Conditional update along the table of moves. Raises ShareRefused."""
    before = share.state
    if (before, to) not in SHARE_MOVES:
        raise ShareRefused(MOVED)
    with refusals():
        changed = PayerShare.objects.filter(pk=share.pk, state=before).update(state=to, **fields)
    if changed != 1:
        raise ShareRefused(MOVED)
    for name, value in {"state": to, **fields}.items():
        setattr(share, name, value)
    log(share, before=before, side=side, by=by, reason=reason, now=now)


_DID = {
    ShareState.PROPOSED: "a proposé à {payer} de payer une part de {service} pour {subscriber}",
    ShareState.AGREED: "a accepté, pour {payer}, de payer une part de {service} pour {subscriber}",
    ShareState.REFUSED: "a refusé, pour {payer}, de payer une part de {service} pour {subscriber}",
    ShareState.WITHDRAWN: "a retiré la part de {service} proposée à {payer} pour {subscriber}",
    ShareState.ENDED: "a arrêté la part de {service} que {payer} paie pour {subscriber}",
}

_CARRIED_OVER = "a mis à jour la part de {service} que {payer} paie pour {subscriber}"


def log(
    share: PayerShare, *, before: str, side: ShareSide, by: User | None, now: datetime, reason: str = ""
) -> None:
    """The move, and the same event in the audit logs of both sides."""
    PayerShareMove.objects.create(
        tenant_id=share.tenant_id,
        share=share,
        before=before,
        after=share.state,
        side=side,
        at=now,
        by=by,
        reason=reason,
    )
    carried_over = not before and share.state == ShareState.AGREED
    did = (_CARRIED_OVER if carried_over else _DID[ShareState(share.state)]).format(
        payer=share.payer.name,
        service=share.subscription.service_name,
        subscriber=share.subscription.tenant.name,
    )
    for tenant in (share.subscription.tenant, share.payer):
        audit.record(
            tenant=tenant,
            actor=by,
            what=f"payer_share.{share.state}",
            sentence=f"{{actor}} {did}.",
            subject_id=share.public_id,
            now=now,
        )


class refusals:
    """What the database refuses, as a French sentence. A savepoint: the transaction goes on."""

    def __enter__(self):
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()

    def __exit__(self, kind, error, trace):
        self.savepoint.__exit__(kind, error, trace)
        if not isinstance(error, IntegrityError):
            return
        name = violated(error)
        if name == "payer_share_after_what_is_invoiced":
            until = date.fromisoformat(error.__cause__.diag.message_detail)
            raise ShareRefused(
                f"Cet abonnement est déjà facturé jusqu’au {in_words(until)} exclu, et une facture émise ne "
                f"change plus. Choisissez le {in_words(until)} ou plus tard.",
                "starts",
                not_before=until,
            ) from error
        if name in _REFUSALS:
            raise ShareRefused(*_REFUSALS[name]) from error


_REFUSALS = {
    "payer_shares_within_the_whole": (
        "Avec ce que d’autres paient ou sont invités à payer, le total dépasserait le prix de l’abonnement. "
        "Baissez cette part, ou retirez une autre proposition.",
        "percent",
    ),
    "payer_share_one_at_a_time": (
        "Cette collectivité a déjà une part, ou une proposition en attente, pour une partie de ces mois.",
        "payer",
    ),
}


def both_sides(subscription: Subscription, *payers: int):
    """The scope of the subscriber and of these payers (ids)."""
    return tenant_scope({subscription.tenant_id, *payers})
