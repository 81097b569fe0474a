"""Where a request stands, told step by step to the people of the commune (components/steps.html)."""

from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate

from marketplace.web.commune.entering import entering_step
from marketplace.web.commune.words import act_word, state_badge, yearly_price
from marketplace.web.expecting import expected_when, expected_why
from marketplace.web.formats import day, moment
from provisioning.clients import Entering
from provisioning.models import StepState
from provisioning.queries import Opening, OpeningStep
from subscriptions.chain import waiting_step
from subscriptions.expecting import Expected
from subscriptions.models import Approval, ApprovalState, Party, State, Subscription

OPENING = (State.APPROVED, State.PROVISIONING)
LABELS = {
    Party.MEMBER: "Approbation",
    Party.OPERATOR: "Accord de {operator}",
    Party.VENDOR: "Accord de {vendor}",
}
BLOCKED_BADGE = {"state": "warning", "label": "Ouverture à terminer", "icon": "warning"}
GIVEN_UP_BADGE = {"state": "warning", "label": "Ouverture abandonnée", "icon": "warning"}
OPEN = (State.ACTIVE, State.SUSPENDED, State.TERMINATING, State.ENDED)


def timeline(
    *,
    subscription: Subscription,
    opening: Opening | None,
    entering: Entering | None,
    approvers: list,
    siren: str,
    expected: Expected | None = None,
    by_hand: bool = False,
) -> dict:
    """The region of a subscription's page that follows its progress.

    `poll_url` is "" once nothing will change by itself. `approvers` are the signatories' names, read only
    while the request waits for one. `expected`: when the service should be open.
    `by_hand`: a person opens it at the vendor's, without anything having failed.
    """
    blocked = subscription.state in OPENING and opening is not None and opening.needs_person
    polls = subscription.state in OPENING and not blocked and not _is_planned(subscription)
    given_up = subscription.state in OPENING and opening is not None and opening.given_up
    to_come = _to_come(None if blocked and not by_hand else expected)
    return {
        "steps": [
            _request(subscription),
            *_decision(subscription, approvers, to_come),
            *_opening(subscription, opening, by_hand),
            *(entering_step(subscription, entering) if opening and not given_up else []),
            *([] if given_up else _life(subscription, to_come)),
        ],
        "badge": _badge(subscription, blocked=blocked, given_up=given_up),
        "blocked": blocked,
        "by_hand": by_hand,
        "opening": polls and not given_up,
        "open": subscription.state == State.ACTIVE,
        "poll_url": (
            reverse("member_subscription_progress", args=[siren, subscription.public_id]) if polls else ""
        ),
        "announce": _announce(subscription, blocked=blocked and not by_hand),
    }


def _badge(subscription: Subscription, *, blocked: bool, given_up: bool) -> dict:
    if given_up:
        return GIVEN_UP_BADGE
    return BLOCKED_BADGE if blocked else state_badge(subscription)


def _request(subscription: Subscription) -> dict:
    return {
        "label": "Demande",
        "state": "done",
        "when": f"le {moment(subscription.requested_at)}",
        "detail": f"Par {subscription.requested_by}. {_price(subscription)}.",
    }


def _price(subscription: Subscription) -> str:
    price = yearly_price(subscription)
    return price if subscription.is_trial else f"Le prix est figé ce jour-là\u00a0: {price}"


def _to_come(expected: Expected | None) -> dict:
    """The last step, while the service is not open."""
    when = expected_when(expected, today=localdate(timezone.now()))
    return {"label": "Service ouvert", "state": "todo", "when": when, "detail": expected_why(expected)}


def _decision(subscription: Subscription, approvers: list, to_come: dict) -> list[dict]:
    steps = chain_steps(subscription, approvers, reader=Party.MEMBER)
    if subscription.state == State.REQUESTED:
        steps += [
            {"label": "Ouverture chez l’éditeur", "state": "todo", "when": "dès l’approbation"},
            to_come,
        ]
    return steps


