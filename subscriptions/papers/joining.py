"""The conventions by which a member joins: a grouping, a central purchasing body, a service of its operator.

Drafts, prefilled with what the request froze; what the law leaves to the parties is left open, in dots.
"""

from datetime import date

from subscriptions.papers import clauses
from subscriptions.papers.matter import DRAFT, OPEN, Matter
from tenants.documents.paper import Blanks, Block, Bullets, Heading, Paper, Paragraph, Table
from tenants.identifiers import grouped

# From that day a consultation has an environmental criterion and conditions of execution (CCP L2112-2,
# L2152-7, as law no. 2021-1104 of 22 August 2021 changed them).
GREEN_FROM = date(2026, 8, 22)
MORE_MEMBERS = 5  # empty lines for those that the coordinator adds

Clause = tuple[str, list[Block]]


def grouping(matter: Matter) -> Paper:
    """The convention constitutive of a groupement de commandes (CCP L2113-6 à L2113-8)."""
    lead = matter.coordinator
    green = ""
    if matter.on >= GREEN_FROM:
        green = (
            " La consultation comporte au moins un critère tenant aux caractéristiques environnementales de "
            "l’offre, et le marché des conditions d’exécution de même nature (articles L2152-7 et L2112-2)."
        )
    found: list[Clause] = [
        (
            "Objet",
            _said(
                f"Un groupement de commandes, « {matter.vehicle} », est constitué entre les membres désignés "
                "en annexe, en application des articles L2113-6 à L2113-8 du code de la commande publique, "
                f"pour acheter ensemble le service {matter.service}.{clauses.group_known(matter)}",
                *matter.applies(),
            ),
        ),
        (
            "Coordonnateur",
            [
                Paragraph(f"Les membres désignent comme coordonnateur : {lead}. Il est chargé, pour tous :"),
                Bullets(
                    (
                        "de recenser les besoins, et de choisir la procédure d’après leur total ;",
                        "de préparer et de publier la consultation, de recevoir et d’analyser les offres ;",
                        "d’attribuer, de signer et de notifier le marché ou l’accord-cadre ;",
                        "de conclure ses modifications, ses reconductions et sa résiliation ;",
                        "de publier les données essentielles (article R2196-1), et d’archiver le dossier.",
                    )
                ),
                Paragraph("Il rend compte à chaque membre du résultat et, chaque année, de l’exécution."),
            ],
        ),
        (
            "Attribution",
            _said(
                "Quand la procédure est formalisée, la commission d’appel d’offres est celle du "
                "coordonnateur, ou se compose d’un représentant élu de la commission de chaque membre (code "
                "général des collectivités territoriales, article L1414-3). Choix des membres : "
                f"{OPEN}{green}"
            ),
        ),
        (
            "Exécution et paiement",
            _said(
                "Chaque membre, pour ses besoins propres, passe ses commandes, constate le service fait et "
                "paie.",
                *clauses.payment(matter),
            ),
        ),
        (
            "Prix",
            [
                Paragraph(f"Pour le membre signataire, le prix est de {matter.price()}."),
                *matter.price_blocks(),
                Paragraph(clauses.revision(matter)),
            ],
        ),
        (
            "Frais du groupement",
            _said(
                "Le coordonnateur remplit sa mission à titre gratuit, sauf la part que voici des frais de "
                f"procédure (publicité, expertise), répartie entre les membres à proportion : {OPEN}"
            ),
        ),
        (
            "Entrée d’un membre",
            _said(
                "Un membre entre par délibération de son assemblée, puis par la signature de la convention. "
                "Il ne commande par un marché déjà lancé que si l’avis le désignait parmi les acheteurs "
                "(articles R2162-5 et R2194-1 et suivants)."
            ),
        ),
        (
            "Sortie d’un membre",
            _said(
                f"Un membre sort par délibération, notifiée au coordonnateur {OPEN} mois avant.",
                *clauses.leaving(matter),
            ),
        ),
        (
            "Responsabilité",
            _said(
                "Les membres sont solidairement responsables des seules opérations menées conjointement en "
                "leur nom et pour leur compte ; chacun répond seul de celles qu’il mène pour lui-même "
                "(article L2113-7). Le coordonnateur répond des fautes commises dans sa mission."
            ),
        ),
        ("Données personnelles", _said(clauses.personal_data())),
        (
            "Durée et litiges",
            _said(
                "La convention prend effet à sa signature par tous et dure le temps du marché : "
                f"{matter.term()}. Un différend est d’abord soumis au coordonnateur, puis au tribunal "
                f"administratif de {OPEN}"
            ),
        ),
    ]
    lines = [(matter.tenant.name, matter.siren, ""), *(("", "", ""),) * MORE_MEMBERS]
    annex: list[Block] = [
        Heading("Annexe – Les membres du groupement"),
        Table(
            "Liste tenue par le coordonnateur",
            ("Membre", "SIREN", "Délibération (n° et date)"),
            tuple(lines),
            figures=0,
        ),
    ]
    siren = matter.subscription.vehicle.coordinator or matter.subscription.operator.organisation
    return _convention(
        matter, "Convention constitutive de groupement de commandes", lead, siren.siren, "le coordonnateur",
        found, annex,
    )  # fmt: skip


