"""Where a vendor keeps the accounts of a service's agents."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from marketplace.web.access import vendor_view
from marketplace.web.vendor.services import sheet_or_404
from marketplace.web.vendor.words import crumbs
from provisioning.directories import MAX_URL, directory_at, keep_directory
from tenants.models import Role
from tenants.refusals import Refused


class DirectoryForm(forms.Form):
    url = forms.CharField(
        label="Adresse de votre serveur SCIM 2.0",
        help_text="Celle qui précède /Users : https://service.example/scim/v2. Vide : aucun annuaire.",
        max_length=MAX_URL,
        required=False,
    )


@vendor_view(Role.VENDOR_ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def directory(request, vendor, slug):
    """The address of the SCIM server; without one, nobody's agents are told of."""
    sheet = sheet_or_404(vendor, slug)
    found = directory_at(sheet)
    form = DirectoryForm(
        request.POST if request.method == "POST" else None,
        initial={"url": found.config.get("url", "") if found else ""},
    )
    if form.is_valid():
        try:
            kept = keep_directory(
                sheet=sheet, url=form.cleaned_data["url"], by=request.user, now=timezone.now()
            )
        except Refused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            said = "L’annuaire est enregistré." if kept else "Aucun agent ne vous est plus annoncé."
            messages.success(request, said)
            return redirect("vendor_directory", siren=vendor.organisation.siren, slug=slug)
    service_url = reverse("vendor_service", args=[vendor.organisation.siren, slug])
    context = {
        "vendor": vendor,
        "sheet": sheet,
        "crumbs": crumbs(vendor, (sheet.name, service_url), ("Comptes des agents", "")),
        "form": form,
        "variable": found.config.get("token_variable", "") if found else "",
    }
    return render(request, "vendor/directory.html", context)
