"""What an operator and a vendor agree on: what the operator keeps of what it bills for its services."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from tenants.tenancy import TenantOwned


class CommissionTerms(TenantOwned):
    """Proposed by the operator, in force from a day on once the vendor has agreed, never changed since: other
    terms are another row. `tenant` is the vendor's organisation.

    The commission is a share of each line, net of tax, or an amount for each line invoiced. The VAT is the
    vendor's own on what it is owed: a rate, or the reason why there is none.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    vendor = models.ForeignKey("catalog.Vendor", on_delete=models.PROTECT, related_name="+")
    since = models.DateField("à partir du")
    percent = models.DecimalField("pourcentage", max_digits=5, decimal_places=2, null=True)
    per_line_cents = models.BigIntegerField("montant par ligne", null=True)
    vat_rate = models.DecimalField("taux de TVA", max_digits=4, decimal_places=2, null=True)
    vat_reason = models.CharField("motif d’absence de TVA", max_length=200, blank=True)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    agreed_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "conditions de commission"
        constraints = [
            models.CheckConstraint(
                condition=Q(percent__range=(0, 100), per_line_cents__isnull=True)
                | Q(percent__isnull=True, per_line_cents__gte=0),
                name="commission_percent_or_per_line",
            ),
            models.CheckConstraint(
                condition=Q(vat_rate__gt=0, vat_reason="") | Q(vat_rate__isnull=True) & ~Q(vat_reason=""),
                name="commission_vat_or_why_not",
            ),
            models.CheckConstraint(
                condition=Q(agreed_at__isnull=True, agreed_by__isnull=True)
                | Q(agreed_at__isnull=False, agreed_by__isnull=False),
                name="commission_agreed_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["operator", "vendor", "-since", "-id"], name="commission_in_force")]

    def __str__(self):
        return f"{self.vendor}, à partir du {self.since:%d/%m/%Y}"
