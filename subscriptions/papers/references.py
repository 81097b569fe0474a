"""What an act rests on: the texts that a body, a vehicle and an amount call for.

CCP: code de la commande publique; CGCT: code général des collectivités territoriales; CASF: code de l’action
sociale et des familles. A threshold is never written here: it is a dated row.
"""

from catalog.pricing import format_cents
from subscriptions.models import LegalBasis, ThresholdCode
from subscriptions.thresholds import InForce, competition, reaches, told
from tenants.models import Organisation
from tenants.models.organisation import OrganisationKind

CCP = "Vu le code de la commande publique,"
CGCT = "Vu le code général des collectivités territoriales,"
BASES = {
    LegalBasis.GROUPEMENT: f"{CCP} articles L2113-6 à L2113-8 (groupements de commandes) ;",
    LegalBasis.CENTRALE: f"{CCP} articles L2113-2 à L2113-5 (centrales d’achat) ;",
    LegalBasis.FRAMEWORK: f"{CCP} articles L2125-1 et R2162-1 à R2162-14 (accords-cadres) ;",
    LegalBasis.IN_HOUSE: f"{CCP} articles L2511-1 à L2511-5 (quasi-régie) ;",
    LegalBasis.STATUTORY: "Vu les statuts de l’organisme « {operator} » ;",
    LegalBasis.DIRECT: f"{CCP} article R2122-8 (achat sous le seuil) ;",
}
# Contracts that the rules of execution of the second part of the CCP govern; in-house contracts are
# excluded from them (L2500-1), and a contribution set by statutes is no contract.
CONTRACTS = (LegalBasis.GROUPEMENT, LegalBasis.CENTRALE, LegalBasis.FRAMEWORK, LegalBasis.DIRECT)

# Of each kind of body: on what its assembly rests, and on what the delegation to its head does.
_BODIES = {
    OrganisationKind.COMMUNE: (f"{CGCT} article L2121-29 ;", f"{CGCT} articles L2122-22, 4° et L2122-23 ;"),
    OrganisationKind.EPCI: (f"{CGCT} articles L5211-1 et L2121-29 ;", f"{CGCT} article L5211-10 ;"),
    OrganisationKind.DEPARTEMENT: (f"{CGCT} article L3211-1 ;", f"{CGCT} article L3221-11 ;"),
    OrganisationKind.REGION: (f"{CGCT} article L4221-1 ;", f"{CGCT} article L4231-8 ;"),
    OrganisationKind.CCAS: (
        "Vu le code de l’action sociale et des familles, article R123-20 ;",
        "Vu le code de l’action sociale et des familles, article R123-21 ;",
    ),
}
# Syndicats follow the rules of EPCI: those of communes are EPCI (L5210-1-1 A), closed mixed ones are under
# them by L5711-1. Open mixed ones (L5721-1 and following) follow their statutes. By legal category (INSEE).
_SYNDICATS = {
    "7345": (f"{CGCT} articles L5211-1 et L2121-29 ;", f"{CGCT} article L5211-10 ;"),
    "7353": (f"{CGCT} articles L5211-1 et L2121-29 ;", f"{CGCT} article L5211-10 ;"),
    "7354": (f"{CGCT} articles L5711-1, L5211-1 et L2121-29 ;", f"{CGCT} articles L5711-1 et L5211-10 ;"),
    "7355": (
        f"{CGCT} articles L5721-1 et suivants, et les statuts du syndicat ;",
        f"{CGCT} articles L5721-1 et suivants, et les statuts du syndicat ;",
    ),
}
_OTHERS = ("Vu les textes et les statuts qui régissent l’organisme ;",) * 2


def body_sight(organisation: Organisation, *, by_head: bool) -> str:
    """The text that lets its assembly, or its head by delegation, decide."""
    kind = OrganisationKind(organisation.kind)
    if kind == OrganisationKind.SYNDICAT:
        return _SYNDICATS.get(organisation.legal_category, _OTHERS)[by_head]
    return _BODIES.get(kind, _OTHERS)[by_head]


def what_applies(
    *,
    basis: LegalBasis,
    amount_cents: int,
    thresholds: InForce,
    already_cents: int = 0,
    ceiling_cents: int | None = None,
) -> list[str]:
    """What the amount of a subscription over its whole term, net of tax, calls for: French sentences.

    `already_cents`: what the same need has committed (CCP R2121-6); `ceiling_cents`: the maximum of the lot.
    """
    return [
        *_procedure(basis, amount_cents, thresholds, already_cents, ceiling_cents),
        *_advance(basis, amount_cents, thresholds),
        *_essential_data(basis, amount_cents, thresholds),
    ]


