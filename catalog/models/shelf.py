"""What is searched and filtered: one row a listing, derived, made again by catalog.finding.indexing."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class ShelfEntry(models.Model):
    """A listing as it is found: nothing here is the truth, all of it can be made again.

    A trigger gives each writing its own `version` and the transaction it was `written_in`, so that a copy of
    the shelf in memory knows what is new; it does so too when a price grid of the listing is published.
    """

    listing = models.OneToOneField(
        "catalog.Listing", on_delete=models.CASCADE, primary_key=True, related_name="entry"
    )
    operator = models.ForeignKey("tenants.Operator", on_delete=models.CASCADE, related_name="+")
    version = models.BigIntegerField(default=0)
    written_in = models.BigIntegerField(default=0)
    listed = models.BooleanField()  # whether a visitor may see it
    slug = models.CharField(max_length=140)
    name = models.CharField(max_length=120)
    summary = models.CharField(max_length=220)
    family = models.CharField(max_length=20)
    vendor = models.ForeignKey("catalog.Vendor", on_delete=models.CASCADE, related_name="+")
    vendor_name = models.CharField(max_length=255)
    vendor_departement = models.CharField(max_length=3, blank=True)
    connector = models.CharField(max_length=10)
    licence_spdx = models.CharField(max_length=120, blank=True)
    body_types = ArrayField(models.CharField(max_length=12), default=list)
    population_min = models.PositiveIntegerField(null=True)
    population_max = models.PositiveIntegerField(null=True)
    claims = models.JSONField(default=list)  # [{topic, level, until}]: expiry is judged when it is read
    # Open subscriptions by population stratum of the subscriber: {"0-499": 3, …}; kept by a nightly job.
    usage = models.JSONField(default=dict)
    rating_sum = models.PositiveIntegerField(default=0)
    rating_count = models.PositiveIntegerField(default=0)
    position = models.PositiveSmallIntegerField()
    listed_at = models.DateTimeField(null=True)
    document = SearchVectorField()

    class Meta:
        verbose_name = "entrée du catalogue"
        indexes = [
            models.Index(fields=["operator", "position", "listing"], name="shelf_entry_order"),
            models.Index(fields=["operator", "written_in"], name="shelf_entry_written"),
            # What the public API and the open data read: all shelves together, and whether anything is new.
            models.Index(fields=["slug"], condition=models.Q(listed=True), name="shelf_entry_listed_slug"),
            models.Index(fields=["version"], name="shelf_entry_version"),
            GinIndex(fields=["document"], name="shelf_entry_document"),
        ]

    def __str__(self):
        return self.name


class SearchWord(models.Model):
    """A word of the catalogue, as plain text: what a mistyped word is compared with."""

    word = models.CharField(max_length=60, primary_key=True)

    class Meta:
        verbose_name = "mot du catalogue"
        indexes = [GinIndex(fields=["word"], name="search_word_trgm", opclasses=["gin_trgm_ops"])]

    def __str__(self):
        return self.word
