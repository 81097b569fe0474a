"""What Halle told the systems of vendors, of this operator's subscriptions."""

from django.views.decorators.http import require_POST, require_safe

from marketplace.web import deliveries
from marketplace.web.access import operator_view
from marketplace.web.deliveries import MessageDoor
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import TASK_ROLES
from tenants.models import Operator


def _door(request, operator: Operator) -> MessageDoor:
    return MessageDoor(
        owner=operator,
        name=operator.short_name,
        prefix="operator",
        arguments=(operator.slug,),
        crumbs=crumbs(operator),
        acts=bool(request.roles & TASK_ROLES),
    )


@operator_view(*TASK_ROLES)
@require_safe
def message_list(request, operator):
    return deliveries.list_page(request, _door(request, operator))


@operator_view(*TASK_ROLES)
@require_POST
def again(request, operator, step):
    return deliveries.resend(request, _door(request, operator), step)
