"""The adhesion of organisations to operators."""

from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from tenants.models.operator import College, Operator
from tenants.models.ranges import DateRange


class AdhesionQuerySet(models.QuerySet):
    def in_force(self, *, on: date):
        """Adhesions of that day: begun, and not ended yet."""
        return self.filter(since__lte=on).filter(Q(until__isnull=True) | Q(until__gt=on))


class Adhesion(models.Model):
    """A member's adhesion to an operator, over the half-open days [since, until).

    Public information (deliberations are published), and what an operator's tenant scope is computed
    from: no row-level security.
    """

    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, related_name="adhesions")
    organisation = models.ForeignKey(
        "tenants.Organisation", on_delete=models.PROTECT, related_name="adhesions"
    )
    college = models.ForeignKey(
        College, on_delete=models.PROTECT, null=True, blank=True, related_name="adhesions"
    )
    since = models.DateField("depuis le")
    until = models.DateField("jusqu’au (exclu)", null=True, blank=True)
    deliberation_number = models.CharField("numéro de la délibération", max_length=60, blank=True)
    deliberation_date = models.DateField("date de la délibération", null=True, blank=True)
    # An intercommunality may adhere for its communes too.
    covers_communes = models.BooleanField("vaut pour ses communes", default=False)
    # The day the withdrawal was received; `until` then follows from the operator's statutes.
    withdrawal_on = models.DateField("retrait demandé le", null=True, blank=True)
    withdrawal_number = models.CharField("délibération de retrait", max_length=60, blank=True)

    objects = AdhesionQuerySet.as_manager()

    class Meta:
        verbose_name = "adhésion"
        constraints = [
            models.UniqueConstraint(
                fields=["operator", "organisation"],
                condition=Q(until__isnull=True),
                name="adhesion_one_open_per_operator",
            ),
            ExclusionConstraint(
                name="adhesion_no_overlap",
                expressions=[
                    ("operator", RangeOperators.EQUAL),
                    ("organisation", RangeOperators.EQUAL),
                    (DateRange("since", "until"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")), name="adhesion_dates_in_order"
            ),
            models.CheckConstraint(
                condition=Q(withdrawal_on__isnull=True) | Q(until__isnull=False),
                name="adhesion_withdrawn_has_an_end",
            ),
        ]
        indexes = [models.Index(fields=["operator", "college"], name="adhesion_operator_college")]

    def __str__(self):
        return f"{self.organisation} → {self.operator}"
