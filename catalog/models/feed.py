"""Addresses from which services are read: publiccode.yml files, other Halles."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class FeedKind(models.TextChoices):
    PUBLICCODE = "publiccode", "fichier publiccode.yml"
    HALLE = "halle", "catalogue d’une autre Halle"


class FeedState(models.TextChoices):
    NEVER = "never", "jamais lu"
    RUNNING = "running", "lecture en cours"
    OK = "ok", "lu"
    FAILED = "failed", "lecture impossible"


class ImportFeed(models.Model):
    """An address read by a worker. What it says becomes drafts and proposals, never anything public.

    Belongs to an operator (its curator reads the proposals) or to a vendor (its own sheet follows).
    """

    kind = models.CharField("sorte", max_length=12, choices=FeedKind.choices)
    url = models.URLField("adresse", max_length=500)
    operator = models.ForeignKey(
        "tenants.Operator", on_delete=models.PROTECT, null=True, blank=True, related_name="feeds"
    )
    vendor = models.ForeignKey(
        "catalog.Vendor", on_delete=models.PROTECT, null=True, blank=True, related_name="feeds"
    )
    sheet = models.ForeignKey(
        "catalog.ServiceSheet", on_delete=models.PROTECT, null=True, blank=True, related_name="feeds"
    )
    state = models.CharField(max_length=10, choices=FeedState.choices, default=FeedState.NEVER)
    etag = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "source importée"
        constraints = [
            models.CheckConstraint(
                condition=Q(operator__isnull=False, vendor__isnull=True)
                | Q(operator__isnull=True, vendor__isnull=False),
                name="import_feed_has_one_owner",
            ),
        ]

    def __str__(self):
        return self.url


class ItemState(models.TextChoices):
    PROPOSED = "proposed", "à examiner"
    REJECTED = "rejected", "mis de côté"
    TAKEN = "taken", "repris en brouillon"
    DISMISSED = "dismissed", "écarté"


class ImportedItem(models.Model):
    """One service a feed told of: proposed to a human, or set aside with the reason."""

    feed = models.ForeignKey(ImportFeed, on_delete=models.CASCADE, related_name="items")
    key = models.CharField(max_length=500)  # what names it at the source
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=ItemState.choices, default=ItemState.PROPOSED)
    problems = models.JSONField(default=list)  # French sentences
    sheet = models.ForeignKey(
        "catalog.ServiceSheet", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        verbose_name = "service importé"
        constraints = [
            models.UniqueConstraint(fields=["feed", "key"], name="imported_item_once_per_feed"),
        ]

    def __str__(self):
        return self.key
