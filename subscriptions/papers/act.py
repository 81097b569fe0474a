"""The act that a request needs, drafted: a deliberation or a decision, to be read, changed and voted."""

from catalog.pricing import format_cents
from subscriptions.deciding import Decider, assembly, head
from subscriptions.models import LegalBasis
from subscriptions.papers.matter import DRAFT, OPEN, Matter, the
from subscriptions.papers.references import BASES, body_sight
from tenants.documents.paper import Articles, Blanks, Block, Bullets, Heading, Paper, Paragraph

JOINS = {
    LegalBasis.GROUPEMENT: "d’approuver la convention constitutive de « {vehicle} », et d’y adhérer",
    LegalBasis.CENTRALE: "de recourir à la centrale d’achat « {vehicle} » ({operator})",
    LegalBasis.FRAMEWORK: "de commander par l’accord-cadre « {vehicle} » ({operator})",
    LegalBasis.IN_HOUSE: "de confier ce service à l’organisme « {operator} » ({vehicle})",
    LegalBasis.STATUTORY: "de prendre ce service de l’organisme « {operator} » ({vehicle})",
    LegalBasis.DIRECT: "d’acheter ce service par l’organisme « {operator} » ({vehicle})",
}
MEETING = ("Séance du", "Membres en exercice", "Présents", "Votants", "Secrétaire de séance")
# An act is enforceable once published and sent to the State's representative (CGCT L2131-1, L5211-3).
ENFORCED = ("Transmis au représentant de l’État le", "Publié ou notifié le")


def act(matter: Matter, decider: Decider) -> Paper:
    """The draft. It names no person and bears no number: those are written by whoever signs."""
    by_head = decider == Decider.HEAD
    kind = "décision" if by_head else "délibération"
    names = {"operator": matter.operator, "vehicle": matter.vehicle}
    speaker = matter.who if by_head else the(assembly(matter.tenant))
    sights = [body_sight(matter.tenant, by_head=by_head), BASES[matter.basis].format(**names)]
    if by_head:
        sights.append(f"Vu la délibération du {OPEN} donnant délégation ;")
    blocks: list[Block] = [
        Blanks(("Numéro", *(() if by_head else MEETING))),
        Paragraph(f"{speaker},", strong=True),
        *(Paragraph(sight) for sight in [*sights, "Considérant ce qui suit :"]),
        Bullets(tuple(_facts(matter))),
        *matter.price_blocks(),
        Heading("Décide" if by_head else "Après en avoir délibéré, décide"),
        Articles(tuple(_articles(matter, names, by_head))),
    ]
    if not by_head:
        blocks.append(Blanks(("Pour", "Contre", "Abstentions"), abreast=True))
    blocks += [Blanks(("Fait à", "Le", matter.who), abreast=True), Blanks(ENFORCED)]
    return Paper(
        title=f"{kind.capitalize()} – {matter.subscription.service_name}",
        kind=f"Projet de {kind}",
        body=matter.tenant.name,
        siren=matter.siren,
        subject=f"Service numérique {matter.service}",
        blocks=tuple(blocks),
        footer=DRAFT,
    )


def _facts(matter: Matter) -> list[str]:
    facts = [
        f"{matter.operator} propose le service {matter.service}.",
        f"Son prix pour la collectivité, figé par la demande du {matter.asked}, est de {matter.price()}.",
    ]
    if matter.years > 1:
        facts.append(
            f"L’engagement est de {matter.years} ans : le besoin s’estime à "
            f"{format_cents(matter.amount_cents)} HT sur toute sa durée (code de la commande publique, "
            "article R2121-1)."
        )
    return [*facts, *matter.applies()]


def _articles(matter: Matter, names: dict, by_head: bool) -> list[str]:
    service = matter.subscription.service_name
    found = [f"{JOINS[matter.basis].format(**names)}, et de s’abonner au service « {service} » ;"]
    if matter.covers:
        found.append(
            "de couvrir par cet abonnement, dès l’ouverture du service et sans participation de leur part, "
            f"{_communes(matter.covers)} ;"
        )
    if by_head:
        found.append("d’inscrire la dépense sur les crédits ouverts au budget ;")
        return [*found, "de rendre compte de la présente décision à la prochaine séance."]
    found.append(
        f"d’autoriser le {head(matter.tenant)} à signer tout acte qu’exige la présente délibération ;"
    )
    return [*found, "d’inscrire au budget les crédits correspondants."]


def _communes(names: list[str]) -> str:
    if len(names) == 1:
        return f"la commune suivante : {names[0]}"
    return f"les {len(names)} communes suivantes : {', '.join(names)}"
