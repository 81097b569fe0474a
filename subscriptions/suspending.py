"""Suspending a service that is open, and ending its suspension: what its operator decides for one member.

The contract goes on: a suspended service is billed as an open one, for it is kept ready with all its data;
its operator may still give a credit note.
"""

from datetime import datetime

from django.db import models, transaction

from subscriptions import signals
from subscriptions.contract_letters import tell_both
from subscriptions.exceptions import SuspensionRefused, WrongState
from subscriptions.models import State, Subscription
from subscriptions.operations import move
from tenants import audit
from tenants.models import User

MOST_WORDS = 400  # with its ground, what a log row holds


class Ground(models.TextChoices):
    """Why a service is suspended."""

    UNPAID = "unpaid", "Impayé"
    SECURITY = "security", "Sécurité"
    ASKED = "asked", "À la demande de l’adhérent"
    OTHER = "other", "Autre raison"


@transaction.atomic
def suspend(*, subscription: Subscription, ground: str, words: str, by: User, now: datetime) -> None:
    """Suspends an open service from now on, for a `ground` and with `words` that its member reads. Both sides
    are written to, and what is to be done at the vendor's is planned, in the same transaction.

    Raises WrongState, or SuspensionRefused without words.
    """
    reason = f"{Ground(ground).label} : {checked(words)}"
    if subscription.state != State.ACTIVE:
        raise WrongState(f"Impossible : cet abonnement est « {subscription.get_state_display()} ».")
    move(subscription=subscription, to=State.SUSPENDED, by=by, now=now, reason=reason)
    signals.subscription_suspended.send(sender=Subscription, subscription=subscription, now=now)
    _tell(subscription, "suspendu", f"Le service est suspendu. {reason}", SUSPENDED, now)
    _audit(subscription, by, now, "subscription.suspended", "a suspendu")


@transaction.atomic
def resume(*, subscription: Subscription, words: str, by: User, now: datetime) -> None:
    """Ends a suspension, as `suspend`."""
    reason = checked(words)
    if subscription.state != State.SUSPENDED:
        raise WrongState(f"Impossible : cet abonnement est « {subscription.get_state_display()} ».")
    move(subscription=subscription, to=State.ACTIVE, by=by, now=now, reason=reason)
    signals.subscription_resumed.send(sender=Subscription, subscription=subscription, now=now)
    _tell(subscription, "rouvert", f"La suspension du service est levée. {reason}", RESUMED, now)
    _audit(subscription, by, now, "subscription.resumed", "a rouvert")


def checked(words: str) -> str:
    """On one line. Raises SuspensionRefused for none, or too many."""
    words = " ".join(words.split())
    if not words:
        raise SuspensionRefused("Dites pourquoi en une phrase : l’adhérent la lira.")
    if len(words) > MOST_WORDS:
        raise SuspensionRefused(f"Raccourcissez : {MOST_WORDS} caractères au plus.")
    return words


def _tell(subscription: Subscription, word: str, sentence: str, what_now: str, now: datetime) -> None:
    last = subscription.transitions.order_by("-pk").values_list("pk", flat=True)[0]
    subject = f"{subscription.service_name} est {word}"
    tell_both(subscription, f"suspension-move:{last}", subject, f"{sentence}\n\n{what_now}", now)


def _audit(subscription: Subscription, by: User, now: datetime, what: str, verb: str) -> None:
    audit.record(
        tenant=subscription.tenant,
        actor=by,
        what=what,
        sentence=f"{{actor}} {verb} le service {subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
    )


SUSPENDED = """\
Vos données sont gardées. L’abonnement continue, et reste facturé : écrivez à votre opérateur pour en
parler."""
RESUMED = """\
Vous retrouverez le service et vos données dès que l’éditeur aura rouvert l’accès ; la page de l’abonnement
le dit."""
