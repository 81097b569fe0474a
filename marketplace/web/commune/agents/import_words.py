"""An import of agents in words: its states, its rows, its columns, its model file."""

from marketplace.web.file_imports import row_of
from marketplace.web.organisation.people_forms import name_of
from subscriptions.models import AccessRole, AgentImportRow, AgentImportState, AgentRowState
from tenants.models import Role
from tenants.spreadsheets.imports import REMARK

STATE_BADGES = {
    AgentImportState.READY: "warning",
    AgentImportState.SENDING: "info",
    AgentImportState.DONE: "success",
    AgentImportState.ABANDONED: "neutral",
}
ROW_BADGES = {
    AgentRowState.WAITING: "info",
    AgentRowState.INVITED: "success",
    AgentRowState.REFUSED: "danger",
}
# The tabs of a report: address → (label, state).
TABS = {
    "toutes": ("Toutes", ""),
    "ecartees": ("Écartées", AgentRowState.REFUSED),
    "a-inviter": ("À inviter", AgentRowState.WAITING),
    "invites": ("Invités", AgentRowState.INVITED),
}
MEANINGS = {
    "email": ("L’adresse professionnelle avec laquelle la personne se connectera.", "Oui"),
    "first_name": ("Pour vous relire : Halle prend le nom de son compte professionnel.", "Non"),
    "name": ("De même. Le nom seul, ou le nom et le prénom.", "Non"),
    "roles": ("Agent si la cellule est vide. Plusieurs rôles se séparent par des virgules.", "Non"),
    "groups": ("Les noms de vos groupes d’agents, séparés par des virgules.", "Non"),
    "services": (
        "Les noms de services qui sont sur liste, séparés par des virgules. Ajoutez (gère) après le nom "
        "pour qui gère le service.",
        "Non",
    ),
}
EXAMPLE = {
    "email": f"{REMARK} prenom.nom@mairie.fr",
    "first_name": "Camille",
    "name": "Exemple (cette ligne n’est pas lue)",
    "roles": "agent",
    "groups": "Accueil, Urbanisme",
    "services": "Nom du service, Autre service (gère)",
}


def row_in_words(row: AgentImportRow, *, services: dict[int, str], groups: dict[int, str]) -> dict:
    """For the table of a report. What was understood of a row, or its cells when nothing was."""
    data = row.data
    facts = []
    if data and not row.problems:
        if data["roles"] != [Role.AGENT]:
            facts.append(f"Rôles : {', '.join(name_of(role) for role in data['roles'])}")
        if data["groups"]:
            names = [groups.get(number, "groupe supprimé") for number in data["groups"]]
            facts.append(f"Groupes : {', '.join(names)}")
        if data["services"]:
            names = [
                services.get(int(sheet), "service terminé")
                + (" (gère)" if role == AccessRole.MANAGER else "")
                for sheet, role in data["services"].items()
            ]
            facts.append(f"Services : {', '.join(names)}")
    return row_of(
        row,
        badge=ROW_BADGES[AgentRowState(row.state)],
        state=row.get_state_display(),
        name=data["name"] or data["email"] if data else "",
        under=data["email"] if data and data["name"] else "",
        facts=facts,
    )
