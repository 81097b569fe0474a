"""What an operator deposits at Chorus Pro, and what the portal then says of each invoice."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from tenants.tenancy import TenantOwned


class SendingAccount(TenantOwned):
    """An operator's technical account at Chorus Pro, and its application at PISTE. `tenant` is the operator.
    `sealed` holds both secrets (tenants.sealing); invoices issued before `since` are not proposed. Nothing is
    had from the portal since `silent_since`; none while it answers."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    operator = models.OneToOneField("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    login = models.CharField("compte technique", max_length=100)
    client_id = models.CharField("identifiant PISTE", max_length=100)
    sealed = models.TextField()
    since = models.DateField("factures émises à partir du")
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    silent_since = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "compte Chorus Pro"

    def __str__(self):
        return self.login


class DepositState(models.TextChoices):
    PENDING = "pending", "à déposer"
    STARTED = "started", "dépôt commencé"
    DOUBTFUL = "doubtful", "issue inconnue"
    SENT = "sent", "en cours d’analyse"
    INTEGRATED = "integrated", "intégré"
    REFUSED = "refused", "rejeté"
    NEEDS_PERSON = "needs_person", "demande une personne"


# The one table of moves.
DEPOSIT_MOVES = frozenset(
    {
        (DepositState.PENDING, DepositState.STARTED),
        (DepositState.PENDING, DepositState.NEEDS_PERSON),  # nothing could be asked
        (DepositState.STARTED, DepositState.PENDING),  # surely not arrived
        (DepositState.STARTED, DepositState.NEEDS_PERSON),  # refused at the door
        (DepositState.STARTED, DepositState.SENT),
        (DepositState.STARTED, DepositState.DOUBTFUL),
        (DepositState.DOUBTFUL, DepositState.SENT),  # found there, or told by a person
        (DepositState.DOUBTFUL, DepositState.PENDING),  # a person has looked: it is not there
        (DepositState.NEEDS_PERSON, DepositState.PENDING),  # a person has put it right
        (DepositState.SENT, DepositState.INTEGRATED),
        (DepositState.SENT, DepositState.REFUSED),
        (DepositState.SENT, DepositState.SENT),  # had arrived before: followed in its first flow
    }
)


class Deposit(TenantOwned):
    """One flow: at most 500 invoices in one file. `tenant` is the operator; `asked_by` is who is asked when
    its outcome is unknown. `number` is the portal's, once it gave one."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=DepositState.choices, default=DepositState.PENDING)
    number = models.CharField("numéro de flux", max_length=60, blank=True)
    problem = models.CharField(max_length=500, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    run_after = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = "dépôt"
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=["sent", "integrated", "refused"]) | ~Q(number=""),
                name="deposit_sent_has_a_number",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["doubtful", "needs_person"]) | ~Q(problem=""),
                name="deposit_for_a_person_says_why",
            ),
        ]
        indexes = [models.Index(fields=["operator", "-asked_at"], name="deposit_of_operator")]

    def __str__(self):
        return f"{self.file_name} ({self.get_state_display()})"

    @property
    def file_name(self) -> str:
        """By which a person finds it at the portal: the same at each try. Without its extension."""
        return f"halle-{self.public_id}"


class Sending(TenantOwned):
    """An invoice in a deposit, and the last that was said of it. `tenant` is the buyer. `code` is as the
    portal writes it; `lifecycle` is 200 to 213 (the reform's), none when we do not know the code. No longer
    `live` once refused when its deposit was read: then it may be deposited again."""

    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="sendings")
    invoice = models.ForeignKey("billing.Invoice", on_delete=models.PROTECT, related_name="sendings")
    external_id = models.CharField(max_length=60, blank=True)
    code = models.CharField(max_length=60, blank=True)
    lifecycle = models.PositiveSmallIntegerField(null=True)
    live = models.BooleanField(default=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "envoi"
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(live=True), name="sending_one_live_per_invoice"
            ),
            models.UniqueConstraint(fields=["deposit", "invoice"], name="sending_once_per_deposit"),
            models.CheckConstraint(
                condition=Q(lifecycle__isnull=True) | Q(lifecycle__range=(200, 213)),
                name="sending_lifecycle_known",
            ),
        ]

    def __str__(self):
        return f"{self.invoice_id} dans {self.deposit_id}"


class SendingStatus(TenantOwned):
    """One thing that the portal said of a sent invoice, with its own day and reason; never changed."""

    sending = models.ForeignKey(Sending, on_delete=models.PROTECT, related_name="statuses")
    code = models.CharField(max_length=60)
    lifecycle = models.PositiveSmallIntegerField(null=True)
    reason = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()
    noted_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = "statut d’un envoi"
        constraints = [
            models.UniqueConstraint(fields=["sending", "code", "at"], name="sending_status_once"),
        ]

    def __str__(self):
        return f"{self.code} le {self.at:%d/%m/%Y}"
