"""What stands on an operator's shelf, and on which terms."""

from datetime import date

from django.db import models


class ListingState(models.TextChoices):
    DRAFT = "draft", "en préparation"
    LISTED = "listed", "au catalogue"
    SUSPENDED = "suspended", "suspendu"


class ListingQuerySet(models.QuerySet):
    def on_shelf_of(self, operator):
        """Listings a visitor of this operator's storefront may see."""
        return self.filter(operator=operator, state=ListingState.LISTED)

    def for_cards(self):
        """With all that a service card shows."""
        return self.select_related(
            "offer__product__sheet__vendor__organisation", "operator"
        ).prefetch_related("grids")


class Listing(models.Model):
    """One vendor's explicit offer (Oscar's stock record) on one operator's shelf.

    The buyer always chooses a listing; Oscar's strategy, which takes the first vendor it finds, is
    never asked for a price.
    """

    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="listings")
    offer = models.ForeignKey("partner.StockRecord", on_delete=models.PROTECT, related_name="listings")
    state = models.CharField(max_length=12, choices=ListingState.choices, default=ListingState.DRAFT)
    position = models.PositiveSmallIntegerField("ordre en rayon", default=100)
    terms = models.TextField("conditions", blank=True)

    objects = ListingQuerySet.as_manager()

    class Meta:
        verbose_name = "référencement"
        constraints = [
            models.UniqueConstraint(fields=["operator", "offer"], name="listing_once_per_operator"),
        ]

    def __str__(self):
        return f"{self.sheet} chez {self.operator}"

    @property
    def sheet(self):
        return self.offer.product.sheet

    @property
    def vendor(self):
        return self.sheet.vendor

    def grid_on(self, day: date):
        """The price grid in force that day, or None. Uses prefetched grids when there are some."""
        in_force = [grid for grid in self.grids.all() if grid.is_in_force(day)]
        return in_force[0] if in_force else None
