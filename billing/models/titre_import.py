"""A file of the finance software: numbers of titres and payments, read at once, reported on, then taken over
once somebody has agreed."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from tenants.tenancy import TenantOwned


class TitreImportState(models.TextChoices):
    READY = "ready", "à confirmer"
    TAKING = "taking", "reprise en cours"
    DONE = "done", "repris"
    ABANDONED = "abandoned", "abandonné"


# The one table of moves.
TITRE_IMPORT_MOVES = frozenset(
    {
        (TitreImportState.READY, TitreImportState.TAKING),
        (TitreImportState.READY, TitreImportState.ABANDONED),
        (TitreImportState.TAKING, TitreImportState.DONE),
    }
)


class TitreImport(TenantOwned):
    """The file itself is not kept, its rows are. `done` of `total` rows is how far its job is. `tenant` is
    the operator."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200)  # as its sender named it, only ever shown
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=TitreImportState.choices, default=TitreImportState.READY)
    notes = models.JSONField(default=dict)  # encoding, separator, header, ignored columns
    with_doubtful = models.BooleanField(default=False)  # whoever confirmed took partial payments too
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "import de titres"
        constraints = [
            models.UniqueConstraint(
                fields=["operator"], condition=Q(state__in=["ready", "taking"]), name="titre_import_one_open"
            ),
            models.CheckConstraint(condition=Q(done__lte=F("total")), name="titre_import_progress_true"),
            models.CheckConstraint(
                condition=Q(state__in=["ready", "abandoned"])
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="titre_import_confirmed_by_somebody",
            ),
        ]

    def __str__(self):
        return f"{self.file_name} ({self.get_state_display()})"


class TitreRowState(models.TextChoices):
    WAITING = "waiting", "à reprendre"
    DOUBTFUL = "doubtful", "à vérifier"
    REFUSED = "refused", "écartée"
    TAKEN = "taken", "reprise"


class TitreImportRow(TenantOwned):
    """One line of the file: what it says of which invoice, or why it is kept apart."""

    titre_import = models.ForeignKey(TitreImport, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()  # as a spreadsheet numbers it
    raw = models.JSONField()  # the cells as they were
    data = models.JSONField(default=dict)  # what was understood (billing.collecting.rows); {} for nothing
    state = models.CharField(max_length=10, choices=TitreRowState.choices)
    problems = ArrayField(models.CharField(max_length=300), default=list)

    class Meta(TenantOwned.Meta):
        verbose_name = "ligne d’import de titres"
        constraints = [
            models.UniqueConstraint(fields=["titre_import", "line"], name="titre_import_row_line_unique"),
            models.CheckConstraint(
                condition=~Q(state__in=["refused", "doubtful"]) | Q(problems__len__gt=0),
                name="titre_import_row_says_why",
            ),
        ]

    def __str__(self):
        return f"ligne {self.line} : {self.get_state_display()}"
