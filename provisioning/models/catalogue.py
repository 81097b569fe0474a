"""What a broker says that it offers, as it was read last."""

from django.db import models


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
