"""The identity provider as it describes itself (OpenID Connect Discovery 1.0) and its keys.

Only its issuer is a setting: addresses and keys are read from there, kept for an hour, and for a day when it
does not answer, so that somebody signed in elsewhere is not kept out by a minute's silence.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

import jwt
from django.conf import settings
from django.core.cache import cache

from sso.asking import ProviderDown, ask

KEPT_SECONDS = 3600
KEPT_WHEN_SILENT_SECONDS = 24 * 3600
# Anybody can send a token that names a key nobody has: it costs the provider one question in this time.
ASKED_AGAIN_SECONDS = 30


@dataclass(frozen=True)
class Provider:
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    end_session_endpoint: str  # "" when it has no single logout
    says_issuer: bool  # in its answer to an authorization request (RFC 9207)
    by_basic: bool  # how the client proves itself: HTTP Basic, or in the form

    def keys(self, *, again: bool = False) -> list[dict]:
        """Its public keys, as JWK. `again` asks it even if they are kept: it has changed them perhaps.
        Raises ProviderDown."""
        return _kept(f"sso:keys:{self.jwks_uri}", lambda: _read_keys(self.jwks_uri), again=again)


def provider() -> Provider:
    """The one of the settings. Raises ProviderDown when it is not known and does not answer, or when what it
    says cannot be trusted."""
    issuer = settings.OIDC_ISSUER
    return _kept(f"sso:provider:{issuer}", lambda: read_provider(issuer))


def key_for(token: str, provider: Provider) -> jwt.PyJWK | None:
    """The provider's key that may have signed this token, by its identifier and its kind; None when it has
    none. The keys are asked again once when none fits. Raises ProviderDown, and jwt.PyJWTError for what is no
    token or is signed in a way that the settings do not accept."""
    header = jwt.get_unverified_header(token)
    algorithm = header.get("alg")
    if algorithm not in settings.OIDC_ALGORITHMS:
        raise jwt.InvalidAlgorithmError("an algorithm that is not accepted")
    found = _matching(provider.keys(), header.get("kid"), algorithm)
    if found is None and cache.add(f"sso:again:{provider.jwks_uri}", True, ASKED_AGAIN_SECONDS):
        found = _matching(provider.keys(again=True), header.get("kid"), algorithm)
    return found


def _matching(keys: list[dict], kid: str | None, algorithm: str) -> jwt.PyJWK | None:
    """A token without identifier is tried with the one key of its kind; with several, it is nobody's."""
    kind = "EC" if algorithm.startswith("ES") else "RSA"
    fitting = [
        key
        for key in keys
        if key.get("kty") == kind
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    ]
    if len(fitting) != 1:
        return None
    try:
        return jwt.PyJWK(fitting[0], algorithm)
    except jwt.PyJWTError:
        return None


def _kept(name: str, read, *, again: bool = False):
    kept = None if again else cache.get(name)
    if kept is not None:
        return kept
    try:
        value = read()
    except ProviderDown:
        last = cache.get(f"{name}:last")
        if last is None:
            raise
        return last
    cache.set(name, value, KEPT_SECONDS)
    cache.set(f"{name}:last", value, KEPT_WHEN_SILENT_SECONDS)
    return value


def read_provider(issuer: str) -> Provider:
    """What this issuer says of itself now. Raises ProviderDown when it does not answer, or cannot be
    trusted."""
    answer = ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if answer.status != 200:
        raise ProviderDown(f"no discovery document: status {answer.status}")
    document = answer.json_object()
    if document.get("issuer") != issuer:
        raise ProviderDown("a discovery document of another issuer")
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Provider(
        issuer=issuer,
        authorization_endpoint=_address(document, "authorization_endpoint", issuer),
        token_endpoint=_address(document, "token_endpoint", issuer),
        userinfo_endpoint=_address(document, "userinfo_endpoint", issuer),
        jwks_uri=_address(document, "jwks_uri", issuer),
        end_session_endpoint=_address(document, "end_session_endpoint", issuer)
        if "end_session_endpoint" in document
        else "",
        says_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        by_basic="client_secret_post" not in methods,
    )


def _address(document: dict, name: str, issuer: str) -> str:
    """An address as safe as the issuer's own: https for https."""
    value = document.get(name)
    if not isinstance(value, str) or urlsplit(value).scheme != urlsplit(issuer).scheme:
        raise ProviderDown(f"no {name} in the discovery document")
    return value


def _read_keys(address: str) -> list[dict]:
    answer = ask("GET", address)
    keys = answer.json_object().get("keys") if answer.status == 200 else None
    if not isinstance(keys, list):
        raise ProviderDown("no keys")
    return [key for key in keys if isinstance(key, dict)]
