"""The messages sent to vendors' systems, at the vendor's and at the operator's."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from catalog.models import Vendor
from marketplace.web.doors import Door
from marketplace.web.formats import moment
from marketplace.web.operator.lists import counted
from provisioning.deliveries import MAX_CALLS, messages_of, send_again, with_exchanges
from provisioning.models import Call, Callback, Said, Step, StepState
from subscriptions.exceptions import WrongState
from tenants.models import Operator

PAGE_SIZE = 10
TITLE = "Messages envoyés"
BADGES = {
    StepState.LATER: "neutral",
    StepState.PENDING: "info",
    StepState.RUNNING: "info",
    StepState.WAITING: "info",
    StepState.DONE: "success",
    StepState.NEEDS_PERSON: "warning",
    StepState.MOOT: "neutral",
}
OUTCOMES = {
    "done": "fait",
    "inprogress": "en cours",
    "needsperson": "refusé",
    "retry": "sans réponse utile",
    "": "sans fin connue",
}
SAID = {Said.DONE: "fait", Said.IN_PROGRESS: "en cours", Said.FAILED: "pas réussi"}


@dataclass(frozen=True, kw_only=True)
class MessageDoor(Door):
    """Whose messages, and whether this person may have one sent again."""

    owner: Operator | Vendor
    name: str
    acts: bool


def list_page(request, door: MessageDoor):
    """Each event told to a vendor's system, with every attempt: what was sent, what was answered."""
    found = messages_of(door.owner)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = list(with_exchanges(page.object_list))
    context = {
        "name": door.name,
        "title": TITLE,
        "crumbs": door.trail((TITLE, "")),
        "page": page,
        "total": counted(page.paginator.count, "message"),
        "rows": [_row(step, door) for step in page],
    }
    return render(request, "deliveries/list.html", context)


def resend(request, door: MessageDoor, step: int):
    """ "Envoyer de nouveau"."""
    found = get_object_or_404(messages_of(door.owner), pk=step)
    try:
        send_again(step=found, by=request.user, now=timezone.now())
    except WrongState as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Le message part de nouveau : rechargez la page pour lire la réponse.")
    return redirect(door.url("messages"))


def _row(step: Step, door: MessageDoor) -> dict:
    subscription = step.run.subscription
    sendable = door.acts and step.state not in (StepState.RUNNING, StepState.MOOT)
    return {
        "id": step.pk,
        "event": step.run.get_event_display().capitalize(),
        "service": subscription.service_name,
        "member": subscription.tenant.name,
        "vendor": subscription.listing.vendor.organisation.name,
        "badge": {"state": BADGES[StepState(step.state)], "label": step.get_state_display().capitalize()},
        "problem": step.problem,
        "key": step.key,
        "resend_url": door.url("message_again", step.pk) if sendable else "",
        "calls": [_call(call) for call in step.exchanged[:MAX_CALLS]],
        "callbacks": [_callback(callback) for callback in step.called_back],
    }


def _call(call: Call) -> dict:
    delivery = getattr(call, "delivery", None)
    return {
        "at": moment(call.started_at),
        "outcome": OUTCOMES.get(call.outcome, call.outcome),
        "detail": call.detail,
        "status": (delivery.status or "aucune réponse") if delivery else "",
        "url": delivery.url if delivery else "",
        "sent": delivery.sent if delivery else "",
        "answered": delivery.answered if delivery else "",
    }


def _callback(callback: Callback) -> dict:
    return {
        "at": moment(callback.received_at),
        "said": SAID[Said(callback.said)],
        "message": callback.message,
        "settled": callback.get_settled_as_display() or "pas encore lu",
    }