def central(matter: Matter) -> Paper:
    """The convention d’adhésion of a centrale d’achat (CCP L2113-2 à L2113-5)."""
    found: list[Clause] = [
        (
            "Objet",
            _said(
                f"Le membre recourt à la centrale d’achat « {matter.vehicle} » de {matter.operator}, en "
                "application des articles L2113-2 à L2113-5 du code de la commande publique, pour le service "
                f"{matter.service}."
            ),
        ),
        (
            "Ce que fait la centrale",
            _said(
                "Elle acquiert le service pour le céder au membre, ou passe le marché qui lui est destiné "
                f"(article L2113-2). Mode retenu : {OPEN}",
                *matter.applies(),
                "Elle répond de la passation ; le membre répond des opérations qu’il mène lui-même (article "
                "L2113-4).",
            ),
        ),
        (
            "Ce que fait le membre",
            _said(
                "Il commande par la centrale, sans être tenu de lui confier d’autres achats, et signale "
                "toute difficulté d’exécution."
            ),
        ),
        *_price_and_payment(matter),
        *_end(matter),
    ]
    return _operators(matter, "Convention d’adhésion à la centrale d’achat", "la centrale", found)


def service_form(matter: Matter) -> Paper:
    """The bulletin d’adhésion to a service of the operator, in-house or by its statutes."""
    found: list[Clause] = [
        (
            "Objet",
            _said(
                f"Le membre adhère au service {matter.service}, que {matter.operator} lui rend dans le cadre "
                f"« {matter.vehicle} ».",
                *matter.applies(),
            ),
        ),
        *_price_and_payment(matter),
        *_end(matter),
    ]
    return _operators(matter, "Bulletin d’adhésion au service", "l’organisme", found)


def _price_and_payment(matter: Matter) -> list[Clause]:
    return [
        ("Prix", [Paragraph(f"Le prix est de {matter.price()}."), *matter.price_blocks(),
                  Paragraph(clauses.revision(matter))]),
        ("Paiement", _said(*clauses.payment(matter))),
    ]  # fmt: skip


def _end(matter: Matter) -> list[Clause]:
    return [
        (
            "Durée",
            _said(f"La convention prend effet à l’ouverture du service et dure {matter.term()}."),
        ),
        ("Sortie", _said(*clauses.leaving(matter))),
        ("Données personnelles", _said(clauses.personal_data())),
        (
            "Litiges",
            _said(f"À défaut d’accord, le tribunal administratif de {OPEN} est compétent."),
        ),
    ]


def _operators(matter: Matter, kind: str, role: str, found: list[Clause]) -> Paper:
    siren = matter.subscription.operator.organisation.siren
    return _convention(matter, kind, matter.operator, siren, role, found, [])


def _convention(matter, kind, other, other_siren, role, found: list[Clause], annex: list[Block]) -> Paper:
    parties = clauses.parties(matter, other=other, other_siren=grouped(other_siren), role=role)
    blocks: list[Block] = [
        Paragraph("Entre :", strong=True),
        Bullets(tuple(parties)),
        Paragraph("Il est convenu ce qui suit.", strong=True),
    ]
    for number, (title, clause) in enumerate(found, start=1):
        blocks += [Heading(f"Article {number} – {title}"), *clause]
    blocks += [
        Blanks(("Fait à", "Le"), abreast=True),
        Blanks((f"Pour le membre, {matter.who.lower()}", f"Pour {role}"), abreast=True),
        *annex,
    ]
    return Paper(
        title=f"{kind} – {matter.subscription.service_name}",
        kind=f"Projet : {kind[0].lower()}{kind[1:]}",
        body=matter.tenant.name,
        siren=matter.siren,
        subject=f"« {matter.vehicle} »",
        blocks=tuple(blocks),
        footer=DRAFT,
    )


def _said(*sentences: str) -> list[Block]:
    return [Paragraph(sentence) for sentence in sentences]
