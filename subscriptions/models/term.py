"""The terms of a subscription, one after the other, and what is said against their renewal."""

from datetime import date, timedelta

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from subscriptions.models.act import WithAct
from tenants.models.ranges import DateRange
from tenants.tenancy import TenantOwned


class TermOrigin(models.TextChoices):
    OPENED = "opened", "ouverture du service"
    TACIT = "tacit", "reconduction tacite"
    EXPRESS = "express", "reconduction expresse"
    HANDED_OVER = "handed_over", "reprise d’une commune fusionnée"


class Term(WithAct, TenantOwned):
    """One term of a subscription, half-open days [starts, ends). Rows are only ever added; the last one says
    when the contract ends, or goes on. `rank` 0 is the first; each further one is a renewal."""

    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="terms"
    )
    rank = models.PositiveSmallIntegerField()
    starts = models.DateField()
    ends = models.DateField()
    origin = models.CharField(max_length=12, choices=TermOrigin.choices)
    written_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta(TenantOwned.Meta):
        verbose_name = "terme"
        constraints = [
            models.UniqueConstraint(fields=["subscription", "rank"], name="term_once_by_rank"),
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="term_ends_after_it_starts"),
            ExclusionConstraint(
                name="terms_apart",
                expressions=[
                    ("subscription", RangeOperators.EQUAL),
                    (DateRange("starts", "ends", models.Value("[)")), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self):
        return f"du {self.starts:%d/%m/%Y} au {self.last_day:%d/%m/%Y}"

    @property
    def act_name(self) -> str:
        return f"{self.subscription.public_id}-terme-{self.rank}"

    @property
    def last_day(self) -> date:
        """For readers: the last day of the term."""
        return self.ends - timedelta(days=1)


class Side(models.TextChoices):
    MEMBER = "member", "l’adhérent"
    OPERATOR = "operator", "l’opérateur"


class NonRenewal(TenantOwned):
    """The notice, by one side, that a term is not renewed tacitly. Taken back, it stays on record."""

    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="non_renewals")
    side = models.CharField(max_length=8, choices=Side.choices)
    reason = models.CharField("motif", max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "refus de reconduction"
        constraints = [
            models.UniqueConstraint(
                fields=["term"], condition=Q(withdrawn_at__isnull=True), name="non_renewal_once_a_term"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="non_renewal_withdrawn_by_somebody",
            ),
        ]

    def __str__(self):
        return f"{self.get_side_display()}, le {self.given_at:%d/%m/%Y}"
