"""What was billed and is owed otherwise: found, then put right without touching what is issued."""

from django.db import models
from django.db.models import Q

from tenants.tenancy import TenantManager, TenantOwned


class Repricing(TenantOwned):
    """From a day on, a subscription costs something else than when its runs were drafted, or is open. Written
    in the transaction that changes the price, or opens it, settled by a worker. It waits while a run that
    bills days from `since` is being issued. `tenant` is the subscriber."""

    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="repricings"
    )
    since = models.DateField()
    noted_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "changement de prix à reprendre"
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "since"],
                condition=Q(settled_at__isnull=True),
                name="repricing_waits_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["noted_at"], condition=Q(settled_at__isnull=True), name="repricing_to_settle"
            )
        ]

    def __str__(self):
        return f"{self.subscription} à partir du {self.since:%d/%m/%Y}"


class AdjustmentKind(models.TextChoices):
    REPRICED = "repriced", "changement de prix"
    TRUE_UP = "true_up", "régularisation du prix mutualisé"
    CONTESTED = "contested", "contestation acceptée"


class AdjustmentQuerySet(models.QuerySet):
    def to_bill(self):
        """Those that wait for the next invoice."""
        return self.filter(settled_at__isnull=True, amount_cents__gt=0)


class Adjustment(TenantOwned):
    """The difference between what `tenant` owes for a period and what it was billed, in cents net of tax. A
    true-up is of a whole year, `run` the last that billed it.

    A positive one waits for the next invoice, of which it is a line; a negative one is on a credit note at
    once. Its ledger entries name it.
    """

    kind = models.CharField(max_length=10, choices=AdjustmentKind.choices)
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="adjustments"
    )
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey("billing.BillingRun", on_delete=models.PROTECT, related_name="adjustments")
    period_start = models.DateField()
    period_end = models.DateField()
    amount_cents = models.BigIntegerField()
    label = models.CharField(max_length=200)
    steps = models.JSONField()  # the calculation, in French sentences
    noted_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)  # its entries are in the ledger

    objects = TenantManager.from_queryset(AdjustmentQuerySet)()

    class Meta(TenantOwned.Meta):
        verbose_name = "régularisation"
        constraints = [
            models.UniqueConstraint(
                fields=["run", "subscription", "tenant"],
                condition=Q(kind="repriced", settled_at__isnull=True),
                name="adjustment_waits_once",
            ),
            models.CheckConstraint(condition=~Q(amount_cents=0), name="adjustment_is_an_amount"),
            models.CheckConstraint(
                condition=Q(period_end__gt=models.F("period_start")), name="adjustment_dates_in_order"
            ),
            models.CheckConstraint(
                condition=Q(amount_cents__gt=0) | Q(settled_at__isnull=False),
                name="adjustment_given_back_at_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["operator"], condition=Q(settled_at__isnull=True), name="adjustment_to_bill"
            ),
            models.Index(fields=["run", "subscription"], name="adjustment_run_subscription"),
        ]

    def __str__(self):
        return f"{self.label} {self.amount_cents}"


class TrueUp(TenantOwned):
    """The yearly true-up of one subscription whose price looks at the whole group: written once a year, even
    where nothing is to be put right. Rows are only ever added. `tenant` is the subscriber; net of tax."""

    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="true_ups"
    )
    year = models.PositiveSmallIntegerField()
    counted_on = models.DateField("date de référence")
    inhabitants = models.BigIntegerField("habitants du groupe")
    billed_cents = models.BigIntegerField()
    due_cents = models.BigIntegerField()
    made_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = "régularisation annuelle"
        constraints = [
            models.UniqueConstraint(fields=["subscription", "year"], name="true_up_once_a_year"),
            models.CheckConstraint(
                condition=Q(billed_cents__gte=0, due_cents__gte=0), name="true_up_not_negative"
            ),
        ]

    def __str__(self):
        return f"{self.subscription} {self.year}"
