"""What an operator reads of one of its members, and what an organisation reads of itself."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from tenants.members.adhesions import covered_by, reaching
from tenants.models import Adhesion, Establishment, Membership, Operator, Organisation, Population
from tenants.models.territory import PopulationKind


@dataclass(frozen=True)
class PeopleOfRole:
    """Who holds a role, by name."""

    role: str
    names: list[str]


def organisation_of_member(*, operator: Operator, siren: str) -> Organisation | None:
    """The organisation of this SIREN if it ever adhered to the operator, or will; None for a stranger.

    A commune that an adhesion of its intercommunality covers or covered counts. With its territory.
    """
    adhesions = Adhesion.objects.filter(operator=operator)
    covered = covered_by(adhesions.filter(covers_communes=True))
    return (
        Organisation.objects.select_related("territory__epci", "successor")
        .filter(
            Q(pk__in=adhesions.values("organisation")) | Q(pk__in=covered.values("pk")),
            siren=siren,
        )
        .first()
    )


def adhesions_of(*, organisation: Organisation, operator: Operator | None = None) -> QuerySet[Adhesion]:
    """Its own adhesions and those of its intercommunality that cover it, newest first."""
    found = Adhesion.objects.filter(reaching(organisation)).select_related(
        "operator", "organisation", "college"
    )
    if operator is not None:
        found = found.filter(operator=operator)
    return found.order_by("-since", "-pk")


def establishments_of(*, organisation: Organisation) -> QuerySet[Establishment]:
    """Its establishments with their services, the head office first."""
    return organisation.establishments.prefetch_related("services").order_by("-is_seat", "siret")


def populations_of(*, organisation: Organisation, on: date) -> list[Population]:
    """Its populations in force on that day, one a kind, in the order municipale, totale, DGF."""
    if organisation.territory_id is None:
        return []
    order = list(PopulationKind.values)
    rows = Population.objects.filter(territory=organisation.territory_id).in_force(on=on)
    return sorted(rows, key=lambda row: order.index(row.kind))


def people_by_role(*, organisation: Organisation) -> list[PeopleOfRole]:
    """Who may do what there today: names only, by role in the order of the roles."""
    mandates = (
        Membership.objects.in_force()
        .filter(organisation=organisation, user__is_active=True)
        .select_related("user")
        .order_by("user__last_name", "user__first_name", "pk")
    )
    found: dict[str, list[str]] = {}
    for mandate in mandates:
        found.setdefault(mandate.role, []).append(str(mandate.user))
    roles = Membership._meta.get_field("role").choices
    return [PeopleOfRole(label, found[role]) for role, label in roles if role in found]


def covered_count(*, adhesion: Adhesion) -> int:
    """How many organisations this adhesion covers besides its own."""
    if not adhesion.covers_communes:
        return 0
    return covered_by(Adhesion.objects.filter(pk=adhesion.pk)).count()


def is_member(*, operator: Operator, sirens: list[str], on: date) -> set[str]:
    """Which of these SIREN adhere to the operator on that day or will, by an adhesion of their own."""
    found = Adhesion.objects.filter(operator=operator, organisation__siren__in=sirens).filter(
        Q(until__isnull=True) | Q(until__gt=on)
    )
    return set(found.values_list("organisation__siren", flat=True))
