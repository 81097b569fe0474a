"""Departures from an operator's services."""

from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from marketplace.web.access import operator_view
from marketplace.web.exits import pages
from marketplace.web.exits.pages import ExitDoor
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import TASK_ROLES
from tenants.models import Operator


def _door(request, operator: Operator) -> ExitDoor:
    return ExitDoor(
        owner=operator,
        name=operator.short_name,
        prefix="operator",
        arguments=(operator.slug,),
        crumbs=crumbs(operator),
        acts=bool(request.roles & TASK_ROLES),
        tasks_url=reverse("operator_tasks", args=[operator.slug]),
    )


@operator_view()
@require_safe
def exit_list(request, operator):
    return pages.list_page(request, _door(request, operator))


@operator_view()
@require_safe
def detail(request, operator, public_id):
    return pages.detail_page(request, _door(request, operator), public_id)


@operator_view(*TASK_ROLES)
@require_POST
def extend(request, operator, public_id):
    return pages.extend(request, _door(request, operator), public_id)


@operator_view(*TASK_ROLES)
@require_POST
def certify(request, operator, public_id):
    return pages.certify(request, _door(request, operator), public_id)


@operator_view()
@require_safe
def certificate(request, operator, public_id):
    return pages.certificate(request, _door(request, operator), public_id)
