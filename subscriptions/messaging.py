"""Messages about a request, between the member, its operator and the vendor."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from subscriptions import tasks
from subscriptions.attachments import read_attachment
from subscriptions.exceptions import MessageRefused
from subscriptions.models import Message, Party, Subscription
from tenants import audit
from tenants.models import User


@transaction.atomic
def write_message(
    *,
    subscription: Subscription,
    party: Party,
    by: User,
    text: str,
    file,
    public_id: UUID,
    now: datetime,
) -> Message:
    """Adds a message, with a file or None, and tells the two other parties by letter.

    `public_id` was drawn with the form: sending it twice keeps the first. Raises MessageRefused with the
    field to mend: nothing said, or a file that is not accepted (`attachments`).
    """
    if again := Message.objects.filter(subscription=subscription, public_id=public_id).first():
        return again
    text = text.strip()
    if not text and file is None:
        raise MessageRefused("text", "Écrivez votre message, ou joignez un fichier.")
    media_type, file_name = read_attachment(file) if file is not None else ("", "")
    message = Message(
        tenant=subscription.tenant,
        subscription=subscription,
        public_id=public_id,
        party=party,
        by=by,
        at=now,
        text=text,
        file=file or "",
        file_name=file_name,
        media_type=media_type,
    )
    try:
        with transaction.atomic():
            message.save(force_insert=True)
    except IntegrityError:
        again = Message.objects.filter(subscription=subscription, public_id=public_id).first()
        if again is None:
            raise
        return again
    audit.record(
        tenant=subscription.tenant,
        actor=by,
        what="subscription.message",
        sentence=f"{{actor}} a écrit un message au sujet de {subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
    )
    tasks.write_message_letters.defer(message_id=message.pk)
    return message


def messages_of(subscription: Subscription) -> list[Message]:
    """The oldest first, each with who wrote it. One query."""
    rows = Message.objects.filter(subscription=subscription).select_related("by")
    return list(rows.order_by("at", "pk"))
