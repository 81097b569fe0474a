"""Which of an operator's staff opens which pages; marketplace.web.context shows the menu accordingly."""

from tenants.models import Role

MONEY_ROLES = frozenset({Role.OPERATOR_FINANCE, Role.OPERATOR_ADMIN})
TASK_ROLES = frozenset({Role.CURATOR, Role.OPERATOR_ADMIN})
