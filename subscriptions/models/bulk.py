"""One request for many: what an intercommunality or an operator asks for on behalf of a list of members."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from tenants.tenancy import TenantOwned


class BulkState(models.TextChoices):
    DRAFT = "draft", "à confirmer"
    RUNNING = "running", "demandes en cours"
    MADE = "made", "demandes faites"
    APPROVING = "approving", "approbation en cours"
    DONE = "done", "approuvées"


# The one table of moves.
BULK_TRANSITIONS = frozenset(
    {
        (BulkState.DRAFT, BulkState.RUNNING),
        (BulkState.RUNNING, BulkState.MADE),
        (BulkState.MADE, BulkState.APPROVING),
        (BulkState.APPROVING, BulkState.DONE),
    }
)
AT_WORK = (BulkState.RUNNING, BulkState.APPROVING)


class LineState(models.TextChoices):
    WAITING = "waiting", "à faire"
    MADE = "made", "demandé"
    THERE = "there", "déjà demandé"
    REFUSED = "refused", "refusé"
    APPROVED = "approved", "approuvé"
    NOT_APPROVED = "not_approved", "non approuvé"


def convention_path(bulk, filename: str) -> str:
    """Where the convention is kept. The person's file name is not used: it may say anything."""
    return f"conventions/{bulk.tenant_id}/{bulk.public_id}.pdf"


def act_path(bulk, filename: str) -> str:
    """Where the act is kept that decides for all."""
    return f"decisions/{bulk.tenant_id}/{bulk.public_id}.pdf"


class BulkRequest(TenantOwned):
    """Requests of one listing for many members. `tenant` is whoever asks: their intercommunality, or the
    operator itself.

    With a convention (a mandate, or a competence handed over), one act of whoever asks decides for all;
    without, each member decides for itself.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request_key = models.UUIDField(default=uuid.uuid4)  # drawn with the form: a double click is one
    listing = models.ForeignKey("catalog.Listing", on_delete=models.PROTECT, related_name="+")
    vehicle = models.ForeignKey("subscriptions.PurchasingVehicle", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=BulkState.choices, default=BulkState.DRAFT)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    done = models.PositiveIntegerField(default=0)  # true progress of the job under way
    total = models.PositiveIntegerField(default=0)

    convention_number = models.CharField("numéro de la convention", max_length=60, blank=True)
    convention_date = models.DateField("date de la convention", null=True)
    convention_file = models.FileField("convention", upload_to=convention_path, max_length=200, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)
    act_number = models.CharField("numéro de l’acte", max_length=60, blank=True)
    act_date = models.DateField("date de l’acte", null=True)
    act_file = models.FileField("acte", upload_to=act_path, max_length=200, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "demande groupée"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "request_key"], name="bulk_once"),
            models.CheckConstraint(condition=Q(done__lte=F("total")), name="bulk_progress_is_true"),
            models.CheckConstraint(
                condition=Q(convention_number="", convention_date__isnull=True, convention_file="")
                | Q(~Q(convention_number=""), ~Q(convention_file=""), convention_date__isnull=False),
                name="bulk_convention_whole",
            ),
            # One act decides for all only where a convention says so.
            models.CheckConstraint(
                condition=Q(state__in=["draft", "running", "made"])
                | Q(
                    ~Q(convention_number=""),
                    ~Q(act_number=""),
                    ~Q(act_file=""),
                    act_date__isnull=False,
                    approved_by__isnull=False,
                    approved_at__isnull=False,
                ),
                name="bulk_decided_by_an_act",
            ),
        ]

    def __str__(self):
        return f"Demande groupée de {self.tenant}"

    @property
    def decides_for_all(self) -> bool:
        return bool(self.convention_number)


class BulkLine(TenantOwned):
    """One member of the list and what became of its request. `typed` is what the file says of it;
    `organisation` None when that is nobody who may be asked for."""

    bulk = models.ForeignKey(BulkRequest, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    typed = models.CharField(max_length=100, blank=True)
    organisation = models.ForeignKey(
        "tenants.Organisation", on_delete=models.PROTECT, null=True, related_name="+"
    )
    commitment_number = models.CharField("numéro d’engagement", max_length=50, blank=True)
    yearly_cents = models.BigIntegerField(null=True)  # net of tax, as it was shown; None: no price
    state = models.CharField(max_length=12, choices=LineState.choices, default=LineState.WAITING)
    reason = models.CharField(max_length=500, blank=True)
    subscription_id = models.BigIntegerField(null=True)  # another tenant's row: followed by the worker only

    class Meta(TenantOwned.Meta):
        verbose_name = "ligne d’une demande groupée"
        constraints = [
            models.UniqueConstraint(fields=["bulk", "position"], name="bulk_line_position_unique"),
            models.UniqueConstraint(
                fields=["bulk", "organisation"],
                condition=Q(state__in=["waiting", "made", "approved"]),
                name="bulk_line_once_for_each",
            ),
            models.CheckConstraint(
                condition=Q(state="refused") | Q(organisation__isnull=False, yearly_cents__isnull=False),
                name="bulk_line_is_for_somebody",
            ),
        ]
        indexes = [models.Index(fields=["bulk", "state"], name="bulk_line_state")]

    def __str__(self):
        return str(self.organisation or self.typed)
