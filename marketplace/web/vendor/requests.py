"""What a vendor must agree to."""

from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from catalog.models import Vendor
from marketplace.web.access import vendor_view
from marketplace.web.requests import pages
from marketplace.web.requests.pages import RequestDoor
from subscriptions.models import Party
from tenants.models import Role


def _door(request, vendor: Vendor) -> RequestDoor:
    siren = vendor.organisation.siren
    return RequestDoor(
        owner=vendor,
        party=Party.VENDOR,
        prefix="vendor",
        arguments=(siren,),
        crumbs=[{"label": vendor.organisation.name, "url": reverse("vendor_home", args=[siren])}],
        decides=Role.VENDOR_ADMIN in request.roles,
        writes=True,
    )


@vendor_view(with_subscribers=True)
@require_safe
def request_list(request, vendor):
    return pages.list_page(request, _door(request, vendor))


@vendor_view(with_subscribers=True)
@require_safe
def detail(request, vendor, public_id):
    return pages.detail_page(request, _door(request, vendor), public_id)


@vendor_view(Role.VENDOR_ADMIN, with_subscribers=True)
@require_POST
def agree(request, vendor, public_id):
    return pages.agree_to(request, _door(request, vendor), public_id)


@vendor_view(Role.VENDOR_ADMIN, with_subscribers=True)
@require_POST
def refuse(request, vendor, public_id):
    return pages.refuse(request, _door(request, vendor), public_id)


@vendor_view(with_subscribers=True)
@require_POST
def write(request, vendor, public_id):
    return pages.write_to(request, _door(request, vendor), public_id)


@vendor_view(with_subscribers=True)
@require_safe
def message_file(request, vendor, public_id, message):
    return pages.message_file(_door(request, vendor), public_id, message)
