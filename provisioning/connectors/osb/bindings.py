"""Service bindings: credentials to an open instance, made, fetched and taken back.

The rows of "Orphan Mitigation" are those of an instance: what is in doubt is unbound by the engine, then
asked again. Nothing that the broker writes beside the credentials is repeated: it may hold them.
"""

import json
from datetime import datetime

from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware

from provisioning.connectors.calling import Answer
from provisioning.connectors.osb.answers import (
    Outcome,
    deletion_of,
    deletion_polled,
    object_of,
    outcome_of,
    state_of,
    under_way,
)
from provisioning.connectors.osb.broker import Broker, context_of
from provisioning.connectors.outcomes import Credentials, Done, InProgress, NeedsPerson, Retry
from provisioning.models.run import Cause
from tenants.sealing import MAX_SECRET_CHARACTERS


class BindingVerbs:
    broker: Broker

    def ensure_bound(self, request) -> Outcome:
        """PUT …/service_bindings/{binding}: the same request is answered by the same credentials. A rotation
        names its predecessor where the vendor knows how (2.17, "Rotating a Service Binding")."""
        body = {**self.broker.plan(), "context": context_of(request)}
        offered = self.broker.config.offered
        if request.predecessor and offered and offered.binding_rotatable:
            body["predecessor_binding_id"] = request.predecessor
        # What is made asynchronously is fetched afterwards.
        query = {"accepts_incomplete": "false" if offered and not offered.bindings_retrievable else "true"}
        answer = self.broker.call("PUT", request, path=_path(request), query=query, body=body)
        match answer.status:
            case 200 | 201:
                return _bound(answer, doubtful=answer.status == 201)
            case 202:
                return under_way(answer, doubtful=True)
            case 409:
                return NeedsPerson("L’éditeur a déjà donné d’autres identifiants à ce nom.")
            case _:
                return outcome_of(answer, verb="de donner des identifiants", doubtful=True)

    def poll_binding(self, request, operation: str) -> Outcome:
        """GET last_operation; once it succeeded, the binding is fetched. 410: it is there no more."""
        answer = self.broker.last_operation(request, operation, of=_path(request))
        if answer.status == 410:
            raise Retry("Les identifiants se sont perdus chez l’éditeur.", cause=Cause.BROKEN, afresh=True)
        match state_of(answer):
            case "in progress":
                return InProgress(operation=operation, poll_after=answer.retry_after)
            case "succeeded":
                return self._fetched(request)
            case _:
                return NeedsPerson("L’éditeur n’a pas réussi à donner des identifiants.", doubtful=True)

    def ensure_unbound(self, request) -> Outcome:
        """DELETE …/service_bindings/{binding}; 410: taken back already."""
        query = {**self.broker.plan(), "accepts_incomplete": "true"}
        answer = self.broker.call("DELETE", request, path=_path(request), query=query)
        return deletion_of(answer, verb="de retirer des identifiants")

    def poll_unbinding(self, request, operation: str) -> Outcome:
        """GET last_operation; 410: taken back. What failed is asked for again."""
        answer = self.broker.last_operation(request, operation, of=_path(request))
        failed = "L’éditeur n’a pas réussi à retirer des identifiants."
        return deletion_polled(answer, operation, failed=failed)

    def _fetched(self, request) -> Outcome:
        answer = self.broker.call("GET", request, path=_path(request), query=self.broker.plan())
        if answer.status == 200:
            return _bound(answer, doubtful=False)
        raise Retry(
            f"L’éditeur ne donne pas les identifiants qu’il a préparés (code {answer.status}).",
            cause=Cause.BUSY if answer.status == 429 else Cause.BROKEN,
            after=answer.retry_after,
        )


def _path(request) -> str:
    return f"/service_bindings/{request.binding}"


def _bound(answer: Answer, *, doubtful: bool) -> Done:
    said = object_of(answer, doubtful=doubtful)
    credentials = said.get("credentials") or {}
    if not isinstance(credentials, dict) or not _can_be_kept(credentials):
        sentence = "Les identifiants que donne l’éditeur sont illisibles."
        raise Retry(sentence, cause=Cause.UNREADABLE, doubtful=doubtful)
    return Done(credentials=Credentials(values=credentials, expires_at=_expiry(said.get("metadata"))))


def _can_be_kept(credentials: dict) -> bool:
    """Short enough, and of characters that exist (JSON may name half a pair)."""
    try:
        written = json.dumps(credentials, ensure_ascii=False)
        written.encode()
    except (ValueError, RecursionError):
        return False
    return len(written) <= MAX_SECRET_CHARACTERS and "\\u0000" not in written


def _expiry(metadata) -> datetime | None:
    """`expires_at` of the binding's metadata: a moment with its offset, or nothing."""
    value = metadata.get("expires_at") if isinstance(metadata, dict) else None
    try:
        moment = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment and is_aware(moment) else None
