"""What became of the openings asked of a vendor: what anybody may read before choosing it."""

from datetime import date, timedelta

from django.db import models
from django.db.models import F, Q


class TrackRecord(models.Model):
    """Of the services that a vendor opened from `since` to `counted_on`, excluded: how many, how many of them
    without a person having to step in, half of them, and nine in ten, within how many minutes; how many of
    its answers left in doubt whether the work was done; how many openings were given up, and how many
    services it still had after their end. Counted every night by the worker; it names no subscriber."""

    vendor = models.OneToOneField("catalog.Vendor", on_delete=models.CASCADE, related_name="track_record")
    since = models.DateField()
    counted_on = models.DateField()
    opened = models.PositiveIntegerField("services ouverts")
    unaided = models.PositiveIntegerField("sans intervention")
    median_minutes = models.PositiveIntegerField("délai médian, en minutes")
    slow_minutes = models.PositiveIntegerField("délai de 9 sur 10, en minutes", default=0)
    given_up = models.PositiveIntegerField("ouvertures abandonnées", default=0)
    orphans = models.PositiveIntegerField("services restés après leur fin", default=0)
    doubts = models.PositiveIntegerField("réponses douteuses")

    class Meta:
        verbose_name = "ouvertures d’un éditeur"
        constraints = [
            models.CheckConstraint(condition=Q(opened__gt=0), name="track_record_of_something"),
            models.CheckConstraint(
                condition=Q(unaided__lte=F("opened")), name="track_record_unaided_among_opened"
            ),
            models.CheckConstraint(condition=Q(since__lt=F("counted_on")), name="track_record_since_before"),
        ]

    def __str__(self):
        return f"{self.opened} services ouverts depuis le {self.since}"

    @property
    def last_day(self) -> date:
        """The last day that is counted."""
        return self.counted_on - timedelta(days=1)
