"""An operator asks for its members."""

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.models import Listing, ListingState
from marketplace.web.access import operator_view
from marketplace.web.bulk import pages
from marketplace.web.bulk.pages import BulkDoor
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import TASK_ROLES
from tenants.models import Operator, Role


def _door(request, operator: Operator) -> BulkDoor:
    return BulkDoor(
        organisation=operator.organisation,
        prefix="operator",
        arguments=(operator.slug,),
        crumbs=crumbs(operator),
        asks=bool(request.roles & TASK_ROLES),
        decides=Role.OPERATOR_ADMIN in request.roles,
        services_url=reverse("operator_shelf", args=[operator.slug]),
    )


@operator_view(*TASK_ROLES)
@require_safe
def bulk_list(request, operator):
    return pages.list_page(request, _door(request, operator))


@operator_view(*TASK_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request, operator, listing):
    offered = Listing.objects.for_cards().filter(state=ListingState.LISTED, operator=operator)
    return pages.new_page(request, _door(request, operator), get_object_or_404(offered, pk=listing))


@operator_view(*TASK_ROLES)
@require_safe
def detail(request, operator, public_id):
    return pages.detail_page(request, _door(request, operator), public_id)


@operator_view(*TASK_ROLES)
@require_safe
def progress(request, operator, public_id):
    return pages.progress_part(request, _door(request, operator), public_id)


@operator_view(*TASK_ROLES)
@require_POST
def confirm(request, operator, public_id):
    return pages.confirm(request, _door(request, operator), public_id)


@operator_view(*TASK_ROLES)
@require_POST
def discard(request, operator, public_id):
    return pages.discard(request, _door(request, operator), public_id)


@operator_view(Role.OPERATOR_ADMIN)
@require_POST
def approve(request, operator, public_id):
    return pages.approve(request, _door(request, operator), public_id)


@operator_view(*TASK_ROLES)
@require_safe
def report(request, operator, public_id):
    return pages.report(_door(request, operator), public_id)
