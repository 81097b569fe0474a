"""How many agents use a service whose price goes by agent, month by month."""

from django.db import models
from django.db.models import F, Q

from subscriptions.models.subscription import Subscription
from tenants.tenancy import TenantOwned


class SeatCount(TenantOwned):
    """Counted once for the month that begins on `month`, at `counted_at`: the first night of it on which the
    service was open. Never changed: an invoice may rest on it.

    `named` of `agents` are on the service's list; the others have a role where it is open to all.
    """

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="seat_counts")
    month = models.DateField()
    counted_at = models.DateTimeField()
    agents = models.PositiveIntegerField()
    named = models.PositiveIntegerField()

    class Meta(TenantOwned.Meta):
        verbose_name = "décompte d’agents"
        constraints = [
            models.UniqueConstraint(fields=["subscription", "month"], name="seat_count_once_a_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="seat_count_of_a_month"),
            models.CheckConstraint(condition=Q(named__lte=F("agents")), name="seat_count_named_among_all"),
        ]

    def __str__(self):
        return f"{self.agents} agents en {self.month:%m/%Y}"
