"""What a member, its operator and the vendor write to each other about a request."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from subscriptions.models.approval import Party
from tenants.tenancy import TenantOwned


def message_path(message, filename: str) -> str:
    """Where a joined file is kept. The person's file name is not used: it may say anything."""
    return f"messages/{message.tenant_id}/{message.public_id}"


class Message(TenantOwned):
    """One message, with one file at most. Rows are only ever added; `tenant` is the subscriber."""

    # Drawn with the form: a double click is one message.
    public_id = models.UUIDField(unique=True, default=uuid.uuid4)
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="messages"
    )
    party = models.CharField("de", max_length=8, choices=Party.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.CharField("message", max_length=2000, blank=True)
    file = models.FileField("fichier", upload_to=message_path, max_length=200, blank=True)
    file_name = models.CharField(max_length=120, blank=True)  # as it is offered to whoever fetches it
    media_type = models.CharField(max_length=60, blank=True)  # read from the content

    class Meta(TenantOwned.Meta):
        verbose_name = "message"
        constraints = [
            models.CheckConstraint(condition=~Q(text="") | ~Q(file=""), name="message_says_something"),
            models.CheckConstraint(
                condition=Q(file="", file_name="", media_type="")
                | (~Q(file="") & ~Q(file_name="") & ~Q(media_type="")),
                name="message_file_has_a_name_and_a_type",
            ),
        ]
        indexes = [models.Index(fields=["subscription", "at"], name="message_by_subscription")]

    def __str__(self):
        return f"{self.get_party_display()}, le {self.at:%d/%m/%Y}"
