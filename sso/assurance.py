"""How sure the provider is of who signed in: the `acr` of the ID token, against what the settings accept.

It is read from the session only, where the sign-in has put it: what a browser asks for changes nothing.
"""

import time
from datetime import date
from enum import StrEnum

from django.conf import settings
from django.utils import timezone
from django.utils.timezone import localdate

KEPT = "assurance"


class Level(StrEnum):
    """Names in OIDC_ASSURANCE, and in the address that starts a sign-in."""

    MULTI_FACTOR = "multi_factor"
    STRONG = "strong"


def accepted(level: Level) -> list[str]:
    """The values of `acr` that reach this level today; none when the settings ask for nothing."""
    today = localdate(timezone.now())
    rows = [row for row in settings.OIDC_ASSURANCE if date.fromisoformat(row["since"]) <= today]
    return list(max(rows, key=lambda row: row["since"])[level]) if rows else []


def reached(session, level: Level) -> bool:
    """Whether the sign-in of this session was sure enough; lately enough too, for STRONG
    (OIDC_STRONG_FOR_SECONDS). True for all where the settings ask for nothing."""
    values = accepted(level)
    if not values:
        return True
    kept = session.get(KEPT) or {}
    if kept.get("acr") not in values:
        return False
    return level != Level.STRONG or time.time() - kept["at"] <= settings.OIDC_STRONG_FOR_SECONDS


def keep(session, claims: dict) -> None:
    """Notes what a verified ID token says: the value, and when the person last proved herself, which is no
    later than the token."""
    acr, at = claims.get("acr"), claims.get("auth_time")
    known = isinstance(at, int) and not isinstance(at, bool)
    session[KEPT] = {
        "acr": acr if isinstance(acr, str) else "",
        "at": min(at, claims["iat"]) if known else claims["iat"],
    }


def request_of(level: Level, *, essential: bool) -> dict:
    """The `claims` parameter that asks for it (Core 1.0, 5.5.1.1); {} where the settings ask for nothing."""
    values = accepted(level)
    asked = {"essential": True, "values": values} if essential else {"values": values}
    return {"id_token": {"acr": asked}} if values else {}
