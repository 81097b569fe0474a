"""A vendor's services, and the shelves they stand on."""

from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from catalog.models import ListingState
from catalog.queries import vendor_services
from marketplace.web.access import vendor_view

STATES = {
    ListingState.DRAFT: ("neutral", "En préparation"),
    ListingState.LISTED: ("success", "Au catalogue"),
    ListingState.SUSPENDED: ("warning", "Suspendu"),
}


@vendor_view()
@require_safe
def home(request, vendor):
    """One row a service and shelf."""
    services = vendor_services(vendor=vendor)
    context = {
        "vendor": vendor,
        "name": vendor.organisation.name,
        "count": len(services),
        "services": [
            {
                "name": service.sheet.name,
                "family": service.sheet.get_family_display(),
                "claims_url": reverse("vendor_claims", args=[vendor.organisation.siren, service.sheet.slug]),
                "shelves": [_shelf(service.sheet, listing) for listing in service.listings],
            }
            for service in services
        ],
    }
    return render(request, "vendor/home.html", context)


def _shelf(sheet, listing) -> dict:
    """Where the service stands; `url` is its public page, "" while it is not on the shelf."""
    badge, label = STATES[listing.state]
    on_shelf = listing.state == ListingState.LISTED
    return {
        "operator": listing.operator.short_name,
        "badge": badge,
        "state": label,
        "url": reverse("service", args=[listing.operator.slug, sheet.slug]) if on_shelf else "",
    }
