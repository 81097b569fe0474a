"""Who opens the pages about an organisation itself."""

from tenants.models import Role
from tenants.people.roles import GIVEN_BY

# Whoever answers for an organisation, or audits it, sees who may act there; administrators change it.
PEOPLE_READERS = frozenset({*GIVEN_BY, Role.SIGNATORY, Role.AUDITOR})
# An agent and a vendor's editor have no business in who did what.
LOG_READERS = frozenset(Role.values) - {Role.AGENT, Role.VENDOR_EDITOR}
