"""Messages and files on a request, on the member's page as on those of its operator and of the vendor."""

from uuid import uuid4

from django import forms
from django.contrib import messages as told
from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header

from marketplace.web.commune.forms import ask_files_again
from marketplace.web.formats import moment
from subscriptions.exceptions import MessageRefused
from subscriptions.messaging import messages_of, write_message
from subscriptions.models import Message, Party, Subscription

TYPES = ".pdf,.odt,.png,.jpg,.jpeg,application/pdf,image/png,image/jpeg"


class MessageForm(forms.Form):
    public_id = forms.UUIDField(widget=forms.HiddenInput)  # a double click is one message
    text = forms.CharField(
        label="Votre message",
        required=False,
        help_text="Écrivez, joignez un fichier, ou les deux.",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"max_length": "Ce message est trop long : 2 000 caractères au plus."},
    )
    file = forms.FileField(
        label="Joindre un fichier",
        required=False,
        help_text="PDF, ODT, PNG ou JPEG, 10 Mo au plus.",
        widget=forms.FileInput(attrs={"accept": TYPES}),
        error_messages={
            "empty": "Ce fichier est vide. Choisissez-en un autre.",
            "invalid": "Choisissez le fichier de nouveau.",
        },
    )

    def __init__(self, *args, **kwargs):
        # Its fields stand beside those of other forms on the page.
        super().__init__(*args, auto_id="message_%s", **kwargs)

    @classmethod
    def blank(cls):
        return cls(initial={"public_id": uuid4()})


def message_block(
    subscription: Subscription, *, writes: bool, post_url: str, file_url, form: MessageForm | None = None
) -> dict:
    """For requests/_messages.html. `file_url` makes the address of a message's file; `writes`: whether this
    person may write; `form` comes back with its errors."""
    return {
        "form": (form or MessageForm.blank()) if writes else None,
        "post_url": post_url,
        "rows": [
            {
                "who": f"{message.by}, {_place(message, subscription)}",
                "at": moment(message.at),
                "text": message.text,
                "file_name": message.file_name,
                "file_url": file_url(message.public_id) if message.file else "",
            }
            for message in messages_of(subscription)
        ],
    }


def send(request, subscription: Subscription, *, party: Party) -> MessageForm | None:
    """Writes the message that was sent; the form to show again when something is to mend, None otherwise."""
    form = MessageForm(request.POST, request.FILES)
    if not form.is_valid():
        ask_files_again(form)
        return form
    try:
        write_message(
            subscription=subscription,
            party=party,
            by=request.user,
            now=timezone.now(),
            **form.cleaned_data,
        )
    except MessageRefused as refusal:
        form.add_error(refusal.field, str(refusal))
        ask_files_again(form)
        return form
    told.success(request, "Votre message est envoyé. Les autres en sont prévenus par courriel.")
    return None


def file_response(subscription: Subscription, message_id) -> HttpResponse:
    """The file joined to a message, always to be kept and never shown: it comes from somebody else."""
    message = Message.objects.filter(subscription=subscription, public_id=message_id).exclude(file="").first()
    if message is None:
        raise Http404
    try:
        with default_storage.open(message.file.name, "rb") as file:
            content = file.read()
    except OSError:
        raise Http404 from None
    headers = {
        "Content-Disposition": content_disposition_header(True, message.file_name),
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(content, content_type=message.media_type, headers=headers)


def _place(message: Message, subscription: Subscription) -> str:
    match Party(message.party):
        case Party.MEMBER:
            return subscription.tenant.name
        case Party.OPERATOR:
            return subscription.operator.short_name
        case _:
            return subscription.listing.sheet.vendor.organisation.name
