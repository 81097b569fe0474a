"""Open Service Broker API 2.17: provision, update, deprovision, each asynchronous where the broker wishes.

What a broker's answer means is read from one table, that of "Orphan Mitigation" in the specification
(`answers`). A request whose answer leaves a doubt is mitigated by the engine: deleted, then asked again.
"""

from collections.abc import Iterator

from provisioning.connectors.calling import Answer
from provisioning.connectors.osb.answers import (
    Outcome,
    deletion_of,
    deletion_polled,
    error_of,
    object_of,
    outcome_of,
    state_of,
    under_way,
    web_address,
)
from provisioning.connectors.osb.bindings import BindingVerbs
from provisioning.connectors.osb.broker import Broker, BrokerConfig, context_of, parameters_of
from provisioning.connectors.osb.catalogue import CatalogueInvalid, offered_in
from provisioning.connectors.outcomes import Absent, Done, InProgress, NeedsPerson, Retry, Seen, Way
from provisioning.models.run import Cause, Event


class OsbConnector(BindingVerbs):
    Config = BrokerConfig

    def __init__(self, config: BrokerConfig):
        self.config, self.broker = config, Broker(config)

    def way_of(self, event: Event) -> Way:
        """The broker does all, but an update or a suspension that it does not understand."""
        does = {
            Event.CHANGE: self.config.changes,
            Event.SUSPEND: self.config.suspends,
            Event.RESUME: self.config.suspends,
        }
        return Way.MACHINE if does.get(event, True) else Way.PERSON

    def ensure_open(self, request) -> Outcome:
        """PUT /v2/service_instances/{key}: the broker answers the same to the same request."""
        body = {
            **self.broker.plan(),
            "organization_guid": request.siren,
            "space_guid": request.subscription_id,
            "context": context_of(request),
        }
        if request.options or request.counts:
            body["parameters"] = parameters_of(request)
        answer = self._put(request, body)
        match answer.status:
            case 200 | 201:
                said = object_of(answer, doubtful=answer.status == 201)
                return Done(url=web_address(said.get("dashboard_url")))
            case 202:
                return under_way(answer, doubtful=True)
            case 409:
                return NeedsPerson("L’éditeur a déjà un service à ce nom avec d’autres caractéristiques.")
            case _:
                return outcome_of(answer, verb="l’ouverture", doubtful=True)

    def _put(self, request, body: dict) -> Answer:
        """With the version of the plan that the catalogue gave. When that one is of before, the catalogue is
        read again and the new one asked for, once (2.17, "MaintenanceInfoConflict"). While it cannot be read,
        nothing is asked for: raises Retry, which leaves no doubt, for what was refused was not begun."""
        version = self.config.offered.maintenance_version if self.config.offered else ""
        known = {"maintenance_info": {"version": version}} if version else {}
        query = {"accepts_incomplete": "true"}
        answer = self.broker.call("PUT", request, query=query, body=body | known)
        if answer.status != 422 or error_of(answer) != "MaintenanceInfoConflict":
            return answer
        try:
            services = self.broker.catalogue().services or []
        except CatalogueInvalid as problem:
            raise Retry(str(problem), cause=Cause.UNREADABLE) from problem
        except Retry as problem:
            problem.doubtful = False
            raise
        plan = self.broker.plan()
        offered = offered_in(services, **plan)
        if offered is None or offered.maintenance_version == version:
            return answer
        fresh = offered.maintenance_version
        known = {"maintenance_info": {"version": fresh}} if fresh else {}
        return self.broker.call("PUT", request, query=query, body=body | known)

    def poll(self, request, operation: str) -> Outcome:
        """GET last_operation; once it succeeded, the instance is fetched for the service's address unless the
        broker said it before. 410: what was being opened is there no more."""
        answer = self.broker.last_operation(request, operation)
        if answer.status == 410:
            raise Retry("L’ouverture s’est perdue chez l’éditeur.", cause=Cause.BROKEN, afresh=True)
        match state_of(answer):
            case "in progress":
                return InProgress(operation=operation, poll_after=answer.retry_after)
            case "succeeded":
                return Done(url=request.url or self._address(request))
            case _:
                return NeedsPerson("L’éditeur n’a pas réussi à ouvrir le service.", doubtful=True)

    def ensure_changed(self, request) -> Outcome:
        """PATCH /v2/service_instances/{key}: the plan and all the parameters again, so that once or twice is
        the same."""
        if self.way_of(Event.CHANGE) == Way.PERSON:
            return NeedsPerson(
                "Le système de l’éditeur ne sait pas modifier un service ouvert : le lui demander."
            )
        return self._update(request, verb="la modification")

    def ensure_suspended(self, request) -> Outcome:
        """An update too, where the broker understands it."""
        if self.way_of(Event.SUSPEND) == Way.PERSON:
            return NeedsPerson(
                "Le système de l’éditeur ne sait pas suspendre : lui demander de fermer l’accès de la "
                "collectivité, sans rien effacer."
            )
        return self._update(request, verb="la suspension")

    def ensure_resumed(self, request) -> Outcome:
        """As `ensure_suspended`."""
        if self.way_of(Event.RESUME) == Way.PERSON:
            return NeedsPerson(
                "Le système de l’éditeur ne sait pas rouvrir un accès : le lui demander pour la collectivité."
            )
        return self._update(request, verb="la réouverture")

    def _update(self, request, *, verb: str) -> Outcome:
        """With the plan, though it is the same: the vendor may have another."""
        suspended = {"suspended": request.suspended} if self.config.suspends else {}
        body = {
            **self.broker.plan(),
            "context": context_of(request),
            "parameters": {**parameters_of(request), **suspended},
        }
        answer = self.broker.call("PATCH", request, query={"accepts_incomplete": "true"}, body=body)
        match answer.status:
            case 200:
                said = object_of(answer)  # the page of a proxy changes nothing
                return Done(url=web_address(said.get("dashboard_url")))
            case 202:
                return under_way(answer)
            case _:
                return outcome_of(answer, verb=verb)

    def poll_changing(self, request, operation: str) -> Outcome:
        """GET last_operation."""
        answer = self.broker.last_operation(request, operation)
        match state_of(answer):
            case "in progress":
                return InProgress(operation=operation, poll_after=answer.retry_after)
            case "succeeded":
                return Done()
            case _:
                return NeedsPerson("L’éditeur n’a pas réussi à modifier le service.")

    def ensure_closed(self, request) -> Outcome:
        """DELETE /v2/service_instances/{key}; 410: closed already."""
        answer = self.broker.call(
            "DELETE", request, query={**self.broker.plan(), "accepts_incomplete": "true"}
        )
        return deletion_of(answer, verb="la fermeture")

    def poll_closing(self, request, operation: str) -> Outcome:
        """GET last_operation; 410: closed. What failed is asked for again, until it is closed."""
        answer = self.broker.last_operation(request, operation)
        return deletion_polled(answer, operation, failed="L’éditeur n’a pas réussi à fermer le service.")

    def look(self, request) -> Seen | Absent | None:
        """GET /v2/service_instances/{key}, of a broker that lets its instances be fetched."""
        if not self.config.lets_fetch:
            return None
        answer = self.broker.call("GET", request, query=self.broker.plan())
        match answer.status:
            case 200:
                return Seen(tuple(_differences(object_of(answer), request, self.config)))
            case 404 | 410:
                return Absent()
            case _:
                return None

    def _address(self, request) -> str:
        """GET /v2/service_instances/{key}, "" from a broker that does not let its instances be fetched.
        Raises Retry."""
        if self.config.offered and not self.config.offered.instances_retrievable:
            return ""
        answer = self.broker.call("GET", request, query=self.broker.plan())
        if answer.status == 200:
            return web_address(object_of(answer).get("dashboard_url"))
        if 400 <= answer.status < 500 and answer.status not in (408, 429):
            return ""
        raise Retry(
            f"L’éditeur ne dit pas l’adresse du service (code {answer.status}).",
            cause=Cause.BROKEN,
            after=answer.retry_after,
        )


def _differences(said: dict, request, config: BrokerConfig) -> Iterator[str]:
    """What of an instance is not as it was asked for; what the broker does not say is no difference."""
    if said.get("plan_id", config.plan_id) != config.plan_id:
        yield "une autre formule"
    parameters = said.get("parameters")
    if not isinstance(parameters, dict):
        return
    asked = parameters_of(request)
    if sorted(map(str, _list(parameters.get("options", asked["options"])))) != asked["options"]:
        yield "d’autres options"
    if parameters.get("counts", asked["counts"]) != asked["counts"]:
        yield "d’autres quantités"
    if config.suspends and bool(parameters.get("suspended")) != request.suspended:
        yield "l’accès est ouvert" if request.suspended else "l’accès est fermé"


def _list(value) -> list:
    return value if isinstance(value, list) else []
