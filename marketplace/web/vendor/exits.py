"""Departures from a vendor's services: it helps whoever leaves, then erases and proves it."""

from django.views.decorators.http import require_POST, require_safe

from catalog.models import Vendor
from marketplace.web.access import vendor_view
from marketplace.web.exits import pages
from marketplace.web.exits.pages import ExitDoor
from marketplace.web.vendor.duties import crumbs
from tenants.models import Role


def _door(request, vendor: Vendor) -> ExitDoor:
    return ExitDoor(
        owner=vendor,
        name=vendor.organisation.name,
        prefix="vendor",
        arguments=(vendor.organisation.siren,),
        crumbs=crumbs(vendor, "")[:1],
        acts=Role.VENDOR_ADMIN in request.roles,
    )


@vendor_view(with_subscribers=True)
@require_safe
def exit_list(request, vendor):
    return pages.list_page(request, _door(request, vendor))


@vendor_view(with_subscribers=True)
@require_safe
def detail(request, vendor, public_id):
    return pages.detail_page(request, _door(request, vendor), public_id)


@vendor_view(Role.VENDOR_ADMIN, with_subscribers=True)
@require_POST
def extend(request, vendor, public_id):
    return pages.extend(request, _door(request, vendor), public_id)


@vendor_view(Role.VENDOR_ADMIN, with_subscribers=True)
@require_POST
def certify(request, vendor, public_id):
    return pages.certify(request, _door(request, vendor), public_id)


@vendor_view(with_subscribers=True)
@require_safe
def certificate(request, vendor, public_id):
    return pages.certificate(request, _door(request, vendor), public_id)
