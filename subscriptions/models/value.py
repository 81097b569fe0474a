"""The value file of a project, and what was found after each year."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from tenants.tenancy import TenantOwned


class DiscountRate(models.Model):
    """The public discount rate, in percent a year, from a day on: what a value file proposes. Public
    reference data."""

    percent = models.DecimalField("taux", max_digits=4, decimal_places=2)
    in_force_from = models.DateField("en vigueur le", unique=True)
    source = models.CharField("source", max_length=300)

    class Meta:
        verbose_name = "taux d’actualisation"
        constraints = [
            models.CheckConstraint(condition=Q(percent__gte=0), name="discount_rate_not_negative"),
            models.CheckConstraint(condition=~Q(source=""), name="discount_rate_has_a_source"),
        ]

    def __str__(self):
        return f"{self.percent} %"


class ValueFile(TenantOwned):
    """What an organisation expects of a service: `assumptions` are those of subscriptions.value.assumptions.

    `revision` counts the times it was written: two people at once are told apart by it.
    """

    listing = models.ForeignKey("catalog.Listing", on_delete=models.PROTECT, related_name="+")
    service_name = models.CharField(max_length=120)
    assumptions = models.JSONField()
    revision = models.PositiveIntegerField(default=1)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = "dossier de valeur"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "listing"], name="value_file_once_by_listing"),
            models.CheckConstraint(condition=Q(revision__gte=1), name="value_file_revision_from_one"),
        ]

    def __str__(self):
        return self.service_name


class ValueReview(TenantOwned):
    """What happened in one year of the service, beside what was expected then. Rows are only ever added.

    Cents, tax included. `price_cents`: invoiced or, before any invoice, subscribed (`invoiced` says which).
    """

    file = models.ForeignKey(ValueFile, on_delete=models.PROTECT, related_name="reviews")
    year = models.PositiveSmallIntegerField()  # from 1
    expected_price_cents = models.BigIntegerField()
    expected_costs_cents = models.BigIntegerField()
    expected_gains_cents = models.BigIntegerField()
    price_cents = models.BigIntegerField()
    invoiced = models.BooleanField()
    costs_cents = models.BigIntegerField()
    gains_cents = models.BigIntegerField()
    note = models.TextField(max_length=2000)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = "bilan d’une année"
        constraints = [
            models.UniqueConstraint(fields=["file", "year"], name="value_review_once_a_year"),
            models.CheckConstraint(
                condition=Q(year__gte=1) & Q(year__lte=10), name="value_review_in_the_term"
            ),
            models.CheckConstraint(
                condition=Q(costs_cents__gte=0) & Q(gains_cents__gte=0), name="value_review_not_negative"
            ),
        ]

    def __str__(self):
        return f"{self.file}, année {self.year}"
