"""Where and how a vendor opens a service."""

from django.db import models


class ConnectorKind(models.TextChoices):
    OSB = "osb", "Open Service Broker"
    WEBHOOK = "webhook", "message signé (webhook)"
    TERRAFORM = "terraform", "module Terraform"
    MANUAL = "manual", "ouverture par une personne"


class Endpoint(models.Model):
    """How one offer is provisioned. `config` is validated by its connector's typed configuration.

    No secret here: `config` names an environment variable, read by the worker only; the one that signs what a
    vendor sends by itself, by the web processes too.
    """

    offer = models.OneToOneField("partner.StockRecord", on_delete=models.CASCADE, related_name="endpoint")
    connector = models.CharField("connecteur", max_length=12, choices=ConnectorKind.choices)
    config = models.JSONField(default=dict)

    class Meta:
        verbose_name = "raccordement"

    def __str__(self):
        return f"{self.offer_id} par {self.get_connector_display()}"

    @property
    def binds(self) -> bool:
        """Whether software needs credentials to reach what it opens: asked for once the service is open."""
        return self.connector == ConnectorKind.OSB and self.config.get("bindable") is True
