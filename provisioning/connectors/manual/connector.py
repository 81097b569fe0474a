"""Most operators open accounts by hand: a first-class way, not a failure."""

from pydantic import BaseModel, Field

from provisioning.connectors.outcomes import NeedsPerson, Way
from provisioning.models.run import Event


class ManualConnector:
    class Config(BaseModel):
        """Who opens the service, and what is to be done. `suspends`: the vendor can close the access of a
        member and keep its data. `days`: working days that a person has; `checklist`: what she ticks before
        an opening is said to be done."""

        instructions: str = "Ouvrir le compte de la collectivité chez l’éditeur."
        changing: str = "Faire appliquer par l’éditeur ce que change l’avenant."
        days: int = Field(5, ge=1, le=60)
        checklist: list[str] = Field(default_factory=list, max_length=20)
        suspends: bool = True
        suspending: str = "Faire fermer par l’éditeur l’accès de la collectivité, sans rien effacer."
        resuming: str = "Faire rouvrir par l’éditeur l’accès de la collectivité."
        closing: str = "Faire fermer le compte de la collectivité chez l’éditeur, et effacer ses données."

    def __init__(self, config: Config):
        self.config = config

    def way_of(self, event: Event) -> Way:
        """A person does it all."""
        suspends = self.config.suspends or event not in (Event.SUSPEND, Event.RESUME)
        return Way.PERSON if suspends else Way.NEVER

    def ensure_open(self, request) -> NeedsPerson:
        """Always a person's task; `operations.mark_done` ends it."""
        return NeedsPerson(self.config.instructions)

    def poll(self, request, operation: str) -> NeedsPerson:
        """Nothing to ask anybody but the person."""
        return self.ensure_open(request)

    def ensure_changed(self, request) -> NeedsPerson:
        """Always a person's task, as the opening."""
        return NeedsPerson(self.config.changing)

    def poll_changing(self, request, operation: str) -> NeedsPerson:
        """Nothing to ask anybody but the person."""
        return self.ensure_changed(request)

    def ensure_suspended(self, request) -> NeedsPerson:
        """Always a person's task, as the opening."""
        return NeedsPerson(self.config.suspending)

    def ensure_resumed(self, request) -> NeedsPerson:
        """Always a person's task, as the opening."""
        return NeedsPerson(self.config.resuming)

    def ensure_closed(self, request) -> NeedsPerson:
        """Always a person's task, as the opening."""
        return NeedsPerson(self.config.closing)

    def poll_closing(self, request, operation: str) -> NeedsPerson:
        """Nothing to ask anybody but the person."""
        return self.ensure_closed(request)
