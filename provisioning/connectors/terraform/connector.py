"""An allowed module of Terraform opens, changes and closes a service: by a worker, never by a web process.

Its state is kept in S3 under the instance's key and locked while it is worked on, so that asking again does
the rest and no more: no outcome here is `doubtful`. A worker that dies leaves its command running, at most to
its limit; until then its lock holds off the next one.
"""

import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from django.core.files.storage import default_storage
from pydantic import BaseModel, Field, StringConstraints

from provisioning.connectors.outcomes import Credentials, Done, NeedsPerson, Proposed, Retry, Way
from provisioning.connectors.terraform import state
from provisioning.connectors.terraform.running import ModuleUnknown, Outcome, Unequipped, Workplace, workplace
from provisioning.connectors.webhook.words import MAX_MESSAGE, web_address
from provisioning.models.run import Cause, Event

PLAN_FILE = "halle.plan"
CHANGES = 2  # what `plan -detailed-exitcode` answers when there is something to do
MAX_PLAN = 200_000  # characters
VARIABLES_FILE = "halle.auto.tfvars.json"
RESERVED = re.compile(r"AWS_|TF_|HALLE_|LD_|PATH$|HOME$")
_ERROR = re.compile(r"^[│\s]*Error: (.+)$", re.MULTILINE)

VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]


