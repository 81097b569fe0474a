"""What Halle told this vendor's system."""

from django.views.decorators.http import require_POST, require_safe

from catalog.models import Vendor
from marketplace.web import deliveries
from marketplace.web.access import vendor_view
from marketplace.web.deliveries import MessageDoor
from marketplace.web.vendor.duties import crumbs
from tenants.models import Role


def _door(request, vendor: Vendor) -> MessageDoor:
    return MessageDoor(
        owner=vendor,
        name=vendor.organisation.name,
        prefix="vendor",
        arguments=(vendor.organisation.siren,),
        crumbs=crumbs(vendor, "")[:1],
        acts=Role.VENDOR_ADMIN in request.roles,
    )


@vendor_view(with_subscribers=True)
@require_safe
def message_list(request, vendor):
    return deliveries.list_page(request, _door(request, vendor))


@vendor_view(Role.VENDOR_ADMIN, with_subscribers=True)
@require_POST
def again(request, vendor, step):
    return deliveries.resend(request, _door(request, vendor), step)
