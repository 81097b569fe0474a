"""Where people come back to when they have signed in to a service through Halle."""

from django.db import models
from django.db.models import Q

MAX_ADDRESS = 400


class SignIn(models.Model):
    """A service that people enter through Halle's Keycloak: each subscription has a client of its own there
    (provisioning.clients). Written by its vendor, and never deleted: without `redirect_uris`, its vendor has
    taken that back.

    `signed_out_uri`: where people come back to when they have signed out; `logout_uri`: where the service is
    told that somebody did elsewhere (OpenID Connect Back-Channel Logout 1.0). "" where there is none.
    `told_at`: those who subscribe already have what is said here; None while they are being told.
    """

    offer = models.OneToOneField("partner.StockRecord", on_delete=models.CASCADE, related_name="sign_in")
    redirect_uris = models.JSONField(default=list)
    signed_out_uri = models.CharField(max_length=MAX_ADDRESS, blank=True)
    logout_uri = models.CharField(max_length=MAX_ADDRESS, blank=True)
    changed_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "connexion par Halle"
        constraints = [
            models.CheckConstraint(
                condition=Q(told_at__isnull=True) | Q(told_at__gte=models.F("changed_at")),
                name="sign_in_told_once_changed",
            ),
        ]

    def __str__(self):
        return f"connexion à {self.offer_id}"

    @property
    def is_declared(self) -> bool:
        """Whether its vendor wants it."""
        return bool(self.redirect_uris)
