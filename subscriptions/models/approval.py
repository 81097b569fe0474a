"""Who must agree to a request, one after the other."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from tenants.tenancy import TenantOwned


class Party(models.TextChoices):
    """In the order in which they are asked."""

    MEMBER = "member", "l’adhérent"
    OPERATOR = "operator", "l’opérateur"
    VENDOR = "vendor", "l’éditeur"


class ApprovalState(models.TextChoices):
    WAITING = "waiting", "attendue"
    GIVEN = "given", "donnée"
    REFUSED = "refused", "refusée"


# The one table of moves. Anything else is refused by `chain.decide`, and by the database.
APPROVAL_MOVES = frozenset(
    {
        (ApprovalState.WAITING, ApprovalState.GIVEN),
        (ApprovalState.WAITING, ApprovalState.REFUSED),
    }
)


class Approval(TenantOwned):
    """One step of a request's chain, written with the request and decided once. `tenant` is the subscriber.

    The database keeps the order, refuses whoever asked or has agreed already where another person must, and
    refuses an approved subscription while a step waits.
    """

    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="approvals"
    )
    position = models.PositiveSmallIntegerField()
    party = models.CharField("qui", max_length=8, choices=Party.choices)
    state = models.CharField(max_length=7, choices=ApprovalState.choices, default=ApprovalState.WAITING)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(null=True)
    reason = models.CharField("motif", max_length=500, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "approbation"
        constraints = [
            models.UniqueConstraint(fields=["subscription", "position"], name="approval_one_a_position"),
            models.UniqueConstraint(fields=["subscription", "party"], name="approval_one_a_party"),
            models.CheckConstraint(
                condition=Q(state="waiting", by__isnull=True, at__isnull=True)
                | (~Q(state="waiting") & Q(by__isnull=False, at__isnull=False)),
                name="approval_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | ~Q(reason=""), name="approval_refused_for_a_reason"
            ),
        ]

    def __str__(self):
        return f"{self.get_party_display()} : {self.get_state_display()}"


class VendorAccess(TenantOwned):
    """That a vendor may read a request for one of its services: `tenant` is the vendor's organisation, so
    that its pages find whose rows they may open."""

    subscription = models.OneToOneField(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="vendor_access"
    )
    subscriber = models.ForeignKey("tenants.Organisation", on_delete=models.PROTECT, related_name="+")

    class Meta(TenantOwned.Meta):
        verbose_name = "accès de l’éditeur"

    def __str__(self):
        return f"{self.tenant} : {self.subscriber}"
