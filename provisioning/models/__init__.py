from provisioning.models.endpoint import Endpoint
from provisioning.models.lane import Lane
from provisioning.models.run import Call, Cause, Event, Run, Step, StepState
from provisioning.models.track_record import TrackRecord

__all__ = ["Call", "Cause", "Endpoint", "Event", "Lane", "Run", "Step", "StepState", "TrackRecord"]
