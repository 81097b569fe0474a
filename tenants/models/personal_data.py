"""What the law asks about people: copies of their data, and how long anything is kept."""

import uuid

from django.conf import settings
from django.db import models


def export_path(export, filename: str) -> str:
    """Where a copy is kept, under a name nobody can guess."""
    return f"personal-data/{export.public_id}.json"


class PersonalDataExport(models.Model):
    """A copy of what Halle holds on a person (GDPR article 15), made by a job. Read through `user` only."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="data_exports")
    asked_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    file = models.FileField(upload_to=export_path, max_length=200, blank=True)

    class Meta:
        verbose_name = "copie de données personnelles"
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(ready_at__isnull=True), name="data_export_one_under_way"
            ),
        ]

    def __str__(self):
        return f"copie du {self.asked_at:%d/%m/%Y}"


class Kept(models.TextChoices):
    INVITATIONS = "invitations", "adresses des invitations acceptées, annulées ou expirées"
    LETTERS = "letters", "courriels envoyés"
    EXPORTS = "exports", "copies de données personnelles"
    IMPORTS = "imports", "fichiers d’adhérents importés"
    AGENT_IMPORTS = "agent_imports", "lignes des fichiers d’agents à inviter"
    ASSISTANCES = "assistances", "qui a demandé l’aide d’un opérateur"
    SESSIONS = "sessions", "sessions expirées"
    INACTIVE_PEOPLE = "inactive_people", "personnes sans mandat"


class RetentionPeriod(models.Model):
    """How long one kind of data is kept, from a day on: a dated row, never a constant."""

    what = models.CharField("donnée", max_length=20, choices=Kept.choices)
    days = models.PositiveIntegerField("durée (jours)")
    in_force_from = models.DateField("en vigueur le")
    source = models.CharField("source", max_length=300)

    class Meta:
        verbose_name = "durée de conservation"
        constraints = [
            models.UniqueConstraint(fields=["what", "in_force_from"], name="retention_period_once_a_day"),
        ]

    def __str__(self):
        return f"{self.get_what_display()} : {self.days} jours"
