"""Where and how a vendor opens a service."""

import hashlib
import json
from datetime import datetime, timedelta

from django.db import models

# Since November 2026: a quarter. Vendors publish new versions of their software about as often, and what was
# proved before the last one says little of it.
PROOF_LASTS = timedelta(days=90)


class ConnectorKind(models.TextChoices):
    OSB = "osb", "Open Service Broker"
    WEBHOOK = "webhook", "message signé (webhook)"
    TERRAFORM = "terraform", "module Terraform"
    MANUAL = "manual", "ouverture par une personne"


class Endpoint(models.Model):
    """How one offer is provisioned. `config` is validated by its connector's typed configuration.

    No secret here: `config` names an environment variable, read by the worker only; the one that signs what a
    vendor sends by itself, by the web processes too. `proof`: the last report of the vendors' kit that
    passed. `offered`: what the vendor's catalogue said last of the plan that it uses
    (connectors.osb.catalogue), empty while it was not read; `mismatch`: why it no longer fits, in French.
    """

    offer = models.OneToOneField("partner.StockRecord", on_delete=models.CASCADE, related_name="endpoint")
    connector = models.CharField("connecteur", max_length=12, choices=ConnectorKind.choices)
    config = models.JSONField(default=dict)
    proof = models.ForeignKey(
        "provisioning.KitReport", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    offered = models.JSONField(default=dict, blank=True)
    mismatch = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = "raccordement"

    def __str__(self):
        return f"{self.offer_id} par {self.get_connector_display()}"

    @property
    def binds(self) -> bool:
        """Whether software needs credentials to reach what it opens: asked for once the service is open."""
        return (
            self.connector in (ConnectorKind.OSB, ConnectorKind.TERRAFORM)
            and self.config.get("bindable") is True
        )

    @property
    def configuration(self) -> str:
        """What it is made of, as a hash: a report is worth something for this very one only."""
        said = json.dumps([self.connector, self.config], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()

    @property
    def is_proved(self) -> bool:
        """Whether the kit has passed on what it is now."""
        return self.proof is not None and self.proof.configuration == self.configuration

    def opens_by_itself(self, *, published_at: datetime | None) -> bool:
        """Whether a service put on the shelf at that moment is opened without a person: a broker must have
        passed the kit as it is now, at most PROOF_LASTS before that moment, or since. The other ways have
        no kit."""
        if self.connector != ConnectorKind.OSB:
            return True
        return self.is_proved and (published_at is None or self.proof.at >= published_at - PROOF_LASTS)

    @property
    def longest_polling(self) -> timedelta | None:
        """How long an operation of this plan may last before it has failed, as its vendor says (Open Service
        Broker 2.17, `maximum_polling_duration`); None when it does not."""
        seconds = self.offered.get("polling_seconds")
        return timedelta(seconds=min(max(seconds, 60), 30 * 86_400)) if seconds is not None else None