def _procedure(basis, amount, thresholds, already, ceiling) -> list[str]:
    shown = f"{format_cents(amount)} HT"
    match basis:
        case LegalBasis.STATUTORY:
            return [
                "La contribution est fixée par les statuts de l’organisme : ce n’est pas un marché, et les "
                "seuils du code de la commande publique ne s’y appliquent pas."
            ]
        case LegalBasis.IN_HOUSE:
            return [
                "L’organisme est soumis, conjointement avec ses autres membres, à un contrôle analogue à "
                "celui exercé sur leurs propres services, réalise plus de 80 % de son activité pour eux et "
                "ne compte pas de capital privé : le contrat se passe sans publicité ni mise en "
                "concurrence, quel que soit son montant (article L2511-1)."
            ]
        case LegalBasis.CENTRALE:
            return [
                "L’acheteur qui recourt à une centrale d’achat est considéré comme ayant respecté ses "
                "obligations de publicité et de mise en concurrence pour les opérations qu’il lui confie "
                f"(article L2113-4), ici pour {shown}."
            ]
        case LegalBasis.FRAMEWORK:
            said = []
            if ceiling is not None:
                said = [
                    f"Le besoin de l’accord-cadre s’apprécie à son maximum, {format_cents(ceiling)} HT "
                    f"(article R2121-8) : {competition(ceiling, thresholds)}."
                ]
            return [
                *said,
                f"La commande, de {shown}, se passe par bon de commande écrit, sans négociation ni nouvelle "
                "mise en concurrence, pendant la validité de l’accord-cadre et par un acheteur désigné dans "
                "l’avis (articles R2162-13 et R2162-14).",
            ]
        case LegalBasis.GROUPEMENT:
            return [
                f"La part de la collectivité est de {shown}. La procédure est celle qu’appelle le besoin de "
                "tous les membres ensemble (article R2121-1) ; pour cette seule part, "
                f"{competition(amount, thresholds)}."
            ]
        case _:
            return _direct(amount, thresholds, already)


def _direct(amount: int, thresholds: InForce, already: int) -> list[str]:
    total = amount + already
    counted = f"Le besoin est de {format_cents(amount)} HT"
    if already:
        counted += (
            f" ; avec ce qui est déjà commandé pour des besoins de même nature, {format_cents(total)} HT "
            "(article R2121-6)"
        )
    if not reaches(ThresholdCode.DIRECT, total, thresholds):
        return [
            f"{counted} : {competition(total, thresholds)}.",
            "L’acheteur choisit une offre pertinente, fait une bonne utilisation des deniers publics et ne "
            "contracte pas systématiquement avec un même opérateur économique (article R2122-8).",
        ]
    found = [f"{counted} : l’achat direct n’est plus permis ; {competition(total, thresholds)}."]
    if reaches(ThresholdCode.DOCUMENTS, total, thresholds):
        found.append(
            "Les documents de la consultation sont mis en ligne sur un profil d’acheteur à partir de "
            f"{told(ThresholdCode.DOCUMENTS, thresholds)} (article R2132-2)."
        )
    return found


def _advance(basis: LegalBasis, amount: int, thresholds: InForce) -> list[str]:
    """Due above the threshold, not at it, where execution lasts more than two months: always here, since a
    term is counted in years."""
    row = thresholds.get(ThresholdCode.ADVANCE)
    if basis not in CONTRACTS or row is None or amount <= row.amount_cents:
        return []
    return [
        f"Le montant dépasse {told(ThresholdCode.ADVANCE, thresholds)}, et la durée deux mois : une avance "
        "est due au titulaire, sauf s’il y renonce (article R2191-3)."
    ]


def _essential_data(basis: LegalBasis, amount: int, thresholds: InForce) -> list[str]:
    if basis != LegalBasis.DIRECT or not reaches(ThresholdCode.ESSENTIAL_DATA, amount, thresholds):
        return []
    return [
        "Les données essentielles du marché sont publiées dans les deux mois de sa notification, à partir de "
        f"{told(ThresholdCode.ESSENTIAL_DATA, thresholds)} (article R2196-1)."
    ]
