"""Somebody leaves an organisation: what is closed behind her, and when."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from tenants.tenancy import TenantOwned


class Departure(TenantOwned):
    """A person has no mandate left in an organisation, since `left_at`."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    left_at = models.DateTimeField()
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta(TenantOwned.Meta):
        verbose_name = "départ"
        indexes = [models.Index(fields=["tenant", "-left_at"], name="departure_tenant_left_at")]

    def __str__(self):
        return f"départ {self.public_id}"


class ClosingOf(models.TextChoices):
    """What of a leaver's is closed."""

    SESSIONS = "sessions", "sessions dans Halle"
    PROVIDER = "provider", "sessions chez le fournisseur d’identité"
    SERVICE = "service", "accès à un service"


class LeaverClosing(TenantOwned):
    """One thing that is closed behind a leaver. Of a service whose vendor keeps a directory, `run` is the
    plan that tells it; of one whose vendor keeps none, `by_hand`: Halle has told nobody.

    `closed_at`: when it was; of a `run`, its own step says. `problem`: why not yet, or not by Halle.
    """

    departure = models.ForeignKey(Departure, on_delete=models.CASCADE, related_name="closings")
    what = models.CharField(max_length=10, choices=ClosingOf.choices)
    sheet = models.ForeignKey("catalog.ServiceSheet", on_delete=models.PROTECT, null=True, related_name="+")
    run = models.ForeignKey("provisioning.Run", on_delete=models.PROTECT, null=True, related_name="+")
    by_hand = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "fermeture d’accès"
        constraints = [
            models.UniqueConstraint(
                fields=["departure", "what", "sheet"], nulls_distinct=False, name="closing_once"
            ),
            models.CheckConstraint(
                condition=Q(what="service", sheet__isnull=False)
                | ~Q(what="service") & Q(sheet__isnull=True, run__isnull=True, by_hand=False),
                name="closing_of_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(run__isnull=True) | Q(closed_at__isnull=True, by_hand=False),
                name="closing_of_a_run_is_the_runs",
            ),
        ]
        indexes = [
            models.Index(
                F("id"),
                condition=Q(what="provider", closed_at__isnull=True, problem=""),
                name="closing_provider_waits",
            ),
        ]

    def __str__(self):
        return f"fermeture {self.pk}"
