"""Letters to send: written in the transaction that makes them true, sent by a worker, once."""

from django.db import models

from tenants.tenancy import TenantOwned


class LetterState(models.TextChoices):
    PENDING = "pending", "à envoyer"
    SENDING = "sending", "en cours d’envoi"
    SENT = "sent", "envoyé"
    FAILED = "failed", "non envoyé"


class Letter(TenantOwned):
    """One e-mail to one address, on behalf of `tenant`.

    `key` is derived from what it tells ("invitation:12"): it makes the same letter impossible to write
    twice, and becomes its Message-ID.
    """

    key = models.CharField(max_length=120, unique=True)
    to = models.EmailField(blank=True)  # emptied by the retention job
    subject = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=LetterState.choices, default=LetterState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    run_after = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "courriel"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="sending") | models.Q(lease_until__isnull=False),
                name="letter_sending_has_lease",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="sent") | models.Q(sent_at__isnull=False),
                name="letter_sent_has_a_day",
            ),
        ]
        indexes = [models.Index(fields=["state", "run_after"], name="letter_state_due")]

    def __str__(self):
        return self.key
