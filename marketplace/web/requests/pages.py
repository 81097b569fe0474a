"""The list of requests, and one of them: its steps, its price, and one's word on it."""

from dataclasses import dataclass

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.timezone import localdate

from catalog.models import Vendor
from marketplace.web.commune.forms import RefuseForm
from marketplace.web.commune.timeline import chain_steps
from marketplace.web.commune.trial import trial_facts
from marketplace.web.commune.words import state_badge, yearly_price
from marketplace.web.doors import Door
from marketplace.web.expecting import expected_when, expected_why
from marketplace.web.formats import day, moment
from marketplace.web.operator.lists import chosen, counted, rest_of_address, tabs
from marketplace.web.price_views import frozen_breakdown
from marketplace.web.requests.messages import MessageForm, file_response, message_block, send
from subscriptions import operations
from subscriptions.approval_queries import DECIDED, MINE, OTHERS, request_list, requests_of
from subscriptions.approving import agree
from subscriptions.chain import waits_for
from subscriptions.exceptions import SubscriptionRefused
from subscriptions.expecting import expected_opening
from subscriptions.models import Party, State, Subscription
from subscriptions.wanted_covers import wanted_of
from tenants.models import Operator
from tenants.models.organisation import OrganisationKind

TITLE = "Demandes d’abonnement"
LABELS = {MINE: "À approuver", OTHERS: "En attente d’un autre", DECIDED: "Décidées"}


@dataclass(frozen=True, kw_only=True)
class RequestDoor(Door):
    """Whose requests are shown, and whose word is given."""

    owner: Operator | Vendor
    party: Party
    decides: bool
    writes: bool


def list_page(request, door: RequestDoor):
    """Requests, those that wait for one's word first."""
    group = chosen(request, LABELS)
    found = request_list(owner=door.owner, party=door.party, group=group, page=request.GET.get("page"))
    context = {
        "crumbs": door.trail((TITLE, "")),
        "tabs": tabs(request, labels=LABELS, counts=found.counts, active=group, search=""),
        "page": found.page,
        "rest": rest_of_address(etat=group),
        "total": counted(found.counts[group], "demande"),
        "rows": [
            {
                "url": door.url("request", row.public_id),
                "member": row.tenant.name,
                "service": row.service_name,
                "at": moment(row.requested_at),
                "price": yearly_price(row),
                "badge": state_badge(row),
            }
            for row in found.page
        ],
    }
    return render(request, "requests/list.html", context)


def detail_page(
    request,
    door: RequestDoor,
    public_id,
    *,
    form: RefuseForm | None = None,
    message_form: MessageForm | None = None,
):
    """One request, and one's word on it when it is one's turn."""
    found = _found(door, public_id)
    turn = door.decides and waits_for(found, door.party)
    context = {
        "crumbs": door.trail((TITLE, door.url("requests")), (found.tenant.name, "")),
        "title": found.service_name,
        "member": found.tenant.name,
        "badge": state_badge(found),
        "steps": chain_steps(found, [], reader=door.party),
        "facts": _facts(found, turn=turn),
        "breakdown": frozen_breakdown(found),
        "refuse_form": (form or RefuseForm()) if turn else None,
        "refusing": form is not None,
        "agree_url": door.url("request_agree", found.public_id),
        "refuse_url": door.url("request_refuse", found.public_id),
        "refusal": _refusal(found),
        "has_errors": form is not None or message_form is not None,
        "message_block": message_block(
            found,
            writes=door.writes,
            post_url=door.url("message", found.public_id),
            file_url=lambda message: door.url("message_file", found.public_id, message),
            form=message_form,
        ),
    }
    return render(request, "requests/detail.html", context)


def agree_to(request, door: RequestDoor, public_id):
    """One's word is yes."""
    found = _found(door, public_id)
    try:
        last = agree(subscription=found, party=door.party, by=request.user, now=timezone.now())
    except SubscriptionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        said = "L’ouverture du service est demandée." if last else "Il reste l’accord d’un autre."
        messages.success(request, f"Votre accord est enregistré. {said}")
    return redirect(door.url("request", public_id))


def refuse(request, door: RequestDoor, public_id):
    """One's word is no, and why."""
    found = _found(door, public_id)
    form = RefuseForm(request.POST)
    if not form.is_valid():
        return detail_page(request, door, public_id, form=form)
    try:
        operations.refuse(
            subscription=found,
            by=request.user,
            reason=form.cleaned_data["reason"],
            now=timezone.now(),
            party=door.party,
        )
    except SubscriptionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "La demande est refusée. La collectivité lira votre motif.")
    return redirect(door.url("request", public_id))


def write_to(request, door: RequestDoor, public_id):
    """Writes to the two other parties."""
    form = send(request, _found(door, public_id), party=door.party)
    if form is not None:
        return detail_page(request, door, public_id, message_form=form)
    return redirect(f"{door.url('request', public_id)}#messages")


def message_file(door: RequestDoor, public_id, message):
    """The file joined to a message."""
    return file_response(_found(door, public_id), message)


def _found(door: RequestDoor, public_id) -> Subscription:
    found = requests_of(owner=door.owner).prefetch_related("approvals__reminders")
    return get_object_or_404(found, public_id=public_id)


def _refusal(found: Subscription) -> str:
    refused = [step for step in found.approvals.all() if step.reason] if found.state == State.REFUSED else []
    return refused[0].reason if refused else ""


def _facts(found: Subscription, *, turn: bool) -> list[dict]:
    facts = [
        {"label": "Collectivité", "value": found.tenant.name},
        {"label": "Demandé par", "value": str(found.requested_by), "note": moment(found.requested_at)},
        {"label": "Opérateur", "value": found.operator.short_name},
        {"label": "Cadre d’achat", "value": found.vehicle.name},
    ]
    facts += trial_facts(found)
    if found.wanted_from:
        facts.append({"label": "À partir du", "value": day(found.wanted_from)})
    if found.tenant.kind == OrganisationKind.EPCI and (wanted := wanted_of(found)):
        names = ", ".join(one.commune_name for one in wanted)
        facts.append({"label": "Communes à couvrir", "value": str(len(wanted)), "note": names})
    today = localdate(timezone.now())
    expected = expected_opening(found, on=today)
    if expected:
        when = expected_when(expected, today=today) or "en retard"
        why = "La demande attend votre accord." if turn and expected.on is None else expected_why(expected)
        facts.append({"label": "Ouverture attendue", "value": when, "note": why})
    return facts
