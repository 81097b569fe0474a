"""Which agents of an organisation use which of its services."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from tenants.tenancy import TenantOwned


class AccessRole(models.TextChoices):
    """What an agent is in a service."""

    USER = "user", "utilise"
    MANAGER = "manager", "gère"


class ClosedBecause(models.TextChoices):
    """Why an access ended."""

    TAKEN = "taken", "retiré"
    CHANGED = "changed", "rôle changé"
    LEFT = "left", "départ"
    REVIEW = "review", "revue annuelle"
    GROUP = "group", "sortie d’un groupe"
    OPENED_TO_ALL = "opened_to_all", "service ouvert à tous"


class ListedService(TenantOwned):
    """Only whoever has an `Access` uses this service of the organisation. Of a service that has no such row,
    everybody who has a mandate there does."""

    sheet = models.ForeignKey("catalog.ServiceSheet", on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    listed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta(TenantOwned.Meta):
        verbose_name = "service sur liste"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "sheet"], name="listed_service_once"),
        ]

    def __str__(self):
        return f"liste de {self.sheet_id}"


class Access(TenantOwned):
    """An agent's access to a service, from `opened_at` until just before `closed_at`. It says nothing of a
    service that is not on a list, and gives nothing to whoever has no mandate in force.

    One row is all that whoever reads an access needs; `group` says why she has it: the group that gives it,
    None when somebody gave it to her by name.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    sheet = models.ForeignKey("catalog.ServiceSheet", on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=AccessRole.choices, default=AccessRole.USER)
    group = models.ForeignKey(
        "subscriptions.AgentGroup", on_delete=models.PROTECT, null=True, related_name="+"
    )
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    closed_because = models.CharField(max_length=15, choices=ClosedBecause.choices, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "accès d’un agent"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user", "sheet"],
                condition=Q(closed_at__isnull=True),
                name="access_one_open_per_service",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=F("opened_at")),
                name="access_dates_in_order",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_by__isnull=True, closed_because="")
                | Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(closed_because=""),
                name="access_closed_by_whom_and_why",
            ),
        ]

    def __str__(self):
        return f"accès de {self.user_id} à {self.sheet_id}"


class OfferedAccess(TenantOwned):
    """What somebody who is invited will have once she accepts."""

    invitation = models.ForeignKey("tenants.Invitation", on_delete=models.CASCADE, related_name="+")
    sheet = models.ForeignKey("catalog.ServiceSheet", on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=AccessRole.choices, default=AccessRole.USER)

    class Meta(TenantOwned.Meta):
        verbose_name = "accès proposé"
        constraints = [
            models.UniqueConstraint(fields=["invitation", "sheet"], name="offered_access_once"),
        ]

    def __str__(self):
        return f"accès proposé à {self.sheet_id}"
