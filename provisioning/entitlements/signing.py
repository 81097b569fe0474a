"""Signed answers: JSON Web Signatures (RFC 7515) with ES256, by keys that anybody may fetch.

`settings.ENTITLEMENT_KEYS` is a JWK Set (RFC 7517) of private keys: the first one signs, all are published. A
new key is put in front; the old one stays behind it until the last answer it signed has expired.
"""

import base64
import hashlib
import json
from datetime import date, datetime, time, timedelta
from functools import lru_cache

import jwt
from django.conf import settings
from django.utils.timezone import make_aware

ALGORITHM = "ES256"
TYPE = "halle-entitlement+jwt"  # RFC 8725, 3.11: what this is, so that it is taken for nothing else
# The key of marketplace.settings.development: anybody may read it.
DEVELOPMENT_KID = "zHPhojYEWwswSjiFl5gWmahkX93cTRhCw_nNOLi_HSo"
# A service that was just opened must not stay shut for days because a refusal was kept.
REFUSAL_LASTS = timedelta(minutes=5)
_PUBLIC = ("crv", "kty", "x", "y")


class KeysUnreadable(Exception):
    """`settings.ENTITLEMENT_KEYS` is no set of private keys. `str()` never holds a key."""


def signed(claims: dict, *, until: date | None, access: bool, now: datetime) -> tuple[str, int]:
    """The claims with their validity, signed; and for how many seconds from now they are valid.

    An answer lasts `settings.ENTITLEMENT_VALID_DAYS`, and never beyond the day `until` on which the access
    ends; a refusal lasts REFUSAL_LASTS.
    """
    expires = now + (timedelta(days=settings.ENTITLEMENT_VALID_DAYS) if access else REFUSAL_LASTS)
    if until is not None:
        expires = min(expires, make_aware(datetime.combine(until, time.min)))
    issued = int(now.timestamp())
    kid, key = _keys(settings.ENTITLEMENT_KEYS)[0]
    payload = {
        "iss": issuer(),
        "iat": issued,
        "nbf": issued,
        "exp": int(expires.timestamp()),
        **claims,
    }
    token = jwt.encode(payload, key, algorithm=ALGORITHM, headers={"kid": kid, "typ": TYPE})
    return token, payload["exp"] - issued


def issuer() -> str:
    """Who signs: the address of this Halle."""
    return settings.BASE_URL.rstrip("/")


def published_keys() -> dict:
    """The JWK Set that verifies what was signed. Never a private part."""
    return {"keys": [_public(kid, key) for kid, key in _keys(settings.ENTITLEMENT_KEYS)]}


def key_ids() -> list[str]:
    """The keys' thumbprints, the one that signs first. Raises KeysUnreadable."""
    return [kid for kid, _ in _keys(settings.ENTITLEMENT_KEYS)]


def _public(kid: str, key) -> dict:
    jwk = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**{name: jwk[name] for name in _PUBLIC}, "kid": kid, "use": "sig", "alg": ALGORITHM}


@lru_cache(maxsize=4)
def _keys(text: str) -> list[tuple[str, object]]:
    try:
        jwks = json.loads(text)["keys"]
        found = [(_thumbprint(jwk), jwt.PyJWK(jwk, algorithm=ALGORITHM).key) for jwk in jwks]
        usable = found and all(jwk["d"] and jwk["crv"] == "P-256" for jwk in jwks)
    except (ValueError, KeyError, TypeError, RecursionError, jwt.PyJWTError):
        usable = False
    if not usable:
        # From nothing: what could not be read may hold a secret, and would be shown with the error.
        raise KeysUnreadable("ENTITLEMENT_KEYS is no JWK Set of private P-256 keys") from None
    return found


def _thumbprint(jwk: dict) -> str:
    """RFC 7638."""
    members = json.dumps({name: jwk[name] for name in _PUBLIC}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).rstrip(b"=").decode()
