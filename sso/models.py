"""Sign-ins that last, and logouts that were said: so that a session ends where the person signed out."""

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models


class SignedIn(models.Model):
    """A browser's session and the sign-in it comes from. Goes with the session, however that one ends.

    Not a tenant's: a person signs in once, whatever organisations she works for.
    """

    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    issuer = models.CharField(max_length=255)
    sub = models.CharField(max_length=255)
    sid = models.CharField(max_length=255, blank=True)  # the session's name at the provider, if it says one
    at = models.DateTimeField("connexion")

    class Meta:
        verbose_name = "session ouverte"
        indexes = [
            models.Index(fields=["issuer", "sub"], name="signed_in_issuer_sub"),
            models.Index(fields=["issuer", "sid"], name="signed_in_issuer_sid"),
        ]

    def __str__(self):
        return f"session de {self.user}"


class ReceivedLogout(models.Model):
    """A logout token taken, until it is too old to come again (Back-Channel Logout 1.0, 2.6, step 7)."""

    issuer = models.CharField(max_length=255)
    jti = models.CharField(max_length=255)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = "déconnexion reçue"
        constraints = [models.UniqueConstraint(fields=["issuer", "jti"], name="received_logout_once")]
        indexes = [models.Index(fields=["expires_at"], name="received_logout_expires")]

    def __str__(self):
        return f"déconnexion {self.jti}"
