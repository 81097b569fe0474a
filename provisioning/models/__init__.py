from provisioning.models.endpoint import Endpoint
from provisioning.models.run import Call, Run, Step, StepState

__all__ = ["Call", "Endpoint", "Run", "Step", "StepState"]
