"""Amendments (avenants): what changes in a contract in progress, from a day on."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from subscriptions.models.act import WithAct
from tenants.tenancy import TenantOwned


class AmendmentKind(models.TextChoices):
    CHOICES = "choices", "changement de quantité ou d’options"
    INDEXATION = "indexation", "révision du prix"
    OTHER = "other", "autre modification"


class AmendmentState(models.TextChoices):
    PROPOSED = "proposed", "à approuver"
    APPROVED = "approved", "approuvé"
    REFUSED = "refused", "refusé"
    CANCELLED = "cancelled", "retiré"


# The one table of moves. A revision of prices is born approved: the contract's own clause decides it.
AMENDMENT_TRANSITIONS = frozenset(
    {
        (AmendmentState.PROPOSED, AmendmentState.APPROVED),
        (AmendmentState.PROPOSED, AmendmentState.REFUSED),
        (AmendmentState.PROPOSED, AmendmentState.CANCELLED),
    }
)


class Amendment(WithAct, TenantOwned):
    """One change of a subscription's terms. Amounts are of one year, in cents net of tax.

    Only what it changes is read from it afterwards (`in_force.terms_on`): `counts` and `options` of a change
    of choices, `coefficient` of a revision. What is past is never priced again: it takes effect on a day to
    come.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request_key = models.UUIDField(default=uuid.uuid4, unique=True)  # drawn with the form
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="amendments"
    )
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=AmendmentKind.choices)
    state = models.CharField(max_length=12, choices=AmendmentState.choices, default=AmendmentState.PROPOSED)
    effective_on = models.DateField("date d’effet")
    text = models.TextField("objet", max_length=1000)
    before = models.CharField(max_length=300, blank=True)  # in words
    after = models.CharField(max_length=300, blank=True)
    counts = models.JSONField(null=True)
    options = models.JSONField(null=True)  # [{code, name, grid}]
    coefficient = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    steps = models.JSONField(default=list)
    quote_before = models.JSONField()
    quote_after = models.JSONField()
    cents_before = models.BigIntegerField()
    cents_after = models.BigIntegerField()
    # Why it may go beyond what is a small modification (CCP R2194-1 à 7), where it does.
    other_basis = models.CharField("autre motif légal", max_length=300, blank=True)

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField("motif", max_length=500, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "avenant"
        constraints = [
            models.UniqueConstraint(fields=["subscription", "number"], name="amendment_once_by_number"),
            models.UniqueConstraint(
                fields=["subscription"],
                condition=Q(state="proposed"),
                name="amendment_one_proposed_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["subscription", "effective_on"],
                condition=Q(kind="indexation"),
                name="amendment_one_revision_a_day",
            ),
            models.CheckConstraint(
                condition=(
                    Q(kind="choices", counts__isnull=False, options__isnull=False)
                    | (~Q(kind="choices") & Q(counts__isnull=True, options__isnull=True))
                )
                & (
                    Q(kind="indexation", coefficient__gt=0)
                    | (~Q(kind="indexation") & Q(coefficient__isnull=True))
                ),
                name="amendment_changes_what_its_kind_says",
            ),
            models.CheckConstraint(
                condition=Q(kind="indexation", state="approved")
                | (~Q(kind="indexation") & Q(requested_by__isnull=False)),
                name="amendment_asked_for_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(kind="indexation")
                | Q(state="proposed", decided_by__isnull=True)
                | (~Q(state="proposed") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="amendment_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(cents_before__gte=0, cents_after__gte=0), name="amendment_price_not_negative"
            ),
        ]

    def __str__(self):
        return f"Avenant n° {self.number}"

    @property
    def act_name(self) -> str:
        return f"{self.subscription.public_id}-avenant-{self.number}"

    @property
    def extra_cents(self) -> int:
        """By how much a year costs more; negative where it costs less."""
        return self.cents_after - self.cents_before
