"""The only place where the outside is called. No database here: a claim holds all that is needed."""

from collections.abc import Callable
from dataclasses import replace

from pydantic import ValidationError

from provisioning.callbacks import address_of
from provisioning.connectors import Lookable, ServiceRequest, connector_for
from provisioning.connectors.calling import AddressRefused
from provisioning.connectors.keycloak.client import keep_client
from provisioning.connectors.outcomes import Absent, Done, InProgress, NeedsPerson, Retry, Seen
from provisioning.connectors.scim.client import ScimConfig
from provisioning.connectors.scim.connector import ScimConnector
from provisioning.engine.claiming import Claim
from provisioning.models import Endpoint, Event
from provisioning.models.endpoint import ConnectorKind

UNPROVED = (
    "Le raccordement de l’éditeur n’a pas réussi le banc d’essai : le service s’ouvre à la main, ou par un "
    "nouvel essai une fois le banc réussi."
)
NO_WORD = "-"  # under way, and the vendor gave no word for it
_BY_HAND = {
    Event.ACTIVATE: "s’ouvre",
    Event.CHANGE: "se modifie",
    Event.SUSPEND: "se suspend",
    Event.RESUME: "se rouvre",
    Event.CLOSE: "se ferme",
    Event.UNDO: "s’efface",
    Event.ROTATE: "reçoit ses identifiants",
    Event.AGENTS: "reçoit les comptes de ses agents",
    Event.CLIENT: "se relie à la connexion par Halle",
}
# By what a step is about: what a connector is asked for, and how it is asked how far that is.
VERBS = {
    "open": ("ensure_open", "poll"),
    "change": ("ensure_changed", "poll_changing"),
    "suspend": ("ensure_suspended", "poll_changing"),
    "resume": ("ensure_resumed", "poll_changing"),
    "close": ("ensure_closed", "poll_closing"),
    "undo": ("ensure_closed", "poll_closing"),
    "bind": ("ensure_bound", "poll_binding"),
    "unbind": ("ensure_unbound", "poll_unbinding"),
}
_UNDONE_BY = {"open": "close", "bind": "unbind"}
_CANNOT = {
    "bind": "Ce raccordement ne donne pas d’identifiants : les remettre à la collectivité hors de Halle.",
    "unbind": "Ce raccordement ne retire pas d’identifiants : les faire retirer par l’éditeur.",
}

Outcome = Done | InProgress | NeedsPerson | Retry


def ask(claim: Claim) -> Outcome:
    """Asks the vendor for what the step is about, once, and says what came back. May take half a minute."""
    if claim.step.verb == "agents":
        return _tell_agents(claim)
    if claim.step.verb == "client":
        return _keep_client(claim)
    if claim.endpoint is None:
        return NeedsPerson("Aucun raccordement n’est enregistré pour cette offre.")
    if claim.moot:
        return Done()
    step = claim.step
    event = Event(step.run.event)
    if claim.request is None:
        return NeedsPerson(f"Halle n’a pas ouvert ce service : il {_BY_HAND[event]} à la main.")
    if not claim.proved and not step.operation and not step.doubtful:
        return NeedsPerson(UNPROVED)
    if claim.endpoint.mismatch and step.verb == "open" and not step.operation and not step.doubtful:
        return NeedsPerson(claim.endpoint.mismatch)
    try:
        connector = connector_for(claim.endpoint)
        ensure, poll = (
            getattr(connector, verb, None)
            for verb in VERBS[_UNDONE_BY[step.verb] if step.doubtful else step.verb]
        )
        if ensure is None:
            return NeedsPerson(_CANNOT[step.verb])
        request = claim.request
        if claim.endpoint.connector == ConnectorKind.WEBHOOK:
            # Here and not at the claim: the first address reads the whole site, for seconds, and a claim
            # holds rows.
            request = replace(request, callback=address_of(step))
        if not step.operation:
            return ensure(request)
        # What the vendor did not say must not be said back to it.
        return poll(request, "" if step.operation == NO_WORD else step.operation)
    except Retry as problem:
        return problem
    except ValidationError:
        return NeedsPerson("Le raccordement de cette offre est mal configuré.")
    except AddressRefused as refusal:
        return NeedsPerson(str(refusal))


def look(endpoint: Endpoint, request: ServiceRequest) -> Seen | Absent | None:
    """What a vendor says that it has; None where it cannot be asked, or does not say now."""
    try:
        connector = connector_for(endpoint)
        return connector.look(request) if isinstance(connector, Lookable) else None
    except (Retry, ValidationError, AddressRefused):
        return None


def _tell_agents(claim: Claim) -> Outcome:
    if claim.moot:
        return Done()
    if claim.agents is None:
        return NeedsPerson("L’éditeur n’a plus d’annuaire : ses comptes d’agents se tiennent à la main.")
    return _of_directory(
        claim.agents.config, lambda connector: connector.ensure_agents(claim.agents.directory)
    )


def _keep_client(claim: Claim) -> Outcome:
    if claim.client is None:
        return Done()
    try:
        return keep_client(claim.client)
    except Retry as problem:
        return problem


def try_directory(config: dict) -> Outcome:
    """Whether a vendor's directory can be read, without changing anything there. May take a minute."""
    return _of_directory(config, ScimConnector.try_out)


def _of_directory(config: dict, asked: Callable[[ScimConnector], Done | NeedsPerson]) -> Outcome:
    try:
        return asked(ScimConnector(ScimConfig.model_validate(config)))
    except Retry as problem:
        return problem
    except ValidationError:
        return NeedsPerson("L’annuaire des agents de cette offre est mal configuré.")
    except AddressRefused as refusal:
        return NeedsPerson(str(refusal))
