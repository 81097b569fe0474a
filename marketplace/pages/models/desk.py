"""Who writes an operator's pages, with which pictures, and what she may show of the shelf."""

from django.db import models

from catalog.models import Listing, ListingState


class Desk(models.Model):
    """The desk of an operator's editors: their group and the collection of their pictures.

    Wagtail knows groups, pages and collections, not operators: whoever is in the group enters Wagtail, and
    finds there the operator's pages and pictures only.
    """

    operator = models.OneToOneField("tenants.Operator", on_delete=models.PROTECT, related_name="desk")
    group = models.OneToOneField("auth.Group", on_delete=models.PROTECT, related_name="desk")
    collection = models.OneToOneField("wagtailcore.Collection", on_delete=models.PROTECT, related_name="desk")

    class Meta:
        verbose_name = "bureau des éditeurs"

    def __str__(self):
        return f"Éditeurs de {self.operator}"


class OnShelfManager(models.Manager):
    def get_queryset(self):
        listed = (
            super().get_queryset().filter(state=ListingState.LISTED, offer__partner__vendor__state="active")
        )
        return listed.select_related("operator", "offer__product__sheet")


class ServiceOnShelf(Listing):
    """A listing that a visitor may see: what Wagtail may name of the catalogue, whoever asks."""

    objects = OnShelfManager()

    class Meta:
        proxy = True
        verbose_name = "service au catalogue"
        verbose_name_plural = "services au catalogue"

    def __str__(self):
        return f"{self.sheet.name} – {self.operator}"
