"""One vendor's lane: how much it is asked at once, and whether it is asked at all just now."""

from django.db import models
from django.db.models import Q


class Lane(models.Model):
    """All that goes to one vendor's systems goes through its lane, so that a vendor that hangs holds up
    nobody else; what goes to Keycloak, through the lane of no vendor. Several workers share it: whoever
    claims from it holds its row.

    `failures` counts calls that failed in a row because the vendor's system did; from BREAK_AFTER on the lane
    is cut until `cut_until`, then one call tries whether it answers again.
    """

    vendor = models.OneToOneField(
        "catalog.Vendor", on_delete=models.CASCADE, null=True, blank=True, related_name="lane"
    )
    at_once = models.PositiveSmallIntegerField("opérations menées de front", default=10)
    failures = models.PositiveSmallIntegerField(default=0)
    cut_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "file d’un éditeur"
        constraints = [
            models.UniqueConstraint(
                fields=["vendor"],
                condition=Q(vendor__isnull=True),
                nulls_distinct=False,
                name="lane_one_without_vendor",
            ),
            models.CheckConstraint(condition=Q(at_once__range=(1, 200)), name="lane_at_once_within_reason"),
        ]

    def __str__(self):
        return f"{self.vendor_id or 'Keycloak'}, {self.at_once} de front"
