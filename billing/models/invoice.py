"""Invoices and credit notes copy all that they say. Once issued they never change: a trigger refuses it."""

import uuid
from datetime import date

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce

from tenants.tenancy import TenantManager, TenantOwned


class InvoiceState(models.TextChoices):
    DRAFT = "draft", "projet"
    ISSUED = "issued", "émise"


class InvoiceType(models.TextChoices):
    """Its code in EN 16931 (BT-3)."""

    INVOICE = "380", "facture"
    CREDIT_NOTE = "381", "avoir"


# The letter that begins the numbers of each type: two series, each without a gap.
SERIES = {InvoiceType.INVOICE: "F", InvoiceType.CREDIT_NOTE: "A"}


def signed(amount: str, *, through: str = "") -> models.Case:
    """A column of an invoice as it counts in a sum: what a credit note says is taken away. `through` is the
    road to the invoice ("invoice__")."""
    column = models.F(f"{through}{amount}")
    is_credit = {f"{through}type_code": InvoiceType.CREDIT_NOTE}
    return models.Case(
        models.When(**is_credit, then=-column), default=column, output_field=models.BigIntegerField()
    )


class InvoiceQuerySet(models.QuerySet):
    def issued(self):
        return self.filter(state=InvoiceState.ISSUED)

    def invoices(self):
        return self.filter(type_code=InvoiceType.INVOICE)

    def credit_notes(self):
        return self.filter(type_code=InvoiceType.CREDIT_NOTE)

    def with_credited(self):
        """Each with `credited_cents`, tax included: what its issued credit notes give back."""
        notes = Invoice.objects.issued().filter(corrects=models.OuterRef("pk")).order_by()
        given_back = notes.values("corrects").values_list(models.Sum("gross_cents"))
        return self.annotate(
            credited_cents=Coalesce(models.Subquery(given_back, models.BigIntegerField()), 0)
        )

    def with_pay_by(self):
        """Each with `pay_by_day`, what `Invoice.pay_by` says of it; None while a contest interrupts it."""
        return self.annotate(
            pay_by_day=models.Case(
                models.When(interruption__isnull=True, then=models.F("due_date")),
                default=models.F("interruption__due_on"),
                output_field=models.DateField(),
            )
        )

    def of_operator(self, operator):
        return self.filter(operator=operator)


