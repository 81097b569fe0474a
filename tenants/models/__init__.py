from tenants.models.audit import AuditEvent
from tenants.models.operator import Adhesion, Operator
from tenants.models.organisation import Organisation
from tenants.models.people import Membership, Role, User
from tenants.models.territory import FormerCode, Population, Territory

__all__ = [
    "Adhesion",
    "AuditEvent",
    "FormerCode",
    "Membership",
    "Operator",
    "Organisation",
    "Population",
    "Role",
    "Territory",
    "User",
]
