"""A vendor says that agents enter its service through Halle, and reads what it will receive."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from marketplace.web.access import vendor_view
from marketplace.web.formats import day
from marketplace.web.vendor.services import sheet_or_404
from marketplace.web.vendor.words import crumbs
from provisioning.models import Protocol, SignIn
from provisioning.models.sign_in import MAX_ADDRESS, MAX_ENTITY_ID
from provisioning.sign_in_typed import (
    MAX_CERTIFICATE,
    MOST_ADDRESSES,
    PRIVATE,
    Typed,
    certificate_of,
    fingerprint,
)
from provisioning.sign_ins import declare, sign_in_of
from sso.keycloak.broker import issuer, saml_metadata
from tenants.models import Role
from tenants.refusals import Refused

SOON = timedelta(days=60)  # before its end, a certificate is to be replaced


class SignInForm(forms.Form):
    """What is typed here is judged by the operation. A private key pasted by mistake is not shown again."""

    protocol = forms.ChoiceField(
        label="Comment votre service demande-t-il qui est là ?",
        choices=Protocol.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez OpenID Connect ou SAML 2.0."},
    )
    redirect_uris = forms.CharField(
        label="Adresses de retour",
        help_text=f"Une par ligne, {MOST_ADDRESSES} au plus, écrites en entier : "
        "https://service.example/retour. Par SAML, ce sont celles qui reçoivent les réponses (Assertion "
        "Consumer Service, en POST), la première par défaut. Aucune : les agents n’entrent plus par Halle.",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=MAX_ADDRESS * MOST_ADDRESSES,
        required=False,
    )
    logout_uri = forms.CharField(
        label="Adresse à prévenir quand un agent se déconnecte ailleurs",
        help_text="Halle y envoie, de serveur à serveur, un « logout token » (OpenID Connect Back-Channel "
        "Logout) ou un « LogoutRequest » signé (SAML, en POST).",
        max_length=MAX_ADDRESS,
        required=False,
    )
    signed_out_uri = forms.CharField(
        label="Adresse où revenir après une déconnexion", max_length=MAX_ADDRESS, required=False
    )
    entity_id = forms.CharField(
        label="Identifiant d’entité (entityID)",
        help_text="Un par abonnement : Halle y met le SIREN de la collectivité à la place de {siren}, ou le "
        "numéro de l’abonnement à la place de {abonnement}. Par exemple : "
        "https://service.example/saml/{siren}.",
        max_length=MAX_ENTITY_ID,
        required=False,
    )
    certificate = forms.CharField(
        label="Certificat qui signe vos demandes",
        help_text="De BEGIN CERTIFICATE à END CERTIFICATE, clé RSA. Halle refuse alors toute demande qui "
        "n’est pas signée par lui. Vide : vos demandes ne sont pas signées.",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        max_length=MAX_CERTIFICATE,
        required=False,
    )

    def __init__(self, *sent, **how):
        super().__init__(*sent, **how)
        pasted = self.data.get("certificate", "")
        self.private_key = pasted if PRIVATE in pasted.upper() else ""
        if self.private_key:
            self.data = {**self.data.dict(), "certificate": ""}

    def clean_certificate(self) -> str:
        """As it was pasted."""
        return self.private_key or self.cleaned_data["certificate"]

    def typed(self) -> Typed:
        """What was typed, once it is valid."""
        said = self.cleaned_data
        return Typed(**{**said, "redirect_uris": said["redirect_uris"].splitlines()})


@vendor_view(Role.VENDOR_ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request, vendor, slug):
    """Where people come back to; without any address, nobody enters through Halle."""
    sheet = sheet_or_404(vendor, slug)
    found = sign_in_of(sheet)
    form = SignInForm(request.POST if request.method == "POST" else None, initial=_as_typed(found))
    if form.is_valid():
        try:
            kept = declare(sheet=sheet, typed=form.typed(), by=request.user, now=timezone.now())
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
        "certificate": _certificate(found),
        "by_saml": (form["protocol"].value() == Protocol.SAML),
        "issuer": issuer(),
        "metadata_url": saml_metadata(),
    }
    return render(request, "vendor/sign_in.html", context)


def _as_typed(found: SignIn | None) -> dict[str, str]:
    if found is None:
        return {"protocol": Protocol.OPENID}
    return {
        "protocol": found.protocol,
        "redirect_uris": "\n".join(found.redirect_uris),
        "signed_out_uri": found.signed_out_uri,
        "logout_uri": found.logout_uri,
        "entity_id": found.entity_id,
        "certificate": found.certificate,
    }


def _certificate(found: SignIn | None) -> list[dict]:
    """The facts of the one that is kept: none where there is none."""
    if found is None or not found.certificate:
        return []
    until = certificate_of(found.certificate).not_valid_after_utc
    soon = until - timezone.now() < SOON
    return [
        {
            "label": "Certificat de vos demandes",
            "value": f"Valable jusqu’au {day(localdate(until))}",
            "note": "Collez ici le suivant le jour où il signe à sa place." if soon else "",
        },
        {"label": "Empreinte SHA-256", "value": fingerprint(found.certificate)},
    ]


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
    text = f"Par {found.get_protocol_display()}. "
    text += "À l’ouverture de chaque abonnement, Halle crée un client à votre service."
    if found.told_at is None:
        text += " Ceux des abonnements en cours sont en train de suivre."
    return {"badge": "success", "label": "Oui", "text": text}
