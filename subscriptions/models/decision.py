"""The act by which an authority decided: deliberation of its council, or decision of its mayor."""

from django.db import models

from tenants.tenancy import TenantOwned


class Authority(models.TextChoices):
    """Who took the act: the assembly, or its head to whom it delegated (CGCT L2122-22, 4° and L5211-10)."""

    COUNCIL = "council", "l’assemblée délibérante"
    MAYOR = "mayor_by_delegation", "le maire, par délégation"
    PRESIDENT = "president_by_delegation", "le président, par délégation"


def decision_path(decision, filename: str) -> str:
    """Where the act is kept. The person's file name is not used: it may say anything."""
    return f"decisions/{decision.tenant_id}/{decision.subscription.public_id}.pdf"


class Decision(TenantOwned):
    """The act that decided a member's subscription (CGCT L2121-29), and who took it.

    An act binds once it is sent to the préfecture (CGCT L2131-1): on which day, when that is known.
    """

    subscription = models.OneToOneField(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="decision"
    )
    number = models.CharField("numéro", max_length=60)
    date = models.DateField("date")
    file = models.FileField("fichier", upload_to=decision_path, max_length=200)
    # "" for acts recorded before it was asked.
    authority = models.CharField("prise par", max_length=24, choices=Authority.choices, blank=True)
    transmitted_on = models.DateField("transmise à la préfecture le", null=True, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "délibération ou décision"
        constraints = [
            models.CheckConstraint(condition=~models.Q(number=""), name="decision_has_a_number"),
            models.CheckConstraint(
                condition=models.Q(transmitted_on__isnull=True)
                | models.Q(transmitted_on__gte=models.F("date")),
                name="decision_transmitted_after_it_is_taken",
            ),
        ]

    def __str__(self):
        return f"n° {self.number} du {self.date:%d/%m/%Y}"
