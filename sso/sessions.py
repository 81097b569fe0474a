"""Which browser sessions come from which sign-in, and how they end."""

from datetime import UTC, datetime, timedelta

from django.contrib.sessions.models import Session
from django.core.exceptions import SuspiciousOperation
from django.db import IntegrityError, transaction

from sso.models import ReceivedLogout, SignedIn
from sso.tokens import LEEWAY_SECONDS
from tenants.models import User


def note_sign_in(*, session_key: str, user: User, issuer: str, sub: str, sid: str, now: datetime) -> None:
    """The session of this key comes from that sign-in, from now on."""
    SignedIn.objects.update_or_create(
        session_id=session_key,
        defaults={"user": user, "issuer": issuer, "sub": sub, "sid": sid[:255], "at": now},
    )


@transaction.atomic
def end_by_token(*, claims: dict, now: datetime) -> int:
    """Ends the sessions that a verified logout token names: those of `sid`, or all those of `sub`. How many.

    Raises SuspiciousOperation when the token was received before.
    """
    ReceivedLogout.objects.filter(expires_at__lt=now).delete()
    expires_at = datetime.fromtimestamp(claims["exp"], UTC) + timedelta(seconds=LEEWAY_SECONDS)
    try:
        with transaction.atomic():
            ReceivedLogout.objects.create(issuer=claims["iss"], jti=claims["jti"], expires_at=expires_at)
    except IntegrityError as error:
        if "received_logout_once" not in str(error):
            raise
        raise SuspiciousOperation("logout token received before") from None
    named = {name: claims[name] for name in ("sub", "sid") if name in claims}
    found = SignedIn.objects.filter(issuer=claims["iss"], **named)
    return _end(found.values_list("session_id", flat=True))


def end_of(*, user: User) -> int:
    """Ends every session of a person, in the caller's transaction. How many."""
    return _end(SignedIn.objects.filter(user=user).values_list("session_id", flat=True))


def _end(keys) -> int:
    _, rows = Session.objects.filter(session_key__in=list(keys)).delete()
    return rows.get(Session._meta.label, 0)
