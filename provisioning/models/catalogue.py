"""What a broker says that it offers, as it was read last."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from provisioning.models.endpoint import Endpoint


class BrokerCatalogue(models.Model):
    """The catalogue of one broker, for all the endpoints that ask it. `services` holds what Halle reads of it
    (connectors.osb.catalogue), never a dashboard's secret. `problem`: why it could not be read since."""

    url = models.CharField(max_length=500)
    username = models.CharField(max_length=200)
    etag = models.CharField(max_length=200, blank=True)
    services = models.JSONField(default=list)
    read_at = models.DateTimeField(null=True)  # when it was last seen, changed or not
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = "catalogue d’un éditeur"
        constraints = [
            models.UniqueConstraint(fields=["url", "username"], name="broker_catalogue_once"),
        ]

    def __str__(self):
        return f"catalogue de {self.url}"


class CatalogueReading(models.Model):
    """A reading that somebody asked for: written before the vendor is asked. Of the plan that the endpoint
    uses, `changes` says what is new since the reading before, and `problem` why nothing could be read: French
    sentences."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="catalogue_readings")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)
    changes = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name = "lecture d’un catalogue"
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint"],
                condition=Q(finished_at__isnull=True),
                name="catalogue_reading_one_under_way",
            ),
        ]

    def __str__(self):
        return f"{self.asked_at:%d/%m/%Y %H:%M}"
