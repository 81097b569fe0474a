"""How many inhabitants a group of buyers has: what sets the tier of a pooled price."""

from django.db import models
from django.db.models import Q


class GroupPopulation(models.Model):
    """The members that have a listing on a reference date, and their inhabitants of the kind its grid counts.

    Counted by the worker, which sees every tenant; it names nobody. A row of a past date is never counted
    again: an invoice may rest on it.
    """

    listing = models.ForeignKey("catalog.Listing", on_delete=models.PROTECT, related_name="groups")
    on = models.DateField("date de référence")
    members = models.PositiveIntegerField("membres")
    inhabitants = models.BigIntegerField("habitants")

    class Meta:
        verbose_name = "population du groupe"
        constraints = [
            models.UniqueConstraint(fields=["listing", "on"], name="group_population_once_a_day"),
            models.CheckConstraint(condition=Q(inhabitants__gte=0), name="group_population_not_negative"),
        ]

    def __str__(self):
        return f"{self.inhabitants} habitants le {self.on:%d/%m/%Y}"
