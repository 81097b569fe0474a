"""Dated versions of a listing's price grid."""

from datetime import date
from decimal import Decimal

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from catalog.pricing import GridInvalid, parse_grid
from tenants.models.ranges import DateRange


class VatCategory(models.TextChoices):
    """EN 16931 categories (BT-118). O never shares an invoice with another."""

    STANDARD = "S", "taxable"
    EXEMPT = "E", "exonéré"
    OUT_OF_SCOPE = "O", "hors champ"


class PriceGrid(models.Model):
    """A grid in force over the half-open days [effective_from, effective_until).

    `definition` is what the price engine reads (catalog.pricing.parse_grid). A version is never
    edited once subscriptions copied it: a new one succeeds it.
    """

    listing = models.ForeignKey("catalog.Listing", on_delete=models.CASCADE, related_name="grids")
    effective_from = models.DateField("en vigueur le")
    effective_until = models.DateField("jusqu’au (exclu)", null=True, blank=True)
    definition = models.JSONField("barème")
    vat_category = models.CharField("régime de TVA", max_length=1, choices=VatCategory.choices)
    vat_rate = models.DecimalField("taux de TVA (%)", max_digits=4, decimal_places=2, default=Decimal(0))
    vat_reason = models.CharField("motif", max_length=200, blank=True)

    class Meta:
        verbose_name = "barème"
        ordering = ["-effective_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(effective_until__isnull=True) | Q(effective_until__gt=models.F("effective_from")),
                name="price_grid_dates_in_order",
            ),
            ExclusionConstraint(
                name="price_grid_one_in_force",
                expressions=[
                    ("listing", RangeOperators.EQUAL),
                    (
                        DateRange("effective_from", "effective_until", models.Value("[)")),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
            # EN 16931 BR-E-10, BR-O-10: no tax means a reason; a rate means the standard category.
            models.CheckConstraint(
                condition=(Q(vat_category="S") & Q(vat_rate__gt=0))
                | (Q(vat_category__in=["E", "O"]) & Q(vat_rate=0) & ~Q(vat_reason="")),
                name="price_grid_vat_consistent",
            ),
        ]

    def __str__(self):
        return f"{self.listing} au {self.effective_from}"

    def clean(self):
        """Raises ValidationError with the engine's French sentences when the grid cannot be computed."""
        try:
            parse_grid(self.definition)
        except GridInvalid as error:
            raise ValidationError({"definition": error.errors}) from error

    def is_in_force(self, day: date) -> bool:
        """Whether [effective_from, effective_until) holds `day`."""
        return self.effective_from <= day and (self.effective_until is None or day < self.effective_until)