class Invoice(TenantOwned):
    """One invoice or credit note from an operator to a member. `tenant` is the buyer.

    A draft has no number. Parties, tax and texts are copied at issue. A credit note belongs to the run of the
    invoice it corrects; its amounts are positive.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey(
        "billing.BillingRun", on_delete=models.PROTECT, db_index=False, related_name="invoices"
    )
    state = models.CharField(max_length=8, choices=InvoiceState.choices, default=InvoiceState.DRAFT)
    type_code = models.CharField(max_length=3, choices=InvoiceType.choices, default=InvoiceType.INVOICE)
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, db_index=False, related_name="credit_notes"
    )
    # Out-of-scope (O) lines never share an invoice with taxable ones (EN 16931 BR-O-11).
    out_of_scope = models.BooleanField()
    series = models.CharField(max_length=10, default="F")
    year = models.PositiveSmallIntegerField(null=True)
    sequence = models.PositiveIntegerField(null=True)
    number = models.CharField("numéro", max_length=35, blank=True)
    issue_date = models.DateField(null=True)
    due_date = models.DateField(null=True)
    period_start = models.DateField()
    period_end = models.DateField()
    seller = models.JSONField(default=dict)
    buyer = models.JSONField(default=dict)
    payment = models.JSONField(default=dict)
    notes = models.JSONField(default=dict)
    vat = models.JSONField(default=list)  # subtotals per category and rate
    net_cents = models.BigIntegerField()
    vat_cents = models.BigIntegerField()
    gross_cents = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="EUR")

    objects = TenantManager.from_queryset(InvoiceQuerySet)()

    class Meta(TenantOwned.Meta):
        verbose_name = "facture"
        constraints = [
            models.UniqueConstraint(
                fields=["operator", "number"], condition=~Q(number=""), name="invoice_number_unique"
            ),
            models.UniqueConstraint(
                fields=["operator", "series", "year", "sequence"],
                condition=Q(sequence__isnull=False),
                name="invoice_sequence_unique",
            ),
            # One draft per member, run and side of the tax border: a run started again adds none. One drawn
            # again after others of the run were issued may stand beside an issued one.
            models.UniqueConstraint(
                fields=["run", "tenant", "out_of_scope"],
                condition=Q(type_code="380", state="draft"),
                name="invoice_one_draft_per_run_and_member",
            ),
            models.CheckConstraint(
                condition=Q(type_code="380", corrects__isnull=True)
                | Q(type_code="381", corrects__isnull=False, net_cents__gt=0),
                name="invoice_credit_note_corrects_one",
            ),
            # What is to be given back on one invoice gathers on one draft.
            models.UniqueConstraint(
                fields=["corrects"], condition=Q(state="draft"), name="invoice_one_credit_draft"
            ),
            models.CheckConstraint(
                condition=Q(state="draft", number="", sequence__isnull=True)
                | Q(
                    ~Q(number=""),
                    state="issued",
                    sequence__isnull=False,
                    issue_date__isnull=False,
                    due_date__isnull=False,
                ),
                name="invoice_numbered_when_issued",
            ),
            models.CheckConstraint(
                condition=Q(gross_cents=models.F("net_cents") + models.F("vat_cents")),
                name="invoice_totals_add_up",
            ),
            models.CheckConstraint(condition=Q(currency="EUR"), name="invoice_in_euros"),
        ]
        indexes = [
            models.Index(fields=["tenant", "-issue_date"], name="invoice_tenant_date"),
            models.Index(fields=["run", "state"], name="invoice_run_state"),
            models.Index(fields=["corrects"], condition=Q(corrects__isnull=False), name="invoice_corrects"),
        ]

    def __str__(self):
        return self.number or f"projet {self.public_id}"

    @property
    def is_credit_note(self) -> bool:
        return self.type_code == InvoiceType.CREDIT_NOTE

    @property
    def pay_by(self) -> date | None:
        """The last day to pay; None while a contest interrupts that time."""
        interruption = getattr(self, "interruption", None)
        return interruption.due_on if interruption else self.due_date

    @property
    def sign(self) -> int:
        """-1 for a credit note: how its positive amounts count in a sum, and in the ledger."""
        return -1 if self.is_credit_note else 1


class InvoiceLine(TenantOwned):
    """One line, copied from its ledger entry."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, db_index=False, related_name="lines")
    entry = models.OneToOneField("billing.LedgerEntry", on_delete=models.PROTECT, related_name="line")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=200)
    description = models.CharField(max_length=300, blank=True)
    steps = models.JSONField()
    quantity = models.DecimalField(max_digits=18, decimal_places=8)
    unit = models.CharField(max_length=40)
    unit_price = models.DecimalField(max_digits=18, decimal_places=8)
    net_cents = models.BigIntegerField()
    vat_category = models.CharField(max_length=1)
    vat_rate = models.DecimalField(max_digits=4, decimal_places=2)
    vat_reason = models.CharField(max_length=200, blank=True)

    class Meta(TenantOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_position_unique"),
        ]

    def __str__(self):
        return self.name


class NumberCounter(models.Model):
    """The last number given, per issuer × series × year: a locked row, so that no number is skipped
    (a database sequence would leave gaps on rollback). CGI annexe II 242 nonies A, CCP D2192-2."""

    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    series = models.CharField(max_length=10)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operator", "series", "year"], name="number_counter_unique"),
        ]

    def __str__(self):
        return f"{self.series}{self.year}: {self.last}"


class InvoiceFile(TenantOwned):
    """The Factur-X file of an issued invoice, with its SHA-256. Written once."""

    invoice = models.OneToOneField(Invoice, on_delete=models.PROTECT, related_name="file")
    path = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    made_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        pass

    def __str__(self):
        return self.path
