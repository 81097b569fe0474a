"""What an operator owes a vendor for what it billed for the vendor's services, period by period."""

import uuid

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from tenants.models.ranges import DateRange
from tenants.tenancy import TenantOwned


class DrawingState(models.TextChoices):
    DRAWING = "drawing", "établissement en cours"
    DONE = "done", "établis"


class StatementRun(TenantOwned):
    """The statements of one operator's vendors for [period_start, period_end), drawn up by a job. `tenant` is
    the operator."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    period_start = models.DateField("du")
    period_end = models.DateField("au (exclu)")
    state = models.CharField(max_length=10, choices=DrawingState.choices, default=DrawingState.DRAWING)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    # Vendors without a statement although something was billed for them: {vendor, reason}.
    problems = models.JSONField(default=list)

    class Meta(TenantOwned.Meta):
        verbose_name = "établissement des relevés"
        constraints = [
            models.CheckConstraint(
                condition=Q(period_end__gt=F("period_start")), name="statement_run_dates_in_order"
            ),
            ExclusionConstraint(
                name="statement_run_periods_apart",
                expressions=[
                    ("operator", RangeOperators.EQUAL),
                    (DateRange("period_start", "period_end", models.Value("[)")), RangeOperators.OVERLAPS),
                ],
            ),
            models.UniqueConstraint(
                fields=["operator"], condition=Q(state="drawing"), name="statement_run_one_at_a_time"
            ),
        ]

    def __str__(self):
        return f"{self.operator} {self.period_start} – {self.period_end}"


class StatementState(models.TextChoices):
    DRAWN = "drawn", "à accepter"
    AGREED = "agreed", "accepté"
    CONTESTED = "contested", "contesté"
    PAID = "paid", "payé"


STATEMENT_MOVES = frozenset(
    {
        (StatementState.DRAWN, StatementState.AGREED),
        (StatementState.DRAWN, StatementState.CONTESTED),
        (StatementState.CONTESTED, StatementState.DRAWN),  # the operator has answered
        (StatementState.CONTESTED, StatementState.AGREED),
        (StatementState.AGREED, StatementState.PAID),
    }
)


class VendorStatement(TenantOwned):
    """One per operator, vendor and period. `tenant` is the vendor's organisation. Once drawn up, nothing but
    its state changes (trigger): what comes later is on the next one.

    Amounts in cents, net of tax. `billed`: lines of invoices that no statement had; `credited` (zero or
    less): those of credit notes; `released`: what an earlier one withheld; `withheld`: lines that their
    member contests; `carried` (zero or less): what the one before left in the operator's favour.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    run = models.ForeignKey(StatementRun, on_delete=models.PROTECT, related_name="statements")
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    vendor = models.ForeignKey("catalog.Vendor", on_delete=models.PROTECT, related_name="+")
    period_start = models.DateField()
    period_end = models.DateField()
    state = models.CharField(max_length=10, choices=StatementState.choices, default=StatementState.DRAWN)
    drawn_at = models.DateTimeField()
    lines_count = models.PositiveIntegerField()
    billed_cents = models.BigIntegerField()
    credited_cents = models.BigIntegerField()
    released_cents = models.BigIntegerField()
    withheld_cents = models.BigIntegerField()
    commission_cents = models.BigIntegerField()
    carried_cents = models.BigIntegerField()
    net_cents = models.BigIntegerField()
    vat_rate = models.DecimalField(max_digits=4, decimal_places=2, null=True)
    vat_reason = models.CharField(max_length=200, blank=True)
    vat_cents = models.BigIntegerField()
    gross_cents = models.BigIntegerField()

    class Meta(TenantOwned.Meta):
        verbose_name = "relevé d’éditeur"
        constraints = [
            models.UniqueConstraint(
                fields=["operator", "vendor", "period_start", "period_end"], name="statement_once_a_period"
            ),
            models.CheckConstraint(
                condition=Q(
                    net_cents=F("billed_cents")
                    + F("credited_cents")
                    + F("released_cents")
                    - F("withheld_cents")
                    - F("commission_cents")
                    + F("carried_cents")
                ),
                name="statement_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(gross_cents=F("net_cents") + F("vat_cents")), name="statement_totals_add_up"
            ),
            models.CheckConstraint(
                condition=Q(credited_cents__lte=0, carried_cents__lte=0),
                name="statement_credits_are_taken_away",
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "state", "-period_end"], name="statement_operator_state"),
            models.Index(fields=["tenant", "-period_end"], name="statement_vendor_period"),
        ]

    def __str__(self):
        return f"{self.vendor} {self.period_start} – {self.period_end}"

    @property
    def to_pay_cents(self) -> int:
        """Tax included; zero when the balance is the operator's."""
        return max(self.gross_cents, 0)


class StatementLine(TenantOwned):
    """A billed line as a statement counts it: copies, since the member's invoice is not the vendor's to read.
    Rows are only ever added. A credit note's amount is negative."""

    statement = models.ForeignKey(VendorStatement, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey("billing.InvoiceLine", on_delete=models.PROTECT, related_name="+")
    terms = models.ForeignKey("billing.CommissionTerms", on_delete=models.PROTECT, related_name="+")
    withheld = models.BooleanField(default=False)  # its member contests it: not owed yet
    member_name = models.CharField(max_length=255)
    member_siren = models.CharField(max_length=9)
    service_name = models.CharField(max_length=120)
    label = models.CharField(max_length=200)
    number = models.CharField(max_length=35)
    issue_date = models.DateField()
    period_start = models.DateField()
    period_end = models.DateField()
    net_cents = models.BigIntegerField()
    commission_cents = models.BigIntegerField()

    class Meta(TenantOwned.Meta):
        verbose_name = "ligne de relevé"
        constraints = [
            # Owed once; withheld once before, perhaps.
            models.UniqueConstraint(fields=["line", "withheld"], name="statement_line_counted_once"),
            models.CheckConstraint(
                condition=Q(withheld=False) | Q(commission_cents=0), name="statement_line_withheld_costs_none"
            ),
        ]
        indexes = [models.Index(fields=["statement", "id"], name="statement_line_in_order")]

    def __str__(self):
        return f"{self.number} {self.label}"


class StatementMove(TenantOwned):
    """One move of a statement: the log beside the state. Rows are only ever added."""

    statement = models.ForeignKey(VendorStatement, on_delete=models.PROTECT, related_name="moves")
    before = models.CharField(max_length=10, choices=StatementState.choices, blank=True)
    after = models.CharField(max_length=10, choices=StatementState.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=2000, blank=True)

    class Meta(TenantOwned.Meta):
        constraints = [
            models.CheckConstraint(
                condition=~Q(after="contested") | ~Q(reason=""), name="statement_contested_for_a_reason"
            ),
        ]

    def __str__(self):
        return f"{self.before} → {self.after}"


class StatementPayment(TenantOwned):
    """What the operator says it paid of a statement. Rows are only ever added."""

    statement = models.ForeignKey(VendorStatement, on_delete=models.PROTECT, related_name="payments")
    amount_cents = models.BigIntegerField()
    paid_on = models.DateField("payé le")
    reference = models.CharField("référence du virement", max_length=140, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = "paiement à un éditeur"
        constraints = [
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="statement_payment_is_positive"),
        ]

    def __str__(self):
        return f"{self.amount_cents} le {self.paid_on}"
