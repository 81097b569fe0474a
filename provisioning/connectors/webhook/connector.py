"""A vendor is told by a signed message (Standard Webhooks 1.0.0) that bears a CloudEvents 1.0 event.

It answers at once, or says later what became of it by calling back (`provisioning.callbacks`).

There is nothing to delete after a doubt: the same message is sent again under the same `webhook-id`, and the
contract says that a vendor does once what it is told twice. So no outcome here is `doubtful`.
"""

import json
import time
from urllib.parse import urlsplit

from django.conf import settings
from pydantic import BaseModel, Field, HttpUrl

from provisioning.connectors.calling import Answer, call
from provisioning.connectors.outcomes import Done, Exchange, InProgress, NeedsPerson, Retry, Way
from provisioning.connectors.webhook.keys import keys_in
from provisioning.connectors.webhook.signing import SecretUnusable, signed
from provisioning.connectors.webhook.words import failure, web_address
from provisioning.models.run import Cause, Event

CONTENT_TYPE = "application/cloudevents+json"
TYPE = "eu.halle.subscription."
_VERBS = {
    Event.ACTIVATE: "l’ouverture",
    Event.CHANGE: "la modification",
    Event.SUSPEND: "la suspension",
    Event.RESUME: "la réouverture",
    Event.CLOSE: "la fermeture",
}

Outcome = Done | InProgress | NeedsPerson


