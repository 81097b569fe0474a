"""Whom the small Django application (django_service) believes: agents let in by their organisation."""

from mozilla_django_oidc.auth import OIDCAuthenticationBackend


class Backend(OIDCAuthenticationBackend):
    """By `sub`, never by e-mail; whoever has no role in the service is refused."""

    def verify_claims(self, claims) -> bool:
        return "agent" in claims.get("service_roles", [])

    def filter_users_by_claims(self, claims):
        return self.UserModel.objects.filter(username=claims["sub"])

    def create_user(self, claims):
        return self.UserModel.objects.create_user(username=claims["sub"])