class TerraformConnector:
    class Config(BaseModel):
        """`module` names a folder among those allowed on the platform. `variables` are given to it as they
        are; `environment` names, for each variable of its environment, the one of the worker's that holds it:
        the secrets of its providers (as `TF_VAR_…` for a sensitive variable). `url_output`: the output that
        says where the service is. `confirm`: a person reads what would be done and agrees to it first.
        `bindable`: its sensitive outputs are the credentials of the service. `suspends`: the module looks at
        `suspended`. `minutes`: how long one command may last."""

        module: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
        variables: dict[VariableName, str | int | bool] = {}
        environment: dict[VariableName, VariableName] = {}
        url_output: str = "url"
        confirm: bool = False
        bindable: bool = False
        suspends: bool = False
        minutes: int = Field(default=20, ge=1, le=state.MAX_MINUTES)

    def __init__(self, config: Config):
        self.config = config

    def way_of(self, event: Event) -> Way:
        """The module does all, but a suspension that it does not look at."""
        by_hand = event in (Event.SUSPEND, Event.RESUME) and not self.config.suspends
        return Way.PERSON if by_hand else Way.MACHINE

    def ensure_open(self, request) -> Done | NeedsPerson:
        """Applies the module. Raises Retry."""
        return self._carry_out(request, "apply")

    def ensure_changed(self, request) -> Done | NeedsPerson:
        """Applies the module with what is in force now. Raises Retry."""
        return self._carry_out(request, "apply")

    def ensure_suspended(self, request) -> Done | NeedsPerson:
        """As a change, where the module looks at it."""
        if self.way_of(Event.SUSPEND) == Way.PERSON:
            return NeedsPerson(
                "Le module ne sait pas suspendre : fermer l’accès de la collectivité à la main."
            )
        return self._carry_out(request, "apply")

    def ensure_resumed(self, request) -> Done | NeedsPerson:
        """As `ensure_suspended`."""
        if self.way_of(Event.RESUME) == Way.PERSON:
            return NeedsPerson("Le module ne sait pas rouvrir : rendre l’accès à la collectivité à la main.")
        return self._carry_out(request, "apply")

    def ensure_closed(self, request) -> Done | NeedsPerson:
        """Destroys all that the module made. Raises Retry."""
        return self._carry_out(request, "destroy")

    def ensure_bound(self, request) -> Done | NeedsPerson:
        """The sensitive outputs of the module, as they are. Raises Retry."""
        if request.predecessor:
            return NeedsPerson(
                "Un module Terraform ne renouvelle pas ses secrets : remplacer les anciens chez l’éditeur, "
                "puis remettre les nouveaux à la collectivité."
            )
        return self._in_place(request, self._bound)

    def ensure_unbound(self, request) -> Done:
        """They go with what the module made, at the closing."""
        return Done()

    def poll_binding(self, request, operation: str) -> Done | NeedsPerson:
        """As `poll`."""
        return self.ensure_bound(request)

    def poll_unbinding(self, request, operation: str) -> Done:
        """As `poll`."""
        return self.ensure_unbound(request)

    def poll(self, request, operation: str) -> Done | NeedsPerson:
        """Nothing goes on elsewhere: the same again."""
        return self.ensure_open(request)

    def poll_changing(self, request, operation: str) -> Done | NeedsPerson:
        """As `poll`."""
        return self.ensure_changed(request)

    def poll_closing(self, request, operation: str) -> Done | NeedsPerson:
        """As `poll`."""
        return self.ensure_closed(request)

    def _carry_out(self, request, verb: str) -> Done | NeedsPerson:
        return self._in_place(request, partial(self._done, verb=verb))

    def _in_place(self, request, work: Callable[..., Done | NeedsPerson]) -> Done | NeedsPerson:
        """Does that in a workplace that has joined the instance's state."""
        try:
            environment = {**self._environment(), **state.credentials()}
            with workplace(
                module=self.config.module, environment=environment, seconds=self.config.minutes * 60
            ) as place:
                self._write_variables(place, request)
                self._expect(state.prepare(place, instance=request.key), doing="la préparation")
                return work(place, request)
        except ModuleUnknown:
            return NeedsPerson(
                "Le module Terraform de cette offre n’est pas de ceux que la plateforme permet."
            )
        except Unequipped as problem:
            return NeedsPerson(str(problem))

    def _done(self, place: Workplace, request, *, verb: str) -> Done | NeedsPerson:
        if not self.config.confirm:
            self._expect(self._locked(place, verb, "-auto-approve"), doing=_DOING[verb])
        elif not self._agreed(place, request) and (proposed := self._planned(place, verb)):
            return NeedsPerson(_TO_READ[verb], proposed=proposed)
        return Done(url=self._url(place) if verb == "apply" else "")

    def _bound(self, place: Workplace, request) -> Done:
        outputs = self._outputs(place)
        secret = {name: found["value"] for name, found in outputs.items() if found["sensitive"]}
        return Done(credentials=Credentials(values=secret))

    def _planned(self, place: Workplace, verb: str) -> Proposed | None:
        """What would be done, kept so that it is exactly what is done; None when there is nothing to do."""
        outcome = self._locked(place, "plan", *_PLAN[verb], "-detailed-exitcode", f"-out={PLAN_FILE}")
        if outcome.code == 0:
            return None
        if outcome.code != CHANGES:
            self._expect(outcome, doing="la préparation du plan")
        shown = place.run("show", "-no-color", PLAN_FILE, seconds=300)
        self._expect(shown, doing="la lecture du plan")
        text = self._without_secrets(shown.said).replace("\0", "\ufffd")[:MAX_PLAN]
        return Proposed(text=text, content=(place.folder / PLAN_FILE).read_bytes())

    def _agreed(self, place: Workplace, request) -> bool:
        """Whether the plan that a person agreed to was carried out: not if there is none, or if something has
        changed since she read it."""
        if not request.agreed_plan:
            return False
        with default_storage.open(request.agreed_plan) as kept:
            (place.folder / PLAN_FILE).write_bytes(kept.read())
        outcome = self._locked(place, "apply", PLAN_FILE)
        if "Saved plan is stale" in outcome.said:
            return False
        self._expect(outcome, doing="l’exécution du plan accepté")
        return True

    def _locked(self, place: Workplace, verb: str, *arguments: str) -> Outcome:
        """A command that takes the state's lock; one left by a dead run is broken first. Raises Retry while
        another run holds it."""
        command = (verb, "-no-color", "-input=false", "-lock-timeout=20s", *arguments)
        outcome = place.run(*command)
        lock = state.lock_in(outcome)
        if lock and lock.is_dead(now=datetime.now(UTC)):
            self._expect(place.run("force-unlock", "-force", lock.id, seconds=300), doing="la reprise")
            outcome = place.run(*command)
            lock = state.lock_in(outcome)
        if lock:
            raise Retry("Terraform travaille déjà à ce service.", cause=Cause.BUSY)
        return outcome

    def _url(self, place: Workplace) -> str:
        found = self._outputs(place).get(self.config.url_output, {})
        return "" if found.get("sensitive") else web_address(found.get("value"))

    def _outputs(self, place: Workplace) -> dict:
        outcome = place.run("output", "-no-color", "-json", seconds=300)
        self._expect(outcome, doing="la lecture des résultats")
        try:
            return json.loads(outcome.said)
        except ValueError as error:
            raise Retry("Les résultats de Terraform sont illisibles.", cause=Cause.UNREADABLE) from error

    def _expect(self, outcome: Outcome, *, doing: str) -> None:
        """Raises Retry when a command did not succeed."""
        if outcome.code == 0:
            return
        if outcome.timed_out:
            raise Retry(f"Terraform a mis trop de temps : {doing} est arrêtée.", cause=Cause.TIMEOUT)
        why = self._without_secrets(" / ".join(_ERROR.findall(outcome.said)))[:MAX_MESSAGE]
        raise Retry(f"Terraform a échoué dans {doing}{f' : {why}' if why else '.'}", cause=Cause.BROKEN)

    def _without_secrets(self, text: str) -> str:
        for secret in {*self._environment().values(), *state.credentials().values()}:
            if secret:
                text = text.replace(secret, "…")
        return text

    def _environment(self) -> dict[str, str]:
        """What the module's providers need. Names that would steer Terraform itself are not passed on."""
        return {
            name: os.environ.get(variable, "")
            for name, variable in self.config.environment.items()
            if name.startswith("TF_VAR_") or not RESERVED.match(name)
        }

    def _write_variables(self, place: Workplace, request) -> None:
        told = {
            "instance": request.key,
            "subscription": request.subscription_id,
            "organisation_name": request.organisation_name,
            "siren": request.siren,
            "insee_code": request.insee_code,
            "operator": request.operator_name,
            "options": sorted(request.options),
            "counts": dict(request.counts),
            "suspended": request.suspended,
        }
        (place.folder / VARIABLES_FILE).write_text(json.dumps({**self.config.variables, **told}))


_DOING = {"apply": "l’ouverture", "destroy": "la suppression"}
_PLAN = {"apply": [], "destroy": ["-destroy"]}
_TO_READ = {
    "apply": "Lire ce que Terraform va faire, et l’accepter.",
    "destroy": "Lire ce que Terraform va supprimer, et l’accepter.",
}
