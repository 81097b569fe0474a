"""A person asked to act, where nothing goes on by itself any more."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from provisioning.models.run import Step
from tenants.tenancy import TenantOwned


class Settled(models.TextChoices):
    """How an errand ended."""

    RETRIED = "retried", "redemandé à l’éditeur"
    DONE = "done", "fait"
    GIVEN_UP = "given_up", "abandonné"
    GONE = "gone", "réglé sans personne"


def evidence_path(errand, filename: str) -> str:
    """Where what proves it is kept. The person's file name is not used: it may say anything."""
    return f"errands/{errand.tenant_id}/{errand.public_id}.pdf"


class Errand(TenantOwned):
    """One person of the operator's staff is to act on a step by a day: she is written to once, then reminded.

    `checklist` is copied from the endpoint: [{"text", "ticked"}]. `evidence` says what was done, or why it
    was given up; `file` proves it.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="errands")
    asked_at = models.DateTimeField()
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    due_on = models.DateField()
    reminders = models.PositiveSmallIntegerField(default=0)
    reminded_on = models.DateField(null=True)
    checklist = models.JSONField(default=list, blank=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    settled_as = models.CharField(max_length=10, choices=Settled.choices, blank=True)
    evidence = models.CharField(max_length=500, blank=True)
    file = models.FileField(upload_to=evidence_path, max_length=200, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "tâche d’ouverture"
        constraints = [
            models.UniqueConstraint(
                fields=["step"], condition=Q(settled_at__isnull=True), name="errand_one_open_per_step"
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, settled_as="")
                | Q(settled_at__isnull=False) & ~Q(settled_as=""),
                name="errand_settled_somehow",
            ),
            models.CheckConstraint(
                condition=Q(settled_as__in=["", "gone"]) | Q(settled_by__isnull=False),
                name="errand_settled_by_somebody",
            ),
        ]

    def __str__(self):
        return f"{self.step_id} pour le {self.due_on:%d/%m/%Y}"
