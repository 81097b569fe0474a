"""Where a vendor keeps the accounts of a service's agents."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.web.access import vendor_view
from marketplace.web.formats import moment
from marketplace.web.vendor.services import sheet_or_404
from marketplace.web.vendor.words import crumbs
from provisioning.directories import MAX_URL, directory_at, keep_directory
from provisioning.directory_trials import ask_trial
from provisioning.models import AgentDirectory
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
            messages.success(request, _kept(kept))
            return redirect("vendor_directory", siren=vendor.organisation.siren, slug=slug)
    service_url = reverse("vendor_service", args=[vendor.organisation.siren, slug])
    context = {
        "vendor": vendor,
        "sheet": sheet,
        "crumbs": crumbs(vendor, (sheet.name, service_url), ("Comptes des agents", "")),
        "form": form,
        "state": _state(found),
        "variable": found.config.get("token_variable", "") if found else "",
    }
    return render(request, "vendor/directory.html", context)


@vendor_view(Role.VENDOR_ADMIN)
@require_POST
def try_out(request, vendor, slug):
    """Has a worker read the directory, once."""
    try:
        ask_trial(sheet=sheet_or_404(vendor, slug), by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "L’essai est lancé. Rechargez cette page dans un instant.")
    return redirect("vendor_directory", siren=vendor.organisation.siren, slug=slug)


def _kept(directory: AgentDirectory | None) -> str:
    if directory is None:
        return "Aucun agent ne vous est plus annoncé."
    if directory.passed_at:
        return "L’annuaire est enregistré."
    return "L’annuaire est enregistré. Essayez-le maintenant : aucun agent ne vous est annoncé avant."


def _state(directory: AgentDirectory | None) -> dict | None:
    """{badge, label, text, problem} of a directory: whether it is used, and its last trial."""
    if directory is None:
        return None
    problem = directory.problem and f"L’essai du {moment(directory.tried_at)} a échoué. {directory.problem}"
    if directory.asked_at:
        said = ("info", "Essai en cours", "Halle lit votre annuaire. Rechargez cette page dans un instant.")
        problem = ""
    elif directory.passed_at:
        said = (
            "success",
            "En service",
            f"L’essai est réussi depuis le {moment(directory.passed_at)} : les agents de toutes les "
            "collectivités abonnées vous sont annoncés.",
        )
    else:
        said = (
            "warning",
            "Pas encore essayé" if not directory.tried_at else "Essai non réussi",
            "Aucun agent ne vous est annoncé avant un essai réussi.",
        )
    return {**dict(zip(("badge", "label", "text"), said, strict=True)), "problem": problem}
