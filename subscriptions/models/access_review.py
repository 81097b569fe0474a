"""Once a year an organisation looks at who may still do what: one line a role or access, kept or removed."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from tenants.tenancy import TenantOwned


class AccessReview(TenantOwned):
    """Opened on a day, with a line for all that each agent had then; what is given later is not in it. Closed
    when nothing is left to decide. `opened_by` None: Halle, a year after the last one."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    due_on = models.DateField()
    closed_at = models.DateTimeField(null=True)
    reminders = models.PositiveSmallIntegerField(default=0)
    told_late_at = models.DateTimeField(null=True)  # to the operators' staff

    class Meta(TenantOwned.Meta):
        verbose_name = "revue des accès"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(closed_at__isnull=True), name="access_review_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=F("opened_at")),
                name="access_review_dates_in_order",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-opened_at"], name="access_review_tenant_opened")]

    def __str__(self):
        return f"revue du {self.opened_at:%d/%m/%Y}"


class ReviewDecision(models.TextChoices):
    KEPT = "kept", "gardé"
    REMOVED = "removed", "retiré"


class ReviewLine(TenantOwned):
    """One role, or one access to a service, as it was when the review opened. `what` names it and `seen_at`
    is the last sign-in of then, for whoever reads the review later. What ended before anybody decided needs
    no decision."""

    review = models.ForeignKey(AccessReview, on_delete=models.CASCADE, related_name="lines")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    membership = models.ForeignKey(
        "tenants.Membership", on_delete=models.CASCADE, null=True, related_name="+"
    )
    access = models.ForeignKey("subscriptions.Access", on_delete=models.CASCADE, null=True, related_name="+")
    what = models.CharField(max_length=300)
    seen_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=10, choices=ReviewDecision.choices, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta(TenantOwned.Meta):
        verbose_name = "ligne d’une revue des accès"
        constraints = [
            models.UniqueConstraint(fields=["review", "membership"], name="review_line_once_a_role"),
            models.UniqueConstraint(fields=["review", "access"], name="review_line_once_an_access"),
            models.CheckConstraint(
                condition=Q(membership__isnull=True, access__isnull=False)
                | Q(membership__isnull=False, access__isnull=True),
                name="review_line_of_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(decision="", decided_at__isnull=True, decided_by__isnull=True)
                | ~Q(decision="") & Q(decided_at__isnull=False, decided_by__isnull=False),
                name="review_line_decided_by_somebody",
            ),
        ]

    def __str__(self):
        return f"ligne {self.pk}"
