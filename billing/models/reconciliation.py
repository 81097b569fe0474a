"""Two ledgers, ours and the payment provider's, compared every night: what differs, and what was refunded."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from tenants.tenancy import TenantOwned


class DifferenceKind(models.TextChoices):
    MISSING_THERE = "missing_there", "absente chez le prestataire"
    MISSING_HERE = "missing_here", "inconnue de Halle"
    AMOUNT = "amount", "montants différents"
    PAID_THERE = "paid_there", "payée chez le prestataire, pas ici"
    PAID_HERE = "paid_here", "payée ici, pas chez le prestataire"
    VOID_THERE = "void_there", "annulée chez le prestataire, sans avoir ici"
    REFUNDED_THERE = "refunded_there", "remboursée chez le prestataire, sans avoir rendu ici"


class LedgerComparison(TenantOwned):
    """The comparison of one night. Without `finished_at` the provider did not tell all, and nothing was
    concluded. `tenant` is the operator."""

    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    on = models.DateField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    compared = models.PositiveIntegerField(default=0)  # invoices of the operator that the provider told of

    class Meta(TenantOwned.Meta):
        verbose_name = "comparaison des comptes"
        constraints = [
            models.UniqueConstraint(fields=["operator", "on"], name="ledger_comparison_one_a_day"),
        ]

    def __str__(self):
        return f"{self.on:%d/%m/%Y}"


class LedgerDifference(TenantOwned):
    """What the provider says of an invoice and we do not, or the other way round, in cents. Closed by a
    person with her reason, or by the first comparison that finds it no more. `tenant` is the operator.

    `settlement` is empty when no invoice of ours answers to theirs, `external_id` when they have none.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=DifferenceKind.choices)
    settlement = models.ForeignKey(
        "billing.Settlement", on_delete=models.PROTECT, null=True, related_name="+"
    )
    external_id = models.CharField(max_length=255, blank=True)
    number = models.CharField(max_length=100, blank=True)
    debtor = models.CharField(max_length=255, blank=True)
    ours_cents = models.BigIntegerField(null=True)
    theirs_cents = models.BigIntegerField(null=True)
    found_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.CharField(max_length=300, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "écart avec le prestataire"
        constraints = [
            models.UniqueConstraint(
                fields=["operator", "kind", "settlement", "external_id"],
                condition=Q(closed_at__isnull=True),
                nulls_distinct=False,
                name="ledger_difference_open_once",
            ),
            models.CheckConstraint(
                condition=Q(settlement__isnull=False) | ~Q(external_id=""),
                name="ledger_difference_of_something",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_by__isnull=True, reason="")
                | (Q(closed_at__isnull=False) & ~Q(reason="")),
                name="ledger_difference_closed_with_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["operator", "-found_at"], name="ledger_difference_of_operator")]

    def __str__(self):
        return f"{self.number or self.external_id} : {self.get_kind_display()}"

    @property
    def subject(self) -> tuple[str, int | None, str]:
        """What it is about: two rows of the same subject speak of one difference."""
        return self.kind, self.settlement_id, self.external_id


class ProviderRefund(TenantOwned):
    """Money that the provider gave back on an invoice, in cents, as it says itself. Rows are only ever added.
    `tenant` is who had paid."""

    settlement = models.ForeignKey("billing.Settlement", on_delete=models.PROTECT, related_name="refunds")
    external_id = models.CharField(max_length=255, unique=True)
    amount_cents = models.BigIntegerField()
    refunded_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = "remboursement du prestataire"
        constraints = [
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="provider_refund_is_positive"),
        ]

    def __str__(self):
        return f"{self.external_id} : {self.amount_cents}"
