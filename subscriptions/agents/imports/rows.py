"""The rows of a file of agents. Pure: nothing is looked up or written here.

A row is taken as it is or set aside with all its reasons; nothing in it is repaired. A row that begins with
"#" is a remark, like the example of the model file.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from subscriptions.models import AccessRole
from tenants.models import Role
from tenants.people.roles import MEMBER_ROLES, in_order
from tenants.register.names import normalise
from tenants.spreadsheets.encodings import has_broken_accents
from tenants.spreadsheets.imports import without_remarks
from tenants.spreadsheets.reading import Column, CsvFile, RejectedRow, Row, names_of, read_csv

MAX_BYTES = 1024 * 1024
MAX_ROWS = 2_000
COLUMNS = (
    Column(
        "email",
        "Courriel",
        ("E-mail", "Email", "Mail", "Adresse électronique", "Adresse e-mail", "Adresse mail",
         "Adresse de courriel", "Adresse de messagerie", "Courrier électronique", "Courriel professionnel",
         "E-mail professionnel", "Mail professionnel", "Mail pro", "Adresse mail professionnelle"),
    ),
    Column("first_name", "Prénom", ("Prénoms", "Prénom usuel"), required=False),
    Column(
        "name",
        "Nom",
        ("Nom de famille", "Nom d’usage", "Nom usuel", "Nom et prénom", "Nom Prénom", "Prénom Nom",
         "Nom complet", "Agent"),
        required=False,
    ),
    Column("roles", "Rôle", ("Rôles", "Rôle dans Halle", "Profil"), required=False),
    Column("groups", "Groupes", ("Groupe", "Groupes d’agents", "Groupe d’agents", "Équipe", "Équipes"),
           required=False),
    Column("services", "Services", ("Services numériques", "Applications", "Application", "Logiciels"),
           required=False),
)  # fmt: skip
_LABELS = {column.field: column.label for column in COLUMNS}
_LONGEST_EMAIL, _LONGEST_NAME, _SHOWN = 254, 150, 60
# Between several names in one cell; a comma too, where what it parts is known.
_BETWEEN = re.compile(r"[|;\n]")
_WITH_ROLE = re.compile(r"(?P<name>.+?)\s*\((?P<role>[^()]*)\)")
_SERVICE_ROLES = {
    **dict.fromkeys(("utilise", "utilisateur", "utilisatrice", ""), AccessRole.USER),
    **dict.fromkeys(("gere", "gestionnaire"), AccessRole.MANAGER),
}
ROLE_NAMES = {
    **{normalise(role.label): role for role in Role},
    **dict.fromkeys(("agent", "agente", "utilisateur", "utilisatrice"), Role.AGENT),
    **dict.fromkeys(("secretaire de mairie", "secretaire generale", "secretaire general"), Role.SECRETARY),
    **dict.fromkeys(("signataire", "maire", "president", "presidente"), Role.SIGNATORY),
    **dict.fromkeys(("finance", "comptable", "comptabilite"), Role.FINANCE),
    **dict.fromkeys(("administrateur", "administratrice"), Role.ORG_ADMIN),
}

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One agent as the file says. `services`: a role by the number of a sheet; `groups`: their numbers."""

    line: int
    email: str
    name: str
    roles: tuple[str, ...]
    services: Mapping[int, str]
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AgentFile:
    """What a file of agents holds. `file` says how it was read; `rejected` has its own rejected rows too."""

    file: CsvFile
    agents: tuple[AgentRow, ...]
    rejected: tuple[RejectedRow, ...]


@dataclass(frozen=True)
class Names:
    """Names that a cell may give, with what each stands for: as they are written, else whatever their case,
    accents and punctuation, where that leaves no doubt."""

    known: Mapping[str, int]
    _plain: dict[str, set[int]] = field(default_factory=dict)

    def __post_init__(self):
        for name, number in self.known.items():
            self._plain.setdefault(normalise(name), set()).add(number)

    def find(self, text: str) -> int | None:
        if text in self.known:
            return self.known[text]
        found = self._plain.get(normalise(text), set())
        return next(iter(found)) if len(found) == 1 else None


@dataclass(frozen=True)
class Known:
    """What an organisation has: the numbers of its groups and of its services on lists, by their names; the
    names of those that are open to all; the roles that whoever sends the file may give."""

    groups: Names
    listed: Names
    open_to_all: Names
    given: Collection[str]


class _Bad(Exception):
    """A cell is not acceptable; the text is the reason."""


def read_agents(content: bytes, *, known: Known) -> AgentFile:
    """Read a file of agents. Raises CsvProblem when the file as a whole cannot be used."""
    file = read_csv(content, columns=COLUMNS, max_bytes=MAX_BYTES, max_rows=MAX_ROWS)
    rows, rejected = without_remarks(file, wanted="vos agents")
    agents = []
    first_lines: dict[str, int] = {}
    for row in rows:
        agent, reasons = _agent(row, known, first_lines)
        if agent:
            agents.append(agent)
        else:
            rejected.append(RejectedRow(row.line, row.cells, tuple(reasons)))
    rejected.sort(key=lambda row: row.line)
    return AgentFile(file, tuple(agents), tuple(rejected))


