"""What communes of one size spend: nobody is named."""

from django.db import models
from django.db.models import Q


class SpendingNorm(models.Model):
    """The median spending per inhabitant of communes of one size over a year, tax included. Counted every
    night by the worker, which sees every tenant; it is read by all."""

    year = models.PositiveSmallIntegerField()
    stratum = models.CharField("strate", max_length=20)  # catalog.finding.strata
    communes = models.PositiveIntegerField()
    median_cents = models.DecimalField("centimes par habitant", max_digits=12, decimal_places=2)
    median_services = models.PositiveSmallIntegerField("services")
    counted_on = models.DateField()

    class Meta:
        verbose_name = "dépense des communes de même taille"
        constraints = [
            models.UniqueConstraint(fields=["year", "stratum"], name="spending_norm_once_a_size"),
            models.CheckConstraint(condition=Q(communes__gte=5), name="spending_norm_of_enough_communes"),
        ]

    def __str__(self):
        return f"{self.year}, {self.stratum} : {self.communes} communes"
