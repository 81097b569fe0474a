"""Payments that come late: the rates known, what an operator chose, what was written to members."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from tenants.tenancy import TenantOwned


class LateInterestRate(models.Model):
    """The ECB's main refinancing rate (in per cent) in force on the first day of a half-year, with where it
    was read. Without operator: known to all. An operator adds those that are missing, for itself."""

    starts_on = models.DateField("premier jour du semestre")
    ecb_rate = models.DecimalField("taux de la BCE", max_digits=5, decimal_places=2)
    source = models.CharField("source", max_length=300)
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, null=True, related_name="+")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    recorded_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "taux d’intérêt de retard"
        constraints = [
            models.UniqueConstraint(
                fields=["operator", "starts_on"], nulls_distinct=False, name="late_rate_once_a_half_year"
            ),
            models.CheckConstraint(
                condition=Q(starts_on__day=1, starts_on__month__in=[1, 7]), name="late_rate_of_a_half_year"
            ),
            models.CheckConstraint(condition=Q(ecb_rate__gte=0, ecb_rate__lt=100), name="late_rate_is_one"),
            models.CheckConstraint(condition=~Q(source=""), name="late_rate_has_a_source"),
        ]

    def __str__(self):
        return f"{self.starts_on:%d/%m/%Y} : {self.ecb_rate} %"


class ReminderPace(TenantOwned):
    """How many days pass at least between two reminders of an invoice. `tenant` is the operator."""

    DEFAULT_DAYS = 15

    operator = models.OneToOneField("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    days = models.PositiveSmallIntegerField("jours entre deux rappels")

    class Meta(TenantOwned.Meta):
        verbose_name = "rythme des rappels"
        constraints = [
            models.CheckConstraint(condition=Q(days__gte=7, days__lte=90), name="reminder_pace_within_reason")
        ]

    def __str__(self):
        return f"{self.days} jours"


class DunningKind(models.TextChoices):
    REMINDER = "reminder", "rappel"
    CLAIM = "claim", "intérêts réclamés"
    WAIVER = "waiver", "non réclamés cette fois"


class Dunning(TenantOwned):
    """One act of an operator's finance about a late invoice, as it was written; rows are only ever added.

    `tenant` is the member. Interest is claimed, or not this time, once for an invoice and once it is paid:
    to renounce it in advance is void (CCP L2192-14). It bears no VAT, and is no line of an invoice.
    """

    invoice = models.ForeignKey("billing.Invoice", on_delete=models.PROTECT, related_name="dunnings")
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=DunningKind.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    days_late = models.PositiveIntegerField()
    base_cents = models.BigIntegerField()  # tax included
    interest_cents = models.BigIntegerField(null=True)  # None: a rate was missing
    indemnity_cents = models.BigIntegerField()
    steps = models.JSONField()  # the calculation, in French sentences
    text = models.TextField(blank=True)  # the letter as sent, or why nothing is claimed

    class Meta(TenantOwned.Meta):
        verbose_name = "suite donnée à un retard"
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"], condition=~Q(kind="reminder"), name="dunning_interest_decided_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="waiver") | ~Q(text=""), name="dunning_letter_has_a_text"
            ),
            models.CheckConstraint(
                condition=~Q(kind="claim") | Q(interest_cents__isnull=False), name="dunning_claim_is_computed"
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.invoice}"
