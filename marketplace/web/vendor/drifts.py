"""What a vendor's own system has otherwise than agreed: it may have Halle tell it again."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from marketplace.web.access import vendor_view
from marketplace.web.drift_words import drift_words
from marketplace.web.vendor.words import crumbs
from provisioning.drift import drifts_at
from provisioning.drift_settling import put_right
from subscriptions.exceptions import SubscriptionRefused


@vendor_view(with_subscribers=True)
@require_http_methods(["GET", "HEAD", "POST"])
def drift(request, vendor, drift):
    """What differs; POST has all that is in force told to its system once more."""
    found = get_object_or_404(drifts_at(vendor=vendor), pk=drift)
    siren = vendor.organisation.siren
    if request.method == "POST":
        try:
            put_right(drift=found, by=request.user, now=timezone.now())
        except SubscriptionRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "Halle va redire à votre système tout ce qui est convenu.")
        return redirect("vendor_queue", siren=siren)
    context = {
        "vendor": vendor,
        "crumbs": crumbs(
            vendor, ("Ouvertures et fermetures", reverse("vendor_queue", args=[siren])), ("Écart", "")
        ),
        "drift": drift_words(found),
    }
    return render(request, "vendor/drift.html", context)
