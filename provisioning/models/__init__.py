from provisioning.models.agent_directory import AgentDirectory
from provisioning.models.binding import Binding, BindingKind
from provisioning.models.catalogue import BrokerCatalogue, CatalogueReading
from provisioning.models.departure import ClosingOf, Departure, LeaverClosing
from provisioning.models.drift import Drift, DriftKind
from provisioning.models.endpoint import Endpoint
from provisioning.models.errand import Errand, Settled
from provisioning.models.keycloak_sync import (
    AccountDrift,
    AccountDriftKind,
    OrganisationTold,
    RoundKind,
    SyncRound,
)
from provisioning.models.kit_run import KitReport, KitRun
from provisioning.models.lane import Lane
from provisioning.models.member_provider import (
    MemberDomain,
    MemberProvider,
    MemberProviderMove,
    ProviderKind,
    ProviderState,
)
from provisioning.models.message import Callback, Delivery, Said
from provisioning.models.proposal import Proposal
from provisioning.models.run import Call, Cause, Event, Run, Step, StepState
from provisioning.models.service_key import ServiceKey
from provisioning.models.sign_in import Protocol, SignIn
from provisioning.models.track_record import TrackRecord

__all__ = [
    "AccountDrift",
    "AccountDriftKind",
    "AgentDirectory",
    "Binding",
    "BindingKind",
    "BrokerCatalogue",
    "Call",
    "Callback",
    "CatalogueReading",
    "Cause",
    "ClosingOf",
    "Delivery",
    "Departure",
    "Drift",
    "DriftKind",
    "Endpoint",
    "Errand",
    "Event",
    "KitReport",
    "KitRun",
    "Lane",
    "LeaverClosing",
    "MemberDomain",
    "MemberProvider",
    "MemberProviderMove",
    "OrganisationTold",
    "Proposal",
    "Protocol",
    "ProviderKind",
    "ProviderState",
    "RoundKind",
    "Run",
    "Said",
    "ServiceKey",
    "Settled",
    "SignIn",
    "Step",
    "StepState",
    "SyncRound",
    "TrackRecord",
]
