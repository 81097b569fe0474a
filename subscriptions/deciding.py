"""Who may decide for an authority: its assembly, or its head by delegation. Sources beside each rule."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from subscriptions.models import Authority, LegalBasis, PurchasingVehicle, Subscription
from tenants.models import Organisation, TerritoryChange
from tenants.models.organisation import OrganisationKind
from tenants.models.vintage import ChangeKind


class Decider(StrEnum):
    ASSEMBLY = "assemblee"
    HEAD = "delegation"  # the mayor or the president, to whom the assembly has delegated


@dataclass(frozen=True)
class Rule:
    """`deciders` in the order they are offered; `why` says in French on what they rest."""

    deciders: tuple[Decider, ...]
    why: str


# The mayor may be charged with preparing, awarding, carrying out and paying contracts and framework
# agreements when the credits are in the budget (CGCT L2122-22, 4°), and reports to the council (L2122-23).
# An EPCI may delegate as much to its president (CGCT L5211-10).
BOTH = (Decider.ASSEMBLY, Decider.HEAD)
COUNCIL = (Decider.ASSEMBLY,)
MAYOR = "Le conseil décide, ou le maire s’il a reçu délégation pour les marchés (CGCT L2122-22, 4°)."
PRESIDENT = "L’assemblée décide, ou le président s’il a reçu délégation (CGCT L5211-10)."
GROUPING = (
    "Rejoindre un groupement de commandes ne se délègue pas au maire : le conseil approuve lui-même la "
    "convention constitutive (CGCT L2121-29, CCP L2113-7)."
)
STATUTES = "Ce que prévoient les statuts de l’opérateur, et les délégations de votre assemblée."
OTHERS = "Ce que prévoient les statuts ou les règles de votre organisme."


ASSEMBLIES = {
    OrganisationKind.COMMUNE: "conseil municipal",
    OrganisationKind.EPCI: "conseil communautaire",
    OrganisationKind.SYNDICAT: "comité syndical",
}


def assembly(organisation: Organisation) -> str:
    """The body that deliberates: "conseil municipal", "conseil communautaire"…"""
    return ASSEMBLIES.get(OrganisationKind(organisation.kind), "assemblée délibérante")


def head(organisation: Organisation) -> str:
    """Who decides alone: the mayor of a commune, the president of any other body."""
    return "maire" if organisation.kind == OrganisationKind.COMMUNE else "président"


def rule(*, basis: str, kind: str) -> Rule:
    """Who may decide to join a vehicle of that legal basis, in a body of that kind."""
    if basis == LegalBasis.STATUTORY:
        return Rule(BOTH, STATUTES)
    if kind == OrganisationKind.COMMUNE:
        return Rule(COUNCIL, GROUPING) if basis == LegalBasis.GROUPEMENT else Rule(BOTH, MAYOR)
    if kind == OrganisationKind.EPCI:
        return Rule(BOTH, PRESIDENT)
    return Rule(BOTH, OTHERS)


def may_decide(*, basis: str, kind: str, deliberation_required: bool) -> Rule:
    """The same, where the operator's vehicle asks for a deliberation whatever the law would allow."""
    found = rule(basis=basis, kind=kind)
    if deliberation_required and Decider.HEAD in found.deciders:
        return Rule(COUNCIL, "Votre opérateur demande une délibération pour ce cadre d’achat.")
    return found


def needs_deliberation(*, vehicle: PurchasingVehicle, organisation: Organisation) -> bool:
    """Whether nobody but its assembly may decide for this organisation: by law, or for the operator."""
    found = may_decide(
        basis=vehicle.legal_basis,
        kind=organisation.kind,
        deliberation_required=vehicle.deliberation_required,
    )
    return Decider.HEAD not in found.deciders


def authorities(subscription: Subscription) -> list[Authority]:
    """Who may take the act that decides this request, in the order they are offered."""
    tenant = subscription.tenant
    found = may_decide(
        basis=subscription.vehicle.legal_basis,
        kind=tenant.kind,
        deliberation_required=subscription.deliberation_required,
    )
    alone = by_head(tenant)
    return [alone if decider == Decider.HEAD else Authority.COUNCIL for decider in found.deciders]


def by_head(organisation: Organisation) -> Authority:
    """Who takes the act when the head decides alone."""
    return Authority.MAYOR if organisation.kind == OrganisationKind.COMMUNE else Authority.PRESIDENT


def existed_from(subscription: Subscription) -> tuple[date | None, str]:
    """The day from which an act could decide this request, and what began then; (None, "") when no such day
    is known. One query."""
    changes = TerritoryChange.objects.filter(
        territory=subscription.tenant.territory_id, kind=ChangeKind.CREATED
    )
    created = changes.order_by("-effective_on").values_list("effective_on", flat=True).first()
    known = [
        (subscription.vehicle.starts_on, f"le début de « {subscription.vehicle.name} »"),
        (created, "la création de votre collectivité"),
    ]
    return max(((day, what) for day, what in known if day), default=(None, ""))
