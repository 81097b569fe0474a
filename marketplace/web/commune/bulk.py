"""An intercommunality asks for its communes."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.models import Listing, ListingState
from marketplace.web.access import member_view
from marketplace.web.bulk import pages
from marketplace.web.bulk.pages import BulkDoor
from tenants.members.adhesions import operators_of
from tenants.models import Organisation, Role
from tenants.models.organisation import OrganisationKind


def _door(request, organisation: Organisation) -> BulkDoor:
    if organisation.kind != OrganisationKind.EPCI:
        raise Http404
    home = {"label": "Mes services", "url": reverse("member_home", args=[organisation.siren])}
    return BulkDoor(
        organisation=organisation,
        prefix="member",
        arguments=(organisation.siren,),
        crumbs=[home],
        asks=Role.SECRETARY in request.roles,
        decides=Role.SIGNATORY in request.roles,
        services_url=reverse("home"),
    )


@member_view()
@require_safe
def bulk_list(request, organisation):
    return pages.list_page(request, _door(request, organisation))


@member_view(Role.SECRETARY)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request, organisation, listing):
    offered = Listing.objects.for_cards().filter(
        state=ListingState.LISTED,
        operator__in=operators_of(organisation=organisation, on=localdate(timezone.now())),
    )
    return pages.new_page(request, _door(request, organisation), get_object_or_404(offered, pk=listing))


@member_view()
@require_safe
def detail(request, organisation, public_id):
    return pages.detail_page(request, _door(request, organisation), public_id)


@member_view()
@require_safe
def progress(request, organisation, public_id):
    return pages.progress_part(request, _door(request, organisation), public_id)


@member_view(Role.SECRETARY)
@require_POST
def confirm(request, organisation, public_id):
    return pages.confirm(request, _door(request, organisation), public_id)


@member_view(Role.SECRETARY)
@require_POST
def discard(request, organisation, public_id):
    return pages.discard(request, _door(request, organisation), public_id)


@member_view(Role.SIGNATORY)
@require_POST
def approve(request, organisation, public_id):
    return pages.approve(request, _door(request, organisation), public_id)


@member_view()
@require_safe
def report(request, organisation, public_id):
    return pages.report(_door(request, organisation), public_id)
