"""The keys by which a service asks what an organisation and an agent may do."""

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from catalog.models import ServiceSheet
from marketplace.web.access import vendor_view
from marketplace.web.api.tell import absolute
from marketplace.web.formats import day, moment
from marketplace.web.vendor.services import sheet_or_404
from marketplace.web.vendor.words import crumbs
from provisioning.entitlements.keys import MAX_ISSUER, MOST, create_key, end_key, keys_of
from tenants.models import Role
from tenants.refusals import Refused


class KeyForm(forms.Form):
    issuer = forms.CharField(
        label="Fournisseur d’identité de votre service",
        help_text="Seulement si vos agents se connectent ailleurs que dans Halle : son adresse (iss). Sert à "
        "reconnaître account_id.",
        max_length=MAX_ISSUER,
        required=False,
    )


@vendor_view(Role.VENDOR_ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def key_list(request, vendor, slug):
    """The valid keys, and a new one: it is answered with the page, for it is never shown again."""
    sheet, secret = sheet_or_404(vendor, slug), ""
    form = KeyForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            _, secret = create_key(
                sheet=sheet, issuer=form.cleaned_data["issuer"], by=request.user, now=timezone.now()
            )
        except Refused as refusal:
            if not refusal.field:
                messages.info(request, str(refusal))
                return _back(vendor, sheet)
            form.add_error(refusal.field, str(refusal))
        else:
            form = KeyForm()
    keys = keys_of(sheet=sheet)
    siren = vendor.organisation.siren
    context = {
        "vendor": vendor,
        "sheet": sheet,
        "crumbs": crumbs(
            vendor, (sheet.name, reverse("vendor_service", args=[siren, slug])), ("Clés d’accès", "")
        ),
        "form": form,
        "secret": secret,
        "ask_url": absolute(reverse("entitlements")),
        "jwks_url": absolute(reverse("entitlement_keys")),
        "full": len(keys) == MOST,
        "keys": [
            {
                "ending": key.ending,
                "created": moment(key.created_at),
                "issuer": key.issuer,
                "used": day(key.last_used_on),
                "end_url": reverse("vendor_key_end", args=[siren, slug, key.pk]),
            }
            for key in keys
        ],
    }
    return render(request, "vendor/keys.html", context)


@vendor_view(Role.VENDOR_ADMIN)
@require_POST
def end(request, vendor, slug, key):
    """From now on the key opens nothing."""
    sheet = sheet_or_404(vendor, slug)
    found = next((one for one in keys_of(sheet=sheet) if one.pk == key), None)
    if found is None:
        raise Http404
    try:
        end_key(key=found, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, f"La clé …{found.ending} est supprimée : elle n’ouvre plus rien.")
    return _back(vendor, sheet)


def _back(vendor, sheet: ServiceSheet):
    return redirect("vendor_keys", siren=vendor.organisation.siren, slug=sheet.slug)
