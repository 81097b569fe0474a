"""What passed from a vendor to another, as each of them reads it."""

from django.core.paginator import Paginator
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace.web.access import vendor_view
from marketplace.web.formats import day
from marketplace.web.operator.lists import counted
from marketplace.web.vendor.duties import crumbs
from subscriptions.models import TransferSide
from subscriptions.transfers.queries import notices_of

PAGE_SIZE = 25
TITLE = "Contrats transférés"


@vendor_view()
@require_safe
def transfer_list(request, vendor):
    """The history: what it sold, what it took over."""
    page = Paginator(notices_of(vendor=vendor), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "vendor": vendor,
        "title": TITLE,
        "crumbs": crumbs(vendor, TITLE),
        "page": page,
        "rows": [
            {
                "service": one.service_name,
                "way": f"Repris de {one.from_name}"
                if one.side == TransferSide.NEW
                else f"Cédé à {one.to_name}",
                "operator": one.operator_name,
                "since": day(one.since),
                "subscriptions": counted(one.subscriptions, "abonnement"),
            }
            for one in page
        ],
    }
    return render(request, "vendor/transfers.html", context)
