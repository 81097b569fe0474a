"""The publiccode.yml files that a vendor's drafts follow."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from catalog.feeds import operations
from catalog.feeds.queries import vendor_feeds
from catalog.models import FeedState, ServiceSheet
from marketplace.web.access import vendor_view
from marketplace.web.feeds import VendorFeedForm, feed_in_words
from tenants.refusals import Refused


@vendor_view()
@require_http_methods(["GET", "HEAD", "POST"])
def feed_list(request, vendor):
    """Each address with its sheet and what its last reading found; the form that adds one."""
    sheets = {
        sheet.slug: sheet for sheet in ServiceSheet.objects.filter(vendor=vendor).order_by("name", "pk")
    }
    form = VendorFeedForm(request.POST if request.method == "POST" else None, sheets=sheets.values())
    if form.is_valid():
        try:
            operations.add_vendor_feed(
                sheet=sheets[form.cleaned_data["sheet"]],
                url=form.cleaned_data["url"],
                by=request.user,
                now=timezone.now(),
            )
        except Refused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, "L’adresse est suivie. Sa première lecture commence.")
            return _back(vendor)
    siren = vendor.organisation.siren
    context = {
        "vendor": vendor,
        "name": vendor.organisation.name,
        "form": form,
        "sheets": bool(sheets),
        "feeds": [_row(siren, feed) for feed in vendor_feeds(vendor=vendor)],
    }
    return render(request, "vendor/feeds.html", context)


@vendor_view()
@require_POST
def read(request, vendor, feed):
    """Have it read now."""
    try:
        operations.ask_reading(feed=_feed(vendor, feed), by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, "La lecture commence. Rechargez la page dans un instant.")
    return _back(vendor)


@vendor_view()
@require_POST
def remove(request, vendor, feed):
    """The draft no longer follows it."""
    try:
        operations.remove(feed=_feed(vendor, feed), by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, "L’adresse n’est plus suivie. Le brouillon reste comme il est.")
    return _back(vendor)


def _row(siren: str, feed) -> dict:
    words = feed_in_words(feed)
    problems = [sentence for item in feed.items.all() for sentence in item.problems]
    if problems and feed.state == FeedState.OK:
        words |= {"badge": "warning", "state": "À corriger"}
    return {
        **words,
        "sheet": feed.sheet.name,
        "problems": problems,
        "read_url": reverse("vendor_feed_read", args=[siren, feed.pk]),
        "remove_url": reverse("vendor_feed_remove", args=[siren, feed.pk]),
    }


def _feed(vendor, pk: int):
    return get_object_or_404(vendor_feeds(vendor=vendor), pk=pk)


def _back(vendor):
    return redirect("vendor_feeds", siren=vendor.organisation.siren)