def chain_steps(subscription: Subscription, approvers: list, *, reader: Party) -> list[dict]:
    """Who agreed or must, in order: the member, then the operator and the vendor where they are asked. Of a
    request that was refused or taken back, the last one says so: nobody is asked after it. `approvals` are
    prefetched with who gave each and their `reminders`, `transitions` too where it was. `reader`:
    whose page it is."""
    turn = waiting_step(subscription)
    stopped = subscription.state in (State.REFUSED, State.CANCELLED)
    steps = []
    for step in subscription.approvals.all():
        if subscription.is_trial and step.party == Party.MEMBER:
            continue  # its request was its word
        if stopped and step.state != ApprovalState.GIVEN:
            return [*steps, _stopped(subscription, step)]
        steps.append(_approval(subscription, step, approvers, turn, reader))
    return steps


def _stopped(subscription: Subscription, step: Approval) -> dict:
    last = _last_move(subscription)
    refused = subscription.state == State.REFUSED
    return {
        "label": _label(subscription, step),
        "state": "stopped",
        "word": "Demande refusée" if refused else "Demande annulée",
        "when": f"le {moment(last.at)}",
        "detail": _by(last) + (f"Motif : {last.reason}" if refused else "Rien n’a été commandé."),
    }


def _label(subscription: Subscription, step: Approval) -> str:
    return LABELS[Party(step.party)].format(
        operator=subscription.operator.short_name, vendor=subscription.listing.vendor.organisation.name
    )


def _approval(
    subscription: Subscription, step: Approval, approvers: list, turn: Approval | None, reader: Party
) -> dict:
    label = _label(subscription, step)
    if step.state == ApprovalState.GIVEN:
        # What an envelope had left is its own house's business.
        trace = f" {step.reason}" if step.reason and reader == Party.MEMBER else ""
        acted = _acted(subscription) if step.party == Party.MEMBER else ""
        return {
            "label": label,
            "state": "done",
            "when": f"le {moment(step.at)}",
            "detail": f"{acted}Par {step.by}.{_reminded(step)}{trace}",
        }
    if step != turn:
        return {"label": label, "state": "todo", "when": ""}
    if step.party == Party.MEMBER:
        names = names_of(approvers, "ou")
        detail = f"À faire par {names}." if names else "À faire par une personne signataire."
    else:
        detail = "À vous de répondre." if step.party == reader else "Vous n’avez rien à faire."
    return {"label": label, "state": "current", "when": "", "detail": detail + _reminded(step)}


def _reminded(step: Approval) -> str:
    """When whoever holds the step was reminded of it. `reminders` are prefetched."""
    days = [f"le {day(reminder.at)}" for reminder in sorted(step.reminders.all(), key=lambda one: one.rank)]
    return f" Rappel envoyé {names_of(days, 'et')}." if days else ""


def _acted(subscription: Subscription) -> str:
    decision = getattr(subscription, "decision", None)
    if decision is None:
        return ""
    act = act_word(subscription)
    taken = f" prise par {decision.get_authority_display()}" if decision.authority else ""
    sent = f", transmise le {day(decision.transmitted_on)}" if decision.transmitted_on else ""
    return f"{act} n° {decision.number} du {day(decision.date)}{taken}{sent}. "


def _by(move) -> str:
    """Halle's own moves have nobody behind them."""
    return f"Par {move.by}. " if move.by else ""


def _last_move(subscription: Subscription):
    """From the log, prefetched in order."""
    return list(subscription.transitions.all())[-1]


def _opening(subscription: Subscription, opening: Opening | None, by_hand: bool) -> list[dict]:
    """The provisioning steps in plain words; what the vendor answered exactly is for the operator."""
    if opening is None or subscription.state not in (*OPENING, *OPEN):
        return []
    steps, reached = [], False
    for step in opening.steps:
        if step.state == StepState.DONE:
            steps.append({"label": step.label, "state": "done", "when": f"le {moment(step.done_at)}"})
        elif reached:
            steps.append({"label": step.label, "state": "todo", "when": ""})
        else:
            reached = True
            steps.append(_step_under_way(step, subscription, opening, by_hand))
    return steps


