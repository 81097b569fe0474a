"""A member says that a line of an invoice is wrong; the operator's finance answers, once."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from tenants.tenancy import TenantOwned


class ContestReason(models.TextChoices):
    POPULATION = "population", "la population"
    AGENTS = "agents", "le nombre d’agents"
    NOT_DELIVERED = "undelivered", "le service n’a pas été rendu"
    ENDED = "ended", "l’abonnement avait déjà pris fin"
    PRICE = "price", "le prix"
    RECIPIENT = "recipient", "le destinataire : ce n’est pas à nous de payer"
    OTHER = "other", "autre chose"


class ContestState(models.TextChoices):
    OPEN = "open", "en attente de réponse"
    ACCEPTED = "accepted", "acceptée"
    REFUSED = "refused", "refusée"
    WITHDRAWN = "withdrawn", "retirée"


CONTEST_TRANSITIONS = frozenset(
    {
        (ContestState.OPEN, ContestState.ACCEPTED),
        (ContestState.OPEN, ContestState.REFUSED),
        (ContestState.OPEN, ContestState.WITHDRAWN),  # by the member
    }
)


class LineContest(TenantOwned):
    """What a member says of one line of an issued invoice, and the answer. `tenant` is the member.

    What was typed is kept as it was. Accepted, it names the credit note that gives `accepted_cents` back (net
    of tax): a draft, that finance issues as any other.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    line = models.ForeignKey("billing.InvoiceLine", on_delete=models.PROTECT, related_name="contests")
    reason = models.CharField(max_length=12, choices=ContestReason.choices)
    text = models.CharField(max_length=2000)
    state = models.CharField(max_length=10, choices=ContestState.choices, default=ContestState.OPEN)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=2000, blank=True)
    accepted_cents = models.BigIntegerField(null=True)
    credit_note = models.ForeignKey(
        "billing.Invoice", on_delete=models.PROTECT, null=True, related_name="contests_settled"
    )

    class Meta(TenantOwned.Meta):
        verbose_name = "contestation"
        constraints = [
            models.UniqueConstraint(
                fields=["line"], condition=Q(state="open"), name="contest_one_open_a_line"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True)
                | (~Q(state="open") & Q(closed_at__isnull=False)),
                name="contest_open_until_closed",
            ),
            models.CheckConstraint(
                condition=Q(state="accepted", accepted_cents__gt=0, credit_note__isnull=False)
                | (~Q(state="accepted") & Q(accepted_cents__isnull=True, credit_note__isnull=True)),
                name="contest_accepted_gives_back",
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | ~Q(answer=""), name="contest_refused_for_a_reason"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="contest_says_what_is_wrong"),
        ]
        indexes = [
            models.Index(
                fields=["operator", "opened_at"], condition=Q(state="open"), name="contest_to_answer"
            )
        ]

    def __str__(self):
        return f"{self.line} – {self.get_state_display()}"


class LineContestMove(TenantOwned):
    """One move of a contest: the log beside the state. Rows are only ever added."""

    contest = models.ForeignKey(LineContest, on_delete=models.PROTECT, related_name="moves")
    before = models.CharField(max_length=10, choices=ContestState.choices, blank=True)
    after = models.CharField(max_length=10, choices=ContestState.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta(TenantOwned.Meta):
        verbose_name = "étape d’une contestation"

    def __str__(self):
        return f"{self.before} → {self.after}"


class PaymentInterruption(TenantOwned):
    """The time to pay an invoice, interrupted from `starts_on` by a contest, once at most (CCP R2192-27).

    Another one opens on `ends_on`, the day of the answer: thirty days, or what was left of the first when
    that is more (R2192-29). While `ends_on` is unknown, the invoice is not due. `tenant` is the member.
    """

    invoice = models.OneToOneField("billing.Invoice", on_delete=models.PROTECT, related_name="interruption")
    contest = models.ForeignKey(LineContest, on_delete=models.PROTECT, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    due_on = models.DateField(null=True)  # by when the invoice is to be paid since

    class Meta(TenantOwned.Meta):
        verbose_name = "interruption du délai de paiement"
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=models.F("starts_on")),
                name="payment_interruption_dates_in_order",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True, due_on__isnull=True)
                | Q(ends_on__isnull=False, due_on__gt=models.F("ends_on")),
                name="payment_interruption_opens_a_new_time",
            ),
        ]

    def __str__(self):
        return f"{self.invoice} depuis le {self.starts_on:%d/%m/%Y}"