def _agent(row: Row, known: Known, first_lines: dict[str, int]) -> tuple[AgentRow | None, list[str]]:
    """The agent, or None and every reason. Notes in `first_lines` where her address comes first."""
    reasons: list[str] = []

    def take(read: Callable[..., Value], *given) -> Value | None:
        try:
            return read(*given)
        except _Bad as problem:
            reasons.append(str(problem))
            return None

    values = row.values
    email = take(_email, values["email"])
    if email:
        first = first_lines.setdefault(email.casefold(), row.line)
        if first != row.line:
            reasons.append(f"Cette adresse est déjà à la ligne {first} : gardez une seule des deux lignes.")
    name = take(_name, " ".join(filter(None, (values["first_name"], values["name"]))))
    roles = take(_roles, values["roles"], known)
    groups = take(_groups, values["groups"], known)
    services = take(_services, values["services"], known)
    if reasons:
        return None, reasons
    return AgentRow(row.line, email, name, roles, services, groups), []


def _email(text: str) -> str:
    if not text:
        raise _Bad("Courriel : la cellule est vide, indiquez l’adresse de l’agent.")
    if len(text) > _LONGEST_EMAIL:
        raise _Bad(f"Courriel : l’adresse est trop longue ({_LONGEST_EMAIL} caractères au plus).")
    try:
        validate_email(text)
    except ValidationError:
        raise _Bad(
            f"Courriel : « {_short(text)} » n’est pas une adresse complète. Écrivez-la ainsi : "
            "prenom.nom@mairie.fr."
        ) from None
    return text


def _name(text: str) -> str:
    if len(text) > _LONGEST_NAME:
        raise _Bad(f"Nom : le texte est trop long ({_LONGEST_NAME} caractères au plus).")
    if any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in text):
        raise _Bad("Nom : la cellule contient un retour à la ligne ou un caractère invisible, retirez-le.")
    if has_broken_accents(text):
        raise _Bad(f"Nom : les accents sont abîmés (« {_short(text)} »), saisissez de nouveau le texte.")
    return text


def _roles(text: str, known: Known) -> tuple[str, ...]:
    """Plain agent when the file says nothing."""
    found = set()

    def find(name: str) -> Role | None:
        return ROLE_NAMES.get(normalise(name))

    for part in _parts(text, (), find):
        role = find(part)
        if role is None:
            offered = [Role(one).label for one in in_order(known.given)]
            raise _Bad(
                f"Rôle : « {_short(part)} » n’est pas un rôle. Laissez la cellule vide, ou choisissez parmi "
                f"{names_of(offered)}."
            )
        if role not in known.given or role not in MEMBER_ROLES:
            raise _Bad(f"Rôle : vous ne pouvez pas donner « {role.label} » ici. Retirez-le.")
        found.add(role)
    return tuple(in_order(found or {Role.AGENT}))


def _groups(text: str, known: Known) -> tuple[int, ...]:
    found = {}
    for part in _parts(text, known.groups.known, known.groups.find):
        number = known.groups.find(part)
        if number is None:
            raise _Bad(
                f"Groupe : « {_short(part)} » n’existe pas chez vous. {_among(known.groups, 'ce groupe')}"
            )
        found[number] = None
    return tuple(found)


def _services(text: str, known: Known) -> dict[int, str]:
    def find(name: str) -> int | None:
        name, _ = _with_role(name)
        return known.listed.find(name) or known.open_to_all.find(name)

    found: dict[int, str] = {}
    for part in _parts(text, (*known.listed.known, *known.open_to_all.known), find):
        name, word = _with_role(part)
        number = known.listed.find(name)
        if number is None and known.open_to_all.find(name):
            continue  # hers like everybody's
        if number is None:
            raise _Bad(
                f"Service : « {_short(name)} » n’est pas un de vos services. {_among(known.listed, '')}"
            )
        role = _SERVICE_ROLES.get(normalise(word))
        if role is None:
            raise _Bad(
                f"Service : « {_short(word)} » ne dit pas ce qu’elle y fait. Écrivez (utilise) ou (gère) "
                "après le nom du service."
            )
        found[number] = role.value
    return found


def _with_role(text: str) -> tuple[str, str]:
    """ "Cantinelle (gère)": the name, and the word between brackets when it is a role."""
    written = _WITH_ROLE.fullmatch(text)
    return (written["name"], written["role"]) if written else (text, "")


def _parts(text: str, known: Collection[str], find: Callable[[str], object]) -> Iterable[str]:
    """The names in a cell. A name may have a comma in it: one that is known as it is stays whole."""
    for piece in filter(None, map(str.strip, _BETWEEN.split(text))):
        if "," in piece and piece not in known and not find(piece):
            yield from filter(None, map(str.strip, piece.split(",")))
        else:
            yield piece


def _among(names: Names, create: str) -> str:
    if not names.known:
        return f"Créez d’abord {create}, ou videz la cellule." if create else "Videz la cellule."
    other = f", ou créez d’abord {create}" if create else ""
    return f"Choisissez parmi {names_of(list(names.known))}{other}."


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