def _step_under_way(step: OpeningStep, subscription: Subscription, opening: Opening, by_hand: bool) -> dict:
    words = {
        StepState.PENDING: "La demande d’ouverture part chez l’éditeur.",
        StepState.RUNNING: "L’ouverture est demandée à l’éditeur.",
        StepState.WAITING: "L’éditeur a reçu la demande et prépare votre service.",
        StepState.NEEDS_PERSON: f"L’ouverture automatique n’a pas abouti. {subscription.operator.short_name} "
        "en est averti et va la terminer.",
        StepState.MOOT: "L’ouverture est abandonnée. Ce que l’éditeur avait pu commencer s’efface ; ensuite, "
        "vous pourrez demander à nouveau ce service. Rien n’est facturé.",
    }
    detail = words[step.state]
    if step.state == StepState.PENDING and step.tried_at is None and _is_planned(subscription):
        detail = f"L’ouverture sera demandée à l’éditeur le {day(subscription.wanted_from)}, comme souhaité."
    if step.retrying:
        detail = "L’éditeur n’a pas répondu. Un nouvel essai se fera tout seul : vous n’avez rien à faire."
    state = {StepState.NEEDS_PERSON: "failed", StepState.MOOT: "stopped"}.get(step.state, "current")
    if by_hand and step.state == StepState.NEEDS_PERSON:
        state = "current"
        detail = f"Ce service s’ouvre à la main : {subscription.operator.short_name} s’en occupe."
    return {
        "label": step.label,
        "state": state,
        "when": f"depuis le {moment(step.tried_at or opening.started_at)}",
        "detail": detail,
    }


def _is_planned(subscription: Subscription) -> bool:
    return bool(subscription.wanted_from) and subscription.wanted_from > localdate(timezone.now())


def _life(subscription: Subscription, to_come: dict) -> list[dict]:
    """What comes after the opening."""
    if subscription.state in OPENING:
        return [to_come]
    last = _last_move(subscription)
    if (last.before, last.after) == (State.PROVISIONING, State.CANCELLED):
        return [_given_up(last)]
    if subscription.state not in OPEN:
        return []
    steps = []
    for move in subscription.transitions.all():
        when = f"le {moment(move.at)}"
        if move.after == State.ACTIVE:
            label = "Service ouvert" if move.before == State.PROVISIONING else "Service rouvert"
            if subscription.after_trial_id and move.before == State.PROVISIONING:
                label = "Service gardé après l’essai"
        elif move.after in (State.SUSPENDED, State.TERMINATING, State.ENDED):
            label = {
                State.SUSPENDED: "Service suspendu",
                State.TERMINATING: "Essai terminé" if subscription.is_trial else "Fermeture demandée",
                State.ENDED: "Service terminé",
            }[State(move.after)]
        else:
            continue
        steps.append({"label": label, "state": "done", "when": when, "detail": move.reason})
    return steps


def _given_up(move) -> dict:
    return {
        "label": "Ouverture chez l’éditeur",
        "state": "stopped",
        "word": "Ouverture abandonnée",
        "when": f"le {moment(move.at)}",
        "detail": f"{_by(move)}Motif : {move.reason} Rien n’a été facturé.",
    }


def _announce(subscription: Subscription, *, blocked: bool) -> str:
    if blocked:
        return "L’ouverture automatique n’a pas abouti. Votre opérateur en est averti."
    if subscription.state in OPENING:
        return "Ouverture du service en cours."
    return f"{subscription.service_name} : {subscription.get_state_display()}."


def names_of(things: list, word: str) -> str:
    """ "a, b ou c"."""
    names = [str(thing) for thing in things]
    return f" {word} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
