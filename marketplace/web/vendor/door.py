"""The vendors' own door: what Halle offers them, signing in, and asking to come in."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.models import ApplicationState, VendorTerms
from catalog.vendors import applications
from catalog.vendors.queries import applications_of
from catalog.vendors.terms import NoTerms, terms_in_force
from marketplace.web.access import VENDOR_ROLES, mandates
from marketplace.web.api.tell import absolute
from marketplace.web.formats import day
from marketplace.web.vendor.forms import ApplicationForm
from provisioning.entitlements.signing import issuer
from tenants.identifiers import grouped
from tenants.refusals import Refused

BADGES = {
    ApplicationState.PENDING: "info",
    ApplicationState.ACCEPTED: "success",
    ApplicationState.REFUSED: "danger",
    ApplicationState.CANCELLED: "neutral",
}


@login_not_required
@require_safe
def door(request):
    """For whoever makes a service: why, how, and the way in."""
    here = reverse("vendor_apply")
    context = {
        "crumbs": _crumbs(),
        "apply_url": here,
        "sign_in": f"{reverse('oidc_authentication_init')}?{urlencode({'next': reverse('vendors_door')})}",
        "places": [],
    }
    if request.user.is_authenticated:
        context["sign_in"] = ""
        vendors = {m.organisation for m in mandates(request.user) if m.role in VENDOR_ROLES}
        context["places"] = [
            {"label": organisation.name, "url": reverse("vendor_home", args=[organisation.siren])}
            for organisation in sorted(vendors, key=lambda o: o.plain_name)
        ]
    return render(request, "vendor/door.html", context)


@login_not_required
@require_safe
def entitlements(request):
    """How a service asks what an organisation may do, and keeps the answer."""
    context = {
        "crumbs": _crumbs(("Demander les droits d’une collectivité", "")),
        "ask_path": reverse("entitlements"),
        "signed_path": reverse("entitlements_signed"),
        "usage_path": reverse("usage"),
        "jwks_path": reverse("entitlement_keys"),
        "issuer": issuer(),
        "valid_days": settings.ENTITLEMENT_VALID_DAYS,
    }
    return render(request, "vendor/entitlements_explained.html", context)


@login_not_required
@require_safe
def switcher(request):
    """The button that leads from one service to the others, and the list it reads."""
    context = {
        "crumbs": _crumbs(("Le bouton des applications", "")),
        "script": absolute(static("halle/applications.js")),
        "style": absolute(static("halle/applications.css")),
        "base_url": settings.BASE_URL.rstrip("/"),
        "list_path": reverse("lagaufre_services"),
    }
    return render(request, "vendor/applications_explained.html", context)


@login_not_required
@require_safe
def terms(request):
    """The vendors' terms in force, and the versions before."""
    today = localdate(timezone.now())
    versions = list(VendorTerms.objects.filter(in_force_from__lte=today).order_by("-in_force_from"))
    context = {
        "crumbs": _crumbs(("Conditions des éditeurs", "")),
        "current": versions[0] if versions else None,
        "since": day(versions[0].in_force_from) if versions else "",
        "before": [
            {"version": v.version, "since": day(v.in_force_from), "text": v.text} for v in versions[1:]
        ],
    }
    return render(request, "vendor/terms.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def apply(request):
    """The form, and what became of one's requests."""
    try:
        current = terms_in_force(on=localdate(timezone.now()))
    except NoTerms as refusal:
        return render(
            request,
            "vendor/apply_closed.html",
            {"reason": str(refusal), "crumbs": _crumbs(("Inscription", ""))},
        )
    if request.method != "POST":
        form = ApplicationForm(
            initial={"terms_version": current.version, "contact_email": request.user.email}
        )
        return _apply_page(request, form, current)
    form = ApplicationForm(request.POST)
    if form.is_valid():
        typed = dict(form.cleaned_data)
        typed.pop("terms")
        version = typed.pop("terms_version")
        try:
            applications.apply(
                applicant=request.user,
                statement=applications.Statement(**typed),
                terms_version=version,
                now=timezone.now(),
            )
        except Refused as refusal:
            form.add_error(refusal.field or None, str(refusal))
            form.data = {**form.data.dict(), "terms_version": current.version}
        else:
            messages.success(request, "Votre demande est envoyée. La réponse arrivera par courriel et ici.")
            return redirect("vendor_apply")
    return _apply_page(request, form, current)


@require_POST
def cancel(request, public_id):
    """Takes one's own pending request back."""
    application = applications_of(user=request.user).filter(public_id=public_id).first()
    if application is None:
        raise Http404
    try:
        applications.cancel(application=application, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Votre demande est retirée.")
    return redirect("vendor_apply")


def _apply_page(request, form, current):
    context = {
        "crumbs": _crumbs(("Inscription", "")),
        "form": form,
        "terms": current,
        "since": day(current.in_force_from),
        "applications": [
            {
                "name": one.name,
                "siren": grouped(one.siren),
                "sent": day(one.sent_at),
                "state": one.get_state_display().capitalize(),
                "badge": BADGES[one.state],
                "message": one.message,
                "cancel_url": reverse("vendor_apply_cancel", args=[one.public_id])
                if one.state == ApplicationState.PENDING
                else "",
            }
            for one in applications_of(user=request.user)[:10]
        ],
    }
    return render(request, "vendor/apply.html", context)


def _crumbs(*items: tuple[str, str]) -> list[dict]:
    first = {"label": "Éditeurs", "url": reverse("vendors_door") if items else ""}
    return [first, *({"label": label, "url": url} for label, url in items)]
