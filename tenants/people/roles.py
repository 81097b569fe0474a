"""Which roles exist where, who gives them, and which ones one person may not hold together."""

from collections.abc import Iterable
from datetime import date

from django.db.models import Q

from tenants.members.adhesions import reaching
from tenants.models import Adhesion, Membership, Organisation, Population, Role, User
from tenants.models.territory import PopulationKind

MEMBER_ROLES = frozenset({Role.AGENT, Role.SECRETARY, Role.SIGNATORY, Role.FINANCE, Role.ORG_ADMIN})
OPERATOR_ROLES = frozenset({Role.CURATOR, Role.OPERATOR_FINANCE, Role.OPERATOR_ADMIN})
# Who speaks for a member in public: needs, reviews.
SPEAKING_ROLES = frozenset({Role.SECRETARY, Role.SIGNATORY, Role.ORG_ADMIN})
VENDOR_ROLES = frozenset({Role.VENDOR_EDITOR, Role.VENDOR_ADMIN})
# An administrator gives the roles of her own kind; the auditor of an operator is its administrator's choice.
GIVEN_BY = {
    Role.ORG_ADMIN: MEMBER_ROLES,
    Role.OPERATOR_ADMIN: OPERATOR_ROLES | {Role.AUDITOR},
    Role.VENDOR_ADMIN: VENDOR_ROLES,
}
# From so many inhabitants on (municipal population in force), whoever asks for a service is not who signs.
SEPARATED_FROM = 3500


class PeopleRefused(Exception):
    """Base of all refusals about people and their roles. `str()` is a French sentence for the person."""


class NotAllowed(PeopleRefused):
    """Whoever asks does not administer these roles here (any more)."""

    def __init__(self):
        super().__init__("Vous n’administrez pas ces rôles. Demandez-le à l’administrateur.")


class NoRole(PeopleRefused):
    def __init__(self):
        super().__init__("Choisissez au moins un rôle. Pour retirer tout accès, mettez fin à ses mandats.")


class RoleNotHere(PeopleRefused):
    """The organisation has no such role: an editor's role in a commune."""

    def __init__(self):
        super().__init__("Ce rôle n’existe pas dans cette organisation. Rechargez la page.")


class RolesApart(PeopleRefused):
    """One person would both ask for services and sign for them, in an organisation of some size."""

    def __init__(self):
        super().__init__(
            "À partir de 3\u202f500 habitants, une même personne ne peut pas être à la fois secrétaire et "
            "signataire : qui demande un service ne l’approuve pas. Confiez un des rôles à quelqu’un d’autre."
        )


class LastAdministrator(PeopleRefused):
    def __init__(self):
        super().__init__(
            "C’est la dernière personne qui peut administrer les rôles. "
            "Donnez d’abord ce rôle à quelqu’un d’autre."
        )


def in_order(roles: Iterable[str]) -> list[str]:
    """Each once, as the list of roles has them."""
    return [role.value for role in Role if role in set(roles)]


def roles_of(organisation: Organisation) -> frozenset[str]:
    """The roles that mean something there: a member's, an operator's, a vendor's, or several of them.

    Public bodies are members or may become one; so is whatever is neither operator nor vendor, or adheres.
    """
    operates, sells = hasattr(organisation, "operator"), hasattr(organisation, "vendor")
    roles: frozenset[str] = frozenset()
    if operates:
        roles |= GIVEN_BY[Role.OPERATOR_ADMIN]
    if sells:
        roles |= VENDOR_ROLES
    if organisation.is_public_body or not (operates or sells) or organisation.adhesions.exists():
        roles |= MEMBER_ROLES
    return roles


def given_by(*, held: Iterable[str], organisation: Organisation) -> frozenset[str]:
    """The roles that somebody who holds `held` in the organisation may give and take there.

    A signatory does the administrator's work while there is none.
    """
    held = set(held)
    if Role.SIGNATORY in held:
        administrators = Membership.objects.in_force().filter(organisation=organisation, role=Role.ORG_ADMIN)
        if not administrators.exists():
            held.add(Role.ORG_ADMIN)
    given = frozenset().union(*(GIVEN_BY.get(role, frozenset()) for role in held))
    return given & roles_of(organisation) if given else given


def given_by_person(*, person: User, organisation: Organisation) -> frozenset[str]:
    """The same for a person, as her mandates are now. The platform's staff gives any role."""
    if person.is_staff:
        return roles_of(organisation)
    held = person.memberships.in_force().filter(organisation=organisation)
    return given_by(held=held.values_list("role", flat=True), organisation=organisation)


def offered_by_person(*, person: User, organisation: Organisation, on: date) -> frozenset[str]:
    """The roles she may offer by invitation: those she gives; and, for an operator's curators and
    administrators, a member's in an organisation that adheres on that day and that nobody administers yet,
    to bring its first person in. To change anybody's roles there is not theirs."""
    given = given_by_person(person=person, organisation=organisation)
    if not given and not is_administered(organisation) and keeps_its_operator(person, organisation, on):
        return MEMBER_ROLES & roles_of(organisation)
    return given


def is_administered(organisation: Organisation) -> bool:
    """Whether somebody there may give a member's roles, even if her access is suspended for now."""
    administrators = Membership.objects.open().filter(role__in=[Role.ORG_ADMIN, Role.SIGNATORY])
    return administrators.filter(organisation=organisation).exists()


def keeps_its_operator(person: User, organisation: Organisation, on: date) -> bool:
    """Whether she welcomes the members of an operator to which the organisation adheres, or is about to."""
    staff = person.memberships.in_force().filter(role__in=[Role.CURATOR, Role.OPERATOR_ADMIN])
    lasting = Adhesion.objects.filter(Q(until__isnull=True) | Q(until__gt=on))
    mine = lasting.filter(operator__organisation__in=staff.values("organisation"))
    return mine.filter(reaching(organisation)).exists()


def check_roles(roles: Iterable[str], *, organisation: Organisation, on: date) -> None:
    """Whether one person may hold all these roles there. Raises RoleNotHere and RolesApart."""
    roles = set(roles)
    if not roles <= roles_of(organisation):
        raise RoleNotHere
    if roles >= {Role.SECRETARY, Role.SIGNATORY}:
        count = inhabitants(organisation, on=on)
        if count is not None and count >= SEPARATED_FROM:
            raise RolesApart


def inhabitants(organisation: Organisation, *, on: date) -> int | None:
    """The municipal population in force, None when unknown or when the organisation has no territory."""
    counts = Population.objects.filter(territory=organisation.territory_id, kind=PopulationKind.MUNICIPALE)
    count = counts.in_force(on=on).first()
    return count.value if count else None
