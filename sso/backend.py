"""Sign-in: who is it? Matched on (issuer, sub); what they may do comes from memberships only."""

import jwt
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from mozilla_django_oidc.auth import OIDCAuthenticationBackend


class OidcBackend(OIDCAuthenticationBackend):
    """One provider (a Keycloak broker in production). No fallback on the e-mail: it identifies nobody."""

    def verify_token(self, token, **kwargs):
        """The ID token's claims, once issuer and audience are checked too.

        Raises SuspiciousOperation (answered 400) when either is wrong: the library checks the
        signature and the nonce only.
        """
        try:
            payload = super().verify_token(token, **kwargs)
        except jwt.PyJWTError as error:
            raise SuspiciousOperation("ID token that cannot be trusted") from error
        audience = payload.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if payload.get("iss") != settings.OIDC_ISSUER:
            raise SuspiciousOperation("ID token of another issuer")
        if settings.OIDC_RP_CLIENT_ID not in audiences:
            raise SuspiciousOperation("ID token for another client")
        return payload

    def get_userinfo(self, access_token, id_token, payload):
        """Userinfo claims, completed with the verified issuer. The two `sub` must be one."""
        claims = super().get_userinfo(access_token, id_token, payload)
        if claims.get("sub") != payload["sub"]:
            raise SuspiciousOperation("userinfo of somebody else")
        return {**claims, "iss": payload["iss"]}

    def verify_claims(self, claims):
        """A person without `sub` cannot be recognised next time."""
        return bool(claims.get("sub"))

    def filter_users_by_claims(self, claims):
        """The one person known by this issuer under this `sub`, or none."""
        return self.UserModel.objects.filter(issuer=claims["iss"], sub=claims["sub"])

    def create_user(self, claims):
        """A person met for the first time: known, without any right."""
        return self.UserModel.objects.create_user(
            issuer=claims["iss"], sub=claims["sub"], **self._identity(claims)
        )

    def update_user(self, user, claims):
        """Name and e-mail follow the provider."""
        for field, value in self._identity(claims).items():
            setattr(user, field, value)
        user.save(update_fields=["email", "first_name", "last_name"])
        return user

    def describe_user_by_claims(self, claims):
        """For the library's logs: no personal data there."""
        return "a person by (issuer, sub)"

    @staticmethod
    def _identity(claims) -> dict:
        # ProConnect calls the family name `usual_name`.
        return {
            "email": claims.get("email") or "",
            "first_name": claims.get("given_name") or "",
            "last_name": claims.get("usual_name") or claims.get("family_name") or "",
        }
