"""How an issued invoice is to be collected, and how far that has come."""

from django.db import models
from django.db.models import Q

from tenants.tenancy import TenantOwned


class Channel(models.TextChoices):
    STRIPE = "stripe", "virement par le prestataire de paiement"
    TITRE = "titre", "titre de recettes"


class SettlementState(models.TextChoices):
    PENDING = "pending", "à transmettre"
    STARTED = "started", "transmission commencée"
    PUSHED = "pushed", "transmise"
    PROPOSED = "proposed", "titre proposé"
    PAID = "paid", "payée"
    NEEDS_PERSON = "needs_person", "demande une personne"


# The only states of a credit note.
CREDIT_WORDS = {
    SettlementState.PROPOSED: "réduction de titre proposée",
    SettlementState.NEEDS_PERSON: "à déduire ou à rembourser",
    SettlementState.PAID: "déduit ou remboursé",
}

SETTLEMENT_TRANSITIONS = frozenset(
    {
        (SettlementState.PENDING, SettlementState.STARTED),
        (SettlementState.STARTED, SettlementState.PUSHED),
        (SettlementState.STARTED, SettlementState.PENDING),  # reconciled: nothing had been made
        (SettlementState.STARTED, SettlementState.NEEDS_PERSON),
        (SettlementState.NEEDS_PERSON, SettlementState.STARTED),  # a person asks for another try
        (SettlementState.NEEDS_PERSON, SettlementState.PAID),  # a person has given a credit note back
        (SettlementState.PUSHED, SettlementState.PAID),
        (SettlementState.STARTED, SettlementState.PAID),  # the webhook came before our own record
        (SettlementState.PROPOSED, SettlementState.PAID),
    }
)


class Settlement(TenantOwned):
    """One per issued invoice. Public money never passes through a payment provider (CGCT L1611-7):
    the channel follows the issuer, and the database holds both together."""

    invoice = models.OneToOneField("billing.Invoice", on_delete=models.PROTECT, related_name="settlement")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    state = models.CharField(max_length=12, choices=SettlementState.choices)
    external_id = models.CharField(max_length=255, blank=True)  # the provider's invoice
    payment_url = models.URLField(max_length=500, blank=True)
    changed_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)

    class Meta(TenantOwned.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(channel="stripe") | Q(state__in=["proposed", "paid"], external_id=""),
                name="settlement_titre_has_no_provider",
            ),
            models.CheckConstraint(
                condition=~Q(state="paid") | Q(paid_at__isnull=False), name="settlement_paid_has_a_date"
            ),
            models.UniqueConstraint(
                fields=["external_id"], condition=~Q(external_id=""), name="settlement_external_id_unique"
            ),
        ]

    def __str__(self):
        return f"{self.get_channel_display()} – {self.get_state_display()}"

    @property
    def in_words(self) -> str:
        """Its state in French, for an invoice or for a credit note."""
        if self.invoice.is_credit_note:
            return CREDIT_WORDS[SettlementState(self.state)]
        return self.get_state_display()

    @property
    def key(self) -> str:
        """Idempotency key of all that is asked of the provider for this invoice."""
        return f"invoice:{self.invoice.public_id}"
