"""An operator's staff records that a member's head office moves."""

from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.web.access import operator_view
from marketplace.web.operator.member import member_crumbs, member_of
from marketplace.web.operator.roles import TASK_ROLES
from marketplace.web.organisation.seat_moves import TITLE, Frame, cancel_page, declare_page, evidence_page
from marketplace.web.organisation.seat_words import SeatDoor
from tenants.tenancy import tenant_scope


@operator_view(*TASK_ROLES, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def declare(request, operator, siren):
    """The form."""
    return _there(declare_page, request, operator, siren)


@operator_view(*TASK_ROLES, with_members=False)
@require_POST
def cancel(request, operator, siren, move):
    """A move to come will not happen."""
    return _there(cancel_page, request, operator, siren, move)


@operator_view(*TASK_ROLES, with_members=False)
@require_safe
def evidence(request, operator, siren, move):
    """The document that was joined."""
    return _there(evidence_page, request, operator, siren, move)


def _there(page, request, operator, siren: str, *things):
    organisation = member_of(operator, siren)
    home = reverse("operator_member", args=[operator.slug, organisation.siren])
    crumbs = member_crumbs(operator, (organisation.name, home), (TITLE, ""))
    frame = Frame(SeatDoor.of_operator(operator, organisation), home, crumbs)
    with tenant_scope([operator.organisation_id, organisation.pk]):
        return page(request, organisation, *things, frame)
