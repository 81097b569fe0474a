"""The only place where the outside is called. No database here: a claim holds all that is needed."""

from pydantic import ValidationError

from provisioning.connectors import connector_for
from provisioning.connectors.calling import AddressRefused
from provisioning.connectors.outcomes import Done, InProgress, NeedsPerson, Retry
from provisioning.engine.claiming import Claim
from provisioning.models import Event

NO_WORD = "-"  # under way, and the vendor gave no word for it
_BY_HAND = {
    Event.ACTIVATE: "s’ouvre",
    Event.CHANGE: "se modifie",
    Event.SUSPEND: "se suspend",
    Event.RESUME: "se rouvre",
    Event.CLOSE: "se ferme",
    Event.UNDO: "s’efface",
}

Outcome = Done | InProgress | NeedsPerson | Retry


def ask(claim: Claim) -> Outcome:
    """Asks the vendor for what the step is about, once, and says what came back. May take half a minute."""
    if claim.endpoint is None:
        return NeedsPerson("Aucun raccordement n’est enregistré pour cette offre.")
    if claim.moot:
        return Done()
    step = claim.step
    event = Event(step.run.event)
    if claim.request is None:
        return NeedsPerson(f"Halle n’a pas ouvert ce service : il {_BY_HAND[event]} à la main.")
    try:
        connector = connector_for(claim.endpoint)
        ensure, poll = {
            Event.ACTIVATE: (connector.ensure_open, connector.poll),
            Event.CHANGE: (connector.ensure_changed, connector.poll_changing),
            Event.SUSPEND: (connector.ensure_suspended, connector.poll_changing),
            Event.RESUME: (connector.ensure_resumed, connector.poll_changing),
            Event.CLOSE: (connector.ensure_closed, connector.poll_closing),
            Event.UNDO: (connector.ensure_closed, connector.poll_closing),
        }[Event.CLOSE if step.doubtful else event]
        if not step.operation:
            return ensure(claim.request)
        # What the vendor did not say must not be said back to it.
        return poll(claim.request, "" if step.operation == NO_WORD else step.operation)
    except Retry as problem:
        return problem
    except ValidationError:
        return NeedsPerson("Le raccordement de cette offre est mal configuré.")
    except AddressRefused as refusal:
        return NeedsPerson(str(refusal))
