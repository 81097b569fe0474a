"""Sign-in: who is it? Matched on (issuer, sub); what they may do comes from memberships only."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import SuspiciousOperation
from django.db import IntegrityError, transaction
from django.db.models import Q
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from requests.auth import HTTPBasicAuth

from sso.asking import ask
from sso.provider import provider
from sso.tokens import read_id_token, read_userinfo
from tenants.models import Identity


@dataclass(frozen=True)
class SignIn:
    """What the provider said of this sign-in, beside who it is."""

    id_token: str  # to be shown again at single logout
    claims: dict  # of the ID token
    siret: str  # of the organisation that it names, "" for none: a suggestion, never a right


class OidcBackend(OIDCAuthenticationBackend):
    """One provider (a Keycloak broker in production). No fallback on the e-mail: it identifies nobody.

    The library leads through the code flow; what is asked of the provider and believed of it is ours.
    """

    def __init__(self):
        # Made at every request of whoever is signed in: the provider's addresses are read when needed.
        self.OIDC_RP_CLIENT_ID = settings.OIDC_RP_CLIENT_ID
        self.OIDC_RP_CLIENT_SECRET = settings.OIDC_RP_CLIENT_SECRET
        self.UserModel = get_user_model()

    # Django's own: whoever is no longer active is signed out at her next click. The library's lets her go on.
    get_user = ModelBackend.get_user

    def get_token(self, payload):
        """The tokens for a code. Raises ProviderDown, and SuspiciousOperation for a code that the provider
        refuses: used before, too old, or not ours."""
        payload, auth = dict(payload), None
        if provider().by_basic:
            auth = HTTPBasicAuth(payload.pop("client_id"), payload.pop("client_secret"))
        answer = ask("POST", provider().token_endpoint, data=payload, auth=auth)
        tokens = answer.json_object()
        if answer.status != 200 or not all(
            isinstance(tokens.get(name), str) for name in ("id_token", "access_token")
        ):
            raise SuspiciousOperation("a code that the provider does not take")
        return tokens

    def verify_token(self, token, **kwargs):
        """The ID token's claims, all checks passed. Raises SuspiciousOperation and ProviderDown."""
        return read_id_token(token, provider=provider(), nonce=kwargs.get("nonce") or "")

    def get_userinfo(self, access_token, id_token, payload):
        """What is known of the person of the ID token, with the issuer. Raises SuspiciousOperation and
        ProviderDown."""
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json, application/jwt"}
        answer = ask("GET", provider().userinfo_endpoint, headers=headers)
        claims = read_userinfo(answer, provider=provider(), sub=payload["sub"])
        # Kept with the request until the session is hers: that of before may be somebody else's.
        self.request.sign_in = SignIn(
            id_token=id_token, claims=payload, siret=_text(claims.get("siret"))[:14]
        )
        return {**claims, "iss": payload["iss"]}

    def store_tokens(self, access_token, id_token):
        """Nothing here: the session of before sign-in may be somebody else's, and is left behind."""

    def verify_claims(self, claims):
        """A person without `sub` cannot be recognised next time."""
        return bool(claims.get("sub"))

    def filter_users_by_claims(self, claims):
        """The one person known by this issuer under this `sub`, her first identity or one attached since; or
        none."""
        pair = {"issuer": claims["iss"], "sub": claims["sub"]}
        attached = Identity.objects.filter(**pair).values("user")
        return self.UserModel.objects.filter(Q(**pair) | Q(pk__in=attached))

    def create_user(self, claims):
        """A person met for the first time: known, without any right. Two windows may come at once."""
        try:
            with transaction.atomic():
                return self.UserModel.objects.create_user(
                    issuer=claims["iss"], sub=claims["sub"], **self._identity(claims)
                )
        except IntegrityError:
            return self.filter_users_by_claims(claims).get()

    def update_user(self, user, claims):
        """Name and e-mail follow the provider; an address that it has not verified replaces none."""
        for field, value in self._identity(claims).items():
            setattr(user, field, value)
        user.save(update_fields=list(self._identity(claims)))
        return user

    def describe_user_by_claims(self, claims):
        """For the library's logs: no personal data there."""
        return "a person by (issuer, sub)"

    @staticmethod
    def _identity(claims) -> dict:
        # ProConnect calls the family name `usual_name`.
        identity = {
            "first_name": _text(claims.get("given_name"))[:150],
            "last_name": _text(claims.get("usual_name") or claims.get("family_name"))[:150],
        }
        # Invitations and letters go by the address: one that nobody has verified is anybody's.
        email = _text(claims.get("email"))
        if is_verified(claims) and len(email) <= 254:
            identity["email"] = email
        return identity


def is_verified(claims: dict) -> bool:
    """Whether the provider answers for the e-mail: it says so, or verifies all of them without saying
    (`OIDC_VERIFIES_EMAIL`: ProConnect, whose providers prove their domains)."""
    return claims.get("email_verified", settings.OIDC_VERIFIES_EMAIL) is True


def _text(value) -> str:
    return value.replace("\0", "") if isinstance(value, str) else ""
