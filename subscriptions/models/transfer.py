"""A contract passes to another vendor: the transfer an operator decides, what passes, who is told."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from tenants.tenancy import TenantOwned


class TransferState(models.TextChoices):
    PREPARED = "prepared", "avenant à signer"
    SIGNED = "signed", "avenant signé"
    IN_FORCE = "in_force", "en vigueur"
    CANCELLED = "cancelled", "abandonné"


# The one table of moves; a signed transfer takes effect by a worker (transfers.taking_effect).
TRANSFER_MOVES = frozenset(
    {
        (TransferState.PREPARED, TransferState.SIGNED),
        (TransferState.PREPARED, TransferState.CANCELLED),
        (TransferState.SIGNED, TransferState.IN_FORCE),
        (TransferState.SIGNED, TransferState.CANCELLED),
    }
)


class TransferBasis(models.TextChoices):
    """When another holder may take a public contract over without competition (CCP R2194-6)."""

    RESTRUCTURING = "restructuring", "Restructuration du titulaire : fusion, rachat… (R2194-6, 2°)"
    CLAUSE = "clause", "Clause de réexamen prévue au contrat (R2194-6, 1°)"


def evidence_path(transfer: "ContractTransfer", filename: str) -> str:
    """Where the evidence is kept. The person's file name is not used: it may say anything."""
    return f"transferts/{transfer.tenant_id}/{transfer.public_id}-justificatif.pdf"


def signed_path(transfer: "ContractTransfer", filename: str) -> str:
    """Where the signed amendment is kept."""
    return f"transferts/{transfer.tenant_id}/{transfer.public_id}-avenant.pdf"


class ContractTransfer(TenantOwned):
    """An operator has `to_vendor` take over from `from_vendor`, from `effective_on` at the earliest. `tenant`
    is the operator's organisation. Never changes again once in force or abandoned (migration 0031)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    from_vendor = models.ForeignKey("catalog.Vendor", on_delete=models.PROTECT, related_name="+")
    to_vendor = models.ForeignKey("catalog.Vendor", on_delete=models.PROTECT, related_name="+")
    basis = models.CharField("fondement", max_length=14, choices=TransferBasis.choices)
    reason = models.CharField("motif", max_length=500)
    effective_on = models.DateField("à partir du")
    evidence = models.FileField("justificatif", upload_to=evidence_path, max_length=200)
    signed_file = models.FileField("avenant signé", upload_to=signed_path, max_length=200, blank=True)
    state = models.CharField(max_length=9, choices=TransferState.choices, default=TransferState.PREPARED)
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField()
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    signed_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)  # when it took effect, or was abandoned

    class Meta(TenantOwned.Meta):
        verbose_name = "transfert de contrat"
        constraints = [
            models.CheckConstraint(
                condition=~Q(from_vendor=F("to_vendor")), name="transfer_to_another_vendor"
            ),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(evidence=""), name="transfer_is_justified"),
            models.CheckConstraint(
                condition=Q(state__in=["prepared", "cancelled"])
                | Q(signed_by__isnull=False, signed_at__isnull=False) & ~Q(signed_file=""),
                name="transfer_signed_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["prepared", "signed"], settled_at__isnull=True)
                | Q(state__in=["in_force", "cancelled"], settled_at__isnull=False),
                name="transfer_settled_once_over",
            ),
        ]
        indexes = [
            models.Index(fields=["effective_on"], condition=Q(state="signed"), name="transfer_due"),
        ]

    def __str__(self):
        return f"{self.from_vendor} → {self.to_vendor}"


class TransferredService(TenantOwned):
    """A service that a transfer is about, by the operator's listing of it. `tenant` is the operator's
    organisation. `is_open`: the transfer is neither in force nor abandoned."""

    transfer = models.ForeignKey(ContractTransfer, on_delete=models.PROTECT, related_name="services")
    listing = models.ForeignKey("catalog.Listing", on_delete=models.PROTECT, related_name="+")
    is_open = models.BooleanField(default=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "service transféré"
        constraints = [
            models.UniqueConstraint(fields=["transfer", "listing"], name="transferred_service_once"),
            models.UniqueConstraint(
                fields=["listing"], condition=Q(is_open=True), name="transferred_service_one_open"
            ),
        ]

    def __str__(self):
        return str(self.listing)


class LotSuccession(models.Model):
    """A vendor took over the place of a holder in a lot. The lot itself stays what its notice says: public
    data, like the lot. Rows are only ever added."""

    lot = models.ForeignKey(
        "subscriptions.FrameworkLot", on_delete=models.PROTECT, related_name="successions"
    )
    holder = models.ForeignKey("catalog.Vendor", on_delete=models.PROTECT, related_name="+")
    successor = models.ForeignKey("catalog.Vendor", on_delete=models.PROTECT, related_name="+")
    since = models.DateField("depuis le")

    class Meta:
        verbose_name = "succession d’un titulaire"
        constraints = [
            models.UniqueConstraint(fields=["lot", "holder", "since"], name="lot_succession_once"),
            models.CheckConstraint(condition=~Q(holder=F("successor")), name="lot_succession_of_another"),
        ]

    def __str__(self):
        return f"{self.holder} → {self.successor}"


class TransferSide(models.TextChoices):
    SUBSCRIBER = "subscriber", "abonné"
    OLD = "old", "ancien titulaire"
    NEW = "new", "nouveau titulaire"


class TransferNotice(TenantOwned):
    """What one party keeps of a transfer that took effect: `tenant` is a subscriber, for its own
    subscription, or one of the two vendors, for a service at an operator. Copies: the operator's own rows are
    not theirs to read. Rows are only ever added."""

    transfer = models.ForeignKey(ContractTransfer, on_delete=models.PROTECT, related_name="notices")
    side = models.CharField(max_length=10, choices=TransferSide.choices)
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, null=True, related_name="transfer_notices"
    )
    service_name = models.CharField(max_length=120)
    operator_name = models.CharField(max_length=255)
    from_name = models.CharField(max_length=255)
    to_name = models.CharField(max_length=255)
    since = models.DateField()
    subscriptions = models.PositiveIntegerField(default=1)  # how many pass

    class Meta(TenantOwned.Meta):
        verbose_name = "avis de transfert"
        constraints = [
            models.CheckConstraint(
                condition=Q(side="subscriber", subscription__isnull=False)
                | ~Q(side="subscriber") & Q(subscription__isnull=True),
                name="transfer_notice_of_a_subscription",
            ),
            models.UniqueConstraint(fields=["transfer", "subscription"], name="transfer_notice_once"),
        ]

    def __str__(self):
        return f"{self.service_name} : {self.from_name} → {self.to_name}"
