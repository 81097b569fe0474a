"""Vendors and their service sheets, beside Oscar's partner and product."""

from django.db import models


class Vendor(models.Model):
    """A software vendor, public or private. Oscar's `Partner` is its name on the offers."""

    organisation = models.OneToOneField(
        "tenants.Organisation", on_delete=models.PROTECT, related_name="vendor"
    )
    partner = models.OneToOneField("partner.Partner", on_delete=models.PROTECT, related_name="vendor")

    class Meta:
        verbose_name = "éditeur"

    def __str__(self):
        return self.organisation.name


class Family(models.TextChoices):
    """Ten families of teleservices. The value names the icon."""

    CANTEEN = "canteen", "Cantine et périscolaire"
    CIVIL_REGISTRY = "civil-registry", "Rendez-vous d’état civil"
    PROCUREMENT = "procurement", "Marchés publics dématérialisés"
    SIGNATURE = "signature", "Signature électronique"
    EMAIL = "email", "Messagerie et agenda"
    GIS = "gis", "Cartographie et cadastre"
    ARCHIVES = "archives", "Archivage électronique"
    CEMETERY = "cemetery", "Gestion du cimetière"
    REQUESTS = "requests", "Demandes des usagers"
    WEBSITE = "website", "Site internet"


class ServiceSheet(models.Model):
    """What a buyer reads about a service. Price and terms are not here: they belong to a listing."""

    product = models.OneToOneField("catalogue.Product", on_delete=models.CASCADE, related_name="sheet")
    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="sheets")
    name = models.CharField("nom", max_length=120)
    slug = models.SlugField(unique=True, max_length=140)
    family = models.CharField("famille", max_length=20, choices=Family.choices)
    summary = models.CharField("résumé", max_length=220)
    description = models.TextField("description", help_text="Texte simple, un paragraphe par ligne vide.")
    audience = models.CharField("pour qui", max_length=200, blank=True)
    hosting = models.CharField("hébergement", max_length=200, blank=True)
    licence = models.CharField("licence", max_length=60, blank=True)

    class Meta:
        verbose_name = "fiche service"

    def __str__(self):
        return self.name
