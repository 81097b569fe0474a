"""A subscription that has ended: what was billed beyond its end is to be given back."""

from django.db import models
from django.db.models import Q

from tenants.tenancy import TenantOwned


class Closing(TenantOwned):
    """Written with the end of a subscription, settled by a worker. It waits while a run that bills days
    from `ended_on` is being issued. `tenant` is the subscriber."""

    subscription = models.OneToOneField(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="closing"
    )
    ended_on = models.DateField()  # first day not billed
    noted_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "clôture"
        indexes = [
            models.Index(fields=["noted_at"], condition=Q(settled_at__isnull=True), name="closing_to_settle")
        ]

    def __str__(self):
        return f"{self.subscription} jusqu’au {self.ended_on:%d/%m/%Y}"
