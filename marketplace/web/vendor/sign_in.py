"""A vendor says that agents enter its service through Halle, and reads what it will receive."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from marketplace.web.access import vendor_view
from marketplace.web.vendor.services import sheet_or_404
from marketplace.web.vendor.words import crumbs
from provisioning.models import SignIn
from provisioning.models.sign_in import MAX_ADDRESS
from provisioning.sign_ins import MOST_ADDRESSES, declare, sign_in_of
from sso.keycloak.broker import issuer
from tenants.models import Role
from tenants.refusals import Refused


class SignInForm(forms.Form):
    redirect_uris = forms.CharField(
        label="Adresses de retour",
        help_text=f"Une par ligne, {MOST_ADDRESSES} au plus, écrites en entier : "
        "https://service.example/retour. Aucune : les agents n’entrent plus par Halle.",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=MAX_ADDRESS * MOST_ADDRESSES,
        required=False,
    )
    signed_out_uri = forms.CharField(
        label="Adresse où revenir après une déconnexion", max_length=MAX_ADDRESS, required=False
    )
    logout_uri = forms.CharField(
        label="Adresse à prévenir quand un agent se déconnecte ailleurs",
        help_text="Halle y envoie un « logout token » (OpenID Connect Back-Channel Logout).",
        max_length=MAX_ADDRESS,
        required=False,
    )


@vendor_view(Role.VENDOR_ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request, vendor, slug):
    """Where people come back to; without any address, nobody enters through Halle."""
    sheet = sheet_or_404(vendor, slug)
    found = sign_in_of(sheet)
    form = SignInForm(request.POST if request.method == "POST" else None, initial=_as_typed(found))
    if form.is_valid():
        said = form.cleaned_data
        try:
            kept = declare(
                sheet=sheet,
                redirect_uris=said["redirect_uris"].splitlines(),
                signed_out_uri=said["signed_out_uri"],
                logout_uri=said["logout_uri"],
                by=request.user,
                now=timezone.now(),
            )
        except Refused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, _kept(kept))
            return redirect("vendor_sign_in", siren=vendor.organisation.siren, slug=slug)
    service_url = reverse("vendor_service", args=[vendor.organisation.siren, slug])
    context = {
        "vendor": vendor,
        "sheet": sheet,
        "crumbs": crumbs(vendor, (sheet.name, service_url), ("Connexion par Halle", "")),
        "form": form,
        "state": _state(found),
        "issuer": issuer(),
    }
    return render(request, "vendor/sign_in.html", context)


def _as_typed(found: SignIn | None) -> dict[str, str]:
    if found is None:
        return {}
    return {
        "redirect_uris": "\n".join(found.redirect_uris),
        "signed_out_uri": found.signed_out_uri,
        "logout_uri": found.logout_uri,
    }


def _kept(kept: SignIn | None) -> str:
    if kept is None or not kept.is_declared:
        return "Les agents n’entrent pas dans ce service par Halle."
    return "C’est enregistré. Les collectivités déjà abonnées suivent dans les minutes qui viennent."


def _state(found: SignIn | None) -> dict:
    """{badge, label, text}: whether agents enter through Halle."""
    if found is None or not found.is_declared:
        return {
            "badge": "neutral",
            "label": "Non",
            "text": "Les agents se connectent à ce service sans passer par Halle.",
        }
    text = "À l’ouverture de chaque abonnement, Halle crée un client à votre service."
    if found.told_at is None:
        text += " Ceux des abonnements en cours sont en train de suivre."
    return {"badge": "success", "label": "Oui", "text": text}
