"""Most operators open accounts by hand: a first-class way, not a failure."""

from pydantic import BaseModel

from provisioning.connectors.outcomes import NeedsPerson


class ManualConnector:
    class Config(BaseModel):
        """Who opens the service, and what is to be done."""

        instructions: str = "Ouvrir le compte de la collectivité chez l’éditeur."
        changing: str = "Faire appliquer par l’éditeur ce que change l’avenant."
        closing: str = "Faire fermer le compte de la collectivité chez l’éditeur, et effacer ses données."

    def __init__(self, config: Config):
        self.config = config

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

    def ensure_closed(self, request) -> NeedsPerson:
        """Always a person's task, as the opening."""
        return NeedsPerson(self.config.closing)

    def poll_closing(self, request, operation: str) -> NeedsPerson:
        """Nothing to ask anybody but the person."""
        return self.ensure_closed(request)
