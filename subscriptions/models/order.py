"""Orders: what an approved subscription commits, counted against what the law allows."""

from django.db import models
from django.db.models import Q

from tenants.tenancy import TenantOwned


class ThresholdCode(models.TextChoices):
    """What a threshold is for (CCP, part two)."""

    DIRECT = "direct", "sans publicité ni mise en concurrence (R2122-8)"
    DOCUMENTS = "documents", "documents de la consultation en ligne (R2132-2)"
    ADVERTISING = "advertising", "publicité au BOAMP ou dans un journal (R2131-12)"
    EU = "eu", "procédure formalisée (L2124-1)"
    ADVANCE = "advance", "avance (R2191-3)"
    ESSENTIAL_DATA = "essential_data", "données essentielles (R2196-1)"


class Threshold(models.Model):
    """An amount net of tax from which a rule of public procurement applies, from a day on."""

    code = models.CharField("seuil", max_length=16, choices=ThresholdCode.choices)
    amount_cents = models.BigIntegerField("montant")
    in_force_from = models.DateField("en vigueur le")
    source = models.CharField("source", max_length=300)

    class Meta:
        verbose_name = "seuil"
        constraints = [
            models.UniqueConstraint(fields=["code", "in_force_from"], name="threshold_once_a_day"),
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="threshold_is_an_amount"),
            models.CheckConstraint(condition=~Q(source=""), name="threshold_has_a_source"),
        ]

    def __str__(self):
        return self.get_code_display()


class DirectNeed(TenantOwned):
    """The running total of one need that an organisation meets without competition: needs of the same kind
    are counted together (CCP R2121-6). Moves with the orders and by nothing else."""

    family = models.CharField("famille", max_length=20)
    total_cents = models.BigIntegerField("total", default=0)

    class Meta(TenantOwned.Meta):
        verbose_name = "besoin"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "family"], name="direct_need_once"),
            models.CheckConstraint(condition=Q(total_cents__gte=0), name="direct_need_not_negative"),
        ]

    def __str__(self):
        return self.family


class Order(TenantOwned):
    """What one approved subscription, or an amendment to it, commits over its term, net of tax: against a
    lot, or against the threshold of direct purchase.

    Rows are only ever added, and only if the database finds room: the trigger
    `subscriptions_order_within_bounds` locks the lot or the need first.
    """

    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="orders"
    )
    # What it adds to the contract; none for the order of the contract itself.
    amendment = models.OneToOneField(
        "subscriptions.Amendment", on_delete=models.PROTECT, null=True, related_name="order"
    )
    lot = models.ForeignKey(
        "subscriptions.FrameworkLot", on_delete=models.PROTECT, null=True, related_name="orders"
    )
    family = models.CharField(max_length=20, blank=True)  # of a direct purchase
    amount_cents = models.BigIntegerField()
    placed_on = models.DateField()

    class Meta(TenantOwned.Meta):
        verbose_name = "commande"
        constraints = [
            models.UniqueConstraint(
                fields=["subscription"], condition=Q(amendment__isnull=True), name="order_once_a_contract"
            ),
            models.CheckConstraint(condition=Q(amount_cents__gte=0), name="order_not_negative"),
            models.CheckConstraint(
                condition=Q(lot__isnull=False, family="") | (Q(lot__isnull=True) & ~Q(family="")),
                name="order_against_one_thing",
            ),
        ]

    def __str__(self):
        return f"Commande du {self.placed_on:%d/%m/%Y}"
