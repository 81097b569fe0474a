"""What subscribers say of a vendor's services, and her answers."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from catalog.experience import opinions
from catalog.experience.queries import reviews_of_vendor
from marketplace.web.access import vendor_view
from marketplace.web.opinion_views import review_card
from marketplace.web.vendor.duties import crumbs
from tenants.refusals import Refused

PAGE = 20


@vendor_view()
@require_safe
def opinion_list(request, vendor):
    """Published reviews, the unanswered first."""
    return _page(request, vendor)


@vendor_view()
@require_POST
def answer(request, vendor, public_id):
    """Answers one, in public."""
    review = reviews_of_vendor(vendor=vendor).filter(public_id=public_id).first()
    if review is None:
        raise Http404
    text = request.POST.get("answer", "")
    try:
        opinions.answer(review=review, text=text, by=request.user, now=timezone.now())
    except Refused as refusal:
        return _page(request, vendor, refused=review.public_id, error=str(refusal), typed=text)
    messages.success(request, "Votre réponse est publiée sous l’avis.")
    return redirect("vendor_opinions", siren=vendor.organisation.siren)


def _page(request, vendor, *, refused=None, error: str = "", typed: str = ""):
    page = Paginator(reviews_of_vendor(vendor=vendor), PAGE).get_page(request.GET.get("page"))
    siren = vendor.organisation.siren
    context = {
        "name": vendor.organisation.name,
        "crumbs": crumbs(vendor, "Avis"),
        "has_errors": bool(error),
        "page": page,
        "rows": [
            {
                **review_card(review),
                "service": review.sheet.name,
                "operator": review.operator.short_name,
                "id": review.public_id,
                "url": reverse("vendor_opinion_answer", args=[siren, review.public_id]),
                "error": error if review.public_id == refused else "",
                "typed": typed if review.public_id == refused else review.answer,
            }
            for review in page
        ],
    }
    return render(request, "vendor/opinions.html", context)
