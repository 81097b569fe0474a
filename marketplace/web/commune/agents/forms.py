"""What an administrator types about agents and their access."""

from django import forms

from subscriptions.models import AccessRole

ROLES = (("", "Pas d’accès"), (AccessRole.USER, "Utilise"), (AccessRole.MANAGER, "Gère"))


class AccessForm(forms.Form):
    """A role in each service that is on a list. `services`: their names by the number of their sheet; `held`:
    the roles of the day."""

    def __init__(self, *args, services: dict[int, str], held: dict[int, str] | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        for sheet, name in services.items():
            self.fields[f"service-{sheet}"] = forms.ChoiceField(
                label=name,
                required=False,
                choices=ROLES,
                initial=(held or {}).get(sheet, ""),
                error_messages={"invalid_choice": "Ce rôle n’existe pas. Rechargez la page."},
            )

    def roles(self) -> dict[int, str]:
        """What was chosen, by the number of the sheet."""
        return {
            int(name.removeprefix("service-")): role
            for name, role in self.cleaned_data.items()
            if name.startswith("service-")
        }

    def services(self) -> list:
        """The fields of the services, for the template."""
        return [field for field in self if field.name.startswith("service-")]


class AgentInviteForm(AccessForm):
    """An address, and what is offered with it."""

    email = forms.EmailField(
        label="Son adresse de courriel",
        max_length=254,
        help_text="Celle de son compte professionnel : la personne devra se connecter avec cette adresse.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": "Indiquez l’adresse de courriel de la personne.",
            "invalid": "Cette adresse est incomplète. Écrivez-la ainsi : prenom.nom@mairie.fr.",
            "max_length": "Cette adresse est trop longue : 254 caractères au plus.",
        },
    )
