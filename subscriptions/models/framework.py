"""Framework agreements: their lots, who holds them, who may order, and up to how much (CCP R2162-1 à 14)."""

from django.db import models
from django.db.models import F, Q


class FrameworkLot(models.Model):
    """One lot of a framework agreement. Amounts are in cents, net of tax.

    The maximum is compulsory (CCP R2162-4); orders are placed during validity only, four years at most
    unless the notice says why (CCP L2125-1). `ordered_cents` moves with the orders and by nothing else: a
    trigger keeps it, and refuses the order that would pass the maximum. The eligible buyers are named in the
    notice: the list is closed once `published_on` is set.
    """

    vehicle = models.ForeignKey(
        "subscriptions.PurchasingVehicle", on_delete=models.PROTECT, related_name="lots"
    )
    number = models.PositiveSmallIntegerField("numéro du lot", default=1)
    title = models.CharField("objet", max_length=160)
    ceiling_cents = models.BigIntegerField("montant maximum")
    ordered_cents = models.BigIntegerField("montant commandé", default=0)
    starts_on = models.DateField("début de validité")
    ends_on = models.DateField("fin de validité")  # first day on which nothing may be ordered any more
    duration_reason = models.CharField("motif d’une durée de plus de quatre ans", max_length=500, blank=True)
    renewals = models.PositiveSmallIntegerField("reconductions", default=0)
    revision_formula = models.CharField("formule de révision des prix", max_length=300, blank=True)
    notice_reference = models.CharField("référence de l’avis", max_length=80, blank=True)
    published_on = models.DateField("avis publié le", null=True, blank=True)
    listings = models.ManyToManyField("catalog.Listing", related_name="lots")

    class Meta:
        verbose_name = "lot d’accord-cadre"
        constraints = [
            models.UniqueConstraint(fields=["vehicle", "number"], name="framework_lot_once_by_number"),
            models.CheckConstraint(condition=Q(ceiling_cents__gt=0), name="framework_lot_has_a_ceiling"),
            models.CheckConstraint(
                condition=Q(ordered_cents__gte=0) & Q(ordered_cents__lte=F("ceiling_cents")),
                name="framework_lot_never_beyond_its_ceiling",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="framework_lot_ends_after_it_starts"
            ),
        ]

    def __str__(self):
        return f"Lot {self.number} – {self.title}"

    def is_in_force(self, *, on) -> bool:
        """Whether an order may be placed that day."""
        return self.published_on is not None and self.starts_on <= on < self.ends_on

    @property
    def left_cents(self) -> int:
        """What may still be ordered."""
        return self.ceiling_cents - self.ordered_cents

    @property
    def percent(self) -> int:
        """The part of the maximum that is ordered, rounded down: 100 only when nothing is left."""
        return self.ordered_cents * 100 // self.ceiling_cents


class LotHolder(models.Model):
    """A vendor to which a lot was awarded, by rank: the first is asked first (CCP R2162-9)."""

    lot = models.ForeignKey(FrameworkLot, on_delete=models.CASCADE, related_name="holders")
    vendor = models.ForeignKey("catalog.Vendor", on_delete=models.PROTECT, related_name="+")
    rank = models.PositiveSmallIntegerField("rang", default=1)

    class Meta:
        verbose_name = "titulaire"
        constraints = [
            models.UniqueConstraint(fields=["lot", "rank"], name="lot_holder_once_by_rank"),
            models.UniqueConstraint(fields=["lot", "vendor"], name="lot_holder_once"),
        ]

    def __str__(self):
        return f"{self.rank}. {self.vendor}"


class EligibleBuyer(models.Model):
    """An organisation named in the notice: no other may order (CCP R2162-5, L2125-1)."""

    lot = models.ForeignKey(FrameworkLot, on_delete=models.CASCADE, related_name="buyers")
    organisation = models.ForeignKey("tenants.Organisation", on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "acheteur désigné"
        constraints = [models.UniqueConstraint(fields=["lot", "organisation"], name="eligible_buyer_once")]

    def __str__(self):
        return str(self.organisation)
