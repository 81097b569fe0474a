"""What a public issuer's finance staff need beyond an invoice: its codes at the public accountant's, the
number of each titre and what was paid on it. Rows are only ever added."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from tenants.tenancy import TenantOwned


class TitreCodes(TenantOwned):
    """An operator's codes in Hélios, from a day on, as its public accountant gave them. A correction is
    another row. `tenant` is the operator. Names of the PES V2 schemas beside each."""

    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    since = models.DateField("à partir du")
    post = models.CharField("codique du poste comptable", max_length=7)  # IdPost
    budget_siret = models.CharField("SIRET du budget", max_length=14)  # IdColl
    collectivity = models.CharField("code collectivité", max_length=3)  # CodCol
    budget = models.CharField("code budget", max_length=2, blank=True)  # CodBud
    product = models.CharField("code produit local", max_length=4)  # CodProdLoc
    account = models.CharField("compte par nature", max_length=12)  # Nature
    function = models.CharField("fonction", max_length=10, blank=True)  # Fonction
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = "codes des titres"
        indexes = [models.Index(fields=["operator", "-since", "-id"], name="titre_codes_in_force")]

    def __str__(self):
        return f"{self.collectivity} à partir du {self.since:%d/%m/%Y}"


class TitreNumber(TenantOwned):
    """The titre that the finance software issued for an invoice, or the reduction for a credit note: its
    number is per exercice and never the invoice's. `tenant` is who owes."""

    settlement = models.OneToOneField(
        "billing.Settlement", on_delete=models.PROTECT, related_name="titre_number"
    )
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    exercice = models.PositiveSmallIntegerField()
    bordereau = models.PositiveIntegerField()
    number = models.PositiveIntegerField("numéro du titre")
    reduces = models.BooleanField()  # numbered in a series of their own
    recorded_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = "numéro de titre"
        constraints = [
            models.UniqueConstraint(
                fields=["operator", "reduces", "exercice", "number"], name="titre_number_unique"
            ),
            models.CheckConstraint(condition=Q(number__gt=0, bordereau__gt=0), name="titre_number_positive"),
        ]

    def __str__(self):
        kind = "Réduction" if self.reduces else "Titre"
        return f"{kind} {self.exercice}-{self.number}, bordereau {self.bordereau}"


class Payment(TenantOwned):
    """Money that the public accountant collected on an invoice, in cents, as a file of the finance software
    says. The invoice is paid when all of them reach what is owed. `tenant` is who owes."""

    settlement = models.ForeignKey("billing.Settlement", on_delete=models.PROTECT, related_name="payments")
    row = models.OneToOneField("billing.TitreImportRow", on_delete=models.PROTECT, related_name="payment")
    amount_cents = models.BigIntegerField()
    paid_on = models.DateField("payé le")
    recorded_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = "paiement"
        constraints = [
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="payment_is_positive"),
        ]

    def __str__(self):
        return f"{self.amount_cents} le {self.paid_on:%d/%m/%Y}"
