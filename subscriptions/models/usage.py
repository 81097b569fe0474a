"""What was used of a service whose price goes by use, as the service tells it."""

from django.db import models
from django.db.models import F, Q

from subscriptions.models.subscription import Subscription
from tenants.tenancy import TenantOwned


class UsageEvent(TenantOwned):
    """So many units used on a day (Europe/Paris), told once by its source. Never changed: one that `corrects`
    another stands instead of it, and both are kept. `source` names the service that tells;
    `source_event_id` is its own name for the event. `tenant` is the subscriber."""

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="usage_events")
    source = models.CharField(max_length=40)
    source_event_id = models.CharField(max_length=100)
    unit = models.CharField(max_length=20)
    quantity = models.PositiveBigIntegerField()
    used_on = models.DateField()
    received_at = models.DateTimeField()
    corrects = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="correction")

    class Meta(TenantOwned.Meta):
        verbose_name = "relevé d’usage"
        constraints = [
            models.UniqueConstraint(fields=["source", "source_event_id"], name="usage_event_told_once"),
            models.CheckConstraint(
                condition=Q(corrects__isnull=True) | ~Q(corrects=F("id")), name="usage_event_corrects_another"
            ),
        ]
        indexes = [models.Index(fields=["subscription", "used_on"], name="usage_subscription_day")]

    def __str__(self):
        return f"{self.quantity} {self.unit} le {self.used_on:%d/%m/%Y}"
