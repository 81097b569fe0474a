"""What an operator must agree to."""

from django.views.decorators.http import require_POST, require_safe

from marketplace.web.access import operator_view
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import TASK_ROLES
from marketplace.web.requests import pages
from marketplace.web.requests.pages import RequestDoor
from subscriptions.models import Party
from tenants.models import Operator


def _door(request, operator: Operator) -> RequestDoor:
    return RequestDoor(
        owner=operator,
        party=Party.OPERATOR,
        prefix="operator",
        arguments=(operator.slug,),
        crumbs=crumbs(operator),
        decides=bool(request.roles & TASK_ROLES),
        writes=bool(request.roles & TASK_ROLES),
    )


@operator_view()
@require_safe
def request_list(request, operator):
    return pages.list_page(request, _door(request, operator))


@operator_view()
@require_safe
def detail(request, operator, public_id):
    return pages.detail_page(request, _door(request, operator), public_id)


@operator_view(*TASK_ROLES)
@require_POST
def agree(request, operator, public_id):
    return pages.agree_to(request, _door(request, operator), public_id)


@operator_view(*TASK_ROLES)
@require_POST
def refuse(request, operator, public_id):
    return pages.refuse(request, _door(request, operator), public_id)


@operator_view(*TASK_ROLES)
@require_POST
def write(request, operator, public_id):
    return pages.write_to(request, _door(request, operator), public_id)


@operator_view()
@require_safe
def message_file(request, operator, public_id, message):
    return pages.message_file(_door(request, operator), public_id, message)
