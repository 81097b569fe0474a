"""A revision of a sheet that its vendor publishes and submits at a later moment."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class PlannedState(models.TextChoices):
    PLANNED = "planned", "prévue"
    DONE = "done", "faite"
    CANCELLED = "cancelled", "annulée"
    FAILED = "failed", "impossible"


class PlannedPublication(models.Model):
    """What a vendor decided today for later: one revision, published at a moment, then put before these
    operators. A sheet waits for one at a time."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sheet = models.ForeignKey("catalog.ServiceSheet", on_delete=models.PROTECT, related_name="planned")
    revision = models.ForeignKey("wagtailcore.Revision", on_delete=models.PROTECT, related_name="+")
    operators = models.ManyToManyField("tenants.Operator", related_name="+", blank=True)
    at = models.DateTimeField("publiée le")
    note = models.CharField("mot aux opérateurs", max_length=1000, blank=True)
    state = models.CharField(max_length=10, choices=PlannedState.choices, default=PlannedState.PLANNED)
    problem = models.CharField("empêchement", max_length=500, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "publication prévue"
        constraints = [
            models.UniqueConstraint(
                fields=["sheet"], condition=Q(state="planned"), name="planned_publication_one_per_sheet"
            ),
            models.CheckConstraint(
                condition=Q(state="planned", ended_at__isnull=True)
                | (~Q(state="planned") & Q(ended_at__isnull=False)),
                name="planned_publication_ended_at_a_moment",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(problem=""), name="planned_publication_failed_with_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["at"], condition=Q(state="planned"), name="planned_publication_due"),
        ]

    def __str__(self):
        return f"{self.sheet} le {self.at:%d/%m/%Y}"
