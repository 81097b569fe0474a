"""What the provider has signed, believed only once every check has passed (OpenID Connect Core 1.0, 3.1.3.7).

Each function raises SuspiciousOperation for what cannot be trusted, without a word of what it holds, and
ProviderDown when the keys cannot be had.
"""

import hmac

import jwt
from django.conf import settings
from django.core.exceptions import SuspiciousOperation

from sso.asking import Answer, ProviderDown
from sso.provider import Provider, key_for

# Of two clocks that are not quite the same.
LEEWAY_SECONDS = 30
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


def read_id_token(token: str, *, provider: Provider, nonce: str) -> dict:
    """The claims of an ID token made for this client and this very request."""
    claims = _verified(token, provider=provider, required=("iss", "aud", "sub", "exp", "iat"))
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and "azp" not in claims:
        raise SuspiciousOperation("ID token for several clients that names none")
    if claims.get("azp", settings.OIDC_RP_CLIENT_ID) != settings.OIDC_RP_CLIENT_ID:
        raise SuspiciousOperation("ID token for another client")
    said = claims.get("nonce")
    if not nonce or not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise SuspiciousOperation("ID token of another request")
    return claims


def read_userinfo(answer: Answer, *, provider: Provider, sub: str) -> dict:
    """The claims of a UserInfo answer, plain or signed (Core 1.0, 5.3.2; ProConnect signs it).

    It must be about `sub`, the person of the ID token: nothing else ties the two.
    """
    if answer.status != 200:
        raise ProviderDown(f"UserInfo: status {answer.status}")
    if answer.kind == "application/jwt":
        claims = _verified(answer.body.decode("ascii", errors="replace").strip(), provider=provider)
        # A signed one says whose it is and for whom; not every provider does.
        audience = claims.get("aud", settings.OIDC_RP_CLIENT_ID)
        for_us = settings.OIDC_RP_CLIENT_ID in (audience if isinstance(audience, list) else [audience])
        if claims.get("iss", provider.issuer) != provider.issuer or not for_us:
            raise SuspiciousOperation("UserInfo of another issuer, or for another client")
    else:
        claims = answer.json_object()
    if claims.get("sub") != sub:
        raise SuspiciousOperation("UserInfo of somebody else")
    return claims


def read_logout_token(token: str, *, provider: Provider) -> dict:
    """The claims of a logout token, all checks of Back-Channel Logout 1.0, 2.6 passed but the one for a token
    that came before (sso.sessions)."""
    claims = _verified(token, provider=provider, required=("iss", "aud", "iat", "exp", "jti"))
    if _type_of(token) not in ("logout+jwt", "jwt"):
        raise SuspiciousOperation("a token of another type")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise SuspiciousOperation("a token that tells of no logout")
    if "nonce" in claims:  # an ID token would pass for one otherwise
        raise SuspiciousOperation("a logout token with a nonce")
    named = [claims[name] for name in ("sub", "sid") if name in claims]
    if not named or not all(isinstance(value, str) and value for value in [*named, claims["jti"]]):
        raise SuspiciousOperation("a logout token that names nobody")
    if len(claims["jti"]) > 255:
        raise SuspiciousOperation("a logout token whose name is too long")
    return claims


def _type_of(token: str) -> str:
    return str(jwt.get_unverified_header(token).get("typ", "jwt")).lower().removeprefix("application/")


def _verified(token: str, *, provider: Provider, required: tuple[str, ...] = ()) -> dict:
    """The claims, signed by that provider, within their dates; of `required`, the issuer and the audience are
    checked too.

    Only the asymmetric algorithms of the settings are accepted, whatever the token says of itself: neither
    none, nor a public key taken for a shared secret.
    """
    try:
        key = key_for(token, provider)
        if key is None:
            raise SuspiciousOperation("token signed by nobody we know")
        return jwt.decode(
            token,
            key,
            algorithms=settings.OIDC_ALGORITHMS,
            audience=settings.OIDC_RP_CLIENT_ID,
            issuer=provider.issuer,
            leeway=LEEWAY_SECONDS,
            options={
                "require": list(required),
                "verify_aud": "aud" in required,
                "verify_iss": "iss" in required,
            },
        )
    except jwt.PyJWTError as error:
        raise SuspiciousOperation(f"token that cannot be trusted: {type(error).__name__}") from None
