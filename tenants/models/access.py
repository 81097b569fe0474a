"""How rights come and go: invitations by e-mail, and help asked of an operator."""

import uuid
from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from tenants.models.people import Role
from tenants.tenancy import TenantOwned


class Invitation(TenantOwned):
    """A mandate offered by e-mail; `tenant` is the organisation. Accepted, signed in, by whoever has the
    address."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField("courriel", blank=True)  # emptied by the retention job once it is settled
    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices))
    # None when platform staff opened the organisation from a command.
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    cancelled_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "invitation"
        constraints = [
            models.UniqueConstraint(
                "tenant",
                Lower("email"),
                condition=Q(accepted_at__isnull=True, cancelled_at__isnull=True),
                name="invitation_one_open_per_address",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(accepted_by__isnull=False),
                name="invitation_accepted_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(cancelled_at__isnull=True),
                name="invitation_accepted_or_cancelled",
            ),
            models.CheckConstraint(condition=Q(roles__len__gt=0), name="invitation_offers_a_role"),
        ]

    def __str__(self):
        return f"invitation {self.public_id}"

    def is_open(self, *, now: datetime) -> bool:
        """Whether it may still be accepted."""
        return self.accepted_at is None and self.cancelled_at is None and now < self.expires_at


class Assistance(TenantOwned):
    """A commune asked its operator to act for it, until a day. `tenant` is the commune.

    While it lasts, the operator's curators and administrators may do what a secretary does; each event says
    so.
    """

    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    # In words: who, and how ("par téléphone"). Emptied by the retention job once it is over.
    asked_by = models.CharField("demandé par", max_length=200, blank=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta(TenantOwned.Meta):
        verbose_name = "assistance"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "operator"],
                condition=Q(closed_at__isnull=True),
                name="assistance_one_open_per_operator",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("opened_at")), name="assistance_dates_in_order"
            ),
        ]

    def __str__(self):
        return f"{self.operator} pour {self.tenant}"
