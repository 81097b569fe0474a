"""Billing runs, and the ledger they write: facts are appended, never changed."""

import uuid

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from tenants.models.ranges import DateRange
from tenants.tenancy import TenantOwned


class RunState(models.TextChoices):
    DRAFTING = "drafting", "calcul en cours"
    REVIEW = "review", "à relire"
    CONFIRMING = "confirming", "à confirmer"
    ISSUING = "issuing", "émission en cours"
    PARTLY = "partly", "émise en partie"
    ISSUED = "issued", "émise"


RUN_TRANSITIONS = frozenset(
    {
        (RunState.DRAFTING, RunState.REVIEW),
        (RunState.REVIEW, RunState.ISSUING),
        # A second person confirms what the first approved; else it goes back to where it was.
        (RunState.REVIEW, RunState.CONFIRMING),
        (RunState.CONFIRMING, RunState.ISSUING),
        (RunState.CONFIRMING, RunState.REVIEW),
        (RunState.CONFIRMING, RunState.PARTLY),
        (RunState.ISSUING, RunState.ISSUED),
        # Drafts that were set aside are issued later.
        (RunState.ISSUING, RunState.PARTLY),
        (RunState.PARTLY, RunState.CONFIRMING),
        (RunState.PARTLY, RunState.ISSUING),
    }
)
# A person reads its drafts, and may have some redrawn.
READ_BY_A_PERSON = (RunState.REVIEW, RunState.PARTLY)
UNDER_REVIEW = (*READ_BY_A_PERSON, RunState.CONFIRMING)


class BillingRun(TenantOwned):
    """The billing of one operator's members for [period_start, period_end). `tenant` is the operator."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    period_start = models.DateField("du")
    period_end = models.DateField("au (exclu)")
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.DRAFTING)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField(null=True)
    # Since when its members are shared out in batches: see DraftBatch.
    planned_at = models.DateTimeField(null=True)
    # True progress of the job under way: members drafted, then invoices issued.
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)
    # Subscriptions that could not be priced, each with the reason: a person must look.
    problems = models.JSONField(default=list)

    class Meta(TenantOwned.Meta):
        verbose_name = "campagne de facturation"
        constraints = [
            models.CheckConstraint(
                condition=Q(period_end__gt=F("period_start")), name="billing_run_dates_in_order"
            ),
            # No day is billed twice by the same operator.
            ExclusionConstraint(
                name="billing_run_periods_apart",
                expressions=[
                    ("operator", RangeOperators.EQUAL),
                    (DateRange("period_start", "period_end", models.Value("[)")), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(state__in=["drafting", "review"]) | Q(approved_by__isnull=False),
                name="billing_run_approved_before_issue",
            ),
        ]

    def __str__(self):
        return f"{self.operator} {self.period_start} – {self.period_end}"

    @property
    def is_under_way(self) -> bool:
        """Whether some of its drafts are made or issued, and others not yet: what changes must wait."""
        begun = self.state == RunState.DRAFTING and self.planned_at is not None
        return begun or self.state == RunState.ISSUING


class DraftBatch(TenantOwned):
    """Members of a run whose drafts are made in one transaction: those with an id from the first to the last.
    It is there while drafts are made. `tenant` is the operator."""

    run = models.ForeignKey(BillingRun, on_delete=models.PROTECT, related_name="batches")
    first_member = models.BigIntegerField()
    last_member = models.BigIntegerField()
    members = models.PositiveIntegerField()  # that owe something, when the run was shared out
    done_at = models.DateTimeField(null=True)
    problems = models.JSONField(default=list)  # as the run's

    class Meta(TenantOwned.Meta):
        verbose_name = "lot de projets de factures"
        constraints = [
            models.UniqueConstraint(fields=["run", "first_member"], name="draft_batch_once"),
            models.CheckConstraint(
                condition=Q(last_member__gte=F("first_member")), name="draft_batch_members_in_order"
            ),
        ]

    def __str__(self):
        return f"{self.run} {self.first_member} – {self.last_member}"


class LedgerEntry(TenantOwned):
    """What is owed for one subscription over a period, with the facts it was computed from.

    `tenant` is who owes: the subscriber, or whoever pays a part for it. Insert-only: a correction is another
    entry. One that `corrects` an entry gives back a part of what was invoiced; all of them together never
    give back more (trigger `billing_credit_within_invoiced`).
    """

    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    # What is written by the hundred thousand has no index that another one begins with.
    run = models.ForeignKey(BillingRun, on_delete=models.PROTECT, db_index=False, related_name="entries")
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, db_index=False, related_name="ledger_entries"
    )
    period_start = models.DateField()
    period_end = models.DateField()
    code = models.CharField(max_length=40)  # the engine's line code
    label = models.CharField(max_length=200)
    quantity = models.DecimalField(max_digits=18, decimal_places=8)
    unit = models.CharField(max_length=40)
    unit_price = models.DecimalField(max_digits=18, decimal_places=8)
    amount_cents = models.BigIntegerField()  # net of tax
    currency = models.CharField(max_length=3, default="EUR")
    vat_category = models.CharField(max_length=1)
    vat_rate = models.DecimalField(max_digits=4, decimal_places=2)
    vat_reason = models.CharField(max_length=200, blank=True)
    steps = models.JSONField()  # the calculation, in French sentences
    facts = models.JSONField()  # population value, kind, year, source…
    recorded_at = models.DateTimeField()
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, db_index=False, related_name="corrections"
    )
    # What it puts right, where it does not bill a period of its run.
    adjustment = models.ForeignKey(
        "billing.Adjustment", on_delete=models.PROTECT, null=True, db_index=False, related_name="entries"
    )

    class Meta(TenantOwned.Meta):
        verbose_name = "écriture"
        constraints = [
            models.UniqueConstraint(
                fields=["run", "subscription", "tenant", "code"], name="ledger_once_per_run_payer_and_line"
            ),
            models.CheckConstraint(condition=Q(currency="EUR"), name="ledger_in_euros"),
            models.CheckConstraint(
                condition=Q(corrects__isnull=True) | Q(amount_cents__lt=0),
                name="ledger_correction_gives_back",
            ),
            models.UniqueConstraint(
                fields=["adjustment"],
                condition=Q(amount_cents__gt=0),
                name="ledger_bills_an_adjustment_once",
            ),
        ]
        indexes = [
            models.Index(fields=["subscription", "period_start"], name="ledger_subscription_period"),
            models.Index(fields=["corrects"], condition=Q(corrects__isnull=False), name="ledger_corrects"),
            models.Index(
                fields=["adjustment"], condition=Q(adjustment__isnull=False), name="ledger_adjustment"
            ),
        ]

    def __str__(self):
        return f"{self.label} {self.amount_cents}"