class WebhookConnector:
    class Config(BaseModel):
        """The variables are names of environment variables, each holding a secret (`signing.key_of`):
        `secret_variable` signs what is sent, `callback_secret_variable` what the vendor sends back. The
        `previous_…` ones are filled while a key is replaced. `callback_hours`: how long a vendor that has
        said "in progress" may take to call back before it is asked once more, then a person. `suspends`: it
        understands a suspension; else a person sees to it."""

        url: HttpUrl
        secret_variable: str
        previous_secret_variable: str = ""
        callback_secret_variable: str
        previous_callback_secret_variable: str = ""
        callback_hours: int = Field(default=72, ge=1, le=720)
        suspends: bool = False

    def __init__(self, config: Config):
        self.config = config

    def way_of(self, event: Event) -> Way:
        """The vendor's system does all, but a suspension that it does not understand."""
        by_hand = event in (Event.SUSPEND, Event.RESUME) and not self.config.suspends
        return Way.PERSON if by_hand else Way.MACHINE

    def ensure_open(self, request) -> Outcome:
        """Tells the vendor to open. Raises Retry."""
        return self._tell(request, Event.ACTIVATE)

    def ensure_changed(self, request) -> Outcome:
        """Tells the vendor all the options and counts in force. Raises Retry."""
        return self._tell(request, Event.CHANGE)

    def ensure_suspended(self, request) -> Outcome:
        """Tells the vendor to let nobody in, and to keep the data. Raises Retry."""
        if self.way_of(Event.SUSPEND) == Way.PERSON:
            return NeedsPerson(
                "Le système de l’éditeur ne sait pas suspendre : lui demander de fermer l’accès de la "
                "collectivité, sans rien effacer."
            )
        return self._tell(request, Event.SUSPEND)

    def ensure_resumed(self, request) -> Outcome:
        """As `ensure_suspended`."""
        if self.way_of(Event.RESUME) == Way.PERSON:
            return NeedsPerson(
                "Le système de l’éditeur ne sait pas rouvrir un accès : le lui demander pour la collectivité."
            )
        return self._tell(request, Event.RESUME)

    def ensure_closed(self, request) -> Outcome:
        """Tells the vendor to close and to erase. Raises Retry."""
        return self._tell(request, Event.CLOSE)

    def poll(self, request, operation: str) -> Outcome:
        """The vendor has not called back in time: it is told once more, and answers where it is. `operation`
        is what it was told."""
        outcome = self._tell(request, Event(operation))
        if not isinstance(outcome, InProgress):
            return outcome
        return NeedsPerson(
            f"L’éditeur n’a pas rappelé au bout de {self.config.callback_hours} heures.",
            exchange=outcome.exchange,
        )

    def poll_changing(self, request, operation: str) -> Outcome:
        """As `poll`."""
        return self.poll(request, operation)

    def poll_closing(self, request, operation: str) -> Outcome:
        """As `poll`."""
        return self.poll(request, operation)

    def resend(self, message_id: str, body: str) -> Outcome:
        """Sends once more what was sent before, under the same identifier, signed anew. Raises Retry."""
        event = Event(json.loads(body)["type"].removeprefix(TYPE))
        return self._judged(event, message_id, body)

    def _tell(self, request, event: Event) -> Outcome:
        return self._judged(event, request.delivery, _written(request, event))

    def _judged(self, event: Event, message_id: str, body: str) -> Outcome:
        try:
            answer, exchange = self._send(message_id, body)
        except SecretUnusable:
            return NeedsPerson("Le secret qui signe les envois à cet éditeur manque, ou n’en est pas un.")
        try:
            return self._outcome(answer, event=event, exchange=exchange)
        except Retry as problem:
            problem.exchange = exchange
            raise

    def _send(self, message_id: str, body: str) -> tuple[Answer, Exchange]:
        content, url = body.encode(), str(self.config.url)
        keys = keys_in(self.config.secret_variable, self.config.previous_secret_variable)
        headers = signed(keys, message_id=message_id, timestamp=int(time.time()), body=content)
        # What stands after "?" may be a secret of the vendor's.
        shown = urlsplit(url)
        exchange = Exchange(
            message_id=message_id, url=f"{shown.scheme}://{shown.netloc}{shown.path}", sent=body
        )
        try:
            answer = call("POST", url, headers={"Content-Type": CONTENT_TYPE, **headers}, content=content)
        except Retry as problem:
            problem.doubtful, problem.exchange = False, exchange  # the same message again mends it
            raise
        return answer, exchange.answered_by(answer.status, answer.body)

    def _outcome(self, answer: Answer, *, event: Event, exchange: Exchange) -> Outcome:
        """What an answer means. Raises Retry."""
        match answer.status:
            case 200 | 201:
                return self._said(answer, event, exchange)
            case 202:
                return self._in_progress(answer, event, exchange)
            case 408:
                raise Retry("Le système de l’éditeur n’a pas reçu la demande à temps.", cause=Cause.TIMEOUT)
            case 410:
                return NeedsPerson(
                    "L’éditeur ne reçoit plus rien à cette adresse (code 410).", exchange=exchange
                )
            case 429:
                raise Retry(
                    "Le système de l’éditeur demande de patienter.",
                    cause=Cause.BUSY,
                    after=answer.retry_after,
                )
            case status if 400 <= status < 500:
                return NeedsPerson(f"L’éditeur a refusé {_VERBS[event]} (code {status}).", exchange=exchange)
            case status if status >= 500:
                raise Retry(
                    f"Le système de l’éditeur a répondu par une erreur (code {status}).",
                    cause=Cause.BROKEN,
                    after=answer.retry_after,
                )
            case status:
                raise Retry(
                    f"La réponse de l’éditeur n’est pas prévue (code {status}).", cause=Cause.UNREADABLE
                )

    def _said(self, answer: Answer, event: Event, exchange: Exchange) -> Outcome:
        said = answer.json_object() or {}  # the page of a proxy opens no service
        match said.get("state"):
            case "done":
                return Done(url=web_address(said.get("url")), exchange=exchange)
            case "in progress":
                return self._in_progress(answer, event, exchange)
            case "failed":
                return NeedsPerson(failure(said.get("message")), exchange=exchange)
            case _:
                raise Retry("La réponse de l’éditeur est illisible.", cause=Cause.UNREADABLE)

    def _in_progress(self, answer: Answer, event: Event, exchange: Exchange) -> InProgress:
        url = web_address((answer.json_object() or {}).get("url"))
        return InProgress(
            operation=event, url=url, calls_back_within=self.config.callback_hours * 3600, exchange=exchange
        )


def _written(request, event: Event) -> str:
    """The event as CloudEvents 1.0 JSON: the same at every attempt, so it does not say when it is sent."""
    told = {
        "specversion": "1.0",
        "id": request.delivery,
        "source": settings.BASE_URL,
        "type": f"{TYPE}{event}",
        "subject": request.subscription_id,
        "datacontenttype": "application/json",
        "data": {
            "instance": request.key,
            "subscription": request.subscription_id,
            "organisation": {
                "name": request.organisation_name,
                "siren": request.siren,
                "insee_code": request.insee_code,
            },
            "operator": request.operator_name,
            "options": sorted(request.options),
            "counts": dict(request.counts),
            "suspended": request.suspended,
            "callback": request.callback,
        },
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True)
