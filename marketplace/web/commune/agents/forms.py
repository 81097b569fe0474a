"""What an administrator types about agents and their access."""

from collections.abc import Iterable

from django import forms

from subscriptions.agents.by_groups import Given
from subscriptions.agents.giving import BY_GROUPS
from subscriptions.agents.groups import LONGEST_NAME, NO_NAME, ONE_LINE, TOO_LONG
from subscriptions.models import AccessRole, AgentGroup
from tenants.models import User

ROLES = (("", "Pas d’accès"), (AccessRole.USER, "Utilise"), (AccessRole.MANAGER, "Gère"))


class AccessForm(forms.Form):
    """A role in each service that is on a list. `services`: their names by the number of their sheet; `held`:
    the roles of the day, BY_GROUPS for what her groups give; `given`: what that is."""

    def __init__(
        self,
        *args,
        services: dict[int, str],
        held: dict[int, str] | None = None,
        given: dict[int, Given] | None = None,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        for sheet, name in services.items():
            by_groups = (given or {}).get(sheet)
            self.fields[f"service-{sheet}"] = forms.ChoiceField(
                label=name,
                required=False,
                # What a group gives is closed by leaving the group.
                choices=((BY_GROUPS, f"Groupe : {by_groups.role.label}"), *ROLES[1:]) if by_groups else ROLES,
                help_text=f"Donné par son groupe « {by_groups.group_name} »." if by_groups else "",
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
    """An address, and what is offered with it. `in_groups`: the groups that there are."""

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

    def __init__(self, *args, in_groups: Iterable[AgentGroup], **kwargs):
        super().__init__(*args, **kwargs)
        self.known = {str(one.pk): one for one in in_groups}
        if self.known:
            self.fields["groups"] = forms.MultipleChoiceField(
                label="Ses groupes",
                required=False,
                choices=[(number, one.name) for number, one in self.known.items()],
                widget=forms.CheckboxSelectMultiple,
                error_messages={"invalid_choice": "Un de ces groupes n’existe plus. Rechargez la page."},
            )

    def chosen_groups(self) -> list[AgentGroup]:
        """Those that are ticked."""
        return [self.known[number] for number in self.cleaned_data.get("groups", [])]


class GroupForm(forms.Form):
    """The name of a group; what may be one is the room's to say."""

    name = forms.CharField(
        label="Nom du groupe",
        max_length=LONGEST_NAME,
        help_text="Par exemple « Accueil » ou « Service urbanisme ».",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": NO_NAME, "max_length": TOO_LONG, "null_characters_not_allowed": ONE_LINE},
    )


class PeopleForm(forms.Form):
    """Agents, each a box to tick; who may be ticked is the room's to say."""

    people = forms.MultipleChoiceField(label="Agents", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args, people: Iterable[User], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["people"].choices = [(str(one.pk), _told_apart(one)) for one in people]


def _told_apart(person: User) -> str:
    name = str(person)
    return f"{name}, {person.email}" if person.email and person.email != name else name
