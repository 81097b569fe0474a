"""Purchasing vehicles: on which legal basis members buy a listing together."""

from django.db import models


class LegalBasis(models.TextChoices):
    """Code de la commande publique (CCP)."""

    GROUPEMENT = "groupement", "groupement de commandes (CCP L2113-6 à 8)"
    CENTRALE = "centrale", "centrale d’achat (CCP L2113-2 à 5)"
    IN_HOUSE = "in_house", "quasi-régie (CCP L2511-1 à 5)"
    STATUTORY = "statutory", "service statutaire de l’opérateur"


class PurchasingVehicle(models.Model):
    """The rules a subscription must follow: who decides, and whether one person may do both."""

    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="vehicles")
    name = models.CharField("nom", max_length=160)
    legal_basis = models.CharField("fondement", max_length=12, choices=LegalBasis.choices)
    deliberation_required = models.BooleanField("délibération exigée", default=True)
    separate_approver = models.BooleanField("une autre personne approuve", default=True)
    listings = models.ManyToManyField("catalog.Listing", related_name="vehicles")

    class Meta:
        verbose_name = "dispositif d’achat"

    def __str__(self):
        return self.name
