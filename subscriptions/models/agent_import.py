"""A file of agents to invite: read at once, reported on, then sent out once somebody has agreed."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from tenants.tenancy import TenantOwned


class AgentImportState(models.TextChoices):
    READY = "ready", "à confirmer"
    SENDING = "sending", "invitations en cours"
    DONE = "done", "invitations parties"
    ABANDONED = "abandoned", "abandonné"


# The one table of moves.
AGENT_IMPORT_MOVES = frozenset(
    {
        (AgentImportState.READY, AgentImportState.SENDING),
        (AgentImportState.READY, AgentImportState.ABANDONED),
        (AgentImportState.SENDING, AgentImportState.DONE),
    }
)


class AgentImport(TenantOwned):
    """The file itself is not kept, its rows are, until the retention job deletes them (`forgotten_at`).
    `done` of `total` invitations is how far its job is."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    file_name = models.CharField(max_length=200)  # as its sender named it, only ever shown
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=AgentImportState.choices, default=AgentImportState.READY)
    notes = models.JSONField(default=dict)  # encoding, separator, header, ignored columns
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    forgotten_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "import d’agents"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"],
                condition=Q(state__in=["ready", "sending"]),
                name="agent_import_one_open",
            ),
            models.CheckConstraint(condition=Q(done__lte=F("total")), name="agent_import_progress_true"),
            models.CheckConstraint(
                condition=Q(state__in=["ready", "abandoned"])
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="agent_import_confirmed_by_somebody",
            ),
        ]

    def __str__(self):
        return f"{self.file_name} ({self.get_state_display()})"


class AgentRowState(models.TextChoices):
    WAITING = "waiting", "à inviter"
    INVITED = "invited", "invité"
    REFUSED = "refused", "écartée"


class AgentImportRow(TenantOwned):
    """One line of the file: whom it invites, with what, or why it is kept apart."""

    agent_import = models.ForeignKey(AgentImport, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()  # as a spreadsheet numbers it
    raw = models.JSONField()  # the cells as they were
    # What was understood: email, name, roles, services {sheet: role}, groups [numbers]; {} for nothing.
    data = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=AgentRowState.choices)
    problems = ArrayField(models.CharField(max_length=300), default=list)

    class Meta(TenantOwned.Meta):
        verbose_name = "ligne d’import d’agents"
        constraints = [
            models.UniqueConstraint(fields=["agent_import", "line"], name="agent_import_row_line_unique"),
            models.CheckConstraint(
                condition=~Q(state="refused") | Q(problems__len__gt=0),
                name="agent_import_row_refused_says_why",
            ),
        ]

    def __str__(self):
        return f"ligne {self.line} : {self.get_state_display()}"
