"""A file of members given by an operator: read, reported on, then applied once somebody has agreed."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.tenancy import TenantOwned


class ImportState(models.TextChoices):
    READING = "reading", "lecture en cours"
    READY = "ready", "à confirmer"
    APPLYING = "applying", "import en cours"
    DONE = "done", "importé"
    REFUSED = "refused", "fichier refusé"
    ABANDONED = "abandoned", "abandonné"


def import_path(member_import, filename: str) -> str:
    """Where the file is kept. The person's file name is not used: it may say anything."""
    return f"imports/{member_import.public_id}.csv"


class MemberImport(TenantOwned):
    """`tenant` is the operator's organisation. `done_rows` of `total_rows` is how far its job is."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    file = models.FileField(upload_to=import_path, max_length=200)
    file_name = models.CharField(max_length=200)  # as its sender named it, only ever shown
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.READING)
    problem = models.CharField(max_length=500, blank=True)  # why the whole file was refused
    notes = models.JSONField(default=dict)  # encoding, separator, unknown columns
    total_rows = models.PositiveIntegerField(default=0)
    done_rows = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "import d’adhérents"
        constraints = [
            models.UniqueConstraint(
                fields=["operator"],
                condition=models.Q(state__in=["reading", "ready", "applying"]),
                name="member_import_one_open_per_operator",
            ),
            models.CheckConstraint(
                condition=models.Q(done_rows__lte=models.F("total_rows")), name="member_import_progress_true"
            ),
        ]

    def __str__(self):
        return f"{self.file_name} ({self.get_state_display()})"


class RowVerdict(models.TextChoices):
    NEW = "new", "nouvelle adhésion"
    CHANGE = "change", "adhésion mise à jour"
    SAME = "same", "déjà à jour"
    REJECTED = "rejected", "écartée"


class MemberImportRow(TenantOwned):
    """One line of the file: what will be done with it, or why it is kept apart."""

    member_import = models.ForeignKey(MemberImport, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()  # as a spreadsheet numbers it
    raw = models.JSONField()  # the cells as they were
    data = models.JSONField(default=dict)  # the cells understood
    verdict = models.CharField(max_length=10, choices=RowVerdict.choices)
    problems = ArrayField(models.CharField(max_length=300), default=list)
    applied = models.BooleanField(default=False)

    class Meta(TenantOwned.Meta):
        verbose_name = "ligne d’import"
        constraints = [
            models.UniqueConstraint(fields=["member_import", "line"], name="member_import_row_line_unique"),
            models.CheckConstraint(
                condition=~models.Q(verdict="rejected") | models.Q(problems__len__gt=0),
                name="member_import_row_rejected_says_why",
            ),
        ]

    def __str__(self):
        return f"ligne {self.line} : {self.get_verdict_display()}"
