"""What was said to a vendor, word for word, and what it says by itself afterwards."""

from django.db import models
from django.db.models import Q

from provisioning.models.run import Call, Step
from tenants.tenancy import TenantOwned


class Delivery(TenantOwned):
    """A message as it was sent in a call, without secret, and the beginning of what was answered."""

    call = models.OneToOneField(Call, on_delete=models.CASCADE, related_name="delivery")
    message_id = models.CharField(max_length=200)
    url = models.CharField(max_length=2_100)
    sent = models.TextField()
    status = models.PositiveSmallIntegerField(null=True)  # null: no answer
    answered = models.TextField(blank=True)

    class Meta(TenantOwned.Meta):
        pass

    def __str__(self):
        return f"{self.message_id} {self.status or '?'}"


class Said(models.TextChoices):
    """What a vendor may say of a step."""

    DONE = "done", "fait"
    IN_PROGRESS = "in progress", "en cours"
    FAILED = "failed", "pas réussi"


class Callback(TenantOwned):
    """What a vendor said by itself of a step: written once by a web process, acted on by a worker, which then
    says in `settled_as` what it did of it. `digest` tells the same message again from another one."""

    class Settled(models.TextChoices):
        APPLIED = "applied", "suivi"
        TOO_LATE = "too_late", "trop tard"

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="callbacks")
    message_id = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    said = models.CharField(max_length=12, choices=Said.choices)
    url = models.CharField(max_length=500, blank=True)
    message = models.CharField(max_length=300, blank=True)
    received_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_as = models.CharField(max_length=10, choices=Settled.choices, blank=True)

    class Meta(TenantOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["step", "message_id"], name="callback_once_per_step"),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, settled_as="")
                | Q(settled_at__isnull=False) & ~Q(settled_as=""),
                name="callback_settled_as_something",
            ),
        ]
        # What a worker looks for at each turn: nearly always empty.
        indexes = [
            models.Index(fields=["id"], condition=Q(settled_at__isnull=True), name="callback_to_settle"),
        ]

    def __str__(self):
        return f"{self.message_id} {self.said}"
