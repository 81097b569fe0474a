"""Suspensions that are decided for a later day."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from tenants.tenancy import TenantOwned


class PlannedSuspension(TenantOwned):
    """A service is to be suspended on a day, for a ground and with words that its member reads. Over once it
    was carried out, or called off: by a person, or by nobody where the service is open no more that day."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="planned_suspensions"
    )
    on_date = models.DateField()
    ground = models.CharField(max_length=12)  # of `suspending.Ground`
    words = models.CharField(max_length=400)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    carried_out_at = models.DateTimeField(null=True)
    called_off_at = models.DateTimeField(null=True)
    called_off_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta(TenantOwned.Meta):
        verbose_name = "suspension prévue"
        constraints = [
            models.UniqueConstraint(
                fields=["subscription"],
                condition=Q(carried_out_at__isnull=True, called_off_at__isnull=True),
                name="planned_suspension_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(carried_out_at__isnull=True) | Q(called_off_at__isnull=True),
                name="planned_suspension_over_one_way",
            ),
            models.CheckConstraint(
                condition=Q(called_off_by__isnull=True) | Q(called_off_at__isnull=False),
                name="planned_suspension_called_off_by_whom",
            ),
        ]

    def __str__(self):
        return f"{self.subscription_id} le {self.on_date:%d/%m/%Y}"
