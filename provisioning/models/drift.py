"""Where what a vendor says and what Halle believes are not the same."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from tenants.tenancy import TenantOwned


class DriftKind(models.TextChoices):
    """What is not as it should be."""

    MISSING = "missing", "introuvable chez l’éditeur"
    ORPHAN = "orphan", "encore là après la fin"
    DIFFERENT = "different", "autre que convenu"
    CLIENT = "client", "connexion par Halle changée"


class Drift(TenantOwned):
    """Seen from `opened_at` on, last on `seen_at`; over at `closed_at`. `words` says it to a person. An
    orphan is deleted again, `repairs` times so far; for anything else a person decides: what is missing may
    have been lost. What is different is put right by `repair`, a plan, or kept as it is: by whom, and why;
    `words` of something else undo that."""

    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="drifts"
    )
    kind = models.CharField(max_length=10, choices=DriftKind.choices)
    words = models.CharField(max_length=500)
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    repairs = models.PositiveSmallIntegerField(default=0)
    repair = models.ForeignKey(
        "provisioning.Run", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    kept_at = models.DateTimeField(null=True)
    kept_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    kept_because = models.CharField(max_length=300, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "écart"
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "kind"],
                condition=Q(closed_at__isnull=True),
                name="drift_one_open_of_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=models.F("opened_at")),
                name="drift_closed_after_it_opened",
            ),
            models.CheckConstraint(
                condition=Q(kept_at__isnull=True, kept_by__isnull=True, kept_because="")
                | Q(kept_at__isnull=False, kept_by__isnull=False) & ~Q(kept_because=""),
                name="drift_kept_by_somebody_for_a_reason",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.subscription_id}"
