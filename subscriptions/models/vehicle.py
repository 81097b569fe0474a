"""Purchasing vehicles: on which legal basis members buy a listing together, and who decides."""

from django.db import models
from django.db.models import F, Q

from subscriptions.models.renewal import RenewalRules, renewal_constraints
from subscriptions.models.revision import RevisionClause, revision_constraints


class LegalBasis(models.TextChoices):
    """Code de la commande publique (CCP)."""

    GROUPEMENT = "groupement", "groupement de commandes (CCP L2113-6 à 8)"
    CENTRALE = "centrale", "centrale d’achat (CCP L2113-2 à 5)"
    FRAMEWORK = "framework", "accord-cadre (CCP L2125-1, R2162-1 à 14)"
    IN_HOUSE = "in_house", "quasi-régie (CCP L2511-1 à 5)"
    STATUTORY = "statutory", "service statutaire de l’opérateur"
    DIRECT = "direct", "achat direct sous le seuil (CCP R2122-8)"


class PurchasingVehicle(RevisionClause, RenewalRules):
    """The rules a subscription must follow: who decides, whether one person may do both, how long it binds.

    `coordinator` runs a grouping for its members (CCP L2113-7).
    """

    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="vehicles")
    name = models.CharField("nom", max_length=160)
    legal_basis = models.CharField("fondement", max_length=12, choices=LegalBasis.choices)
    deliberation_required = models.BooleanField("délibération exigée", default=True)
    separate_approver = models.BooleanField("une autre personne approuve", default=True)
    # After the member's own decision, in this order.
    operator_approves = models.BooleanField("l’opérateur approuve", default=False)
    vendor_approves = models.BooleanField("l’éditeur approuve", default=False)
    coordinator = models.ForeignKey(
        "tenants.Organisation",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="coordonnateur",
    )
    starts_on = models.DateField("début", null=True, blank=True)  # None: since always
    ends_on = models.DateField("fin", null=True, blank=True)  # first day without it; None: no end
    listings = models.ManyToManyField("catalog.Listing", related_name="vehicles")

    class Meta:
        verbose_name = "dispositif d’achat"
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(ends_on__gt=F("starts_on")),
                name="vehicle_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(term_years__gte=1) & Q(term_years__lte=10), name="vehicle_term_in_years"
            ),
            *renewal_constraints("vehicle"),
            *revision_constraints("vehicle"),
        ]

    def __str__(self):
        return self.name

    def is_in_force(self, *, on) -> bool:
        """Whether something may be asked for under it that day."""
        return (self.starts_on is None or self.starts_on <= on) and (
            self.ends_on is None or on < self.ends_on
        )
