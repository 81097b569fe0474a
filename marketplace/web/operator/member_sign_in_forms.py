"""Forms of a member's own provider, and of its domains."""

from django import forms

from provisioning.connectors.identity.saml import MAX_BYTES
from provisioning.models import MemberProvider, ProviderKind
from provisioning.own_providers.typed import MAX_SECRET, MAX_TEXT, MAX_URL, Typed

WAYS = {
    "oid": "Noms LDAP, en « urn:oid: »",
    "claims": "AD FS ou Microsoft Entra, en « claims »",
    "plain": "Noms courts : mail, givenName, sn",
}


class ProviderForm(forms.Form):
    """How it speaks, and what that way needs. What the fields must hold is judged by the operation."""

    kind = forms.ChoiceField(
        label="Comment parle-t-il ?",
        choices=ProviderKind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez comment ce fournisseur parle."},
    )
    name = forms.CharField(
        label="Nom",
        max_length=100,
        help_text="Celui que les agents reconnaîtront, par exemple « Annuaire de la communauté ».",
        error_messages={"required": "Écrivez un nom que les agents reconnaîtront."},
    )
    issuer = forms.CharField(
        label="Émetteur",
        max_length=MAX_URL,
        required=False,
        help_text="Tel que le fournisseur l’écrit, barre finale comprise : https://…",
    )
    client_id = forms.CharField(label="Identifiant de client", max_length=MAX_TEXT, required=False)
    secret = forms.CharField(
        label="Secret de client",
        max_length=MAX_SECRET,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Gardé chiffré, jamais affiché. Vide : celui qui est déjà connu.",
    )
    metadata_url = forms.CharField(
        label="Adresse des métadonnées",
        max_length=MAX_URL,
        required=False,
        help_text="https://… Sinon, joignez leur fichier.",
    )
    metadata = forms.FileField(
        label="Fichier de métadonnées",
        required=False,
        help_text="Un fichier XML de 1 Mo au plus. Sans nouveau fichier, celui qui est déjà connu.",
        widget=forms.FileInput(attrs={"accept": ".xml,text/xml,application/xml"}),
        error_messages={"empty": "Ce fichier est vide. Joignez les métadonnées du fournisseur."},
    )
    attributes = forms.ChoiceField(
        label="Comment nomme-t-il le courriel et les noms ?",
        choices=WAYS.items(),
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(self, *sent, provider: MemberProvider | None):
        known = {"kind": ProviderKind.OIDC, "attributes": "oid"}
        if provider is not None:
            known = {"kind": provider.kind, "name": provider.name, "attributes": "oid", **provider.typed}
        super().__init__(*sent, initial={name: value for name, value in known.items() if name != "metadata"})
        self.is_of = provider.kind if provider is not None else ""
        if self.is_of:  # another way is another provider
            self.fields["kind"].widget = forms.HiddenInput()
            self.fields["kind"].initial = self.is_of

    def clean_metadata(self):
        """Not beyond what would be read."""
        file = self.cleaned_data["metadata"]
        if file is not None and file.size > MAX_BYTES:
            raise forms.ValidationError("Ce fichier dépasse 1 Mo.")
        return file

    def typed(self) -> Typed:
        """What was typed, once it is valid."""
        said = {name: value for name, value in self.cleaned_data.items() if name != "metadata"}
        file = self.cleaned_data["metadata"]
        return Typed(**said, metadata=file.read() if file is not None else b"")


class DomainForm(forms.Form):
    domain = forms.CharField(
        label="Domaine des adresses",
        max_length=260,
        help_text="Ce qui suit l’arobase : mairie-exemple.fr",
        error_messages={"required": "Écrivez ce qui suit l’arobase des adresses."},
    )
