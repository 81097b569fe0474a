"""An intercommunality's subscription that covers its communes."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q, Value

from tenants.models.ranges import DateRange
from tenants.tenancy import TenantManager, TenantOwned


class CoverQuerySet(models.QuerySet):
    def in_force(self, *, on):
        """Those of that day (half-open [since, until))."""
        return self.filter(since__lte=on).filter(Q(until__isnull=True) | Q(until__gt=on))


class Cover(TenantOwned):
    """That a commune has a service by the subscription of its intercommunality, half-open days
    [since, until). `tenant` is the commune: its pages and its operator's read the row; those of the
    intercommunality open the scope of its communes (`subscriptions.sharing`)."""

    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="covers"
    )
    # Copied: the commune may not read the subscription itself.
    covering = models.ForeignKey("tenants.Organisation", on_delete=models.PROTECT, related_name="+")
    listing = models.ForeignKey("catalog.Listing", on_delete=models.PROTECT, related_name="+")
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    service_name = models.CharField(max_length=120)
    since = models.DateField()
    until = models.DateField(null=True)
    ended_because = models.CharField(max_length=200, blank=True)

    objects = TenantManager.from_queryset(CoverQuerySet)()

    class Meta(TenantOwned.Meta):
        verbose_name = "couverture par l’intercommunalité"
        constraints = [
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="cover_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | ~Q(ended_because=""), name="cover_ended_for_a_reason"
            ),
            models.CheckConstraint(condition=~Q(tenant=F("covering")), name="cover_is_for_another"),
            ExclusionConstraint(
                name="cover_one_at_a_time",
                expressions=[
                    ("tenant", RangeOperators.EQUAL),
                    ("listing", RangeOperators.EQUAL),
                    (DateRange("since", "until", Value("[)")), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [models.Index(fields=["subscription"], name="cover_subscription")]

    def __str__(self):
        return f"{self.service_name} : {self.tenant}"


class WantedCover(TenantOwned):
    """A commune that an intercommunality, the `tenant`, asked to cover with its request. Becomes a cover when
    the service opens; or `refused_because` says why not."""

    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="wanted_covers"
    )
    commune = models.ForeignKey("tenants.Organisation", on_delete=models.PROTECT, related_name="+")
    commune_name = models.CharField(max_length=255)
    settled_at = models.DateTimeField(null=True)
    refused_because = models.CharField(max_length=200, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "commune à couvrir"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "subscription", "commune"], name="wanted_cover_once_a_commune"
            ),
            models.CheckConstraint(
                condition=Q(refused_because="") | Q(settled_at__isnull=False),
                name="wanted_cover_refused_when_settled",
            ),
            models.CheckConstraint(condition=~Q(tenant=F("commune")), name="wanted_cover_is_for_another"),
        ]

    def __str__(self):
        return self.commune_name
