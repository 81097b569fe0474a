from tenants.models.access import Assistance, Invitation
from tenants.models.adhesion import Adhesion
from tenants.models.audit import AuditEvent, AuditSeal
from tenants.models.identity import Identity, Relink
from tenants.models.joining import JoinOutcome, JoinRefusal, JoinRequest, JoinSource, KnownDomain
from tenants.models.letter import Letter, LetterState
from tenants.models.member_import import ImportState, MemberImport, MemberImportRow, RowVerdict
from tenants.models.operator import College, Operator, VatPosition
from tenants.models.organisation import ChorusService, Establishment, Organisation
from tenants.models.people import Membership, Role, User
from tenants.models.personal_data import Kept, PersonalDataExport, RetentionPeriod
from tenants.models.seat_move import SeatMove, SeatMoveState
from tenants.models.territory import FormerCode, Population, Territory
from tenants.models.vintage import ChangeKind, TerritoryChange, VintageImport

__all__ = [
    "Adhesion",
    "Assistance",
    "AuditEvent",
    "AuditSeal",
    "ChangeKind",
    "ChorusService",
    "College",
    "Establishment",
    "FormerCode",
    "Identity",
    "ImportState",
    "Invitation",
    "JoinOutcome",
    "JoinRefusal",
    "JoinRequest",
    "JoinSource",
    "Kept",
    "KnownDomain",
    "Letter",
    "LetterState",
    "MemberImport",
    "MemberImportRow",
    "Membership",
    "Operator",
    "Organisation",
    "PersonalDataExport",
    "Population",
    "Relink",
    "RetentionPeriod",
    "Role",
    "RowVerdict",
    "SeatMove",
    "SeatMoveState",
    "Territory",
    "TerritoryChange",
    "User",
    "VatPosition",
    "VintageImport",
]
