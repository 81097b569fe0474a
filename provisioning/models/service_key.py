"""The keys by which a service asks Halle what an organisation and an agent may do."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class ServiceKey(models.Model):
    """A secret of one service, which its vendor was shown once: only its digest is kept.

    Two are valid at once, so that one replaces the other without a gap. It goes with the service when another
    vendor takes it over, as the rest of how the service runs. `issuer`: the identity provider by which the
    service knows its agents; "" for Halle's own.
    """

    sheet = models.ForeignKey("catalog.ServiceSheet", on_delete=models.PROTECT, related_name="keys")
    place = models.PositiveSmallIntegerField()  # 1 or 2 among those that are valid
    digest = models.CharField(max_length=64, unique=True)  # SHA-256, in hexadecimal
    ending = models.CharField(max_length=4)  # its last characters, to tell one from the other
    issuer = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    last_used_on = models.DateField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        verbose_name = "clé d’un service"
        constraints = [
            models.UniqueConstraint(
                fields=["sheet", "place"], condition=Q(ended_at__isnull=True), name="service_key_two_at_once"
            ),
            models.CheckConstraint(condition=Q(place__range=(1, 2)), name="service_key_place_one_or_two"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="service_key_ended_by_somebody",
            ),
        ]

    def __str__(self):
        return f"clé …{self.ending}"
