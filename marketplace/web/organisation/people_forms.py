"""What an administrator types about people: whom to invite, with which roles."""

from django import forms

from tenants.models import Role

# What each role does, as a person who chooses one needs to know it.
WORK = {
    Role.AGENT: "lit les abonnements et les factures",
    Role.SECRETARY: "demande les abonnements",
    Role.SIGNATORY: "approuve les demandes, avec la délibération ou la décision",
    Role.FINANCE: "suit les factures",
    Role.ORG_ADMIN: "invite les personnes et donne leurs rôles",
    Role.VENDOR_EDITOR: "écrit les fiches des services",
    Role.VENDOR_ADMIN: "fait de même, invite les personnes et donne leurs rôles",
    Role.CURATOR: "tient le catalogue et suit les ouvertures",
    Role.OPERATOR_FINANCE: "facture et suit les paiements",
    Role.OPERATOR_ADMIN: "règle tout, invite les personnes et donne leurs rôles",
    Role.AUDITOR: "lit tout chez l’opérateur, ne change rien",
}
NAMES = {Role.SIGNATORY: "signataire (maire ou président)", Role.AUDITOR: "auditeur"}


def name_of(role: str) -> str:
    """A role in two or three words."""
    return NAMES.get(Role(role), str(Role(role).label))


class RolesForm(forms.Form):
    """The roles of one person, among those that whoever looks may give."""

    roles = forms.MultipleChoiceField(
        label="Ses rôles",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Choisissez au moins un rôle.",
            "invalid_choice": "Ce rôle n’est pas à donner ici. Rechargez la page.",
        },
    )

    def __init__(self, *args, given: frozenset[str], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["roles"].choices = [
            (role.value, f"{name_of(role).capitalize()} : {WORK[role]}") for role in Role if role in given
        ]


class InviteForm(RolesForm):
    email = forms.EmailField(
        label="Son adresse de courriel",
        max_length=254,
        help_text="Celle de son compte professionnel : elle devra se connecter avec cette adresse.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": "Indiquez l’adresse de courriel de la personne.",
            "invalid": "Cette adresse est incomplète. Écrivez-la ainsi : prenom.nom@mairie.fr.",
            "max_length": "Cette adresse est trop longue : 254 caractères au plus.",
        },
    )
    field_order = ["email", "roles"]
