"""Framework agreements: their lots, who holds them, who may order, and up to how much (CCP R2162-1 à 14)."""

from datetime import date

from django.db import models
from django.db.models import F, Q

from subscriptions.models.lot_amendment import LotAmendment, LotTermsModel


class FrameworkLot(LotTermsModel):
    """One lot of a framework agreement, as its notice says it. Amounts are in cents, net of tax.

    The maximum is compulsory (CCP R2162-4); orders are placed during validity only, four years at most
    unless the notice says why (CCP L2125-1). `ordered_cents` moves with the orders and by nothing else: a
    trigger keeps it, and refuses the order that would pass the maximum. The eligible buyers are named in the
    notice: the list is closed once `published_on` is set. From then on the row never changes: what amendments
    made of the terms is read by day (`terms_on`).
    """

    vehicle = models.ForeignKey(
        "subscriptions.PurchasingVehicle", on_delete=models.PROTECT, related_name="lots"
    )
    number = models.PositiveSmallIntegerField("numéro du lot", default=1)
    title = models.CharField("objet", max_length=160)
    ordered_cents = models.BigIntegerField("montant commandé", default=0)
    starts_on = models.DateField("début de validité")
    notice_reference = models.CharField("référence de l’avis", max_length=80, blank=True)
    published_on = models.DateField("avis publié le", null=True, blank=True)
    listings = models.ManyToManyField("catalog.Listing", related_name="lots")

    class Meta:
        verbose_name = "lot d’accord-cadre"
        constraints = [
            models.UniqueConstraint(fields=["vehicle", "number"], name="framework_lot_once_by_number"),
            models.CheckConstraint(condition=Q(ceiling_cents__gt=0), name="framework_lot_has_a_ceiling"),
            models.CheckConstraint(
                condition=Q(ordered_cents__gte=0), name="framework_lot_ordered_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="framework_lot_ends_after_it_starts"
            ),
        ]

    def __str__(self):
        return f"Lot {self.number} – {self.title}"

    def terms_on(self, day: date) -> LotTermsModel:
        """The terms in force that day: those of the notice, or of the last amendment that has taken effect.
        Reads `amendments`, one query unless they are at hand."""
        found = [one for one in self._amendments() if one.effective_on <= day]
        return found[-1] if found else self

    def is_in_force(self, *, on: date) -> bool:
        """Whether an order may be placed that day."""
        return self.published_on is not None and self.starts_on <= on < self.terms_on(on).ends_on

    def binding_cents(self, *, on: date) -> int:
        """The maximum that binds the orders of that day: the one in force, or a lower one that an amendment
        has set for later. As the trigger on orders counts."""
        later = [one.ceiling_cents for one in self._amendments() if one.effective_on > on]
        return min([self.terms_on(on).ceiling_cents, *later])

    def _amendments(self) -> list[LotAmendment]:
        """By day; of two for the same day, the second alone."""
        by_number = sorted(self.amendments.all(), key=lambda one: one.number)
        return list({one.effective_on: one for one in by_number}.values())

    def left_cents(self, *, on: date) -> int:
        """What may still be ordered that day."""
        return self.binding_cents(on=on) - self.ordered_cents

    def percent(self, *, on: date) -> int:
        """The part of that day's maximum that is ordered, rounded down: 100 only when nothing is left."""
        return self.ordered_cents * 100 // self.binding_cents(on=on)


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
