"""Where a vendor keeps the accounts of a service's agents."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class AgentDirectory(models.Model):
    """Whoever has a role in a subscribing organisation is a user there, by SCIM (connectors.scim). `config`
    is for that connector; it names no secret, as that of `Endpoint`.

    Nobody is told of before a trial of this very `config` has passed (`passed_at`); then everybody is, until
    `told_at`. `asked_at`: a trial is under way; `tried_at`, `problem`: what became of the last one.
    """

    offer = models.OneToOneField(
        "partner.StockRecord", on_delete=models.CASCADE, related_name="agent_directory"
    )
    config = models.JSONField(default=dict)
    asked_at = models.DateTimeField(null=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    attempts = models.PositiveSmallIntegerField(default=0)  # of the trial under way
    tried_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)
    passed_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "annuaire des agents"
        constraints = [
            models.CheckConstraint(
                condition=Q(told_at__isnull=True) | Q(passed_at__isnull=False),
                name="agent_directory_told_once_passed",
            ),
        ]

    def __str__(self):
        return f"annuaire de {self.offer_id}"
