"""An operator's curators check what vendors claim of the services on its shelf."""

from functools import partial

from django.views.decorators.http import require_http_methods, require_safe

from marketplace.web.access import operator_view
from marketplace.web.checking_claims import Desk, claim_page, list_page
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import TASK_ROLES


@operator_view(*TASK_ROLES, with_members=False)
@require_safe
def claim_list(request, operator):
    """The claims on its shelf and under review."""
    return list_page(request, _desk(operator))


@operator_view(*TASK_ROLES, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def claim(request, operator, public_id):
    """One claim with its evidence at hand."""
    return claim_page(request, _desk(operator), public_id)


def _desk(operator) -> Desk:
    return Desk(operator, partial(crumbs, operator), "operator_claims", "operator_claim")
