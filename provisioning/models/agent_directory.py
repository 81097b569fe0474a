"""Where a vendor keeps the accounts of a service's agents."""

from django.db import models


class AgentDirectory(models.Model):
    """Whoever has a role in a subscribing organisation is a user there, by SCIM (connectors.scim). `config`
    is for that connector; it names no secret, as that of `Endpoint`."""

    offer = models.OneToOneField(
        "partner.StockRecord", on_delete=models.CASCADE, related_name="agent_directory"
    )
    config = models.JSONField(default=dict)

    class Meta:
        verbose_name = "annuaire des agents"

    def __str__(self):
        return f"annuaire de {self.offer_id}"
