from provisioning.models.endpoint import Endpoint
from provisioning.models.run import Call, Event, Run, Step, StepState

__all__ = ["Call", "Endpoint", "Event", "Run", "Step", "StepState"]
