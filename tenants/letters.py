"""Letters: written in the transaction that makes them true, sent by a worker.

Claimed by a conditional update under a lease and committed before the mail server is asked. A worker that
dies while sending leaves the lease behind; the letter is then sent again with the same Message-ID, so that a
mailbox which has it already knows it.
"""

import contextlib
import logging
import smtplib
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from django.conf import settings
from django.core import mail
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from tenants import jobs, tasks
from tenants.models import Letter, LetterState, Organisation

logger = logging.getLogger(__name__)

# Longer than a sending may last: a few exchanges of EMAIL_TIMEOUT seconds.
LEASE = timedelta(minutes=3)
# One minute, two, four… never more than four hours: sixteen hours in all, a night of the mail server's.
FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=4)
MAX_ATTEMPTS = 12

REFUSED_ADDRESS = "Le serveur de courriel du destinataire refuse cette adresse. Vérifiez-la."
REFUSED_LETTER = "Le serveur de courriel a refusé ce message."
UNREACHABLE = "Le serveur de courriel ne répond pas ou n’accepte pas le message pour l’instant."


class _Refused(Exception):
    """For good: to send again would change nothing. Says why, in French, naming nobody."""


class _TryLater(Exception):
    """The mail server is down, slow, or asks to come back."""


@transaction.atomic
def write(*, tenant: Organisation, key: str, to: str, subject: str, body: str, now: datetime) -> Letter:
    """Writes a letter on behalf of `tenant` and enqueues its sending, in the caller's transaction.

    `key` says what it tells ("invitation:12", up to 120 characters): the same key is the same letter,
    neither written nor sent twice.
    """
    letter, written = Letter.objects.get_or_create(
        key=key,
        defaults={
            "tenant": tenant,
            "to": to,
            "subject": " ".join(subject.split())[:200],  # a header is one line
            "body": body,
            "created_at": now,
            "run_after": now,
        },
    )
    if written:
        tasks.send_letter.defer(letter_id=letter.pk)
    return letter


def send(*, letter_id: int, now: datetime) -> None:
    """Sends the letter if it is due. May be called any number of times, outside a transaction: the claim is
    committed before the mail server is asked."""
    letter = _claim(letter_id=letter_id, now=now)
    if letter is None:
        return
    try:
        _hand_over(letter)
    except _Refused as refusal:
        fields = {"state": LetterState.FAILED, "problem": str(refusal)}
    except _TryLater:
        given_up = letter.attempts >= MAX_ATTEMPTS
        delay = min(FIRST_DELAY * 2 ** (letter.attempts - 1), LONGEST_DELAY)
        fields = {
            "state": LetterState.FAILED if given_up else LetterState.PENDING,
            "problem": UNREACHABLE,
            "run_after": max(now, timezone.now()) + delay,
        }
    else:
        fields = {"state": LetterState.SENT, "sent_at": max(now, timezone.now()), "problem": ""}
    _record(letter, fields)


def sweep(*, now: datetime) -> None:
    """Enqueues the letters that are due and that nobody sends: what a dead worker or a lost job left."""
    due = Letter.objects.filter(_due(now - timedelta(seconds=30)))
    waiting = jobs.waiting(tasks.send_letter, "letter_id")
    for pk in due.order_by("pk").values_list("pk", flat=True):
        if pk not in waiting:
            tasks.send_letter.defer(letter_id=pk)


def message_id(key: str) -> str:
    """The Message-ID of the letter with this key, always the same."""
    return f"<{sha256(key.encode()).hexdigest()[:32]}@{urlsplit(settings.BASE_URL).hostname}>"


def _due(now: datetime) -> Q:
    return Q(state=LetterState.PENDING, run_after__lte=now) | Q(
        state=LetterState.SENDING, lease_until__lte=now
    )


@transaction.atomic
def _claim(*, letter_id: int, now: datetime) -> Letter | None:
    """The letter, marked as being sent by this worker; None when it is not due or another one has it."""
    due = Letter.objects.filter(_due(now), pk=letter_id)
    # Taken up so often and never recorded: each worker died of it.
    if due.filter(attempts__gte=MAX_ATTEMPTS).update(
        state=LetterState.FAILED, lease_until=None, problem=REFUSED_LETTER
    ):
        logger.error("letter %s stopped every worker that sent it: given up", letter_id)
        return None
    claimed = due.update(state=LetterState.SENDING, attempts=F("attempts") + 1, lease_until=now + LEASE)
    return Letter.objects.get(pk=letter_id) if claimed else None


@transaction.atomic
def _record(letter: Letter, fields: dict) -> None:
    """Writes how it went, with the next job, unless another worker has taken the letter over meanwhile."""
    mine = Letter.objects.filter(pk=letter.pk, state=LetterState.SENDING, lease_until=letter.lease_until)
    if mine.update(lease_until=None, **fields) != 1:
        logger.warning("letter %s was taken over by another worker", letter.pk)
    elif fields["state"] == LetterState.PENDING:
        tasks.send_letter.configure(schedule_at=fields["run_after"]).defer(letter_id=letter.pk)


def _hand_over(letter: Letter) -> None:
    """The only place where the mail server is asked. Raises _Refused and _TryLater.

    What it answers may quote the address: neither logged nor kept, but for the kind of error.
    """
    message = mail.EmailMessage(
        subject=letter.subject,
        body=letter.body,
        to=[letter.to],
        headers={"Message-ID": message_id(letter.key), "Auto-Submitted": "auto-generated"},
    )
    connection = mail.get_connection()
    try:
        connection.open()
        connection.send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        raise _judged(letter, error, codes=[code for code, _ in error.recipients.values()]) from None
    except smtplib.SMTPAuthenticationError as error:  # ours to put right, and then it will pass
        raise _judged(letter, error, codes=[]) from None
    except smtplib.SMTPResponseException as error:
        raise _judged(letter, error, codes=[error.smtp_code]) from None
    except (smtplib.SMTPException, OSError) as error:
        raise _judged(letter, error, codes=[]) from None
    finally:
        # A server that has taken the letter and does not say goodbye has taken it all the same.
        with contextlib.suppress(smtplib.SMTPException, OSError):
            connection.close()


def _judged(letter: Letter, error: Exception, *, codes: list[int]) -> Exception:
    """A code from 500 on is for good (RFC 5321, 4.2.1); anything else may pass later."""
    logger.warning("letter %s was not sent: %s %s", letter.pk, type(error).__name__, codes)
    if not any(code >= 500 for code in codes):
        return _TryLater()
    return _Refused(REFUSED_ADDRESS if isinstance(error, smtplib.SMTPRecipientsRefused) else REFUSED_LETTER)
