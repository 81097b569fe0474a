"""A private issuer's accounts, as its accountant gave them. Rows are only ever added."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from tenants.tenancy import TenantOwned


class AccountCodes(TenantOwned):
    """In which journal and on which accounts its sales are written, from a day on. `tenant` is the
    operator."""

    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    since = models.DateField("à partir du")
    journal = models.CharField("code du journal", max_length=10)
    journal_label = models.CharField("nom du journal", max_length=60)
    customer = models.CharField("compte des clients", max_length=12)
    product = models.CharField("compte de produits", max_length=12)
    vat = models.CharField("compte de TVA collectée", max_length=12, blank=True)
    closing_month = models.PositiveSmallIntegerField("dernier mois de l’exercice")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = "comptes de l’émetteur"
        constraints = [
            models.CheckConstraint(
                condition=Q(closing_month__range=(1, 12)), name="account_codes_close_in_a_month"
            ),
        ]
        indexes = [models.Index(fields=["operator", "-since", "-id"], name="account_codes_in_force")]

    def __str__(self):
        return f"{self.journal} à partir du {self.since:%d/%m/%Y}"
