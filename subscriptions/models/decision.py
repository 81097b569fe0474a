"""The act by which an authority decided: deliberation of its council, or decision of its mayor."""

from django.db import models

from tenants.tenancy import TenantOwned


def decision_path(decision, filename: str) -> str:
    """Where the act is kept. The person's file name is not used: it may say anything."""
    return f"decisions/{decision.tenant_id}/{decision.subscription.public_id}.pdf"


class Decision(TenantOwned):
    """Number, date and file of the act that approved a subscription (CGCT L2121-29)."""

    subscription = models.OneToOneField(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="decision"
    )
    number = models.CharField("numéro", max_length=60)
    date = models.DateField("date")
    file = models.FileField("fichier", upload_to=decision_path, max_length=200)

    class Meta(TenantOwned.Meta):
        verbose_name = "délibération ou décision"
        constraints = [
            models.CheckConstraint(condition=~models.Q(number=""), name="decision_has_a_number"),
        ]

    def __str__(self):
        return f"n° {self.number} du {self.date:%d/%m/%Y}"
