"""Where people come back to when they have signed in to a service through Halle."""

from django.db import models
from django.db.models import Q

MAX_ADDRESS = 400
MAX_ENTITY_ID = 200
SIREN, SUBSCRIPTION = "{siren}", "{abonnement}"


class Protocol(models.TextChoices):
    """How a service asks who somebody is."""

    OPENID = "openid", "OpenID Connect"
    SAML = "saml", "SAML 2.0"


class SignIn(models.Model):
    """A service that people enter through Halle's Keycloak: each subscription has a client of its own there
    (provisioning.clients). Written by its vendor, and never deleted: without `redirect_uris`, its vendor has
    taken that back.

    `signed_out_uri`: where people come back to when they have signed out; `logout_uri`: where the service is
    told that somebody did elsewhere (OpenID Connect Back-Channel Logout 1.0, or a LogoutRequest of SAML). ""
    where there is none. By SAML, `redirect_uris` are its assertion consumer services, the first one by
    default; `entity_id` is what it calls itself, with SIREN or SUBSCRIPTION in it since no two clients are
    called the same; `certificate`: by which it signs what it asks, PEM, "" when it signs nothing.
    `told_at`: those who subscribe already have what is said here; None while they are being told.
    """

    offer = models.OneToOneField("partner.StockRecord", on_delete=models.CASCADE, related_name="sign_in")
    redirect_uris = models.JSONField(default=list)
    signed_out_uri = models.CharField(max_length=MAX_ADDRESS, blank=True)
    logout_uri = models.CharField(max_length=MAX_ADDRESS, blank=True)
    protocol = models.CharField(max_length=6, choices=Protocol.choices, default=Protocol.OPENID)
    entity_id = models.CharField(max_length=MAX_ENTITY_ID, blank=True)
    certificate = models.TextField(blank=True)
    changed_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "connexion par Halle"
        constraints = [
            models.CheckConstraint(
                condition=Q(told_at__isnull=True) | Q(told_at__gte=models.F("changed_at")),
                name="sign_in_told_once_changed",
            ),
            models.UniqueConstraint(
                fields=["entity_id"], condition=~Q(entity_id=""), name="sign_in_one_entity_id"
            ),
            models.CheckConstraint(
                condition=Q(~Q(entity_id=""), protocol="saml")
                | Q(protocol="openid", entity_id="", certificate=""),
                name="sign_in_saml_has_an_entity_id",
            ),
        ]

    def __str__(self):
        return f"connexion à {self.offer_id}"

    @property
    def is_declared(self) -> bool:
        """Whether its vendor wants it."""
        return bool(self.redirect_uris)

    @property
    def by_saml(self) -> bool:
        return self.protocol == Protocol.SAML
